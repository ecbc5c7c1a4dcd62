"""Of every test process: what it sets aside first, and how it ends, as the commands do."""

from __future__ import annotations

import gc
import os
import sys

import pytest

from checkpoints.process import leave
from tests.support.browser import chromium  # noqa: F401 (a fixture of every test)
from tests.support.installed import installed  # noqa: F401 (a fixture of every test)

# A workflow that runs these tests is not the one that the commands under test report to.
for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
    os.environ.pop(name, None)

STATUS = pytest.StashKey[int]()


def pytest_collection_finish() -> None:
    """What was imported and collected stays, and is not looked through again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Without tearing the interpreter down: see ``leave``."""
    gc.unfreeze()
    if STATUS in config.stash and "great_expectations" in sys.modules:
        leave(config.stash[STATUS])
