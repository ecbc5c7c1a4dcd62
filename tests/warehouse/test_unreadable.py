"""A dataset that cannot be read is named, with the reason; the others are judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checkpoints.contract.checks import pairs_of
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import build_frame
from checkpoints.coverage.samples import keyed_dates
from checkpoints.dates import DateRange
from checkpoints.errors import DatasetsUnreadable
from checkpoints.warehouse.evidence import gather
from checkpoints.warehouse.reading import open_warehouse, read_on
from tests.support.commands import command
from tests.support.warehouses import BASIC, D, contract_of, days, fill, write_contract

WINDOW = ("--from", "2025-01-10", "--to", "2025-01-12", "--as-of", "2025-02-01")
RANGE = DateRange(D("2025-01-10"), D("2025-01-12"))
GOOD = days("2025-01-10", "2025-01-12")
TABLES = ("schedule", "raw", "summary", "factors")


def warehouse_with(folder: Path, *statements: str) -> str:
    """Four complete tables, then what the statements make of them; the URL."""
    url = fill(folder / "w.duckdb", dict.fromkeys(TABLES, GOOD))
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)
    return url


def datasets_with(**changes: dict[str, Any]) -> dict[str, Any]:
    """The datasets of the small contract; ``changes`` replace keys of them."""
    return {name: {**d, **changes.get(name, {})} for name, d in BASIC["datasets"].items()}


def check(folder: Path, url: str, **changes: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The exit code and the report of a check."""
    path = write_contract(folder, BASIC, datasets=datasets_with(**changes))
    arguments = ("--contract", str(path), "--warehouse", url, "--json", "-")
    done = command("checkpoints", "check", *WINDOW, *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def unreadable(folder: Path, url: str, **changes: dict[str, Any]) -> dict[str, str]:
    """Why which dataset cannot be read."""
    code, report = check(folder, url, **changes)
    assert code == 3
    found: dict[str, str] = report["unreadable"]
    return found


# ------------------------------------------------------------------ found out by reading


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("CAST(k AS DATE)", "Conversion Error: invalid date field format"),
        (
            "CAST(CAST(length(k) AS BIGINT) + 9223372036854775807 AS VARCHAR)",
            "Out of Range Error: Overflow",
        ),
        ("error('no such game')", "Invalid Input Error: no such game"),
    ],
)
def test_an_error_in_the_rows_of_one_dataset_is_that_of_one_dataset(
    tmp_path: Path, column: str, said: str
) -> None:
    view = f"CREATE VIEW s.broken AS SELECT d, k FROM s.factors WHERE ({column}) <> k"
    url = warehouse_with(tmp_path, view)
    code, report = check(tmp_path, url, factors={"table": "s.broken"})
    assert code == 3
    assert list(report["unreadable"]) == ["factors"]
    assert report["unreadable"]["factors"].startswith(
        f"dataset 'factors': it cannot be read: {said}"
    )
    outcomes = {(c["dataset"], c["outcome"]) for c in report["checks"]}
    others = {(name, "PASSED") for name in ("schedule", "raw", "summary")}
    assert outcomes == {("factors", "ERRORED"), *others}


def test_every_dataset_that_fails_is_named_and_one_statement_reads_the_others(
    tmp_path: Path,
) -> None:
    casts = "SELECT CAST(k AS DATE) AS d, k FROM s.{}"
    url = warehouse_with(
        tmp_path,
        f"CREATE VIEW s.a AS {casts.format('raw')}",
        f"CREATE VIEW s.b AS {casts.format('factors')}",
    )
    code, report = check(tmp_path, url, raw={"table": "s.a"}, factors={"table": "s.b"})
    assert code == 3
    assert set(report["unreadable"]) == {"raw", "factors"}
    # The two that were read alone, then together.
    assert [s["rows"] for s in report["statements"]] == [3, 3, 3]


