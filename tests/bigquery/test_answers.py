"""BigQuery's answers are DuckDB's: on the demo, on real input, on random warehouses."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.dates import DateRange
from checkpoints.rules.evidence import Cell
from checkpoints.warehouse.evidence import gather
from demo.warehouse import build, filling
from tests.bigquery.commands import WINDOW, checkpoints, evidence_of, gathered, on_duckdb, verdict
from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import DEMO_COLUMNS, copy_warehouse, load_rows
from tests.bigquery.recording import Proxy
from tests.coverage.test_oracle import HEALTH, World, worlds
from tests.demo.test_real_input import COUNTS, SCHEDULE
from tests.support.warehouses import BASIC, D, contract_of, days, fill


@pytest.mark.parametrize("name", ["check", "coverage"])
def test_the_demo_is_judged_as_on_duckdb(proxy: Proxy, demo_loaded: Path, name: str) -> None:
    expected = on_duckdb(demo_loaded, name, *WINDOW)
    assert verdict(checkpoints(proxy, name, *WINDOW, "--json", "-")) == expected
    assert expected[0] == (1 if name == "check" else 0)
    assert proxy.reads()


def test_the_real_season_is_judged_as_on_duckdb(
    proxy: Proxy, emulator: Emulator, tmp_path: Path
) -> None:
    if not (SCHEDULE.exists() and COUNTS.exists()):
        pytest.skip("needs the real pipeline's CSV files (set SHARED_DATA)")
    path = tmp_path / "season.duckdb"
    build(path, filling(SCHEDULE, COUNTS))
    copy_warehouse(emulator.url, path, DEMO_COLUMNS, "real")
    check = ("check", "--season", "2024-25", "--as-of", "2026-01-27", "--json", "-")
    expected = on_duckdb(path, *check[:-2])
    assert verdict(checkpoints(proxy, *check, url="bigquery://real")) == expected
    assert expected[0] == 1


# ------------------------------------------------------------------ random warehouses


def test_random_warehouses_give_the_same_frame_and_the_same_keys(
    here: Proxy, emulator: Emulator
) -> None:
    columns = "d DATE, k VARCHAR, j VARCHAR"

    @settings(max_examples=15, deadline=None, suppress_health_check=HEALTH)
    @given(worlds())
    def agree(world: World) -> None:
        tables = {f"s.{name}": rows for name, rows in world.tables.items()}
        load_rows(emulator.url, tables, columns, "random")
        here.service.tables_changed()
        with tempfile.TemporaryDirectory() as folder:
            contract = contract_of(Path(folder), world.raw).contract
            expected = evidence_of(world, contract, fill(Path(folder) / "w", world.tables, columns))
            found = evidence_of(world, contract, "bigquery://random")
        assert found.frame == expected.frame
        assert found.keys == expected.keys

    agree()


# ------------------------------------------------------------------ kinds of columns


GOOD = days("2025-01-10", "2025-01-12", games=1)
NEW_YORK = ZoneInfo("America/New_York")
EVENING = datetime(2025, 1, 10, 23, 30, tzinfo=NEW_YORK).astimezone(UTC)  # the 11th in UTC
MIDNIGHT = datetime(2025, 1, 12, 0, 0, tzinfo=NEW_YORK).astimezone(UTC)


def frame_of(
    emulator: Emulator, folder: Path, tables: dict[str, Any], columns: str, last: str = "2025-01-12"
) -> CoverageFrame:
    """The frame over the four tables of BASIC; those not given hold one key a day."""
    project = f"kinds-{abs(hash(folder)) % 10**9}"
    others = {f"s.{name}": GOOD for name in BASIC["datasets"] if name not in tables}
    load_rows(emulator.url, others, project=project)
    load_rows(emulator.url, {f"s.{n}": rows for n, rows in tables.items()}, columns, project)
    return gathered(contract_of(folder).contract, project, "2025-01-10", last).frame


def cells_of(frame: CoverageFrame, dataset: str) -> tuple[Cell, ...]:
    return next(cells for pair, cells in frame.cells.items() if pair.dataset == dataset)


def matched(frame: CoverageFrame, dataset: str = "summary") -> dict[str, int]:
    assert frame.unreadable == {}
    return {f"{c.date:%d}": c.matched for c in cells_of(frame, dataset)}


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("DATE", [D("2025-01-10"), D("2025-01-12")]),
        ("TIMESTAMP", [datetime(2025, 1, 10, 23, 59), datetime(2025, 1, 12)]),
        ("TIMESTAMPTZ", [EVENING, MIDNIGHT]),
        ("VARCHAR", ["2025-01-10", "2025-01-12T21:00:00"]),
    ],
    ids=["DATE", "DATETIME", "TIMESTAMP", "STRING"],
)
def test_every_kind_of_date_column_counts_on_its_local_date(
    here: Proxy, emulator: Emulator, tmp_path: Path, column: str, values: list[Any]
) -> None:
    rows = [(values[0], "20250110_0"), (values[1], "20250112_0"), (None, "undated")]
    frame = frame_of(emulator, tmp_path, {"summary": rows}, f"d {column}, k VARCHAR")
    assert matched(frame) == {"10": 1, "11": 0, "12": 1}
    assert frame.undated["summary"] == 1


def test_text_that_is_no_date_counts_as_undated(
    here: Proxy, emulator: Emulator, tmp_path: Path
) -> None:
    rows = [("2025-01-11", "20250111_0"), ("2025-01-12x", "20250112_0"), ("2025-01-32", "c")]
    rows += [(f"2025-01-12T{time}", "20250112_0") for time in ("25:00:00", "10:00:00+99:00")]
    columns = "d VARCHAR, k VARCHAR"
    frame = frame_of(emulator, tmp_path, {"summary": rows}, columns, last="2025-02-02")
    assert [c.matched for c in cells_of(frame, "summary")][:4] == [0, 1, 0, 0]
    assert frame.undated["summary"] == 4


@pytest.mark.parametrize("kind", ["bigint", "double"])
def test_numbers_and_texts_are_compared_as_text(
    here: Proxy, emulator: Emulator, tmp_path: Path, kind: str
) -> None:
    texts = [(D("2025-01-10"), "7"), (D("2025-01-11"), "8"), (D("2025-01-12"), None)]
    numbers = [(D("2025-01-10"), 7), (D("2025-01-11"), 9), (D("2025-01-12"), None)]
    others = dict.fromkeys(("s.schedule", "s.raw", "s.factors"), texts)
    load_rows(emulator.url, others, project=f"kind-{kind}")
    load_rows(emulator.url, {"s.summary": numbers}, f"d DATE, k {kind}", f"kind-{kind}")
    contract, window = contract_of(tmp_path).contract, ("2025-01-10", "2025-01-12")
    frame = gathered(contract, f"kind-{kind}", *window, as_of="9999-12-31").frame
    assert matched(frame) == {"10": 1, "11": 0, "12": 0}
    assert [c.null_keys for c in cells_of(frame, "summary")] == [0, 0, 1]


def test_a_number_is_the_same_key_at_every_size(
    here: Proxy, emulator: Emulator, tmp_path: Path
) -> None:
    kinds = {
        "schedule": "VARCHAR",
        "raw": "DECIMAL(12,8)",
        "summary": "DOUBLE",
        "factors": "DOUBLE",
    }
    values = ["0.00001", "-0.00001234", "7"]
    dates = [D("2025-01-10"), D("2025-01-11"), D("2025-01-12")]
    for name, kind in kinds.items():
        rows = list(zip(dates, values if kind == "VARCHAR" else map(float, values), strict=True))
        load_rows(emulator.url, {f"s.{name}": rows}, f"d DATE, k {kind}", "sizes")
    frame = gathered(contract_of(tmp_path).contract, "sizes", "2025-01-10", "2025-01-12").frame
    assert matched(frame, "raw") == matched(frame) == {"10": 1, "11": 1, "12": 1}


def test_a_moment_as_a_key_is_in_the_zone_of_its_dataset(
    here: Proxy, emulator: Emulator, tmp_path: Path
) -> None:
    datasets = {**BASIC["datasets"]}
    datasets["summary"] = {**datasets["summary"], "timezone": "UTC"}
    contract = contract_of(tmp_path, datasets=datasets, timezone="America/New_York").contract
    utc = datetime(2025, 1, 10, 19, 30)
    keys = {"TIMESTAMPTZ": utc.replace(tzinfo=UTC), "TIMESTAMP": utc}
    for name in contract.names:
        kind = "TIMESTAMP" if name == "summary" else "TIMESTAMPTZ"
        rows = [(D("2025-01-10"), keys[kind])]
        load_rows(emulator.url, {f"s.{name}": rows}, f"d DATE, k {kind}", "zones")
    assert matched(gathered(contract, "zones", "2025-01-10", "2025-01-10").frame) == {"10": 1}


def test_a_key_in_which_nothing_can_be_seen_is_blank(
    here: Proxy, emulator: Emulator, tmp_path: Path
) -> None:
    rows = [*GOOD, *((D("2025-01-11"), key) for key in ("\t", "\xa0", "\u200b\u3000", "~", "漢"))]
    frame = frame_of(emulator, tmp_path, {"summary": rows}, "d DATE, k VARCHAR")
    assert [c.null_keys for c in cells_of(frame, "summary")] == [0, 3, 0]


VALUES = """d DATE, k VARCHAR, n BIGINT, price DECIMAL(9, 2), x DOUBLE, t VARCHAR, day DATE,
    moment TIMESTAMP, instant TIMESTAMPTZ"""


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ([{"column": "n", ">": 2.5}, {"column": "n", "<=": 3}], "10"),
        ([{"column": "price", ">=": 2.5}], "10"),
        ([{"column": "x", ">": 0}], "10"),
        ([{"column": "t", ">": "X"}, {"column": "t", "<": "y"}], "10"),
        ([{"column": "day", "<=": "2025-01-10"}], "10"),
        ([{"column": "moment", ">": "2025-01-10"}], "10"),
        ([{"column": "instant", "<": "2025-01-10T20:00+01:00"}], "10"),
        ([{"column": "n", "is_null": True}, {"column": "x", "is_null": True}], "12"),
        ([{"column": "n", "not_null": True}, {"column": "n", "not_equals": 3}], "11"),
    ],
)
def test_a_condition_keeps_the_rows_that_it_keeps_on_duckdb(
    here: Proxy, emulator: Emulator, tmp_path: Path, where: list[dict[str, Any]], kept: str
) -> None:
    """Of three: as it should be, NaN or without a value, NULL."""
    late = datetime(2025, 1, 10, 18, 30)
    rows = [
        ("2025-01-10", "7", 3, 2.5, 1.5, "x", D("2025-01-10"), late, late.replace(tzinfo=UTC)),
        ("2025-01-11", "7", 1, None, float("nan"), "", None, None, None),
        ("2025-01-12", "7", *[None] * 7),
    ]
    load_rows(emulator.url, {f"s.{n}": rows for n in BASIC["datasets"]}, VALUES, "conditions")
    datasets = {**BASIC["datasets"]}
    datasets["summary"] = {**datasets["summary"], "where": where}
    contract = contract_of(tmp_path, datasets=datasets).contract
    frame = gathered(contract, "conditions", "2025-01-10", "2025-01-12").frame
    assert [day for day, n in matched(frame).items() if n] == [kept]
    with_values = fill(tmp_path / "w.duckdb", dict.fromkeys(BASIC["datasets"], rows), VALUES)
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-12")), label="")
    assert gather(contract, with_values, window, D("2025-02-01")).frame == frame


# ------------------------------------------------------------------ what is not there


def test_a_missing_table_and_a_missing_column_are_named_with_what_exists(
    here: Proxy, emulator: Emulator, tmp_path: Path
) -> None:
    tables = {"s.schedule": GOOD, "s.raw": GOOD, "s.sumary": GOOD}
    load_rows(emulator.url, tables, project="gaps")
    load_rows(emulator.url, {"s.factors": GOOD}, "d DATE, game_k VARCHAR", "gaps")
    contract = contract_of(tmp_path).contract
    frame = gathered(contract, "gaps", "2025-01-10", "2025-01-12").frame
    assert set(frame.unreadable) == {"summary", "factors"}
    assert "did you mean 'sumary'?" in frame.unreadable["summary"]
    assert "'k'" in frame.unreadable["factors"]
    assert "it has d, game_k" in frame.unreadable["factors"]
    assert [c.matched for c in cells_of(frame, "raw")] == [1, 1, 1]


def test_texts_with_time_and_offset_are_dates_in_the_contracts_zone(
    here: Proxy, emulator: Emulator, tmp_path: Path
) -> None:
    rows = [
        ("2025-01-10T23:59:59", "20250110_0"),
        ("2025-01-12T03:00:00Z", "20250111_0"),
        ("2025-01-12 21:00:00+00:00", "20250112_0"),
        ("2025-01-12", "  "),
        ("20250110", "x"),
    ]
    frame = frame_of(emulator, tmp_path, {"summary": rows}, "d VARCHAR, k VARCHAR")
    assert [c.matched for c in cells_of(frame, "summary")][:3] == [1, 1, 1]
    assert frame.undated["summary"] == 1
    assert [c.null_keys for c in cells_of(frame, "summary")] == [0, 0, 1]
