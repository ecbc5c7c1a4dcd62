"""A dataset's own query with ``{from}`` and ``{to}``: what is read for them, and what stays."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.model import Contract
from checkpoints.dates import DateRange
from checkpoints.warehouse.arms import Reading
from checkpoints.warehouse.duckdb import compiled
from checkpoints.warehouse.query import masks_statement
from checkpoints.warehouse.query_dates import dated
from checkpoints.warehouse.reading import open_warehouse
from tests.support.warehouses import BASIC, D, contract_of, days, fill

LATEST = "SELECT max(d) AS d, k FROM s.summary WHERE d BETWEEN {from} AND {to} GROUP BY k"
"""What is asked of its dates from outside does not reach its table."""

TENTH = DateRange(D("2025-01-10"), D("2025-01-10"))
TWELFTH = DateRange(D("2025-01-12"), D("2025-01-14"))


def with_query(folder: Path, query: str) -> Contract:
    """BASIC, of which ``summary`` is a query."""
    datasets = dict(BASIC["datasets"])
    datasets["summary"] = {**datasets["summary"], "table": None, "query": query}
    return contract_of(folder, datasets=datasets).contract


def scan_of(folder: Path, *ranges: DateRange, before: tuple[DateRange, ...] = ()) -> str:
    """What DuckDB filters the table of ``LATEST`` by, while it scans it, to read these dates."""
    contract = with_query(folder, LATEST)
    rows = days("2025-01-01", "2025-01-31", games=1)
    url = fill(folder / "w.duckdb", dict.fromkeys(contract.names, rows))
    with open_warehouse(contract, url) as warehouse:
        sources: dict[str, Any] = {"summary": replace(warehouse.sources["summary"], before=before)}
        reading = Reading(
            contract=contract,
            layout=warehouse.layout,
            sources=sources,
            ranges=ranges,
            shape=("own",),
        )
        statement = masks_statement(reading)
        sql, parameters = compiled(statement)
        connection: Any = warehouse.engine.connection  # type: ignore[attr-defined]
        ((_, plan),) = connection.execute(f"EXPLAIN {sql}", parameters).fetchall()
    _, _, filters = plan.partition("Filters:")
    return re.sub(r"[\s│()]", "", filters)


def test_a_query_prunes_by_the_first_and_the_last_date_that_are_read(tmp_path: Path) -> None:
    scan = scan_of(tmp_path, TENTH, TWELFTH)
    assert scan.startswith("d>='2025-01-10'::DATEANDd<='2025-01-14'::DATE")


def test_dates_before_the_window_that_a_rule_needs_count_as_well(tmp_path: Path) -> None:
    scan = scan_of(tmp_path, TENTH, before=(DateRange(D("2025-01-03"), D("2025-01-04")),))
    assert scan.startswith("d>='2025-01-03'::DATEANDd<='2025-01-10'::DATE")


@pytest.mark.parametrize(
    ("query", "made"),
    [
        ("d >= {from} AND d <= {to}", "d >= DATE '2025-01-10' AND d <= DATE '2025-01-10'"),
        ("{'a': {from}}", "{'a': DATE '2025-01-10'}"),
        ("{'from': 1, 'to': 2}", "{'from': 1, 'to': 2}"),
        ("'{{from}} {date} {FROM} { to }'", "'{{from}} {date} {FROM} { to }'"),
    ],
)
def test_nothing_else_in_braces_is_replaced(query: str, made: str) -> None:
    assert dated(query, TENTH) == made


def test_what_a_query_gives_outside_of_the_dates_is_still_left_out(tmp_path: Path) -> None:
    contract = with_query(
        tmp_path,
        """SELECT d, k FROM s.summary WHERE json_extract('{"to": 1}', '$.to') = 1
        UNION ALL SELECT {from} - 1, 'before' UNION ALL SELECT {to} + 1, 'after';""",
    )
    rows = days("2025-01-09", "2025-01-11", games=1)
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(contract.names, rows))
    with open_warehouse(contract, url) as warehouse:
        assert warehouse.unreadable == {}
        found = warehouse.presence([TENTH])
    assert found.by_date == {D("2025-01-10"): {0b1111: 1}}
    assert found.undated == {}