def test_coverage_and_the_tables_of_a_backfill_name_it_too(tmp_path: Path) -> None:
    url = warehouse_with(
        tmp_path, "CREATE VIEW s.broken AS SELECT d, k FROM s.raw WHERE CAST(k AS DATE) > d"
    )
    path = write_contract(tmp_path, BASIC, datasets=datasets_with(raw={"table": "s.broken"}))
    done = command("checkpoints", "coverage", *WINDOW, "--contract", str(path), "--warehouse", url)
    assert done.returncode == 3
    assert "dataset 'raw': it cannot be read: Conversion Error" in done.stderr
    contract = contract_of(tmp_path, BASIC, datasets=datasets_with(raw={"table": "s.broken"}))
    with (
        open_warehouse(contract.contract, url) as warehouse,
        pytest.raises(DatasetsUnreadable, match="dataset 'raw': it cannot be read"),
    ):
        warehouse.presence([RANGE])


def test_keys_that_cannot_be_read_are_left_out_for_their_dataset(tmp_path: Path) -> None:
    """The tables were read once; then the file behind one of them is gone."""
    partial = days("2025-01-10", "2025-01-12", games=1)
    url = fill(tmp_path / "w.duckdb", {**dict.fromkeys(TABLES, GOOD), "summary": partial})
    rows = tmp_path / "factors.csv"
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute(f"COPY s.summary TO '{rows}'")
        connection.execute(f"CREATE VIEW s.file AS SELECT * FROM read_csv('{rows}')")
    datasets = datasets_with(factors={"table": "s.file"})
    contract = contract_of(tmp_path, BASIC, datasets=datasets).contract
    with open_warehouse(contract, url) as warehouse:
        presence = warehouse.presence([RANGE])
        window = Window(range=RANGE, label="")
        frame = build_frame(contract, presence, window, D("2025-03-01"), pairs_of(contract))
        keyed = keyed_dates(contract, frame)
        rows.unlink()
        left, keys = read_on(
            warehouse, lambda w: w.keys(keyed.among(contract, w.sources), presence)
        )
    assert set(left.sources) == {"schedule", "raw", "summary"}
    assert "No files found" in left.unreadable["factors"]
    assert len(keys) == 3, "one of two games a day is missing in the summary"


# ------------------------------------------------------------------ found out by looking it up


@pytest.mark.parametrize(
    ("broken", "lacks"),
    [("DROP TABLE s.base", "base"), ("ALTER TABLE s.base DROP COLUMN k", '"k"')],
)
def test_a_view_that_lacks_something_is_named_with_what_it_lacks(
    tmp_path: Path, broken: str, lacks: str
) -> None:
    url = warehouse_with(
        tmp_path,
        "CREATE TABLE s.base AS FROM s.factors",
        "CREATE VIEW s.v AS SELECT d, k FROM s.base",
        broken,
    )
    (said,) = unreadable(tmp_path, url, factors={"table": "s.v"}).values()
    assert said.startswith("dataset 'factors': view 's.v' cannot be read: ")
    assert lacks in said
    assert "did you mean 'v'" not in said


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("other.main.factors", "database 'other' is not attached"),
        ("other.factors", "schema 'other' is not in the warehouse: it has"),
        ("w.t.factors", "schema 't' is not in the warehouse"),
        ("w.s.factor", "table 'factor' is not in schema 'w.s': did you mean 'factors'?"),
        ("S.FACTOR", "table 'FACTOR' is not in schema 'S'"),
        ("a.b.t", 'its name has a dot in it: write table: ["a.b", "t"]'),
        ("x.parquet", "write query: SELECT * FROM read_parquet('x.parquet')"),
        ("s3://bucket/it's/*.csv.gz", "SELECT * FROM read_csv('s3://bucket/it''s/*.csv.gz')"),
        ("/data/v1.2/x.ndjson", "SELECT * FROM read_json('/data/v1.2/x.ndjson')"),
    ],
)
def test_a_table_that_is_not_there_is_told_by_the_part_that_is_wrong(
    tmp_path: Path, table: str, said: str
) -> None:
    url = warehouse_with(tmp_path, 'CREATE SCHEMA "a.b"', 'CREATE TABLE "a.b".t AS FROM s.factors')
    assert said in unreadable(tmp_path, url, factors={"table": table})["factors"]


def test_a_variable_of_this_program_is_no_table(tmp_path: Path) -> None:
    query = {"table": None, "query": "SELECT d, k FROM dataset"}
    (said,) = unreadable(tmp_path, warehouse_with(tmp_path), factors=query).values()
    assert "Table with name dataset does not exist" in said


