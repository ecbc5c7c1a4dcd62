"""dbt with DuckDB: a test of its own per rule, which must find no rows."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from benchmarks.contestants.tool import Prepared, Rules


def prepare(rules: Rules, folder: Path, venv: Path) -> Prepared:
    """A project of nothing but tests."""
    project = {"name": "checks", "version": "1.0.0", "profile": "checks", "test-paths": ["tests"]}
    output = {"type": "duckdb", "path": str(rules.warehouse), "threads": 2}
    profiles = {"checks": {"target": "here", "outputs": {"here": output}}}
    (folder / "tests").mkdir()
    for name, sql in rules.sql.items():
        (folder / "tests" / f"{name}.sql").write_text(sql + "\n")
    for name, content in (("dbt_project", project), ("profiles", profiles)):
        (folder / f"{name}.yml").write_text(yaml.safe_dump(content))
    return Prepared(
        command=[
            *(str(venv / "bin" / "dbt"), "test"),
            *("--project-dir", str(folder), "--profiles-dir", str(folder)),
        ],
        environment={"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )


def verdicts(_out: str, folder: Path) -> dict[str, bool]:
    """From the results it stores."""
    found = json.loads((folder / "target" / "run_results.json").read_text())
    return {r["unique_id"].split(".")[2]: r["status"] == "pass" for r in found["results"]}
