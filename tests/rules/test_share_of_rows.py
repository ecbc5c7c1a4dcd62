"""A share of rows, where a key has many of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from checkpoints.contract.checks import checks_of
from checkpoints.contract.window import Window
from checkpoints.coverage.results import CheckRecord, judged
from checkpoints.dates import DateRange
from checkpoints.warehouse.evidence import gather
from tests.support.warehouses import BASIC, D, contract_of

Rows = list[tuple[str, str | None, float | None]]


def found(folder: Path, rule: dict[str, Any], rows: Rows) -> CheckRecord:
    summary = {**BASIC["datasets"]["summary"], "upstream": "schedule", "rules": [rule]}
    schedule = BASIC["datasets"]["schedule"]
    contract = contract_of(
        folder,
        datasets={"schedule": schedule, "summary": summary},
        rules_for_keyed=[],
        checkpoints={"all": {"suites": ["L3"]}},
    ).contract
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        connection.execute("CREATE SCHEMA s; CREATE TABLE s.schedule (d DATE, k VARCHAR)")
        connection.execute("CREATE TABLE s.summary (d DATE, k VARCHAR, rate DOUBLE)")
        connection.executemany("INSERT INTO s.summary VALUES (?, ?, ?)", rows)
        connection.execute("INSERT INTO s.schedule SELECT DISTINCT d, k FROM s.summary")
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-11")), label="")
    frame = gather(contract, f"duckdb:///{folder / 'w.duckdb'}", window, D("2025-02-01")).frame
    (check,) = (check for check in checks_of(contract) if check.dataset == "summary")
    return judged(check, frame)


ROWS: Rows = [
    ("2025-01-10", "a", 0.2), ("2025-01-10", "a", None), ("2025-01-10", "a", 0.3),
    ("2025-01-10", "b", 0.1), ("2025-01-10", None, None),
    ("2025-01-11", "c", None), ("2025-01-11", "c", None), ("2025-01-11", "c", 2.5),
    ("2025-01-11", "d", 0.5),
]  # fmt: skip


@pytest.mark.parametrize(("share_of", "matched", "expected"), [("keys", 2, 4), ("rows", 5, 8)])
def test_filled_is_a_share_of_keys_or_of_their_rows(
    tmp_path: Path, share_of: str, matched: int, expected: int
) -> None:
    rule = {"rule": "filled", "columns": "rate", "at_least": 0.7, "share_of": share_of}
    record = found(tmp_path, rule, ROWS)
    assert (record.matched, record.expected) == (matched, expected)
    assert [str(day) for day in record.unexpected_dates][-1] == "2025-01-11"


@pytest.mark.parametrize(("share_of", "matched", "expected"), [("keys", 3, 4), ("rows", 4, 5)])
def test_within_is_a_share_of_keys_or_of_the_rows_that_have_a_value(
    tmp_path: Path, share_of: str, matched: int, expected: int
) -> None:
    rule = {"rule": "within", "column": "rate", "from": 0, "to": 1, "share_of": share_of}
    record = found(tmp_path, rule, ROWS)
    assert (record.matched, record.expected, str(record.outcome)) == (matched, expected, "FAILED")
