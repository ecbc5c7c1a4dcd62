"""Soda Core: one contract whose checks are SQL that must find no rows."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from benchmarks.contestants.tool import Prepared, Rules

FAILED = re.compile(r"(rule_\d+).*?(PASSED|FAILED|NOT_EVALUATED|EXCLUDED)", re.IGNORECASE)


def prepare(rules: Rules, folder: Path, venv: Path) -> Prepared:
    """A data source and one contract."""
    source = {
        "type": "duckdb",
        "name": "warehouse",
        "connection": {"database": str(rules.warehouse), "read_only": True},
    }
    schema, table = rules.first_table.split(".")
    contract = {
        "dataset": f"warehouse/{schema}/{table}",
        "columns": [],
        "checks": [
            {
                "failed_rows": {
                    "qualifier": name,
                    "name": name,
                    "query": sql,
                    "threshold": {"must_be": 0},
                }
            }
            for name, sql in rules.sql.items()
        ],
    }
    paths = folder / "source.yml", folder / "contract.yml"
    for path, content in zip(paths, (source, contract), strict=True):
        path.write_text(yaml.safe_dump(content, sort_keys=False, width=10_000))
    return Prepared(
        command=[
            *(str(venv / "bin" / "soda"), "contract", "verify"),
            *("-ds", str(paths[0]), "-c", str(paths[1])),
        ],
        environment={"SODA_CORE_TELEMETRY_ENABLED": "false", "COLUMNS": "200"},
    )


def verdicts(out: str, _folder: Path) -> dict[str, bool]:
    """From the table it prints."""
    return {name: word.upper() == "PASSED" for name, word in FAILED.findall(out)}
