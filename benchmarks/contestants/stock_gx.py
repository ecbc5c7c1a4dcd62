"""Great Expectations as it comes: an ``UnexpectedRowsExpectation`` per rule."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.contestants.tool import SCRIPTS, Prepared, Rules


def prepare(rules: Rules, folder: Path, _venv: Path) -> Prepared:
    """The rules as JSON, for a script in the project's own Python, which has the library."""
    return _prepared(rules, folder, "")


def prepare_with_docs(rules: Rules, folder: Path, _venv: Path) -> Prepared:
    """The same, with Data Docs."""
    return _prepared(rules, folder, str(folder / "docs"))


def _prepared(rules: Rules, folder: Path, docs: str) -> Prepared:
    path = folder / "rules.json"
    path.write_text(json.dumps({**rules.as_json(), "docs": docs}))
    return Prepared(
        command=[sys.executable, str(SCRIPTS / "stock_gx_script.py"), str(path)],
        environment={"GX_ANALYTICS_ENABLED": "false"},
    )


def verdicts(out: str, _folder: Path) -> dict[str, bool]:
    """From the line of the script."""
    lines = [line for line in out.splitlines() if line.startswith('{"rule_')]
    found: dict[str, bool] = json.loads(lines[-1])
    return found
