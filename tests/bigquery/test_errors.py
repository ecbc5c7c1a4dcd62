"""Every error ends in exit 3 and says what to do; what may be tried again, is."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bigquery import google_errors as errors
from tests.bigquery.commands import WINDOW, answer, checkpoints, on_duckdb, pipeline_with, verdict
from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import load_rows
from tests.bigquery.recording import Proxy
from tests.support.commands import ROOT, environment
from tests.support.warehouses import BASIC, days, write_contract

pytestmark = pytest.mark.usefixtures("demo_loaded")

INSERT, RESULTS, TABLE = r"/proj/jobs$", r"/proj/queries/", r"/tables/"
SHORT = {"bigquery": {"timeout_seconds": 2}}


def refused(proxy: Proxy, *arguments: str, **variables: str) -> str:
    """What a check says that ends in exit 3; one line per problem, no traceback."""
    done = checkpoints(proxy, "check", *WINDOW, *arguments, **variables)
    assert done.returncode == 3, done.stderr
    return done.stderr + done.stdout


# ------------------------------------------------------------------ not allowed


def test_without_credentials_it_says_how_to_get_some(proxy: Proxy, tmp_path: Path) -> None:
    nowhere = dict.fromkeys(("GCE_METADATA_HOST", "GCE_METADATA_IP"), "127.0.0.1:9")
    home = dict.fromkeys(("CLOUDSDK_CONFIG", "HOME"), str(tmp_path))
    said = refused(proxy, **nowhere, **home, NO_GCE_CHECK="true")
    assert "gcloud auth application-default login" in said
    assert proxy.queries == []


def test_a_denied_dataset_is_named_with_the_role_that_it_takes(proxy: Proxy) -> None:
    proxy.service.denied = {"nba_precompute"}
    said = refused(proxy)
    assert "proj:nba_precompute" in said
    assert "roles/bigquery.dataViewer" in said


def test_without_the_right_to_query_it_names_project_and_role(proxy: Proxy) -> None:
    proxy.service.may_query = False
    said = refused(proxy)
    assert "bigquery.jobs.create" in said
    assert "roles/bigquery.jobUser" in said


def test_a_used_up_quota_is_not_tried_again(proxy: Proxy) -> None:
    """And the error is in the words of the service and shows no address."""
    proxy.fail("POST", INSERT, errors.quota_exceeded())
    said = refused(proxy)
    assert "QueryUsagePerUserPerDay" in said
    assert "quota" in said
    assert proxy.queries == []
    assert proxy.url not in said
    assert "prettyPrint" not in said


def test_a_table_that_refuses_a_query_without_a_filter_is_read_with_one(
    proxy: Proxy, emulator: Emulator, tmp_path: Path
) -> None:
    """Also where a query stands for the table, whose columns are looked up first."""
    good = days("2025-01-10", "2025-01-12", games=1)
    load_rows(emulator.url, {f"s.{n}": good for n in BASIC["datasets"]}, project="strict")
    proxy.service.partitioned = {f"s.{name}": "d" for name in BASIC["datasets"]}
    query = "SELECT d AS day, k AS game FROM s.summary WHERE k IS NOT NULL"
    columns = {"date": "day", "date_type": "date", "key": "game"}
    summary = {"layer": "L3", "query": query, "upstream": "raw", **columns}
    datasets = {**BASIC["datasets"], "summary": summary}
    contract = ("--contract", str(write_contract(tmp_path, BASIC, datasets=datasets)))
    window = ("--from", "2025-01-10", "--to", "2025-01-12", "--as-of", "2025-02-01")
    done = checkpoints(proxy, "coverage", *window, *contract, url="bigquery://strict")
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------ tried again


@pytest.mark.parametrize("error", [errors.rate_limit_exceeded, errors.backend_error])
@pytest.mark.parametrize("path", [("POST", INSERT), ("GET", RESULTS), ("GET", TABLE)], ids=str)
def test_a_passing_error_is_tried_again_with_pauses(
    proxy: Proxy, demo_loaded: Path, error: Callable[[], errors.GoogleError], path: tuple[str, str]
) -> None:
    proxy.fail(*path, error(), times=2)
    started = time.monotonic()
    done = checkpoints(proxy, "check", *WINDOW, "--json", "-")
    assert verdict(done) == on_duckdb(demo_loaded, "check", *WINDOW)
    assert [fault.times for fault in proxy.faults] == [0]
    assert time.monotonic() - started > 0.5
    assert len(proxy.reads()) == 2


def test_a_query_that_the_service_gave_up_is_sent_again_as_another(
    proxy: Proxy, demo_loaded: Path
) -> None:
    proxy.spoil(errors.backend_error(), times=1)
    done = checkpoints(proxy, "check", *WINDOW, "--json", "-")
    assert verdict(done) == on_duckdb(demo_loaded, "check", *WINDOW)
    first, again, _keys = proxy.reads()
    assert (first.sql, first.parameters) == (again.sql, again.parameters)
    assert first.query_id != again.query_id
    assert answer(done)["statements"][0]["job_id"] == again.query_id


def test_an_error_of_one_table_is_that_of_one_dataset(proxy: Proxy) -> None:
    """Each is read alone, and then all others by one statement; none is sent twice."""
    table = "nba_analytics.player_game_summary"
    proxy.service.broken = {table: errors.bad_value("n/a")}
    done = checkpoints(proxy, "check", *WINDOW, "--json", "-")
    found = answer(done)
    said = "dataset 'player_game_summary': project 'proj': Invalid date: 'n/a'"
    assert (done.returncode, found["unreadable"]) == (3, {"player_game_summary": said})
    outcomes = {c["outcome"] for c in found["checks"] if c["dataset"] == "player_game_summary"}
    assert outcomes == {"ERRORED"}
    assert "PASSED" in {c["outcome"] for c in found["checks"]}
    first, *alone, again, _keys = ([read.name for read in q.reads] for q in proxy.reads())
    assert sorted(name for names in alone for name in names) == sorted(first)
    assert again == [name for name in first if name != table]


def test_an_error_that_no_table_alone_has_ends_the_run(proxy: Proxy) -> None:
    proxy.spoil(errors.bad_value("n/a"), times=1)
    assert "Invalid date: 'n/a'; each of them can be read alone" in refused(proxy)


def test_the_verdict_stands_when_single_keys_cannot_be_read(
    proxy: Proxy, demo_loaded: Path
) -> None:
    proxy.spoil(errors.quota_exceeded(), after=1)
    done = checkpoints(proxy, "check", *WINDOW, "--json", "-")
    code, expected = on_duckdb(demo_loaded, "check", *WINDOW)
    unread = sorted({sample["date"] for sample in expected["keys"]})
    assert unread
    assert verdict(done) == (code, {**expected, "keys": [], "keys_unread": unread})
    assert "warning: no keys are shown, as they could not be read: " in done.stderr
    assert "QueryUsagePerUserPerDay" in done.stderr


def test_an_error_that_stays_ends_within_the_timeout(proxy: Proxy, tmp_path: Path) -> None:
    proxy.fail("POST", INSERT, errors.backend_error(), times=10_000)
    started = time.monotonic()
    said = refused(proxy, *pipeline_with(tmp_path, **SHORT))
    assert time.monotonic() - started < 30
    assert "error:" in said


# ------------------------------------------------------------------ stopped


def test_a_query_that_takes_too_long_is_cancelled(proxy: Proxy, tmp_path: Path) -> None:
    proxy.hang()
    started = time.monotonic()
    said = refused(proxy, *pipeline_with(tmp_path, **SHORT))
    assert time.monotonic() - started < 30
    assert "within 2 s" in said
    assert "timeout_seconds" in said
    assert proxy.cancelled == [proxy.reads()[0].query_id]


def test_ctrl_c_cancels_the_query_at_once(proxy: Proxy) -> None:
    proxy.hang()
    command = ("checkpoints", "check", *WINDOW, "--warehouse", "bigquery://proj")
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment(**proxy.environment),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        wait_until(lambda: len(proxy.reads()) == 1)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        interrupted = time.monotonic()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - interrupted < 5
    assert said.strip().endswith("interrupted")
    assert "Traceback" not in said
    assert proxy.cancelled == [proxy.reads()[0].query_id]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
