"""What a notebook does: every suite of the project, the shop's own and the generated ones."""

from pathlib import Path

import great_expectations as gx

context = gx.get_context(mode="file", project_root_dir=Path(__file__).parent)

import cross_layer  # noqa: E402, F401 (from gx/plugins, which is on the path once a context is open)

for suite in sorted(context.suites.all(), key=lambda suite: suite.name):
    print(f"{suite.name}: {', '.join(sorted({e.expectation_type for e in suite.expectations}))}")
