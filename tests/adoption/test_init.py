"""``init``: what it proposes of warehouses that it does not know, and what that finds in them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
import yaml

from checkpoints.contract.loading import load_contract
from checkpoints.contract.model import Contract
from checkpoints.output.manual.schema import schema_text
from checkpoints.rules.sources import Sources
from tests.adoption.warehouses import EVENTS, GAMES, ODD, ORDERS, SENSORS, SHOP, build
from tests.support.commands import ROOT, command, environment

BERLIN = ("--timezone", "Europe/Berlin")


def init(folder: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    return command("checkpoints", "init", "--warehouse", url, "--yes", *options, cwd=folder)


def proposed(folder: Path, script: str, *options: str) -> tuple[Contract, str]:
    done = init(folder, build(folder, script), *options)
    assert done.returncode == 0, done.stderr
    path = folder / "gx" / "pipeline.yml"
    return load_contract(path, os.environ).contract, path.read_text()


def shape(contract: Contract) -> dict[str, tuple[object, ...]]:
    """Of each dataset its date, key, upstream and what that is compared by."""
    return {
        name: (d.date, d.key, str(d.upstream) if d.upstream else None, d.by)
        for name, d in contract.datasets.items()
    }


def test_orders_of_working_days_have_keys_of_two_columns_and_holidays(tmp_path: Path) -> None:
    contract, text = proposed(tmp_path, ORDERS, *BERLIN)
    order = ("store_id", "order_no")
    assert shape(contract) == {
        "shipments": ("ordered_at", order, None, ()),
        "shipment_lines": ("ordered_at", (*order, "line_no"), "shipments", order),
        "store_daily": ("business_date", ("store_id",), "shipment_lines", ("store_id",)),
    }
    assert contract.datasets["shipments"].written_at == "loaded_at"
    raw = yaml.safe_load(text)
    assert (raw["calendar"], raw["holidays"]) == ("business_days", {"country": "DE"})
    assert (str(raw["starts"]), raw["timezone"]) == ("2024-01-02", "Europe/Berlin")
    assert list(contract.layers) == ["raw", "staging", "mart"]


def test_a_zone_is_proposed_in_which_moments_keep_working_days(tmp_path: Path) -> None:
    around = "UPDATE raw.shipments SET ordered_at = timezone('Europe/Berlin', date_trunc('day', "
    around += "timezone('Europe/Berlin', ordered_at)) + INTERVAL (order_no % 10 * 140) MINUTE)"
    done = init(tmp_path, build(tmp_path, ORDERS, around), "--table", "raw.shipments")
    assert done.returncode == 0, done.stderr
    raw = yaml.safe_load((tmp_path / "gx/pipeline.yml").read_text())
    assert (raw["timezone"], raw["calendar"]) == ("Europe/Berlin", "business_days")


def test_a_date_that_is_no_iso_text_is_told(tmp_path: Path) -> None:
    done = init(
        tmp_path, build(tmp_path, "CREATE TABLE t AS SELECT 20240131 AS load_date, 1 AS id")
    )
    assert done.returncode == 2
    assert "t: load_date holds no ISO dates: convert it in a query" in done.stderr


def test_a_shop_leaves_its_customers_out_and_compares_payments_by_date(tmp_path: Path) -> None:
    contract, text = proposed(tmp_path, SHOP)
    assert shape(contract) == {
        "carts": ("created_at", ("id",), None, ()),
        "orders": ("order_date", ("order_id", "cart_id"), "carts", ("cart_id",)),
        "payments": ("paid_on", (), "orders", ()),
        "daily_revenue": ("day", (), "orders", ()),
    }
    assert "# Left out: customers (no date column)." in text
    assert len(text.splitlines()) <= 40
    assert max(len(line) for line in text.splitlines() if "warehouse:" not in line) <= 100


def test_readings_are_told_apart_by_a_moment_and_summed_up_by_device(tmp_path: Path) -> None:
    contract, _ = proposed(tmp_path, SENSORS)
    device = ("device_id",)
    assert shape(contract) == {
        "readings": ("reading_at", ("device_id", "reading_at"), None, ()),
        "readings_hourly": ("hour", ("device_id", "hour"), "readings", device),
        "readings_daily": ("day", device, "readings_hourly", device),
    }


def test_dates_may_be_text_and_a_table_may_be_weekly(tmp_path: Path) -> None:
    contract, text = proposed(tmp_path, EVENTS)
    assert shape(contract) == {
        "events": ("event_date", ("event_id",), None, ()),
        "events_clean": ("event_date", ("event_id",), "events", ()),
        "active_users": ("dt", (), "events_clean", ()),
        "weekly_active_users": ("week", (), "active_users", ()),
    }
    weekly = yaml.safe_load(text)["datasets"]["weekly_active_users"]["calendar"]
    assert weekly == {"kind": "weekly", "weekday": "monday"}


def test_odd_names_are_quoted_and_what_is_no_dataset_is_left_out(tmp_path: Path) -> None:
    contract, text = proposed(tmp_path, ODD)
    assert set(contract.datasets) == {"Tbl Orders 1", "a.b", "select", "v_orders", "Übersicht"}
    assert contract.datasets["a.b"].table == ("main", "a.b")
    left_out = " ".join(text[text.index("# Left out") :].replace("#  ", "").split())
    assert "contacts (no date column), dim_date (it lists dates)" in left_out
    assert "refunds (rows on 25 of 61 days, without a pattern: no hole shows)" in left_out


def test_dates_without_a_pattern_are_those_of_the_first_table(
    tmp_path: Path,
) -> None:
    contract, _ = proposed(tmp_path, GAMES)
    assert contract.reference == "fixtures"
    assert shape(contract)["boxscores"][2:] == ("fixtures", ("game_id",))
    assert shape(contract)["form"][2:] == ("boxscores", ())


WHOLE = {
    "orders": (ORDERS, "2024-06-29", BERLIN),
    "shop": (SHOP, "2024-04-02", ()),
    "sensors": (SENSORS, "2024-06-01", ()),
    "events": (EVENTS, "2024-04-01", ()),
    "odd": (ODD, "2024-05-01", ()),
}
HOLES = [
    ("orders", "raw.shipments", "ordered_at::DATE", "2024-03-12"),
    ("orders", "staging.shipment_lines", "ordered_at::DATE", "2024-03-12"),
    ("orders", "mart.store_daily", "business_date", "2024-06-28"),
    ("shop", "shop.carts", "created_at::DATE", "2024-02-20"),
    ("shop", "shop.orders", "order_date", "2024-02-20"),
    ("shop", "shop.payments", "paid_on", "2024-02-20"),
    ("shop", "reporting.daily_revenue", "day", "2024-02-20"),
    ("sensors", "readings", "reading_at::DATE", "2024-05-11"),
    ("sensors", "readings_hourly", "hour::DATE", "2024-05-11"),
    ("sensors", "readings_daily", "day", "2024-05-11"),
    ("events", "bronze.events", "event_date", "2024-02-17"),
    ("events", "silver.events_clean", "event_date", "2024-02-17"),
    ("events", "gold.active_users", "dt", "2024-02-17"),
    ("events", "gold.weekly_active_users", "week", "2024-02-19"),
    ("odd", '"Übersicht"', '"Tag"', "2024-04-02"),
]


@pytest.fixture(scope="module", params=WHOLE)
def whole(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    script, _, options = WHOLE[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    proposed(folder, script, *options)
    return request.param, folder


def test_what_is_whole_is_complete_and_a_date_that_any_table_lacks_fails(
    whole: tuple[str, Path],
) -> None:
    name, folder = whole
    check = ("checkpoints", "check", "--as-of", WHOLE[name][1])
    before = command(*check, cwd=folder)
    assert before.returncode == 0, before.stderr
    for table, day, date in [hole[1:] for hole in HOLES if hole[0] == name]:
        script, _, _ = WHOLE[name]
        build(folder, script, f"DELETE FROM {table} WHERE {day} = '{date}'")
        after = command(*check, cwd=folder)
        dataset = table.rpartition(".")[2].strip('"')
        assert after.returncode == 1, (table, after.stdout + after.stderr)
        assert f"{dataset} · 1 date: {date}" in after.stdout + after.stderr, table


def test_a_contract_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("version: 1\n")
    done = init(tmp_path, build(tmp_path, SENSORS), "--contract", "mine.yml")
    assert done.returncode == 2
    assert "mine.yml: is there already, and is not written over" in done.stderr
    assert (tmp_path / "mine.yml").read_text() == "version: 1\n"


def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    done = command("checkpoints", "init", "--warehouse", build(tmp_path, SENSORS), cwd=tmp_path)
    assert done.returncode == 2
    assert "give --yes to take what is proposed" in done.stderr
    assert not (tmp_path / "gx").exists()


def test_the_only_file_of_the_folder_is_the_warehouse_and_stands_as_seen_from_the_contract(
    tmp_path: Path,
) -> None:
    build(tmp_path, SENSORS)
    done = command("checkpoints", "init", "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "warehouse: duckdb:///../wh.duckdb\n" in (tmp_path / "gx/pipeline.yml").read_text()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("duckdb:///none.duckdb", "warehouse file 'none.duckdb' does not exist"),
        ("mysql://host/db", "use duckdb:///path/to/file.duckdb or bigquery://project"),
    ],
)
def test_a_warehouse_that_cannot_be_opened_is_told(tmp_path: Path, url: str, said: str) -> None:
    done = init(tmp_path, url)
    assert done.returncode in (2, 3)
    assert said in done.stderr
    assert not (tmp_path / "gx").exists()


def test_a_warehouse_without_tables_or_dates_is_told(tmp_path: Path) -> None:
    empty = init(tmp_path, build(tmp_path, ""))
    assert (empty.returncode, "the warehouse has no tables" in empty.stderr) == (2, True)
    undated = init(tmp_path, build(tmp_path, "CREATE TABLE t AS SELECT 1 AS id"))
    assert undated.returncode == 2
    assert "no table has a date column and rows on its dates (t: no date column)" in undated.stderr


def test_schemas_and_tables_are_chosen_and_unknown_ones_told(tmp_path: Path) -> None:
    url = build(tmp_path, SHOP)
    done = init(tmp_path, url, "--schema", "shop", "--table", "orders")
    assert done.returncode == 0, done.stderr
    assert list(yaml.safe_load((tmp_path / "gx/pipeline.yml").read_text())["datasets"]) == [
        "orders"
    ]
    wrong = init(tmp_path, url, "--contract", "b.yml", "--schema", "shp", "--table", "shop.order")
    assert wrong.returncode == 2
    assert "--schema 'shp' is not there: did you mean 'shop'?" in wrong.stderr
    assert "--table 'shop.order' is not there: did you mean 'shop.orders'" in wrong.stderr


def test_what_begins_later_has_a_known_gap_until_then(tmp_path: Path) -> None:
    late = "DELETE FROM readings_daily WHERE day < '2024-05-09'"
    done = init(tmp_path, build(tmp_path, SENSORS, late))
    assert done.returncode == 0, done.stderr
    raw = yaml.safe_load((tmp_path / "gx/pipeline.yml").read_text())
    (gap,) = raw["known_gaps"]
    assert (gap["dataset"], str(gap["from"]), str(gap["to"])) == (
        "readings_daily", "2024-05-01", "2024-05-08",
    )  # fmt: skip
    checked = command("checkpoints", "check", "--as-of", "2024-06-01", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr


def test_holes_do_not_change_what_is_proposed(tmp_path: Path) -> None:
    holes = [
        f"DELETE FROM {t} WHERE {d} BETWEEN '{a}' AND '{b}'"
        for t, d, a, b in (
            ("shop.orders", "order_date", "2024-02-01", "2024-02-21"),
            ("shop.orders", "order_date", "2024-03-15", "2024-03-15"),
            ("reporting.daily_revenue", "day", "2024-01-20", "2024-03-02"),
            ("shop.carts", "created_at::DATE", "2024-03-05", "2024-03-06"),
        )
    ]
    whole, _ = proposed(tmp_path, SHOP)
    (tmp_path / "gx/pipeline.yml").unlink()
    assert init(tmp_path, build(tmp_path, SHOP, *holes)).returncode == 0
    holed = load_contract(tmp_path / "gx/pipeline.yml", os.environ).contract
    assert shape(holed) == shape(whole)
    checked = command("checkpoints", "check", "--as-of", "2024-04-02", cwd=tmp_path)
    assert checked.returncode == 1
    assert "daily_revenue · 43 dates" in checked.stdout + checked.stderr


def test_a_key_with_repeated_rows_stays_the_key_and_the_repeated_rows_fail(
    tmp_path: Path,
) -> None:
    again = (
        "INSERT INTO shop.orders SELECT * FROM shop.orders WHERE order_date = '2024-02-02' LIMIT 2"
    )
    done = init(tmp_path, build(tmp_path, SHOP, again))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "gx/pipeline.yml").read_text()
    assert "order_id is unique per date in 99.9 % of 9,002 rows, some stand twice" in text
    checked = command("checkpoints", "check", "--as-of", "2024-04-02", cwd=tmp_path)
    assert checked.returncode == 1
    assert "unique_keys" in checked.stdout + checked.stderr


def test_the_service_at_its_end_loads_when_it_is_uncommented(tmp_path: Path) -> None:
    _, text = proposed(tmp_path, SHOP)
    body, _, example = text.partition("# services:\n")
    lines = [line.removeprefix("# ") for line in example.splitlines()]
    served = body.replace("date: day,", "date: day, service: build,")
    whole = "\n".join([served, "services:", *lines])
    contract = load_contract(tmp_path / "gx/pipeline.yml", os.environ, whole).contract
    assert contract.datasets["daily_revenue"].service == "build"
    other = whole.replace("  build: {kind", "  # build: {kind").replace(
        "  # or {url", "  build: {url"
    )
    assert (
        "build" in load_contract(tmp_path / "gx/pipeline.yml", os.environ, other).contract.services
    )


def test_on_a_terminal_each_proposal_is_asked_with_its_reason(tmp_path: Path) -> None:
    url = build(tmp_path, SENSORS)
    program = f"""
