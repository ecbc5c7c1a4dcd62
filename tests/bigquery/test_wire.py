"""Every statement that was sent, as recorded: SELECT only, pruned, few columns, one read."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest

from checkpoints.contract.loading import load_contract
from checkpoints.contract.model import Contract, Dataset
from checkpoints.warehouse.engine import ReadOptions
from remediation.backfill.tables import Tables
from remediation.clock import Clock
from remediation.plan.model import Call
from tests.bigquery.commands import PIPELINE, WINDOW, checkpoints, gathered
from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import load_rows
from tests.bigquery.recording import Proxy
from tests.bigquery.service import Query
from tests.bigquery.statements import date_of
from tests.support.warehouses import BASIC, D, contract_of, days

pytestmark = pytest.mark.usefixtures("demo_loaded")

SHIPPED = load_contract(PIPELINE, {}).contract
PARTITIONED = {str(d.table): d.date for d in SHIPPED.datasets.values()}


def assert_pruned_and_narrow(query: Query, contract: Contract) -> None:
    """Only SELECT; each reference filters its bare date column and reads no undeclared column."""
    assert query.statements == ["Select"]
    by_table = {str(d.table): d for d in contract.datasets.values()}
    names = [read.name for read in query.reads]
    assert len(names) == len(set(names))
    for read in query.reads:
        dataset = by_table[read.name]
        assert read.pruned_on(dataset.date), read.arm.sql(dialect="bigquery")
        assert not read.everything
        needed = {dataset.date, *dataset.key, *(c.column for c in dataset.where)}
        assert needed <= read.columns <= needed | asked_of_rows(dataset)


def asked_of_rows(dataset: Dataset) -> set[str]:
    """The columns of a dataset that its rules about rows name."""
    named = [getattr(rule, "columns", (getattr(rule, "column", None),)) for rule in dataset.rules]
    return {str(name) for name in (*chain(*named), dataset.written_at) if name}


def dates_asked(query: Query, contract: Contract) -> set[tuple[date, date]]:
    """The first and the last constant of every arm."""
    columns = {str(d.table): d.date for d in contract.datasets.values()}
    found = [
        sorted(date_of(v) for v in read.constants_on(columns[read.name], query.parameters))
        for read in query.reads
    ]
    return {(dates[0], dates[-1]) for dates in found}


def asked_since_looked_back(first: str, last: str) -> set[tuple[date, date]]:
    """The dates of a window, and of the analytics tables those that `fresh` looks back at."""
    return {(D(first) - timedelta(days=back), D(last)) for back in (0, 30, 59)}


def test_a_check_reads_each_table_once_and_the_keys_of_some_dates(proxy: Proxy) -> None:
    proxy.service.partitioned = PARTITIONED
    done = checkpoints(proxy, "check", *WINDOW)
    assert done.returncode == 1, done.stderr
    presence, keys = proxy.reads()
    for query in (presence, keys):
        assert {read.name for read in query.reads} == set(PARTITIONED)
        assert_pruned_and_narrow(query, SHIPPED)
    assert dates_asked(presence, SHIPPED) == asked_since_looked_back("2024-10-22", "2026-01-02")
    # The second statement is of the partial and orphan dates alone.
    assert dates_asked(keys, SHIPPED) == {(D("2024-12-14"), D("2025-12-22"))}
    each = next(iter(keys.reads)).constants_on("game_date", keys.parameters)
    assert sorted({str(date_of(v)) for v in each}) == ["2024-12-14", "2024-12-21", "2025-12-22"]
    assert "LIMIT" in keys.sql


def test_several_windows_are_one_read_of_each_table_over_the_longest(proxy: Proxy) -> None:
    proxy.service.partitioned = PARTITIONED
    done = checkpoints(proxy, "check", "--checkpoint", "daily", "--as-of", "2025-04-01")
    assert done.returncode == 1, done.stderr
    assert "over the season 2024-25 so far" in done.stdout
    presence, *_ = proxy.reads()
    assert {read.name for read in presence.reads} == set(PARTITIONED)
    assert_pruned_and_narrow(presence, SHIPPED)
    assert dates_asked(presence, SHIPPED) == asked_since_looked_back("2024-10-22", "2025-04-01")


def test_nothing_but_reads_and_metadata_is_asked_for(proxy: Proxy) -> None:
    checkpoints(proxy, "check", *WINDOW)
    api = [call for call in proxy.calls if "/bigquery/" in call.path]
    sent = {(c.method, c.path.split("/projects/proj/")[1].split("/")[0]) for c in api}
    assert sent <= {("GET", "datasets"), ("GET", "jobs"), ("GET", "queries"), ("POST", "jobs")}
    assert all("query" in c.body["configuration"] for c in api if c.method == "POST")
    assert all("destinationTable" not in c.body["configuration"]["query"] for c in api if c.body)
    assert {call.token for call in api} == set(proxy.tokens)
    assert len(proxy.tokens) == 1


# BigQuery does not partition by a STRING: a text is read as a date before it is compared.
@pytest.mark.parametrize("column", ["DATE", "TIMESTAMP", "TIMESTAMPTZ"])
def test_every_kind_of_date_column_is_pruned(
    here: Proxy, emulator: Emulator, tmp_path: Path, column: str
) -> None:
    project = f"pruned-{column.lower()}"
    good = days("2025-01-10", "2025-01-12", games=1)
    load_rows(emulator.url, {f"s.{n}": good for n in BASIC["datasets"]}, project=project)
    load_rows(emulator.url, {"s.raw": good}, f"d {column}, k VARCHAR", project)
    here.service.partitioned = {f"s.{name}": "d" for name in BASIC["datasets"]}
    contract = contract_of(tmp_path).contract
    found = gathered(contract, project, "2025-01-10", "2025-01-12")
    assert found.frame.unreadable == {}
    for query in here.reads():
        assert_pruned_and_narrow(query, contract)


def test_a_query_with_the_dates_in_it_prunes_by_itself(
    here: Proxy, emulator: Emulator, tmp_path: Path
) -> None:
    """Described too, without rows; what is asked of its dates from outside stays."""
    good = days("2025-01-10", "2025-01-12", games=1)
    load_rows(emulator.url, {f"s.{n}": good for n in BASIC["datasets"]}, project="own-dates")
    here.service.partitioned = {f"s.{name}": "d" for name in BASIC["datasets"]}
    datasets = dict(BASIC["datasets"])
    latest = "SELECT max(d) AS day, k FROM s.summary WHERE d BETWEEN {from} AND {to} GROUP BY k"
    own = {"table": None, "query": latest, "date": "day"}
    datasets["summary"] = {**datasets["summary"], **own}
    contract = contract_of(tmp_path, datasets=datasets).contract
    found = gathered(contract, "own-dates", "2025-01-10", "2025-01-13")
    assert found.frame.unreadable == {}
    described, *read = [query for query in here.queries if "max(d)" in query.sql]
    assert described.dry_run
    assert "BETWEEN DATE '1970-01-01' AND DATE '1970-01-01'" in described.sql
    assert read
    for query in read:
        assert "BETWEEN DATE '2025-01-10' AND DATE '2025-01-13' GROUP BY k" in query.sql
        (outside,) = [r for r in query.reads if r.name == "s.summary"]
        assert outside.pruned_on("d")
        assert query.sql.count("`day` BETWEEN") == 1


def test_a_verification_poll_asks_for_the_dates_sent_alone_and_past_the_cache(here: Proxy) -> None:
    here.service.partitioned = PARTITIONED
    dates = [D("2024-12-10"), D("2024-12-11"), D("2025-01-15")]
    names = ("player_composite_factors", "player_daily_cache")
    tables = Tables(
        contract=SHIPPED,
        url="bigquery://proj",
        as_of=D("2026-01-03"),
        clock=Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=time.sleep),
        reading=ReadOptions(fresh=True),
    )
    for _ in range(2):
        found = tables.look([Call(service="phase4", date=day, datasets=names) for day in dates])
    landed = {key: [c.matched for c in held.cells.values()] for key, held in found.items()}
    assert landed["phase4/2025-01-15"] == [0, 0]
    assert all(landed["phase4/2024-12-10"])
    for poll in here.reads():
        assert {read.name.split(".")[1] for read in poll.reads} == {*names, "player_game_summary"}
        assert_pruned_and_narrow(poll, SHIPPED)
        assert dates_asked(poll, SHIPPED) == {(dates[0], dates[-1])}
        compared = poll.reads[0].constants_on("game_date", poll.parameters)
        assert {date_of(value) for value in compared} == set(dates)
        assert not poll.use_query_cache
