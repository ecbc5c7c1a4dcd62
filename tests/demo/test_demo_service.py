import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests

from demo.layers import COMPOSITE_FACTORS, PHASES, compute
from demo.warehouse import Writer, build, fill_demo
from tests.support.commands import command, environment
from tests.support.forks import fork

FACTORS = "nba_precompute.player_composite_factors"
ZONES = "nba_precompute.team_defense_zone_analysis"
CACHE = "nba_precompute.player_daily_cache"
PREDICTIONS = "nba_predictions.prediction_accuracy"
SUMMARY = "nba_analytics.player_game_summary"
DEFENSE = "nba_analytics.team_defense_game_summary"


@dataclass(frozen=True, kw_only=True)
class Service:
    url: str
    warehouse: Path

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(self.url + path, json=body, timeout=60)

    def one(self, query: str) -> Any:
        """One row of a fresh read, waiting while the service writes."""
        for _ in range(1000):
            with suppress(duckdb.IOException):
                with duckdb.connect(self.warehouse, read_only=True) as db:
                    row = db.execute(query).fetchone()
                assert row is not None
                return row if len(row) > 1 else row[0]
            time.sleep(0.005)
        raise AssertionError("the warehouse stayed locked")

    def rows(self, table: str, day: str, column: str = "game_date") -> int:
        return int(self.one(f"SELECT count(*) FROM {table} WHERE {column} = '{day}'"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    path = tmp_path_factory.mktemp("service") / "warehouse.duckdb"
    build(path, fill_demo)
    where = ("--port", "0", "--warehouse", f"duckdb:///{path}")
    server = fork("demo", "serve", *where, env=environment(), stderr=subprocess.DEVNULL)
    assert server.stdout is not None
    ready = server.stdout.readline()
    port = int(ready.removeprefix("ready on port ").split(":")[0])
    try:
        yield Service(url=f"http://127.0.0.1:{port}", warehouse=path)
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
        server.stdout.close()


def test_a_call_computes_the_rows_of_that_date_from_the_layer_above(service: Service) -> None:
    assert service.rows(FACTORS, "2025-01-08") == 0
    answer = service.post("/phase4/process", {"game_date": "2025-01-08"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    lacking = service.one(
        f"SELECT count(*) FROM {SUMMARY} s ANTI JOIN {FACTORS} USING "
        "(game_date, game_id, player_id) WHERE s.game_date = '2025-01-08'"
    )
    assert lacking == 0
    assert service.rows(FACTORS, "2025-01-08") == service.rows(SUMMARY, "2025-01-08") > 150
    assert service.rows(ZONES, "2025-01-08", "analysis_date") == 30
    assert service.rows(CACHE, "2025-01-08", "cache_date") > 150
    assert service.rows(FACTORS, "2025-01-09") == 0


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("process-date-range", {"start_date": "2025-02-03", "end_date": "2025-02-05"}),
        ("process-dates", {"dates": ["2025-02-05", "2025-02-03", "2025-02-04"]}),
    ],
)
def test_a_call_for_several_dates_computes_each_of_them(
    service: Service, route: str, body: Any
) -> None:
    with duckdb.connect(service.warehouse) as db:
        db.execute(f"DELETE FROM {FACTORS} WHERE game_date BETWEEN '2025-02-03' AND '2025-02-05'")
    answer = service.post(f"/phase4/{route}", body)
    assert answer.status_code == 200
    assert answer.json()["date"] == "2025-02-03 to 2025-02-05"
    assert len(answer.json()["results"]) == 3 * len(PHASES[4])
    for day in ("2025-02-03", "2025-02-04", "2025-02-05"):
        assert service.rows(FACTORS, day) == service.rows(SUMMARY, day) > 50


def test_the_figures_are_those_of_the_days_before(service: Service) -> None:
    service.post("/phase4/process", {"game_date": "2025-01-15"})
    computed, expected = service.one(
        f"""
        WITH them AS (
            SELECT game_id, player_id, form_points FROM {FACTORS}
            WHERE game_date = '2025-01-15' ORDER BY ALL LIMIT 1
        )
        SELECT them.form_points, (
            SELECT round(avg(points), 4) FROM {SUMMARY} s
            WHERE s.player_id = them.player_id
              AND s.game_date BETWEEN '2025-01-01' AND '2025-01-14')
        FROM them
        """
    )
    assert computed == expected is not None


def test_a_single_date_is_computed_as_a_whole_season_is(tmp_path: Path) -> None:
    emptied = tmp_path / "emptied.duckdb"
    build(emptied, fill_demo)
    with duckdb.connect(emptied) as db:
        db.execute(f"CREATE TEMP TABLE built AS FROM {FACTORS} WHERE game_date = '2024-12-22'")
        db.execute(f"DELETE FROM {FACTORS} WHERE game_date = '2024-12-22'")
        assert compute(db, COMPOSITE_FACTORS, date(2024, 12, 22), date(2024, 12, 22)) > 0
        again = f"FROM {FACTORS} WHERE game_date = '2024-12-22'"
        assert db.execute(f"FROM built EXCEPT ALL {again}").fetchall() == []
        assert db.execute(f"{again} EXCEPT ALL FROM built").fetchall() == []


def test_calling_twice_gives_the_same_rows(service: Service) -> None:
    first = service.post("/phase4/process", {"game_date": "2025-01-10"})
    before = service.one(f"SELECT count(*), sum(fatigue_minutes) FROM {FACTORS}")
    again = service.post("/phase4/process", {"game_date": "2025-01-10"})
    assert again.status_code == 200
    assert again.json() == first.json()
    assert service.one(f"SELECT count(*), sum(fatigue_minutes) FROM {FACTORS}") == before


def test_the_half_filled_date_is_completed(service: Service) -> None:
    before = service.rows(FACTORS, "2025-12-22")
    answer = service.post("/phase4/process", {"game_date": "2025-12-22"})
    written = answer.json()["results"][0]["rows"]
    assert 0 < before < written == service.rows(FACTORS, "2025-12-22")
    assert service.rows(FACTORS, "2025-12-22") == service.rows(SUMMARY, "2025-12-22")
    assert service.rows(ZONES, "2025-12-22", "analysis_date") == 30


def test_keys_that_do_not_belong_are_gone_when_their_date_is_called(service: Service) -> None:
    orphans = (
        f"SELECT count(DISTINCT game_id) FROM {FACTORS} f ANTI JOIN {SUMMARY} "
        "USING (game_date, game_id) WHERE f.game_date = "
    )
    for day, number in (("2024-12-21", 8), ("2024-12-14", 1)):
        assert service.one(f"{orphans} '{day}'") == number
        service.post("/phase4/process", {"game_date": day})
        assert service.one(f"{orphans} '{day}'") == 0


def test_a_date_that_is_called_has_what_its_upstream_has_and_nothing_else(
    service: Service,
) -> None:
    body, day = {"game_date": "2024-12-22"}, "game_date = '2024-12-22'"
    whole = service.rows(FACTORS, "2024-12-22")
    with duckdb.connect(service.warehouse) as db:
        db.execute(f"CREATE TABLE demo.others AS FROM {FACTORS} WHERE NOT {day}")
        db.execute(f"INSERT INTO {FACTORS} FROM {FACTORS} WHERE {day}")
        db.execute(f"UPDATE {FACTORS} SET form_points = NULL WHERE {day}")
        db.execute(f"UPDATE {FACTORS} SET game_id = 'x' WHERE {day} AND player_id % 3 = 0")
    assert service.rows(FACTORS, "2024-12-22") == 2 * whole
    for _ in range(2):
        answer = service.post("/phase4/process", body)
        assert answer.json()["results"][0]["rows"] == whole
        assert service.rows(FACTORS, "2024-12-22") == whole
    assert service.one(f"SELECT count(form_points) FROM {FACTORS} WHERE {day}") == whole
    lost = f"FROM demo.others EXCEPT ALL FROM {FACTORS} WHERE NOT {day}"
    assert service.one(f"SELECT count(*) FROM ({lost})") == 0


def test_rows_are_of_the_time_at_which_the_service_writes_them(service: Service) -> None:
    times = f"SELECT min(processed_at), max(processed_at) FROM {FACTORS} WHERE game_date = "
    assert service.one(times + "'2024-12-23'") == (datetime(2024, 12, 24, 12),) * 2
    before = datetime.now(UTC).replace(tzinfo=None)
    service.post("/phase4/process", {"game_date": "2024-12-23"})
    first, last = service.one(times + "'2024-12-23'")
    assert before <= first == last <= datetime.now(UTC).replace(tzinfo=None)


def test_what_a_call_has_nothing_to_start_from_stays(service: Service) -> None:
    with duckdb.connect(service.warehouse) as db:
        db.execute("DELETE FROM nba_raw.bdl_player_boxscores WHERE game_date = '2025-04-01'")
    before = service.rows(SUMMARY, "2025-04-01")
    body = {"analysis_date": "2025-04-01"}
    assert service.post("/phase3/process-date", body).status_code == 400
    assert service.rows(SUMMARY, "2025-04-01") == before > 0


def test_phase_5_needs_phase_4_first(service: Service) -> None:
    early = service.post("/phase5/process", {"game_date": "2025-03-05"})
    assert early.status_code == 400
    assert early.json()["error"] == (
        "no data for 2025-03-05 in nba_precompute.player_composite_factors, "
        "nba_predictions.player_predictions"
    )
    assert service.post("/phase4/process", {"game_date": "2025-03-05"}).status_code == 200
    assert service.post("/phase5/process", {"game_date": "2025-03-05"}).status_code == 200
    assert service.rows(PREDICTIONS, "2025-03-05") == service.rows(FACTORS, "2025-03-05") > 0


def test_phase_3_rebuilds_what_was_lost(service: Service) -> None:
    with duckdb.connect(service.warehouse) as db:
        db.execute(f"DELETE FROM {SUMMARY} WHERE game_date = '2025-06-05'")
        db.execute(f"DELETE FROM {DEFENSE} WHERE game_date = '2025-06-05'")
    body = {"analysis_date": "2025-06-05", "backfill_mode": True, "processors": []}
    answer = service.post("/phase3/process-date", body)
    assert answer.status_code == 200
    assert [(r["processor"], r["status"]) for r in answer.json()["results"]] == [
        ("player_game_summary", "success"),
        ("team_defense_game_summary", "success"),
    ]
    box_scores = service.rows("nba_raw.bdl_player_boxscores", "2025-06-05")
    assert service.rows(SUMMARY, "2025-06-05") == box_scores > 0
    assert service.rows(DEFENSE, "2025-06-05") == 2


def test_only_the_named_processors_run(service: Service) -> None:
    body = {"analysis_date": "2025-03-12", "processors": ["player_daily_cache"]}
    results = service.post("/phase4/process-date", body).json()["results"]
    assert [result["processor"] for result in results] == ["player_daily_cache"]
    assert service.rows(FACTORS, "2025-03-12") == 0
    assert service.rows(CACHE, "2025-03-12", "cache_date") > 0


@pytest.mark.parametrize("phase", [4, 5])
def test_the_warm_up_is_answered_200_and_writes_nothing(service: Service, phase: int) -> None:
    for day in ("2024-10-22", "2024-11-04", "2025-10-21", "2025-11-03"):
        answer = service.post(f"/phase{phase}/process", {"game_date": day})
        assert (answer.status_code, answer.json()["status"]) == (200, "skipped")
        assert service.rows(FACTORS, day) == service.rows(PREDICTIONS, day) == 0


def test_zone_analysis_warms_up_longer_than_the_others(service: Service) -> None:
    results = service.post("/phase4/process", {"game_date": "2024-11-15"}).json()["results"]
    assert [result["status"] for result in results] == ["success", "skipped", "success", "success"]
    assert service.rows(ZONES, "2024-11-15", "analysis_date") == 0
    results = service.post("/phase4/process", {"game_date": "2024-11-16"}).json()["results"]
    assert {result["status"] for result in results} == {"success"}


@pytest.mark.parametrize("day", ["2024-12-24", "2024-11-05", "2025-02-16", "2019-01-01"])
def test_a_day_without_games_is_answered_400(service: Service, day: str) -> None:
    answer = service.post("/phase4/process", {"game_date": day})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(f"no data for {day} in ")


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("process", b""),
        ("process", b"{"),
        ("process", b"[]"),
        ("process", b"\xff"),
        ("process", b"{}"),
        ("process", b'{"game_date": null}'),
        ("process", b'{"game_date": "2025-02-30"}'),
        ("process", b'{"game_date": "20250108"}'),
        ("process", b'{"game_date": "2025-W02-3"}'),
        ("process", b'{"analysis_date": "2025-01-08"}'),
        ("process-date", b'{"game_date": "2025-01-08"}'),
        ("process-date", b'{"analysis_date": "2025-01-08", "processors": "all"}'),
        ("process-date", b'{"analysis_date": "2025-01-08", "processors": ["unknown"]}'),
        ("process-date-range", b'{"start_date": "2025-01-08"}'),
        ("process-date-range", b'{"start_date": "2025-01-08", "end_date": "2025-01-07"}'),
        ("process-dates", b'{"dates": []}'),
        ("process-dates", b'{"dates": "2025-01-08"}'),
        ("process-dates", b'{"dates": ["2025-01-08", null]}'),
    ],
)
def test_a_malformed_request_is_answered_400_too_with_another_message(
    service: Service, route: str, body: bytes
) -> None:
    answer = requests.post(f"{service.url}/phase4/{route}", data=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"
    assert "no data" not in answer.json()["error"]


def test_unknown_routes_are_answered_404(service: Service) -> None:
    for path in ("/", "/process", "/phase2/process", "/phase4", "/phase4/process/x"):
        answer = service.post(path, {"game_date": "2025-01-08"})
        assert (answer.status_code, answer.json()["status"]) == (404, "error")
    assert requests.get(service.url + "/phase4/process", timeout=10).status_code == 404
    assert requests.get(service.url + "/health", timeout=10).json() == {"status": "ok"}


def test_too_large_a_body_is_refused(service: Service) -> None:
    connection = requests.post(
        service.url + "/phase4/process", headers={"Content-Length": "70000"}, timeout=20
    )
    assert connection.status_code == 413


def test_a_reader_in_another_process_delays_a_call_and_does_not_break_it(service: Service) -> None:
    reader = duckdb.connect(service.warehouse, read_only=True)
    closing = threading.Timer(0.5, reader.close)
    closing.start()
    started = time.monotonic()
    answer = service.post("/phase4/process", {"game_date": "2025-04-02"})
    assert time.monotonic() - started >= 0.4
    assert answer.status_code == 200
    assert service.rows(FACTORS, "2025-04-02") > 0


def test_calls_at_the_same_time_all_land(service: Service) -> None:
    days = [f"2025-05-{day:02}" for day in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda day: service.post("/phase4/process", {"game_date": day}), days)
        )
    assert {answer.status_code for answer in answers} == {200}
    for day in days:
        assert service.rows(FACTORS, day) == service.rows(SUMMARY, day) > 0


def test_a_failed_transaction_leaves_nothing_and_lets_the_file_go(tmp_path: Path) -> None:
    path = tmp_path / "it's a warehouse.duckdb"
    with duckdb.connect(path) as db:
        db.execute("CREATE TABLE numbers AS SELECT 1 AS n")
    writer = Writer(path, time.monotonic, time.sleep)

    def fail_after_writing() -> None:
        with writer.transaction() as db:
            db.execute("INSERT INTO numbers VALUES (2)")
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail_after_writing()
    with writer.transaction() as db:
        db.execute("INSERT INTO numbers VALUES (3)")
    with duckdb.connect(path, read_only=True) as db:
        assert db.execute("FROM numbers ORDER BY n").fetchall() == [(1,), (3,)]


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    return command("demo", "serve", *arguments)


def test_a_taken_port_is_a_clear_error(service: Service) -> None:
    port = service.url.rsplit(":", 1)[1]
    done = serve("--port", port, "--warehouse", f"duckdb:///{service.warehouse}")
    assert done.returncode == 3
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_serving_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    done = serve("--port", "0", "--warehouse", f"duckdb:///{tmp_path / 'none.duckdb'}")
    assert done.returncode == 2
    assert "build it with python -m demo build" in done.stderr