import os, pty, sys
answers = [b"none\\n", b"\\n", b"device_id, day\\n", b"device_id\\n"]
def read(fd):
    data = os.read(fd, 4096)
    if b"?" in data and b"]" in data:
        os.write(fd, answers.pop(0) if answers else b"\\n")
    return data
code = pty.spawn([sys.executable, "-m", "checkpoints", "init", "--warehouse", {url!r}], read)
sys.exit(os.waitstatus_to_exitcode(code))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env=environment(PYTHONPATH=str(ROOT)), stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "key of readings: device_id+reading_at (unique per date in all 44,640 rows)?" in said
    assert "calendar: daily (readings has rows on 31 of 31 days)?" in said
    contract = load_contract(tmp_path / "gx/pipeline.yml", os.environ).contract
    assert contract.datasets["readings"].key == ()


def test_millions_of_rows_are_measured_exactly_in_seconds(tmp_path: Path) -> None:
    path = tmp_path / "wh.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE events AS SELECT i AS event_id, i % 100003 AS user_id, "
            "DATE '2024-01-01' + (i // 30000)::INT AS day FROM range(3000000) t(i);"
            "INSERT INTO events SELECT * FROM events LIMIT 1"
        )
    started = time.monotonic()
    done = init(tmp_path, f"duckdb:///{path}")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - started < 60
    text = (tmp_path / "gx/pipeline.yml").read_text()
    assert "event_id is unique per date in 99.9 % of 3,000,001 rows, some stand twice" in text


def test_a_table_that_shares_nothing_is_compared_with_the_layer_above_by_date(
    tmp_path: Path,
) -> None:
    tables = """
        CREATE SCHEMA core; CREATE SCHEMA mart;
        CREATE TABLE core.lines AS SELECT i AS line_id, DATE '2024-01-01' + (i // 9)::INTEGER
          AS sold_on, i * 1.5 AS amount FROM range(900) t(i);
        CREATE TABLE mart.turnover AS SELECT sold_on AS day, sum(amount) AS value, count(*) AS n
          FROM core.lines GROUP BY ALL;
    """
    contract, text = proposed(tmp_path, tables)
    assert contract.datasets["turnover"].upstream == Sources(any_of=("lines",))
    assert "? compared by date alone with lines: nothing but its layer says" in text


def test_the_schema_that_an_editor_goes_by_lies_beside_the_contract(tmp_path: Path) -> None:
    _, text = proposed(tmp_path, SHOP)
    (schema,) = tmp_path.rglob("*.schema.json")
    assert text.startswith(f"# yaml-language-server: $schema={schema.name}\n")
    assert schema.read_text(encoding="utf-8") == schema_text()
