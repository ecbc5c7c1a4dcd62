"""What counts as the same key, as a date, and as nothing, whatever the types of the columns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checkpoints.contract.checks import checks_of
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import judged
from checkpoints.dates import DateRange
from checkpoints.errors import WarehouseError
from checkpoints.rules.evidence import Cell
from checkpoints.warehouse.evidence import gather
from checkpoints.warehouse.reading import open_warehouse
from tests.support.commands import ROOT
from tests.support.warehouses import BASIC, D, contract_of, fill

DAY = "2025-01-10"


def frame_of(
    folder: Path, up: str, down: str, changes: dict[str, Any] | None = None, zone: str = "UTC"
) -> CoverageFrame:
    """``raw`` and ``summary`` are views of what two SELECTs say; the reference has game 7."""
    datasets = {**BASIC["datasets"]}
    datasets["summary"] = {**datasets["summary"], **(changes or {})}
    file = contract_of(folder, datasets=datasets, timezone=zone)
    url = fill(folder / "w.duckdb", {name: [(D(DAY), "7")] for name in ("schedule", "factors")})
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        connection.execute(f"CREATE OR REPLACE TABLE s.raw AS SELECT {up}")
        connection.execute(f"CREATE OR REPLACE TABLE s.summary AS SELECT {down}")
    window = Window(range=DateRange(D("2025-01-01"), D("2025-01-31")), label="")
    return gather(file.contract, url, window, D("2025-02-01")).frame


def cells(frame: CoverageFrame, dataset: str = "summary") -> dict[str, Cell]:
    """The dates on which a dataset or its upstream holds something."""
    found = next(cells for pair, cells in frame.cells.items() if pair.dataset == dataset)
    return {str(c.date): c for c in found if c.present or c.expected or c.null_keys}


def at(value: str) -> str:
    return f"DATE '{DAY}' AS d, {value} AS k"


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("7::BIGINT", "7.0::DOUBLE"),
        ("7::BIGINT", "7.00::DECIMAL(10,2)"),
        ("7.5::DECIMAL(10,1)", "7.50::DECIMAL(10,2)"),
        ("7::INTEGER", "7::UBIGINT"),
        ("7::BIGINT", "'7'"),
        ("DATE '2025-01-10'", "TIMESTAMP '2025-01-10 00:00:00'"),
        ("TIMESTAMP '2025-01-10 19:30:00'", "TIMESTAMPTZ '2025-01-10 19:30:00+00'"),
        (
            "'0f8fad5b-d9cb-469f-a165-70867728950e'::UUID",
            "'0F8FAD5B-D9CB-469F-A165-70867728950E'",
        ),
    ],
)
def test_the_same_value_is_the_same_key_whatever_its_type(
    tmp_path: Path, up: str, down: str
) -> None:
    assert cells(frame_of(tmp_path, at(up), at(down)))[DAY][1:5] == ("due", 1, 1, 1)


@pytest.mark.parametrize(
    ("up", "down"), [("7.5::DECIMAL(10,1)", "7.25::DOUBLE"), ("'LAL'", "'lal'"), ("7", "'07'")]
)
def test_another_value_is_another_key(tmp_path: Path, up: str, down: str) -> None:
    cell = cells(frame_of(tmp_path, at(up), at(down)))[DAY]
    assert (cell.matched, cell.orphans) == (0, 1)


def test_keys_that_never_match_are_refused_with_both_types(tmp_path: Path) -> None:
    frame = frame_of(tmp_path, at("7::BIGINT"), at("true"))
    checks = [c for c in checks_of(contract_of(tmp_path).contract) if c.dataset == "summary"]
    found = {judged(c, frame).outcome for c in checks if c.rule.compares}
    message = judged(checks[0], frame).message
    assert found == {"ERRORED"}
    alone = [judged(c, frame).outcome for c in checks if not c.rule.compares]
    assert alone == ["PASSED"], "its own keys can be told from NULL"
    assert "key 'k' is BOOLEAN and key 'k' is BIGINT: they never match" in message


def test_a_column_without_case_changes_no_comparison(tmp_path: Path) -> None:
    down = at("'lal'::VARCHAR COLLATE NOCASE")
    assert cells(frame_of(tmp_path, at("'LAL'"), down))[DAY].matched == 0


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-01-10", DAY),
        ("2025-01-10T23:59:59.999", DAY),
        ("2025-01-10 21:00", DAY),
        ("2025-01-11T03:00:00Z", DAY),
        ("2025-01-11 00:30:00+01:00", DAY),
        ("01/10/2025", None),
        ("20250110", None),
        ("2025-1-10", None),
        ("", None),
        ("   ", None),
        ("N/A", None),
        ("2025-01-10x", None),
    ],
)
def test_a_text_is_an_iso_date_or_counted_as_unreadable(
    tmp_path: Path, text: str, day: str | None
) -> None:
    frame = frame_of(tmp_path, at("'7'"), f"'{text}' AS d, '7' AS k", zone="America/New_York")
    assert (cells(frame)[DAY].matched, frame.undated["summary"]) == ((1, 0) if day else (0, 1))


@pytest.mark.parametrize(
    ("timezone", "day"), [(None, "2025-01-11"), ("UTC", DAY), ("Asia/Tokyo", DAY)]
)
def test_the_contract_says_in_which_zone_a_moment_was_written(
    tmp_path: Path, timezone: str | None, day: str
) -> None:
    down = "TIMESTAMP '2025-01-11 03:00:00' AS d, '7' AS k"
    changes = {"timezone": timezone} if timezone else {}
    frame = frame_of(tmp_path, at("'7'"), down, changes, zone="America/New_York")
    assert [date for date, cell in cells(frame).items() if cell.present] == [day]


def test_the_last_nanosecond_of_a_day_is_of_that_day(tmp_path: Path) -> None:
    down = f"TIMESTAMP_NS '{DAY} 23:59:59.999999999' AS d, '7' AS k"
    assert cells(frame_of(tmp_path, at("'7'"), down))[DAY].matched == 1


@pytest.mark.parametrize(("blank_keys", "nulls", "present"), [("null", 1, 1), ("value", 0, 2)])
def test_a_blank_key_is_no_key_unless_the_contract_says_so(
    tmp_path: Path, blank_keys: str, nulls: int, present: int
) -> None:
    down = f"unnest(['7', '  ']) AS k, DATE '{DAY}' AS d"
    cell = cells(frame_of(tmp_path, at("'7'"), down, {"blank_keys": blank_keys}))[DAY]
    assert (cell.null_keys, cell.present) == (nulls, present)


ZONED = """
import sys; from pathlib import Path; from tests.warehouse.test_values import cells, frame_of
query = "SELECT CAST(TIMESTAMPTZ '2025-01-11 03:00:00+00' AS DATE) AS d, '7' AS k"
changes = {"table": None, "query": query}
frame = frame_of(Path(sys.argv[1]), "DATE '2025-01-10' AS d, '7' AS k", "1 AS unused", changes,
                 zone="America/New_York")
