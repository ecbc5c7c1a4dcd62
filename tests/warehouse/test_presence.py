"""The presence query: its SQL, the column types it reads, and hostile names."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
import sqlalchemy as sa
import sqlglot
from sqlalchemy_bigquery import BigQueryDialect
from sqlglot import exp

import checkpoints.warehouse.bigquery  # noqa: F401 (its SQL, for the dialect of that name)
from checkpoints.contract.loading import load_contract
from checkpoints.contract.window import Window
from checkpoints.coverage.layout import layout_of
from checkpoints.coverage.samples import Sampled, bits_shown
from checkpoints.dates import DateRange
from checkpoints.errors import WarehouseError
from checkpoints.rules.evidence import Pair
from checkpoints.warehouse.arms import Reading
from checkpoints.warehouse.duckdb import SPILL_FOLDER, DuckDbDialect
from checkpoints.warehouse.engine import Column
from checkpoints.warehouse.evidence import gather
from checkpoints.warehouse.query import keys_statement, presence_statement
from checkpoints.warehouse.reading import open_warehouse
from checkpoints.warehouse.source import Source, columns_of, key_shape
from tests.support.commands import ROOT
from tests.support.warehouses import BASIC, D, contract_of, days, fill

GOLDEN = ROOT / "tests" / "golden"
RANGE = DateRange(D("2025-01-01"), D("2025-01-31"))
SHOWN = Sampled(Pair("player_game_summary", "bdl_player_boxscores", "keys"))
TEXT, MOMENT = Column("VARCHAR", None, "text"), Column("TIMESTAMP", "datetime", "datetime")
KINDS = {
    "usage_rate": Column("DOUBLE", None, "number"),
    "loaded_at": MOMENT,
    "processed_at": MOMENT,
}
TYPES = {"date": sa.Date(), "text": sa.String()}


def shipped_statement(date_type: Any = "date", ranges: tuple[DateRange, ...] = (RANGE,)) -> Any:
    reading = shipped_reading(date_type, ranges)
    return presence_statement(reading)


def shipped_reading(date_type: Any = "date", ranges: tuple[DateRange, ...] = (RANGE,)) -> Reading:
    contract = load_contract(Path("gx/pipeline.yml"), {}).contract
    layout = layout_of(contract)
    sources = {
        name: Source(
            dataset=d,
            date_type=date_type,
            columns={c: KINDS.get(c, TEXT) for c in columns_of(d, layout, name)},
        )
        for name, d in contract.datasets.items()
    }
    return Reading(
        contract=contract,
        layout=layout,
        sources=sources,
        ranges=ranges,
        shape=key_shape(sources, layout),
    )


def compiled(statement: Any, dialect: str) -> str:
    chosen = BigQueryDialect() if dialect == "bigquery" else DuckDbDialect()
    text = statement.compile(dialect=chosen, compile_kwargs={"literal_binds": True}).string
    return str(sqlglot.parse_one(text, dialect=dialect).sql(dialect=dialect, pretty=True)) + "\n"


@pytest.mark.parametrize("dialect", ["bigquery", "duckdb"])
@pytest.mark.parametrize("date_type", ["date", "timestamp", "datetime", "text"])
def test_the_sql_is_the_golden_one(dialect: str, date_type: str) -> None:
    statement = shipped_statement(date_type)
    golden = GOLDEN / f"presence_{date_type}.{dialect}.sql"
    assert compiled(statement, dialect) == golden.read_text()


@pytest.mark.parametrize("dialect", ["bigquery", "duckdb"])
def test_each_table_is_read_once_with_a_range_on_its_bare_date_column(dialect: str) -> None:
    reading = shipped_reading()
    contract, layout = reading.contract, reading.layout
    failed = bits_shown(contract, layout, SHOWN)
    for text in (
        compiled(presence_statement(reading), dialect),
        compiled(keys_statement(reading, failed, (), 10), dialect),
    ):
        tree = sqlglot.parse_one(text, dialect=dialect)
        datasets = {str(d.table): d for d in contract.datasets.values()}
        arms = [s for s in tree.find_all(exp.Select) if isinstance(s.args["from_"].this, exp.Table)]
        names = [f"{arm.args['from_'].this.db}.{arm.args['from_'].this.name}" for arm in arms]
        assert sorted(names) == sorted(datasets)
        assert len(list(tree.find_all(exp.Table))) == len(datasets)
        for arm, name in zip(arms, names, strict=True):
            between = arm.args["where"].find(exp.Between)
            assert isinstance(between.this, exp.Column)
            assert between.this.name == datasets[name].date
            read = {c.name for c in arm.find_all(exp.Column)}
            assert read == set(columns_of(datasets[name], layout, datasets[name].path[-1]))


def test_duckdb_scans_each_table_once(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    rows = days("2025-01-01", "2025-01-09")
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(contract.names, rows))
    with open_warehouse(contract, url) as warehouse:
        reading = Reading(
            contract=contract,
            layout=warehouse.layout,
            sources=warehouse.sources,
            ranges=[RANGE],
            shape=("own",),
        )
        statement = presence_statement(reading)
        text = statement.compile(
            dialect=DuckDbDialect(), compile_kwargs={"literal_binds": True}
        ).string
        plan = warehouse.engine.connection.execute("EXPLAIN (FORMAT json) " + text).fetchall()
    assert plan[0][1].count('"SEQ_SCAN"') == len(contract.names)


def frame_for(
    tmp_path: Path, column_type: str, rows: list[tuple[Any, ...]], last: str = "2025-01-12"
) -> Any:
    file = contract_of(tmp_path)
    good = days("2025-01-10", "2025-01-12", games=1)
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(("schedule", "raw", "factors"), good))
    fill(tmp_path / "w.duckdb", {"summary": rows}, f"d {column_type}, k VARCHAR")
    window = Window(range=DateRange(D("2025-01-10"), D(last)), label="")
    return gather(file.contract, url, window, D("2025-02-01")).frame


def matched(frame: Any) -> list[int]:
    return [c.matched for p, cells in frame.cells.items() if p.dataset == "summary" for c in cells][
        :3
    ]


NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("column_type", "values"),
    [
        ("DATE", [D("2025-01-10"), D("2025-01-12")]),
        ("TIMESTAMP", [datetime(2025, 1, 10, 23, 59), datetime(2025, 1, 12)]),
        (
            "TIMESTAMPTZ",  # late in the evening of New York is the next day in UTC
            [
                datetime(2025, 1, 10, 23, 30, tzinfo=NEW_YORK).astimezone(UTC),
                datetime(2025, 1, 12, 0, 0, tzinfo=NEW_YORK).astimezone(UTC),
            ],
        ),
        ("VARCHAR", ["2025-01-10", "2025-01-12T21:00:00"]),
    ],
)
def test_every_kind_of_date_column_counts_on_its_local_date(
    tmp_path: Path, column_type: str, values: list[Any]
) -> None:
    rows = [(values[0], "20250110_0"), (values[1], "20250112_0")]
    assert matched(frame_for(tmp_path, column_type, rows)) == [1, 0, 1]


def test_text_that_is_no_date_counts_as_undated(tmp_path: Path) -> None:
    rows = [("2025-01-31", "a"), ("2025-02-01", "b"), ("2025-01-32", "c")]
    frame = frame_for(tmp_path, "VARCHAR", rows, last="2025-02-02")
    found = next(cells for pair, cells in frame.cells.items() if pair.dataset == "summary")
    assert [str(c.date) for c in found if c.present] == ["2025-01-31", "2025-02-01"]
    assert frame.undated["summary"] == 1


def test_a_column_that_is_no_date_makes_its_dataset_unreadable(tmp_path: Path) -> None:
    frame = frame_for(tmp_path, "DOUBLE", [(1.0, "x")])
    assert "column 'd' is DOUBLE" in frame.unreadable["summary"]


def test_keys_of_different_types_are_compared_as_text(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    rows = [(D("2025-01-10"), "7"), (D("2025-01-11"), "8")]
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(("schedule", "raw", "factors"), rows))
    fill(tmp_path / "w.duckdb", {"summary": [(d, int(k)) for d, k in rows]}, "d DATE, k BIGINT")
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-12")), label="")
    assert matched(gather(file.contract, url, window, D("2025-02-01")).frame) == [1, 1, 0]


def test_composite_keys_are_tuples_and_never_pasted_together(tmp_path: Path) -> None:
    raw = {n: {**d, "key": ["k", "j"]} for n, d in BASIC["datasets"].items()}
    file = contract_of(tmp_path, datasets=raw)
    day = D("2025-01-10")
    up, down = [(day, "a-b", "c")], [(day, "a", "b-c")]
    url = fill(
        tmp_path / "w.duckdb",
        dict.fromkeys(("schedule", "raw", "factors"), up),
        "d DATE, k VARCHAR, j VARCHAR",
    )
    fill(tmp_path / "w.duckdb", {"summary": down}, "d DATE, k VARCHAR, j VARCHAR")
    window = Window(range=DateRange(day, day), label="")
    frame = gather(file.contract, url, window, D("2025-02-01")).frame
    cells = [c for p, (c,) in frame.cells.items() if p.dataset == "summary"]
    assert [(c.matched, c.orphans) for c in cells][:1] == [(0, 1)]


def test_hostile_names_and_values_are_only_names_and_values(tmp_path: Path) -> None:
    table, column = 'we"ird; DROP TABLE x; --', "d'a`t\"e"
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        quoted = '"' + table.replace('"', '""') + '"'
        date_column = '"' + column.replace('"', '""') + '"'
        connection.execute("CREATE SCHEMA s")
        connection.execute(f"CREATE TABLE s.{quoted} ({date_column} DATE, k VARCHAR)")
        connection.execute(
            f"INSERT INTO s.{quoted} VALUES ('2025-01-10', '<script>'), ('2025-01-10', ?)",
            ["x'; --"],
        )
    hostile = {
        "layer": "L1",
        "table": ["s", table],
        "date": column,
        "key": "k",
        "upstream": "schedule",
    }
    datasets = {
        "schedule": {**BASIC["datasets"]["schedule"], "table": ["s", table], "date": column},
        "ra'w <b>": hostile,
    }
    file = contract_of(tmp_path, datasets=datasets)
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-10")), label="")
    frame = gather(file.contract, f"duckdb:///{tmp_path}/w.duckdb", window, D("2025-02-01")).frame
    assert frame.unreadable == {}
    assert [c.matched for p, (c,) in frame.cells.items() if p.of] == [2]


def test_a_query_stands_for_a_table_and_its_colons_are_its_own(tmp_path: Path) -> None:
    datasets = dict(BASIC["datasets"])
    datasets["summary"] = {
        "layer": "L3", "date": "day", "key": "game", "upstream": "raw",
        "query": "SELECT d::DATE AS day, k AS game FROM s.summary WHERE k <> ':x';",
    }  # fmt: skip
    file = contract_of(tmp_path, datasets=datasets)
    rows = days("2025-01-10", "2025-01-12", games=1)
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(file.contract.names, rows))
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-12")), label="")
    frame = gather(file.contract, url, window, D("2025-02-01")).frame
    assert frame.unreadable == {}
    assert matched(frame) == [1, 1, 1]


def test_conditions_leave_rows_out_of_the_reference(tmp_path: Path) -> None:
    datasets = dict(BASIC["datasets"])
    where = [{"column": "k", "not_like": "003%"}, {"column": "k", "none_of": ["x"]}]
    datasets["schedule"] = {**datasets["schedule"], "where": where}
    file = contract_of(tmp_path, datasets=datasets)
    good = days("2025-01-10", "2025-01-10", games=2)
    rows = [
        *good,
        (D("2025-01-10"), "0032400001"),
        (D("2025-01-11"), "0032400002"),
        (D("2025-01-10"), "x"),
    ]
    url = fill(
        tmp_path / "w.duckdb",
        {"schedule": rows, **dict.fromkeys(("raw", "summary", "factors"), good)},
    )
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-11")), label="")
    frame = gather(file.contract, url, window, D("2025-02-01")).frame
    cells = next(c for p, c in frame.cells.items() if p.dataset == "raw")
    assert [(c.expected, str(c.status)) for c in cells] == [(2, "due"), (0, "off")]


def test_the_window_is_inclusive_at_both_ends(tmp_path: Path) -> None:
    good = days("2025-01-09", "2025-01-13", games=1)
    frame = frame_for(tmp_path, "DATE", good)
    assert matched(frame) == [1, 1, 1]
    assert [c.date for c in next(iter(frame.cells.values()))] == [
        date(2025, 1, n) for n in (10, 11, 12)
    ]


def test_leaving_rows_out_does_not_hide_rows_without_a_key(tmp_path: Path) -> None:
    datasets = dict(BASIC["datasets"])
    datasets["schedule"] = {
        **datasets["schedule"],
        "where": [{"column": "k", "not_like": "003%"}, {"column": "k", "not_equals": "x"}],
    }
    file = contract_of(tmp_path, datasets=datasets)
    rows = [(D("2025-01-10"), None), (D("2025-01-10"), "a"), (D("2025-01-10"), "0031")]
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(file.contract.names, rows))
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-10")), label="")
    frame = gather(file.contract, url, window, D("2025-02-01")).frame
    (cell,) = next(cells for pair, cells in frame.cells.items() if pair.dataset == "schedule")
    assert (cell.present, cell.null_keys) == (1, 1)


def test_a_date_type_that_is_not_the_columns_makes_the_dataset_unreadable(tmp_path: Path) -> None:
    datasets = dict(BASIC["datasets"])
    datasets["summary"] = {**datasets["summary"], "date_type": "date"}
    file = contract_of(tmp_path, datasets=datasets)
    good = days("2025-01-10", "2025-01-12", games=1)
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(file.contract.names, good))
    fill(tmp_path / "w.duckdb", {"summary": good}, "d TIMESTAMP, k VARCHAR")
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-12")), label="")
    frame = gather(file.contract, url, window, D("2025-02-01")).frame
    assert "is TIMESTAMP, but date_type says 'date'" in frame.unreadable["summary"]


def test_a_query_may_end_in_a_comment(tmp_path: Path) -> None:
    datasets = dict(BASIC["datasets"])
    datasets["summary"] = {
        **{k: v for k, v in datasets["summary"].items() if k != "table"},
        "query": "SELECT d, k FROM s.raw -- all of it",
    }
    file = contract_of(tmp_path, datasets=datasets)
    rows = days("2025-01-10", "2025-01-12", games=1)
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(file.contract.names, rows))
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-12")), label="")
    assert matched(gather(file.contract, url, window, D("2025-02-01")).frame) == [1, 1, 1]


def test_the_warehouse_cannot_be_written_to(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(contract.names, ()))
    with (
        pytest.raises(WarehouseError, match="read-only"),
        open_warehouse(contract, url) as warehouse,
    ):
        warehouse.engine.connection.execute("DROP TABLE s.raw")


def setting(warehouse: Any, name: str) -> Any:
    return warehouse.engine.connection.execute(f"SELECT current_setting('{name}')").fetchone()[0]


def test_duckdb_groups_in_little_memory_unless_the_url_says_otherwise(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(contract.names, ()))
    little = 128 * (os.cpu_count() or 1) * 1e6 / 2**20
    with open_warehouse(contract, url) as one, open_warehouse(contract, url) as again:
        assert setting(one, "memory_limit") == f"{little:.1f} MiB"
        assert setting(one, "temp_directory") == setting(again, "temp_directory")
        assert SPILL_FOLDER in setting(one, "temp_directory")
        assert not Path(setting(one, "temp_directory")).exists()
        assert setting(one, "enable_progress_bar") is False
    with open_warehouse(contract, f"{url}?threads=1&memory_limit=64MB") as small:
        assert (setting(small, "threads"), setting(small, "memory_limit")) == (1, "61.0 MiB")
    unknown = f"{url}?nonsense=1"
    with pytest.raises(WarehouseError, match="nonsense"), open_warehouse(contract, unknown):
        pass
