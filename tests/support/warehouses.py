"""Small contracts and DuckDB warehouses for tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from checkpoints.contract.loading import ContractFile, load_contract

D = date.fromisoformat

KEYED = {"date": "d", "key": "k"}
BASIC: dict[str, Any] = {
    "version": 1, "timezone": "America/New_York", "grace_days": 1,
    "warehouse": "duckdb:///unused.duckdb", "reference": "schedule",
    "layers": {"reference": "schedule", "L1": "raw", "L3": "analytics", "L4": "precompute"},
    "seasons": [{"name": "2025", "from": "2025-01-01", "to": "2025-03-31"}],
    "datasets": {
        "schedule": {"layer": "reference", "table": "s.schedule", **KEYED},
        "raw": {
            "layer": "L1", "table": "s.raw", **KEYED, "upstream": "schedule",
            "rules": [{"rule": "conversion_ratio", "at_least": 0.95}],
        },
        "summary": {
            "layer": "L3", "table": "s.summary", **KEYED, "upstream": "raw",
            "rules": [
                {"rule": "conversion_ratio", "at_least": 0.9},
                {"rule": "date_gap", "at_most_days": 3},
            ],
        },
        "factors": {
            "layer": "L4", "table": "s.factors", **KEYED, "upstream": "summary", "warmup_days": 3,
            "rules": [
                {"rule": "conversion_ratio", "of": "raw", "at_least": 0.8},
                {"rule": "daily_conversion_ratio", "at_least": 0.8},
            ],
        },
    },
    "rules_for_keyed": [
        {"rule": "no_orphan_keys", "severity": "warning"}, {"rule": "no_null_keys"},
    ],
    "checkpoints": {
        "after_backfill": {"suites": ["reference", "L1", "L3", "L4"]},
        "daily": {"suites": ["L4"], "window": "7d"},
    },
}  # fmt: skip


def write_contract(folder: Path, raw: Mapping[str, Any], **changes: Any) -> Path:
    """Write a contract file; ``changes`` replace top-level keys."""
    path = folder / "pipeline.yml"
    path.write_text(yaml.safe_dump({**raw, **changes}, sort_keys=False), encoding="utf-8")
    return path


def contract_of(folder: Path, raw: Mapping[str, Any] = BASIC, **changes: Any) -> ContractFile:
    """A loaded contract file."""
    return load_contract(write_contract(folder, raw, **changes), {})


def fill(
    path: Path, tables: Mapping[str, Iterable[tuple[Any, ...]]], types: str = "d DATE, k VARCHAR"
) -> str:
    """Create ``s.<table>`` with the given rows; returns the warehouse URL."""
    with _attached(path) as connection:
        connection.begin()
        connection.execute("CREATE SCHEMA IF NOT EXISTS s")
        for name, rows in tables.items():
            connection.execute(f"CREATE OR REPLACE TABLE s.{name} ({types})")
            values = [tuple(row) for row in rows]
            if values:
                row = f"({', '.join('?' for _ in values[0])})"
                marks = ", ".join(row for _ in values)
                given = [value for one in values for value in one]
                connection.execute(f"INSERT INTO s.{name} VALUES {marks}", given)
        connection.commit()
    return f"duckdb:///{path}"


@contextmanager
def _attached(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A file as the current database of a connection that is there: opening one takes longer."""
    with _memory().cursor() as connection:
        quoted = str(path).replace("'", "''")
        try:
            connection.execute(f"ATTACH '{quoted}' AS filled; USE filled")
        except duckdb.ResourceInUseException:  # this process has it open
            with duckdb.connect(str(path)) as opened:
                yield opened
            return
        try:
            yield connection
        except Exception:
            connection.rollback()
            raise
        finally:
            connection.execute("USE memory; DETACH filled")


@cache
def _memory() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def days(first: str, last: str, games: int = 2) -> list[tuple[date, str]]:
    """``games`` keys on every calendar date of a range."""
    start, end = D(first), D(last)
    return [
        (date.fromordinal(n), f"{date.fromordinal(n):%Y%m%d}_{g}")
        for n in range(start.toordinal(), end.toordinal() + 1)
        for g in range(games)
    ]
