"""Keys of one dataset are those of another by their value: text, numbers, moments, and blanks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from checkpoints.contract.checks import checks_of
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import judged
from checkpoints.dates import DateRange
from checkpoints.rules.rule import Outcome
from checkpoints.warehouse.duckdb import compiled
from checkpoints.warehouse.evidence import gather
from checkpoints.warehouse.functions import day_of
from tests.support.warehouses import BASIC, D, contract_of, days, fill
from tests.warehouse.test_values import DAY, at, cells, frame_of

UPPER, LOWER = "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b-d9cb-469f-a165-70867728950e"


def beside(
    folder: Path, up: str, down: str, other: str, changes: dict[str, Any] | None = None
) -> CoverageFrame:
    """``raw`` and ``summary``, while the other two datasets have a key of another type."""
    datasets = {**BASIC["datasets"]}
    datasets["summary"] = {**datasets["summary"], **(changes or {})}
    contract = contract_of(folder, datasets=datasets, timezone="America/New_York").contract
    url = fill(folder / "w.duckdb", {})
    tables = {"schedule": other, "factors": other, "raw": up, "summary": down}
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS s")
        for name, key in tables.items():
            connection.execute(f"CREATE TABLE s.{name} AS SELECT {at(key)}")
    window = Window(range=DateRange(D("2025-01-01"), D("2025-01-31")), label="")
    return gather(contract, url, window, D("2025-02-01")).frame


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("'d41d8cd98f00b204e9800998ecf8427e'", "'D41D8CD98F00B204E9800998ECF8427E'"),
        (f"'{LOWER}'", f"'{{{LOWER}}}'"),
        ("'7'", "'7.0'"),
        ("'7'", "' 7'"),
        ("'2025-01-10'", "'2025-01-10 00:00:00'"),
    ],
)
@pytest.mark.parametrize("other", ["uuid()", "7::BIGINT", "7.5::DOUBLE", "now()", "'7'"])
def test_text_stays_as_it_is_whatever_other_datasets_have(
    tmp_path: Path, up: str, down: str, other: str
) -> None:
    cell = cells(beside(tmp_path, up, down, other))[DAY]
    assert (cell.matched, cell.orphans) == (0, 1)


@pytest.mark.parametrize(("other", "matched"), [("'7'", 0), ("7::BIGINT", 0), ("uuid()", 1)])
def test_case_means_nothing_in_a_uuid_where_a_column_holds_uuids(
    tmp_path: Path, other: str, matched: int
) -> None:
    assert cells(beside(tmp_path, f"'{LOWER}'", f"'{UPPER}'", other))[DAY].matched == matched


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("0.00001::DECIMAL(12,8)", "1e-05::DOUBLE"),
        ("0.00001::DECIMAL(8,8)", "1e-05::DOUBLE"),
        ("-0.00001234::DECIMAL(12,8)", "-1.234e-05::DOUBLE"),
        ("'0.' || repeat('0', 319) || '1'", "1e-320::DOUBLE"),
        ("0.5::DECIMAL(2,2)", "0.5::DOUBLE"),
        ("-0.50::DECIMAL(38,38)", "-0.5::FLOAT"),
        ("0::BIGINT", "-0.0::DOUBLE"),
        ("1e22::DOUBLE", "10000000000000000000000::HUGEINT"),
        ("2e38::DOUBLE", "199999999999999995497619646912068059136::UHUGEINT"),
        ("(repeat('9', 38))::DECIMAL(38,0)", "repeat('9', 38)"),
        ("-7.25::DOUBLE", "-7.250::DECIMAL(10,3)"),
        ("1e300::DOUBLE", "'1e+300'"),
        ("'nan'::DOUBLE", "'nan'::FLOAT"),
        ("'-infinity'::DOUBLE", "'-infinity'::FLOAT"),
    ],
)
def test_equal_numbers_are_the_same_key_at_every_size(tmp_path: Path, up: str, down: str) -> None:
    frame = frame_of(tmp_path, at(up), at(down))
    assert frame.unreadable == {}
    assert cells(frame)[DAY].matched == 1


def test_keys_of_an_enum_are_text(tmp_path: Path) -> None:
    small, wide = "'x'::ENUM('x', 'y')", "'x'::ENUM('w', 'x')"
    for number, (up, down) in enumerate([("'x'", small), (small, small), (small, wide)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        frame = frame_of(folder, at(up), at(down))
        assert frame.unreadable == {}
        assert cells(frame)[DAY].matched == 1


AFTERNOON = "TIMESTAMP '2025-01-10 14:00:00'"


@pytest.mark.parametrize(
    ("up", "down", "timezone", "matched"),
    [
        ("TIMESTAMPTZ '2025-01-10 14:00:00+00'", AFTERNOON, "UTC", 1),
        ("TIMESTAMPTZ '2025-01-10 14:00:00+00'", AFTERNOON, None, 0),
        ("TIMESTAMPTZ '2025-01-10 19:00:00+00'", AFTERNOON, None, 1),
        ("TIMESTAMP '2025-01-10 09:00:00'", AFTERNOON, "UTC", 1),
        ("TIMESTAMP '2025-01-10 14:00:00'", AFTERNOON, "UTC", 0),
    ],
)
def test_a_moment_without_a_zone_is_in_that_of_its_dataset_also_as_a_key(
    tmp_path: Path, up: str, down: str, timezone: str | None, matched: int
) -> None:
    changes = {"timezone": timezone} if timezone else {}
    below = f"{AFTERNOON} AS d, {down} AS k"
    frame = frame_of(tmp_path, at(up), below, changes, zone="America/New_York")
    assert cells(frame)[DAY].matched == matched


def test_moments_of_one_type_and_two_zones_are_compared_in_one(tmp_path: Path) -> None:
    morning, utc = "TIMESTAMP '2025-01-10 09:00:00'", {"timezone": "UTC"}
    assert cells(beside(tmp_path, morning, AFTERNOON, morning, utc))[DAY].matched == 1


def test_a_key_can_have_a_zone_where_the_date_has_none(tmp_path: Path) -> None:
    up, down = at("TIMESTAMPTZ '2025-01-10 14:00:00+00'"), at(AFTERNOON)
    frame = frame_of(tmp_path, up, down, {"timezone": "UTC"}, zone="America/New_York")
    assert cells(frame)[DAY].matched == 1


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_the_last_nanosecond_of_a_day_is_of_that_day_in_every_zone(
    tmp_path: Path, zone: str
) -> None:
    down = f"TIMESTAMP_NS '{DAY} 23:59:59.999999999' AS d, '7' AS k"
    frame = frame_of(tmp_path, at("'7'"), down, {"timezone": zone}, zone=zone)
    assert cells(frame)[DAY].matched == 1


@pytest.mark.parametrize(
    "time",
    ["99:99:99", "25:00:00", "24:00", "10:60", "10:00:60", "10:00:00+99:00", "10:00+14:30",
     "10:00-15", "10:00+01:75"],
)  # fmt: skip
def test_a_date_with_a_time_that_no_clock_shows_is_unreadable(tmp_path: Path, time: str) -> None:
    frame = frame_of(tmp_path, at("'7'"), f"'{DAY}T{time}' AS d, '7' AS k")
    assert (list(cells(frame)), frame.undated["summary"]) == ([DAY], 1)
    assert cells(frame)[DAY].matched == 0


@pytest.mark.parametrize("time", ["23:59:59+14:00", "12:30-1400", "00:00Z", "09:00:00.5+05:45"])
def test_a_date_with_a_time_that_some_clock_shows_is_read(tmp_path: Path, time: str) -> None:
    frame = frame_of(tmp_path, at("'7'"), f"'{DAY}T{time}' AS d, '7' AS k")
    assert frame.undated["summary"] == 0


@pytest.mark.parametrize("code", [9, 10, 13, 32, 133, 160, 0x2003, 0x200B, 0x202F, 0x3000, 0xFEFF])
def test_what_cannot_be_seen_is_a_blank_key(tmp_path: Path, code: int) -> None:
    down = f"unnest(['7', repeat(chr({code}), 30), '~', '漢']) AS k, DATE '{DAY}' AS d"
    cell = cells(frame_of(tmp_path, at("'7'"), down))[DAY]
    assert (cell.null_keys, cell.present) == (1, 3)


@pytest.mark.parametrize(
    ("up", "down", "told"),
    [
        ("7::BIGINT", "TIME '10:00:00'", "is TIME and key 'k' is BIGINT"),
        ("{'a': 7}", "7::BIGINT", "is BIGINT and key 'k' is STRUCT"),
        ("[7]", "'7'", "is VARCHAR and key 'k' is INTEGER[]"),
        ("[7]", "['7']", "is VARCHAR[] and key 'k' is INTEGER[]"),
        ("[7]", "[7]", ""),
        ("'7'", "NULL", ""),
    ],
)
def test_types_that_have_no_value_in_common_are_refused(
    tmp_path: Path, up: str, down: str, told: str
) -> None:
    changes = {"table": None, "query": f"SELECT {at(down)}"}
    frame = frame_of(tmp_path, at(up), at(down), changes)
    check = next(c for c in checks_of(contract_of(tmp_path).contract) if c.dataset == "summary")
    found = judged(check, frame)
    assert (found.outcome == "ERRORED") == bool(told)
    assert told in found.message


@pytest.mark.parametrize("parameter", ["$1", "?", "$first"])
def test_a_query_takes_no_parameter_of_the_program(tmp_path: Path, parameter: str) -> None:
    changes: dict[str, Any] = {
        "table": None,
        "query": f"SELECT d, k FROM s.summary WHERE d >= {parameter}",
    }
    frame = frame_of(tmp_path, at("'7'"), at("'7'"), changes)
    assert "its query has a parameter" in frame.unreadable["summary"]


def test_dates_that_cannot_be_read_are_told_of_a_dataset_without_a_key_too(tmp_path: Path) -> None:
    good, bad = days("2025-01-10", "2025-01-12", games=1), [("01/11/2025", "x"), ("n/a", "y")]
    rows = [(str(day), key) for day, key in good]
    url = fill(tmp_path / "w.duckdb", {**dict.fromkeys(BASIC["datasets"], good), "summary": []})
    fill(tmp_path / "w.duckdb", {"summary": [*rows, *bad]}, "d VARCHAR, k VARCHAR")
    datasets = {**BASIC["datasets"], "summary": {**BASIC["datasets"]["summary"], "key": []}}
    contract = contract_of(tmp_path, datasets=datasets).contract
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-12")), label="")
    frame = gather(contract, url, window, D("2025-02-01")).frame
    (check,) = (
        c for c in checks_of(contract) if (c.dataset, c.kind) == ("summary", "no_null_keys")
    )
    found = judged(check, frame)
    assert (found.outcome, found.observed) == (Outcome.FAILED, 2)
    assert "2 rows without a date that can be read" in found.message


def test_nanoseconds_before_1970_are_of_their_day(tmp_path: Path) -> None:
    connection = duckdb.connect(str(tmp_path / "n.duckdb"))
    moment: sa.ColumnClause[Any] = sa.column("d")
    sql, _ = compiled(sa.select(day_of(moment)).select_from(sa.table("n")))
    for day, time in (("1969-12-31", "12:00:00"), ("1969-12-31", "23:59:59.999999999"),
                      ("1970-01-01", "00:00:00"), ("1950-06-01", "00:00:00")):  # fmt: skip
        connection.execute(f"CREATE OR REPLACE TABLE n AS SELECT TIMESTAMP_NS '{day} {time}' AS d")
        assert connection.execute(sql).fetchall() == [(D(day),)]
