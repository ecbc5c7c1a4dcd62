"""pointblank: one validation plan on a DuckDB table, a step per rule that must count no rows."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.contestants.tool import SCRIPTS, Prepared, Rules


def prepare(rules: Rules, folder: Path, venv: Path) -> Prepared:
    """The rules as JSON, for a script in the tool's own Python."""
    path = folder / "rules.json"
    path.write_text(json.dumps(rules.as_json()))
    script = SCRIPTS / "pointblank_script.py"
    return Prepared(command=[str(venv / "bin" / "python"), str(script), str(path)], environment={})


def verdicts(out: str, _folder: Path) -> dict[str, bool]:
    """From the last line of the script."""
    found: dict[str, bool] = json.loads(out.splitlines()[-1])
    return found
