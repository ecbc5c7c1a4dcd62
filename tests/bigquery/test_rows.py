"""Rows for Great Expectations' own expectations: one pruned read of the columns named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.model import Contract
from checkpoints.contract.stock import words_of
from checkpoints.dates import DateRange
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.rows import Rows, read_rows
from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import load_rows
from tests.bigquery.recording import Proxy
from tests.support.warehouses import BASIC, D, contract_of, fill

WINDOW = DateRange(D("2025-01-07"), D("2025-01-08"))
ROWS = [
    ("2025-01-06 15:00:00", "a", 1.5, 1, "x"),
    ("2025-01-07 15:00:00", "b", 2.5, None, "x"),
    ("2025-01-08 15:00:00", "c", None, 3, "x"),
    ("2025-01-09 15:00:00", "d", 4.5, 4, "x"),
]


def rows_in(contract: Contract, url: str) -> Rows:
    found, statements = read_rows(contract, url, WINDOW, words_of(contract), ReadOptions())
    assert len(statements) == 1
    return found["summary"]


@pytest.mark.parametrize("type_", ["DATE", "TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"])
def test_rows_are_those_of_duckdb_and_are_read_once_under_a_filter_on_the_date(
    tmp_path: Path, emulator: Emulator, here: Proxy, type_: str
) -> None:
    project = f"rows-{type_.lower()}"
    columns = f"d {type_}, k VARCHAR, v DOUBLE, n BIGINT, o VARCHAR"
    load_rows(emulator.url, {"s.summary": ROWS}, columns, project)
    fill(tmp_path / "w.duckdb", {"summary": ROWS}, columns)
    datasets: dict[str, Any] = dict(BASIC["datasets"])
    expected = {"type": "expect_column_pair_values_to_be_equal", "column_A": "v", "column_B": "n"}
    datasets["summary"] = {**datasets["summary"], "expectations": [expected]}
    contract = contract_of(tmp_path, datasets=datasets).contract

    found = rows_in(contract, f"bigquery://{project}")
    same = rows_in(contract, f"duckdb:///{tmp_path / 'w.duckdb'}")

    assert found.error == same.error == ""
    assert found.names == same.names == ("d", "k", "v", "n")
    assert found.columns == same.columns == ("d", "k", "v", "n", "o")
    assert [row[2:] for row in found.rows] == [row[2:] for row in same.rows]
    assert [row[2:] for row in found.rows] == [("b", 2.5, None), ("c", None, 3)]
    assert found.days == same.days == [D("2025-01-07"), D("2025-01-08")]
    (query,) = here.reads()
    (read,) = query.reads
    assert read.pruned_on("d") is (type_ != "VARCHAR")  # a text is parsed first
    assert read.columns == {"d", "k", "v", "n"}