print(cells(frame)["2025-01-10"].matched)
"""


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_the_zone_of_the_machine_changes_nothing(tmp_path: Path, zone: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ZONED, str(tmp_path)],
        cwd=ROOT,
        env={"TZ": zone, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ({"column": "n", "equals": 3}, True),
        ({"column": "n", "one_of": [1, 2]}, False),
        ({"column": "t", "equals": "x"}, True),
        ({"column": "b", "equals": False}, False),
        ({"column": "at", "equals": "2025-01-10"}, True),
        ({"column": "at", "not_equals": "2025-01-10"}, False),
        ({"column": "moment", "equals": "2025-01-10T19:00:00"}, True),
        ({"column": "u", "equals": "0f8fad5b-d9cb-469f-a165-70867728950e"}, True),
    ],
)
def test_a_condition_compares_with_a_value_of_the_columns_type(
    tmp_path: Path, condition: dict[str, Any], kept: bool
) -> None:
    frame = frame_of(tmp_path, at("'7'"), at("'7'") + WITH_TYPES, {"where": [condition]})
    assert frame.unreadable == {}
    assert cells(frame)[DAY].present == int(kept)


WITH_TYPES = """, 3 AS n, 'x' AS t, true AS b, DATE '2025-01-10' AS at,
    TIMESTAMP '2025-01-10 19:00:00' AS moment, '0f8fad5b-d9cb-469f-a165-70867728950e'::UUID AS u,
    2.50::DECIMAL(9, 2) AS price, TIMESTAMPTZ '2025-01-10 19:00:00+00' AS instant,
    '2025-01-10T19:00' AS iso, 'nan'::DOUBLE AS nan, NULL::INTEGER AS nothing, [1] AS list,
    'b'::ENUM('z', 'b') AS label, 'b' COLLATE NOCASE AS folded"""


@pytest.mark.parametrize(
    ("column", "under", "equal", "over"),
    [
        ("n", 2, 3, 4),
        ("n", 2.5, 3.0, 3.5),
        ("price", 2, 2.5, 2.51),
        ("t", "wz", "x", "xa"),
        ("t", "X", "x", "é"),
        ("label", "B", "b", "c"),
        ("folded", "B", "b", "c"),
        ("iso", "2025-01-10", "2025-01-10T19:00", "2025-01-11"),
        ("at", "2025-01-09", "2025-01-10", "2025-01-11"),
        ("moment", "2025-01-10", "2025-01-10T19:00:00", "2025-01-10T19:00:00.000001"),
        ("instant", "2025-01-10T19:30+01:00", "2025-01-10T14:00-05:00", "2025-01-10T20:00Z"),
    ],
)
def test_a_condition_orders_values_of_the_columns_type(
    tmp_path: Path, column: str, under: Any, equal: Any, over: Any
) -> None:
    assert keeps(tmp_path, column, {">": under}, {">=": equal}, {"<=": equal}, {"<": over})
    assert not keeps(tmp_path, column, {">": equal})
    assert not keeps(tmp_path, column, {"<": equal})


def keeps(folder: Path, column: str, *operators: dict[str, Any]) -> bool:
    """Whether a row of ``WITH_TYPES`` is read under conditions on one column."""
    where = [{"column": column, **operator} for operator in operators]
    frame = frame_of(folder, at("'7'"), at("'7'") + WITH_TYPES, {"where": where})
    assert frame.unreadable == {}
    return cells(frame)[DAY].present == 1


@pytest.mark.parametrize(
    ("column", "operator", "kept"),
    [
        ("nothing", {"is_null": True}, True),
        ("n", {"is_null": True}, False),
        ("nothing", {"not_null": True}, False),
        ("list", {"not_null": True}, True),
        ("nothing", {">": -1}, False),
        ("nothing", {"<=": 9}, False),
        ("nothing", {"not_equals": 9}, True),
        ("nan", {">": 0}, False),
        ("nan", {">=": 0}, False),
        ("nan", {"<": 0}, False),
    ],
)
def test_null_and_what_is_no_number_satisfy_no_comparison(
    tmp_path: Path, column: str, operator: dict[str, Any], kept: bool
) -> None:
    assert keeps(tmp_path, column, operator) == kept


def test_several_conditions_on_a_column_are_a_range(tmp_path: Path) -> None:
    assert keeps(tmp_path, "n", {">=": 3}, {"<": 4}, {"not_null": True})
    assert not keeps(tmp_path, "n", {">=": 4}, {"<": 9})
    assert not keeps(tmp_path, "n", {">": 1}, {"<=": 2})


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (
            {"column": "n", "equals": "3"},
            "'n' is INTEGER, which '3' (in equals) never equals",
        ),
        ({"column": "n", "equals": True}, "write a whole number, without quotes"),
        ({"column": "t", "one_of": [8]}, "column 't' is VARCHAR, which 8 (in one_of) never equals"),
        ({"column": "b", "equals": "no"}, "write true or false"),
        ({"column": "at", "equals": "10.1.2025"}, "write a date such as 2025-01-31"),
        ({"column": "n", "like": "3%"}, "like is for text"),
        ({"column": "n", ">": "0"}, "which cannot be compared with '0' (in \">\"): write a"),
        ({"column": "t", "<=": 8}, "write text: put it in quotes"),
        ({"column": "at", ">=": "10.1.2025"}, "write a date such as 2025-01-31"),
        ({"column": "moment", "<": "2025-01-10T19:00Z"}, "write a moment without an offset"),
        ({"column": "instant", "<": "2025-01-10T19:00"}, "write a moment with its offset"),
        ({"column": "b", ">": False}, 'which has no order that ">" could compare by: use equals'),
        ({"column": "u", "<": "x"}, "'u' is UUID, which has no order"),
        ({"column": "list", "<": 2}, "'list' is INTEGER[], which has no order"),
    ],
)
def test_a_value_that_never_equals_is_refused_with_dataset_and_column(
    tmp_path: Path, condition: dict[str, Any], told: str
) -> None:
    frame = frame_of(tmp_path, at("'7'"), at("'7'") + WITH_TYPES, {"where": [condition]})
    assert frame.unreadable["summary"].startswith("dataset 'summary': ")
    assert told in frame.unreadable["summary"]


@pytest.mark.parametrize("access_mode", ["READ_WRITE", "AUTOMATIC", "read_write"])
def test_the_url_cannot_make_the_warehouse_writable(tmp_path: Path, access_mode: str) -> None:
    contract = contract_of(tmp_path).contract
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(contract.names, ()))
    with (
        pytest.raises(WarehouseError, match="read-only"),
        open_warehouse(contract, f"{url}?access_mode={access_mode}") as warehouse,
    ):
        warehouse.engine.connection.execute("DROP TABLE s.raw")


@pytest.mark.parametrize(
    "query",
    ["SELECT * FROM s.raw; DELETE FROM s.raw", "DELETE FROM s.raw RETURNING *", "DROP TABLE s.raw"],
)
def test_a_query_is_one_select(tmp_path: Path, query: str) -> None:
    changes = {"table": None, "query": query}
    frame = frame_of(tmp_path, at("'7'"), at("'7'"), changes)
    assert "SELECT" in frame.unreadable["summary"]
    assert cells(frame, "raw")[DAY].present == 1
