"""``python -m demo serve --faults`` over HTTP: each block of a fault does what it says."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from tests.support.rehearsals import SUMMARY, Rehearsal, fault, rehearsal

DAYS = [f"2024-11-{day}" for day in range(16, 22)]
FAULTS = (
    fault("half written", "16", times=1),
    fault("partial failure", "17", times=1),
    fault("lands late", "18", write_after=0.5),
    fault("rate limited until", "19", times=1, retry_after=30),
    fault("login redirect", "20", times=1),
    fault("custom", "21", times=1, status=418, message="a teapot", headers={"X-Kind": "tea"}),
    fault("huge body", "16", phase=3, body_bytes=1_000_000),
    fault("slow drip", "17", phase=3, drip_seconds=0.6),
    fault("broken json", "18", phase=3),
    fault("reset in the answer", "19", phase=3),
    fault("reset before the write", "20", phase=3),
    fault("never lands", "21", phase=5),
    fault("damages the day before", "15", phase=5),
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with rehearsal(tmp_path_factory.mktemp("served"), *FAULTS, lacking={4: DAYS}) as made:
        yield made


def call(
    made: Rehearsal, phase: int, day: int, timeout: float = 20, stream: bool = False
) -> requests.Response:
    url = made.variables[f"PHASE{phase}_URL"]
    route, field = ("process-date", "analysis_date") if phase == 3 else ("process", "game_date")
    body = {field: f"2024-11-{day}"}
    return requests.post(
        f"{url}/{route}", json=body, timeout=timeout, allow_redirects=False, stream=stream
    )


def test_half_of_the_games_is_written_once(served: Rehearsal) -> None:
    answer = call(served, 4, 16).json()
    assert answer["status"] == "success"
    assert served.games("2024-11-16") == 1
    assert call(served, 4, 16).json()["results"][0]["rows"] > 0
    assert served.games("2024-11-16") == 2


def test_the_processor_that_is_left_out_is_named_in_the_answer(served: Rehearsal) -> None:
    answer = call(served, 4, 17)
    results = {r["processor"]: r["status"] for r in answer.json()["results"]}
    assert (answer.status_code, answer.json()["status"]) == (200, "partial_failure")
    assert results == {
        "player_composite_factors": "failed",
        "team_defense_zone_analysis": "success",
        "player_daily_cache": "success",
        "ml_feature_store": "no_data",
    }
    assert served.games("2024-11-17") == 0


def test_what_lands_late_is_answered_first(served: Rehearsal) -> None:
    started = time.monotonic()
    answer = call(served, 4, 18)
    assert time.monotonic() - started < 0.4
    assert (answer.status_code, answer.json()["status"]) == (200, "success")
    assert served.games("2024-11-18") == 0
    served.wait_for_log("late /phase4/process 2024-11-18")
    assert served.games("2024-11-18") == 2


def test_retry_after_may_be_a_date(served: Rehearsal) -> None:
    answer = call(served, 4, 19)
    until = parsedate_to_datetime(answer.headers["Retry-After"])
    assert answer.status_code == 429
    assert 28 < (until - datetime.now(UTC)).total_seconds() <= 30
    assert served.games("2024-11-19") == 0


def logged(served: Rehearsal, line: str) -> bool:
    """The server answers first and logs then."""
    for _ in range(100):
        if line in served.log:
            return True
        time.sleep(0.05)
    return False


def test_the_log_in_page_is_there_for_whoever_follows(served: Rehearsal) -> None:
    answer = call(served, 4, 20)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")
    base = served.variables["PHASE4_URL"].removesuffix("/phase4")
    page = requests.get(base + "/login", timeout=10)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html")
    assert logged(served, "200 GET /login")


def test_any_status_message_and_header_can_be_given(served: Rehearsal) -> None:
    answer = call(served, 4, 21)
    assert (answer.status_code, answer.headers["X-Kind"]) == (418, "tea")
    assert answer.json() == {"status": "error", "error": "a teapot"}
    assert served.games("2024-11-21") == 2


def test_a_padded_body_is_as_long_as_asked_for_and_still_json(served: Rehearsal) -> None:
    answer = call(served, 3, 16)
    assert len(answer.content) == 1_000_000
    assert answer.json()["status"] == "success"


def test_a_body_drips_for_as_long_as_asked_for(served: Rehearsal) -> None:
    started = time.monotonic()
    assert call(served, 3, 17).json()["status"] == "success"
    assert time.monotonic() - started > 0.5


def test_a_client_that_leaves_is_logged_and_is_no_error(served: Rehearsal) -> None:
    call(served, 3, 17, stream=True).close()
    served.wait_for_log("(the client left after ")
    assert "Traceback" not in served.log


def test_broken_json_is_none(served: Rehearsal) -> None:
    answer = call(served, 3, 18)
    assert answer.headers["Content-Type"] == "application/json"
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("day", [19, 20])
def test_a_reset_is_one(served: Rehearsal, day: int) -> None:
    with pytest.raises(requests.RequestException, match="reset by peer"):
        call(served, 3, day)


def test_nothing_is_claimed_as_a_success_and_damage_is_not_told(served: Rehearsal) -> None:
    predictions = "nba_predictions.prediction_accuracy"
    assert call(served, 5, 21).json()["results"] == [
        {"processor": "player_predictions", "status": "success"},
        {"processor": "prediction_accuracy", "status": "success"},
    ]
    assert served.games("2024-11-14", predictions) == 2
    assert call(served, 5, 15).json()["status"] == "success"
    assert served.games("2024-11-14", predictions) == 0


def test_other_dates_and_phases_meet_no_fault(served: Rehearsal) -> None:
    assert call(served, 3, 21).json()["status"] == "success"
    assert served.games("2024-11-21", SUMMARY) == 2


def test_the_log_says_at_once_which_call_meets_which_fault(served: Rehearsal) -> None:
    for day in (16, 16, 19):
        call(served, 4, day)
    lines = [re.sub(r"^ *\d+\.\d{3} ", "", line) for line in served.log.splitlines()]
    assert "fault on phase 4, 2024-11-16, the first call: half written" in lines
    assert "POST /phase4/process 2024-11-16 call 1: half written" in lines
    assert "POST /phase4/process 2024-11-16 call 2" in lines


def test_nobody_can_connect_while_the_service_restarts(tmp_path: Path) -> None:
    restart = fault("connection refused", "17", refuse_for=0.7, times=1)
    with rehearsal(tmp_path, restart) as made:
        assert call(made, 4, 17).status_code == 200
        with pytest.raises(requests.ConnectionError, match="Connection refused"):
            call(made, 4, 18)
        time.sleep(0.9)
        assert call(made, 4, 18).status_code == 200
        assert made.games("2024-11-18") == 2


@pytest.mark.parametrize(
    ("pending", "left"),
    [
        (fault("no answer, lands later", "17", answer_after=60, write_after=50), True),
        (fault("lands late", "17", write_after=60), True),
        (fault("slow drip", "17", drip_seconds=60, write="nothing"), True),
        (fault("connection refused", "17", refuse_for=60, write="nothing"), False),
    ],
)
def test_stopping_the_server_does_not_wait_for_what_a_fault_put_off(
    tmp_path: Path, pending: dict[str, object], left: bool
) -> None:
    with rehearsal(tmp_path, pending) as made:
        unread = []
        with suppress(requests.Timeout):
            unread.append(call(made, 4, 17, timeout=0.5, stream=True))
        started = time.monotonic()
    assert time.monotonic() - started < 5

    assert made.games("2024-11-17") == 0
    said = "stopping: /phase4/process 2024-11-17 is left as it is"
    assert (said in made.log) == left
