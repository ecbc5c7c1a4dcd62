"""PostgreSQL's answers are DuckDB's: on random warehouses, for every kind of column."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.dates import DateRange
from checkpoints.rules.evidence import Cell
from checkpoints.warehouse.evidence import Evidence, gather
from tests.bigquery.commands import evidence_of
from tests.coverage.test_oracle import HEALTH, World, worlds
from tests.support.postgres import Postgres
from tests.support.warehouses import BASIC, D, contract_of, days, fill

GOOD = days("2025-01-10", "2025-01-12", games=1)
NAMES = tuple(BASIC["datasets"])
NEW_YORK = ZoneInfo("America/New_York")
EVENING = datetime(2025, 1, 10, 23, 30, tzinfo=NEW_YORK).astimezone(UTC)  # the 11th in UTC
MIDNIGHT = datetime(2025, 1, 12, 0, 0, tzinfo=NEW_YORK).astimezone(UTC)


def gathered(
    contract: Contract, url: str, first: str = "2025-01-10", last: str = "2025-01-12"
) -> Evidence:
    window = Window(range=DateRange(D(first), D(last)), label="")
    return gather(contract, url, window, D("2025-06-01"))


def same(
    postgres: Postgres,
    folder: Path,
    tables: Mapping[str, tuple[str, list[tuple[Any, ...]]]],
    last: str = "2025-01-12",
    **changes: Any,
) -> CoverageFrame:
    """The frame of the tables of BASIC, which is DuckDB's of the same rows.

    ``tables`` are columns and rows by name; those not given hold one key a day.
    """
    contract = contract_of(folder, **changes).contract
    for name in NAMES:
        types, rows = tables.get(name, ("d DATE, k VARCHAR", GOOD))
        postgres.fill({name: rows}, types)
        url = fill(folder / "w.duckdb", {name: rows}, types)
    expected = gathered(contract, url, last=last)
    found = gathered(contract, postgres.url, last=last)
    assert found.frame == expected.frame
    assert found.keys == expected.keys
    return found.frame


def cells_of(frame: CoverageFrame, dataset: str) -> tuple[Cell, ...]:
    return next(cells for pair, cells in frame.cells.items() if pair.dataset == dataset)


def matched(frame: CoverageFrame, dataset: str = "summary") -> dict[str, int]:
    assert frame.unreadable == {}
    return {f"{c.date:%d}": c.matched for c in cells_of(frame, dataset)}


def with_dataset(name: str, **changes: Any) -> dict[str, Any]:
    return {**BASIC["datasets"], name: {**BASIC["datasets"][name], **changes}}


# ------------------------------------------------------------------ random warehouses


def test_random_warehouses_give_the_same_frame_and_the_same_keys(postgres: Postgres) -> None:
    columns = "d DATE, k VARCHAR, j VARCHAR"

    @settings(max_examples=15, deadline=None, suppress_health_check=HEALTH)
    @given(worlds())
    def agree(world: World) -> None:
        url = postgres.fill(world.tables, columns)
        with tempfile.TemporaryDirectory() as folder:
            contract = contract_of(Path(folder), world.raw).contract
            expected = evidence_of(world, contract, fill(Path(folder) / "w", world.tables, columns))
            found = evidence_of(world, contract, url)
        assert found.frame == expected.frame
        assert found.keys == expected.keys

    agree()


# ------------------------------------------------------------------ kinds of columns


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("DATE", [D("2025-01-10"), D("2025-01-12")]),
        ("TIMESTAMP", [datetime(2025, 1, 10, 23, 59), datetime(2025, 1, 12)]),
        ("TIMESTAMPTZ", [EVENING, MIDNIGHT]),
        ("VARCHAR", ["2025-01-10", "2025-01-12T21:00:00"]),
    ],
)
def test_every_kind_of_date_column_counts_on_its_local_date(
    postgres: Postgres, tmp_path: Path, column: str, values: list[Any]
) -> None:
    rows = [(values[0], "20250110_0"), (values[1], "20250112_0"), (None, "undated")]
    frame = same(postgres, tmp_path, {"summary": (f"d {column}, k VARCHAR", rows)})
    assert matched(frame) == {"10": 1, "11": 0, "12": 1}
    assert frame.undated["summary"] == 1


def test_text_that_is_no_date_counts_as_undated(postgres: Postgres, tmp_path: Path) -> None:
    texts = ["2025-01-32", "2025-13-01", "2025-02-29", "2025-04-31", "20250110", ""]
    texts += ["2025-01-12x", "N/A", " 2025-01-10", "2025-01-12T25:00:00", "2025-01-12 10:00+99:00"]
    texts += ["2025-01-12T10:00:00+15:00", "2100-02-29"]
    good = [("2025-01-10", "a"), ("2024-02-29", "b"), ("2000-02-29", "c")]
    rows = [*good, *((text, f"{n}") for n, text in enumerate(texts))]
    frame = same(postgres, tmp_path, {"summary": ("d VARCHAR, k VARCHAR", rows)})
    assert frame.undated["summary"] == len(texts)


def test_texts_with_time_and_offset_are_dates_in_the_contracts_zone(
    postgres: Postgres, tmp_path: Path
) -> None:
    rows = [
        ("2025-01-10T23:59:59.9999999", "20250110_0"),
        ("2025-01-12T03:00:00Z", "20250111_0"),
        ("2025-01-12 21:00:00+0000", "20250112_0"),
        ("2025-01-12T04:59:59.9999999Z", "late"),
        ("2025-01-12", "  "),
    ]
    frame = same(postgres, tmp_path, {"summary": ("d VARCHAR, k VARCHAR", rows)})
    assert matched(frame) == {"10": 1, "11": 1, "12": 1}
    assert [c.orphans for c in cells_of(frame, "summary")] == [0, 1, 0]


@pytest.mark.parametrize(
    ("types", "values"),
    [
        (("VARCHAR", "DECIMAL(12,8)", "DOUBLE", "FLOAT"), ("0.5", "-0.25", "7")),
        (("VARCHAR", "DECIMAL(20,0)", "DOUBLE", "BIGINT"), ("9007199254740992", "-7", "0")),
        (("VARCHAR", "DECIMAL(12,8)", "DOUBLE", "DOUBLE"), ("0.00001", "-0.00001234", "0.1")),
        (("SMALLINT", "INTEGER", "BIGINT", "BIGINT"), ("1", "-2", "3")),
        (("DECIMAL(22,2)", "DOUBLE", "DOUBLE", "DOUBLE"), ("1234567890123456768", "1e16", "2.5")),
    ],
)
def test_equal_numbers_are_the_same_key_whatever_their_type(
    postgres: Postgres, tmp_path: Path, types: tuple[str, ...], values: tuple[str, ...]
) -> None:
    def of(type_: str, value: str) -> Any:
        if type_ in ("DOUBLE", "FLOAT"):
            return float(value)
        return value if type_ == "VARCHAR" else Decimal(value)

    dates = [D("2025-01-10"), D("2025-01-11"), D("2025-01-12")]
    tables = {
        name: (
            f"d DATE, k {type_}",
            [(day, of(type_, value)) for day, value in zip(dates, values, strict=True)],
        )
        for name, type_ in zip(NAMES, types, strict=True)
    }
    frame = same(postgres, tmp_path, tables)
    assert matched(frame, "raw") == matched(frame) == {"10": 1, "11": 1, "12": 1}


UPPER, LOWER = "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize(
    ("columns", "values", "found"),
    [
        (("VARCHAR", "UUID"), (UPPER, LOWER), 1),
        (("UUID", "UUID"), (UPPER, LOWER), 1),
        (("VARCHAR", "VARCHAR"), ("LAL", "lal"), 0),
        (("VARCHAR", "VARCHAR"), ("7", "07"), 0),
        (("VARCHAR", "BIGINT"), ("7", 7), 1),
        (("DATE", "TIMESTAMP"), (D("2025-01-10"), datetime(2025, 1, 10)), 1),
        (("VARCHAR", "TIMESTAMP"), ("2025-01-10 14:00:00.5",
            datetime(2025, 1, 10, 14, 0, 0, 500000)), 1),
        (("BOOLEAN", "BOOLEAN"), (True, True), 1),
        (("DECIMAL(4,1)", "DECIMAL(6,3)"), (Decimal("7.5"), Decimal("7.500")), 1),
    ],
)  # fmt: skip
def test_the_same_value_is_the_same_key_and_another_is_not(
    postgres: Postgres, tmp_path: Path, columns: tuple[str, str],
    values: tuple[Any, Any], found: int,
) -> None:  # fmt: skip
    up, down = (
        (f"d DATE, k {c}", [(D("2025-01-10"), v)]) for c, v in zip(columns, values, strict=True)
    )
    tables = {"schedule": up, "raw": up, "summary": down, "factors": down}
    assert matched(same(postgres, tmp_path, tables))["10"] == found


@pytest.mark.parametrize("zone", ["UTC", None])
def test_a_moment_as_a_key_is_in_the_zone_of_its_dataset(
    postgres: Postgres, tmp_path: Path, zone: str | None
) -> None:
    naive = datetime(2025, 1, 10, 19, 30)
    aware = [(D("2025-01-10"), naive.replace(tzinfo=UTC))]
    tables: dict[str, Any] = dict.fromkeys(NAMES, ("d DATE, k TIMESTAMPTZ", aware))
    tables["summary"] = ("d DATE, k TIMESTAMP", [(D("2025-01-10"), naive)])
    datasets = with_dataset("summary", **({"timezone": zone} if zone else {}))
    assert matched(same(postgres, tmp_path, tables, datasets=datasets))["10"] == (1 if zone else 0)


def test_a_date_without_a_zone_is_in_that_of_its_dataset(
    postgres: Postgres, tmp_path: Path
) -> None:
    rows = [(datetime(2025, 1, 11, 3, 0), "20250110_0")]
    datasets = with_dataset("summary", timezone="UTC")
    tables = {"summary": ("d TIMESTAMP, k VARCHAR", rows)}
    assert matched(same(postgres, tmp_path, tables, datasets=datasets))["10"] == 1


@pytest.mark.parametrize(("blank_keys", "nulls"), [("null", 4), ("value", 0)])
def test_a_key_in_which_nothing_can_be_seen_is_blank(
    postgres: Postgres, tmp_path: Path, blank_keys: str, nulls: int
) -> None:
    strange = ("\t", "\xa0", "\u200b\u3000", "", "~", "漢", "\U0001f600")
    rows = [*GOOD, *((D("2025-01-11"), key) for key in strange)]
    datasets = with_dataset("summary", blank_keys=blank_keys)
    tables = {"summary": ("d DATE, k VARCHAR", rows)}
    frame = same(postgres, tmp_path, tables, datasets=datasets)
    assert [c.null_keys for c in cells_of(frame, "summary")] == [0, nulls, 0]


def test_a_dataset_of_dates_is_told_beside_datasets_with_keys(
    postgres: Postgres, tmp_path: Path
) -> None:
    for n, type_ in enumerate(("BIGINT", "UUID", "DATE", "DECIMAL(4,2)")):
        key = {"BIGINT": 7, "UUID": LOWER, "DATE": D("2025-01-01"), "DECIMAL(4,2)": Decimal(1)}
        rows = [(D("2025-01-10"), key[type_])]
        tables: dict[str, Any] = dict.fromkeys(NAMES, (f"d DATE, k {type_}", rows))
        datasets = {
            name: {**dataset, "key": []} if name in ("schedule", "raw") else dataset
            for name, dataset in BASIC["datasets"].items()
        }
        folder = tmp_path / str(n)
        folder.mkdir()
        assert matched(same(postgres, folder, tables, datasets=datasets))["10"] == 1


VALUES = """d DATE, k VARCHAR, n BIGINT, price DECIMAL(9, 2), x DOUBLE, t VARCHAR, day DATE,
    moment TIMESTAMP, instant TIMESTAMPTZ, f BOOLEAN"""


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ([{"column": "n", ">": 2.5}, {"column": "n", "<=": 3}], "10"),
        ([{"column": "price", ">=": 2.5}], "10"),
        ([{"column": "x", ">": 0}], "10"),
        ([{"column": "t", ">": "X"}, {"column": "t", "<": "y"}], "10"),
        ([{"column": "t", "like": "x%"}], "10"),
        ([{"column": "t", "one_of": ["x", "y"]}], "10"),
        ([{"column": "day", "<=": "2025-01-10"}], "10"),
        ([{"column": "moment", ">": "2025-01-10"}], "10"),
        ([{"column": "instant", "<": "2025-01-10T20:00+01:00"}], "10"),
        ([{"column": "f", "equals": True}], "10"),
        ([{"column": "n", "is_null": True}, {"column": "x", "is_null": True}], "12"),
        ([{"column": "n", "not_null": True}, {"column": "n", "not_equals": 3}], "11"),
    ],
)
def test_a_condition_keeps_the_rows_that_it_keeps_on_duckdb(
    postgres: Postgres, tmp_path: Path, where: list[dict[str, Any]], kept: str
) -> None:
    """Of three: as it should be, NaN or without a value, NULL."""
    late = datetime(2025, 1, 10, 18, 30)
    rows = [
        (D("2025-01-10"), "7", 3, 2.5, 1.5, "x", D("2025-01-10"), late, late.replace(tzinfo=UTC),
         True),
        (D("2025-01-11"), "7", 1, None, float("nan"), "", None, None, None, False),
        (D("2025-01-12"), "7", *[None] * 8),
    ]  # fmt: skip
    datasets = with_dataset("summary", where=where)
    frame = same(postgres, tmp_path, dict.fromkeys(NAMES, (VALUES, rows)), datasets=datasets)
    assert [day for day, n in matched(frame).items() if n] == [kept]
