"""``checkpoints doctor`` on BigQuery: who reads, partitions, locations, cost, clocks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checkpoints.doctor.examining import Asked, examine
from checkpoints.doctor.finding import Examination, State
from tests.bigquery import google_errors as errors
from tests.bigquery.commands import answer, checkpoints, pipeline_with, shipped_datasets
from tests.bigquery.proxy import ACCOUNT
from tests.bigquery.recording import Proxy
from tests.bigquery.test_wire import PARTITIONED
from tests.support.listening import nobody

pytestmark = pytest.mark.usefixtures("demo_loaded")

SEASONS = [{"name": "2025-26", "from": "2025-10-21", "to": "2026-06-21"}]
BY_WAREHOUSE = (
    "warehouse",
    "tables",
    "columns",
    "keys",
    "partitions",
    "locations",
    "cost",
    "clock",
)
GAMES = "nba_analytics.player_game_summary"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """The shipped contract, with a season that is not over."""
    season = {**SEASONS[0], "to": "2999-12-31"}
    return Path(pipeline_with(tmp_path, seasons=[season])[1])


def told(contract: Path, **asked: Any) -> dict[str, list[tuple[State, str]]]:
    """What is found of the warehouse, by area."""
    given = {"environment": {}, "now": now, "warehouse": "bigquery://proj", **asked}
    found: Examination = examine(Asked(path=contract, **given))
    return {
        area: [(one.state, str(one)) for one in found.findings if one.area == area]
        for area in BY_WAREHOUSE
    }


def wrong(areas: dict[str, list[tuple[State, str]]]) -> Iterator[str]:
    return (text for found in areas.values() for state, text in found if state is State.PROBLEM)


def test_who_reads_what_it_costs_and_that_no_table_is_read(here: Proxy, contract: Path) -> None:
    here.service.partitioned = PARTITIONED
    found = told(contract)
    assert {state for one in found.values() for state, _ in one} == {State.OK}, found
    ((_, who),) = found["warehouse"]
    assert who == f"BigQuery, billed to project 'proj', read as {ACCOUNT}"
    ((_, tables),) = found["tables"]
    assert tables == "10 of 10 datasets can be reached"
    ((_, partitions),) = found["partitions"]
    count = len(PARTITIONED)
    assert partitions.startswith(f"{count} of 10 datasets: partitioned by the date that is read")
    assert partitions.endswith(f"({count} refuse to be read without a filter of it)")
    ((_, places),) = found["locations"]
    assert places == "US (10 datasets)"
    ((_, cost),) = found["cost"]
    assert cost.startswith("checkpoint 'after_backfill' of 2025-10-21 to ")
    assert "billed at least 104.9 MB: 0.0006 USD; 100.0 GB are allowed" in cost
    ((_, clock),) = found["clock"]
    assert "the warehouse's the same within " in clock
    assert [read for query in here.reads() for read in query.reads] == []


def test_a_partition_of_another_column_is_told_and_what_insists_on_it_is_a_problem(
    here: Proxy, contract: Path
) -> None:
    here.service.split = {"nba_raw.nbac_schedule": "game_date", GAMES: "loaded_at"}
    ((state, text), (_, others)) = told(contract)["partitions"]
    assert state is State.WARNING
    assert text == (
        "dataset 'player_game_summary': its table is partitioned by 'loaded_at', and is read by "
        "its date, 'game_date': each run reads the whole of it: partition it by 'game_date', or "
        "name its partitioning column as date"
    )
    assert others.startswith("1 of 10 datasets: partitioned by the date that is read (0 refuse")
    here.service.split = {GAMES: ""}
    assert "partitioned by '_PARTITIONTIME'" in told(contract)["partitions"][0][1]
    here.service.partitioned = {GAMES: "loaded_at"}
    found = told(contract)
    assert found["partitions"][0][0] is State.PROBLEM
    assert "BigQuery refuses to read it without a filter of its" in found["partitions"][0][1]
    assert any("'player_game_summary'" in text for text in wrong(found))


def test_several_locations_are_fine_and_a_wrong_one_is_not(here: Proxy, tmp_path: Path) -> None:
    here.service.locations = {"nba_raw": "us-west2"}
    season = [{**SEASONS[0], "to": "2999-12-31"}]
    contract = Path(pipeline_with(tmp_path, seasons=season)[1])
    ((state, text),) = told(contract)["locations"]
    assert state is State.OK
    assert text.startswith("US (")
    assert "us-west2 (" in text
    assert text.endswith(": read by one query each, and compared here")
    raw = shipped_datasets()
    raw["player_game_summary"]["location"] = "EU"
    contract = Path(pipeline_with(tmp_path, seasons=season, datasets=raw)[1])
    (only,) = wrong(told(contract))
    assert "dataset 'player_game_summary': project 'proj'" in only
    assert "set location on the datasets of the contract" in only


def test_a_run_that_would_be_refused_is_a_problem_with_its_bytes(
    here: Proxy, tmp_path: Path
) -> None:
    season = [{**SEASONS[0], "to": "2999-12-31"}]
    contract = Path(pipeline_with(tmp_path, seasons=season, bigquery={"max_bytes": "50MB"})[1])
    ((state, text),) = told(contract)["cost"]
    assert state is State.PROBLEM
    assert "billed at least 104.9 MB" in text
    assert "more than the 50.0 MB that are allowed: give fewer dates, as --last 30d, or" in text
    contract = Path(pipeline_with(tmp_path, seasons=season, bigquery={})[1])
    ((state, text),) = told(contract)["cost"]
    assert (state, text.endswith("no limit is set: set bigquery.max_bytes in the contract")) == (
        State.WARNING, True,
    )  # fmt: skip


def test_a_clock_that_is_behind_is_a_problem(here: Proxy, contract: Path) -> None:
    ((state, text),) = told(contract, now=lambda: now() - timedelta(hours=2))["clock"]
    assert state is State.PROBLEM
    assert "which is 2 h 00 min behind the warehouse's: set it" in text


def test_a_table_that_may_not_be_seen_and_one_that_is_not_there_are_both_told(
    here: Proxy, tmp_path: Path
) -> None:
    raw = shipped_datasets()
    raw["nbac_schedule"]["table"] = "nba_raw.nbac_shedule"
    here.service.denied = {"nba_analytics"}
    contract = Path(pipeline_with(tmp_path, seasons=SEASONS, datasets=raw)[1])
    found = told(contract)["tables"]
    texts = [text for state, text in found if state is State.PROBLEM]
    assert any("did you mean 'nbac_schedule'" in text for text in texts)
    assert any("grant roles/bigquery.dataViewer on the dataset" in text for text in texts)
    assert found[-1][1].endswith("of 10 datasets can be reached")


def test_who_may_not_run_queries_is_told_so_and_the_tables_are_told_anyway(
    here: Proxy, contract: Path
) -> None:
    here.service.may_query = False
    found = told(contract)
    assert found["tables"][0][0] is State.OK
    assert ["bigquery.jobs.create" in text for text in wrong(found)] == [True]


def test_without_credentials_the_rest_is_told(proxy: Proxy, tmp_path: Path, contract: Path) -> None:
    variables = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json")}
    arguments = ("doctor", "--contract", str(contract), "--json", "-")
    done = checkpoints(proxy, *arguments, **variables)
    assert done.returncode == 3
    findings = answer(done)["findings"]
    (only,) = [one for one in findings if one["area"] == "warehouse"]
    assert only["what"].startswith("GOOGLE_APPLICATION_CREDENTIALS names ")
    assert only["advice"] == "correct the file or the variable, or unset it"
    assert {"archive", "services", "versions"} <= {one["area"] for one in findings}


def test_a_bigquery_that_is_out_of_reach_is_waited_for_once(
    here: Proxy, contract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checkpoints.doctor.warehouse.PATIENCE_SECONDS", 2.0)
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", f"http://127.0.0.1:{nobody()}")
    started = time.monotonic()
    found = told(contract)
    assert time.monotonic() - started < 10
    (only,) = wrong(found)
    assert "BigQuery cannot be reached" in only


def test_a_used_up_quota_is_in_the_words_of_the_service(here: Proxy, contract: Path) -> None:
    here.fail("POST", "/jobs", errors.quota_exceeded(), times=2)
    assert any("the project's quota is used up" in text for text in wrong(told(contract)))