@pytest.mark.parametrize(
    ("table", "made"),
    [
        (["a.b", "t"], 'CREATE SCHEMA "a.b"; CREATE TABLE "a.b".t AS FROM s.factors'),
        (["w", "a.b", "t.u"], 'CREATE SCHEMA "a.b"; CREATE TABLE "a.b"."t.u" AS FROM s.factors'),
        ("s.json", "CREATE TABLE s.json AS FROM s.factors"),
        ("W.S.Factors", "SELECT 1"),
    ],
)
def test_names_with_dots_are_read_when_they_are_given_in_parts(
    tmp_path: Path, table: Any, made: str
) -> None:
    code, report = check(tmp_path, warehouse_with(tmp_path, made), factors={"table": table})
    assert (code, report["unreadable"]) == (0, {})


# ------------------------------------------------------------------ at the ends of time


ENDS = ("0001-01-01", "9999-12-31", "infinity", "-infinity", "20000-01-01", "0044-03-15 (BC)")


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("DATE", ENDS),
        ("TIMESTAMP", (*ENDS, "9999-12-31 23:59:59.999999")),
        ("TIMESTAMP_S", ENDS),
        ("TIMESTAMP_MS", ENDS),
        ("TIMESTAMPTZ", ("0001-01-02 00:00:00+00", "infinity", "-infinity")),
        ("TIMESTAMP_NS", ("1677-09-22", "2262-04-11 23:47:16.854775", "infinity", "-infinity")),
    ],
)
def test_moments_at_the_ends_of_time_are_in_the_window_of_their_date_and_in_no_other(
    tmp_path: Path, type_: str, values: tuple[str, ...], zone: str
) -> None:
    url = warehouse_with(
        tmp_path,
        f"CREATE TABLE s.ends (d {type_}, k VARCHAR)",
        *(f"INSERT INTO s.ends VALUES ('{value}', '{value}')" for value in values),
        "INSERT INTO s.ends VALUES ('2025-01-10 12:00:00', 'now')",
    )
    contract = contract_of(
        tmp_path, BASIC, timezone=zone, datasets=datasets_with(factors={"table": "s.ends"})
    ).contract
    bit = 1 << contract.names.index("factors")

    def dates(first: str, last: str) -> dict[str, int]:
        with open_warehouse(contract, url) as warehouse:
            found = warehouse.presence([DateRange(D(first), D(last))])
        assert found.undated == {}
        held = {
            str(d): sum(n for m, n in masks.items() if m & bit)
            for d, masks in found.by_date.items()
        }
        return {day: n for day, n in held.items() if n}

    expected: dict[str, int] = {}
    for value in values:
        if "infinity" not in value and value[4] == "-" and "BC" not in value:
            day = value[:10]
            expected[day] = expected.get(day, 0) + 1
    if type_ == "TIMESTAMPTZ":
        expected = {"0001-01-01" if zone == "America/New_York" else "0001-01-02": 1}
    assert dates("2025-01-10", "2025-01-10") == {"2025-01-10": 1}
    assert dates("0001-01-01", "9999-12-31") == {**expected, "2025-01-10": 1}
    assert dates("9999-12-31", "9999-12-31") == {
        day: n for day, n in expected.items() if day == "9999-12-31"
    }
    assert dates("0001-01-01", "0001-01-01") == {
        day: n for day, n in expected.items() if day == "0001-01-01"
    }


def test_keys_that_are_infinite_are_compared_and_shown(tmp_path: Path) -> None:
    """Where they are DATE on one side and TIMESTAMP on the other."""
    url = warehouse_with(
        tmp_path,
        *(f"DROP TABLE s.{name}" for name in ("summary", "factors")),
        "CREATE TABLE s.summary (d DATE, k DATE)",
        "INSERT INTO s.summary VALUES ('2025-01-10', 'infinity'), ('2025-01-10', '2025-01-01')",
        "CREATE TABLE s.factors (d DATE, k TIMESTAMP_NS)",
        "INSERT INTO s.factors VALUES ('2025-01-10', 'infinity'), ('2025-01-10', '-infinity')",
    )
    contract = contract_of(tmp_path).contract
    window = Window(range=RANGE, label="")
    frame = gather(contract, url, window, D("2025-02-01")).frame
    (cells,) = [c for p, c in frame.cells.items() if p[:2] == ("factors", "summary")]
    assert (cells[0].expected, cells[0].present, cells[0].matched) == (2, 2, 1)
