"""Services that refuse, put off, fail, or answer with something that is no answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from remediation.backfill.engine import backfill
from remediation.ledger.ledger import ledger_path, open_ledger
from remediation.service.dispatch import Dispatch
from remediation.service.http import HttpSender
from tests.remediation.service.test_service_call import CLOCK, Held
from tests.support.backfills import work_of
from tests.support.rehearsals import (
    HOLES,
    ONCE_AGAIN,
    SENT_ONCE,
    Outcome,
    Ran,
    fault,
    incomplete,
    rehearsal,
)

SIX_DAYS = [f"2024-11-{day}" for day in range(16, 22)]


STOPPED = incomplete("4/17 4/18 4/18", "4/17 landed, 4/18 rejected, 4/19 blocked", 2, 0, 0)


@pytest.mark.parametrize(("times", "expected"), [(1, ONCE_AGAIN), (2, STOPPED)])
def test_a_refused_token_is_renewed_once_and_the_call_repeated(
    tmp_path: Path, times: int, expected: Outcome
) -> None:
    """With a sender that has credentials: on this machine a run sends none."""
    with rehearsal(tmp_path, fault("unauthorized", "18", times=times)) as made:
        plan, contract, tokens = made.plan(), made.file().contract, Held()
        sender = HttpSender(contract.services["phase4"], tokens, CLOCK)
        with open_ledger(ledger_path(made.folder), CLOCK.now) as ledger:
            backfill(work_of(made, plan, ledger, CLOCK, {"phase4": Dispatch(sender)}))
        assert made.outcome(Ran(code=expected.code)) == expected
        renewed = [False, False, True, False]
        assert [renew for _, renew in tokens.asked] == renewed[: len(expected.sent.split())]


@pytest.mark.parametrize(("name", "status"), [("unauthorized", 401), ("forbidden", 403)])
def test_who_is_refused_without_credentials_to_renew_stops(
    tmp_path: Path, name: str, status: int
) -> None:
    with rehearsal(tmp_path, fault(name, "18", "19")) as made:
        said = made.repaired(
            incomplete("4/17 4/18", "4/17 landed, 4/18 rejected, 4/19 blocked", 2, 0, 0)
        )
        assert f"phase4  2024-11-18  rejected: HTTP {status}: " in said
        assert "the service refuses every call, as phase4/2024-11-18" in said


@pytest.mark.parametrize(
    ("name", "status"), [("not found", 404), ("method not allowed", 405), ("unprocessable", 422)]
)
def test_a_wrong_contract_stops_at_the_canary(tmp_path: Path, name: str, status: int) -> None:
    with rehearsal(tmp_path, fault(name, "17", "18", "19")) as made:
        said = made.repaired(
            incomplete("4/17", "4/17 rejected, 4/18 blocked, 4/19 blocked", 0, 0, 0)
        )
        line = f'HTTP {status}: {{"status": "error", "error": "{name}"}}'
        assert f"phase4  2024-11-17  rejected: {line}" in said
        assert "the canary phase4/2024-11-17 did not land: it is rejected" in said


def test_409_waits_for_the_call_that_is_already_running(tmp_path: Path) -> None:
    running = fault("already running", "18", write_after=0.5)
    with rehearsal(tmp_path, running, settle_seconds=5) as made:
        said = made.repaired(SENT_ONCE)
        assert made.seconds_before(2) > 0.5
        line = 'unknown: HTTP 409: {"status": "error", "error": "already running"}'
        assert f"phase4  2024-11-18  {line}" in said


def test_409_of_a_call_that_never_ends_is_sent_again_when_its_time_is_up(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("already running", "18", times=1, write="nothing")) as made:
        made.repaired(ONCE_AGAIN)


@pytest.mark.parametrize("name", ["rate limited", "rate limited until"])
def test_429_is_repeated_when_the_service_says(tmp_path: Path, name: str) -> None:
    with rehearsal(tmp_path, fault(name, "18", times=1, retry_after=2)) as made:
        made.repaired(ONCE_AGAIN)
        assert made.seconds_before(2) > (2 if name == "rate limited" else 1)  # no split seconds


def test_429_that_asks_for_too_long_a_wait_is_given_up(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("rate limited", "18", retry_after=3600)) as made:
        said = made.repaired(
            incomplete("4/17 4/18 4/19", "4/17 landed, 4/18 rejected, 4/19 landed", 2, 0, 2)
        )
        assert "phase4  2024-11-18  rejected: HTTP 429: " in said


@pytest.mark.parametrize("name", ["rate limited", "unavailable"])
def test_what_is_put_off_again_and_again_is_given_up_after_five_calls(
    tmp_path: Path, name: str
) -> None:
    with rehearsal(tmp_path, fault(name, "18", retry_after=0)) as made:
        made.repaired(
            incomplete(
                "4/17 4/18 4/18 4/18 4/18 4/18 4/19",
                "4/17 landed, 4/18 rejected, 4/19 landed",
                2,
                0,
                2,
            )
        )


def test_503_once_is_repeated(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("unavailable", "18", times=1)) as made:
        made.repaired(ONCE_AGAIN)


def test_500_is_not_repeated_in_the_same_run_and_the_next_one_sends_it_again(
    tmp_path: Path,
) -> None:
    with rehearsal(tmp_path, fault("server error", "18", times=1)) as made:
        said = made.repaired(
            incomplete("4/17 4/18 4/19", "4/17 landed, 4/18 rejected, 4/19 landed", 2, 0, 2)
        )
        assert 'rejected: HTTP 500: {"status": "error", "error": "server error"}' in said
        again = made.repair("resume")
        assert (again.code, made.sent) == (0, "4/17 4/18 4/19 4/18")
        assert made.games(HOLES[1]) == 2


def test_500_after_the_write_has_landed_all_the_same(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("server error after the write", "18")) as made:
        made.repaired(SENT_ONCE)


def test_500_for_ever_opens_the_breaker_and_one_probe_decides(tmp_path: Path) -> None:
    broken = fault("server error", "17", "18", "19", "20", "21")
    with rehearsal(tmp_path, broken, lacking={4: SIX_DAYS}) as made:
        said = made.repaired(
            incomplete(
                "4/16 4/17 4/18 4/19 4/20",
                "4/16 landed, 4/17 rejected, 4/18 rejected, "
                "4/19 rejected, 4/20 rejected, 4/21 blocked",
                0,
                0,
                0,
            )
        )
        assert "3 calls in a row failed: one more is tried in 0.2 s" in said
        assert "and the probe phase4/2024-11-20 did not land" in said


def test_502_once_is_sent_again_after_a_look_at_the_tables(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("bad gateway", "18", times=1)) as made:
        said = made.repaired(ONCE_AGAIN)
        assert 'unknown: HTTP 502: {"status": "error", "error": "bad gateway"}' in said


def test_502_for_ever_is_sent_three_times(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("bad gateway", "18")) as made:
        made.repaired(
            incomplete(
                "4/17 4/18 4/18 4/18 4/19", "4/17 landed, 4/18 still missing, 4/19 landed", 2, 0, 2
            )
        )


def test_504_is_waited_for_and_not_sent_again(tmp_path: Path) -> None:
    late = fault("gateway timeout", "18", write_after=0.5)
    with rehearsal(tmp_path, late, settle_seconds=5) as made:
        made.repaired(SENT_ONCE)
        assert made.seconds_before(2) > 0.5


def test_a_redirect_to_a_log_in_page_is_not_followed(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("login redirect", "17", "18", "19")) as made:
        said = made.repaired(
            incomplete("4/17", "4/17 rejected, 4/18 blocked, 4/19 blocked", 0, 0, 0)
        )
        assert "GET" not in made.log
        assert "HTTP 302: redirects to /login, which is never followed" in said


def test_200_with_a_web_page_proves_nothing(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("html", "18", times=1)) as made:
        said = made.repaired(ONCE_AGAIN)
        line = "unknown: HTTP 200 without the list 'results': <!doctype html>"
        assert f"phase4  2024-11-18  {line}" in said


def test_200_with_broken_json_is_settled_by_the_tables(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("broken json", "18")) as made:
        said = made.repaired(SENT_ONCE)
        line = "unknown: HTTP 200 without the list 'results': {\"date\""
        assert f"phase4  2024-11-18  {line}" in said


@pytest.mark.parametrize("name", ["html", "broken json"])
def test_without_a_declared_list_of_results_no_body_is_read(tmp_path: Path, name: str) -> None:
    with rehearsal(tmp_path, fault(name, "18", write="all"), results=None) as made:
        said = made.repaired(SENT_ONCE)
        assert "unknown" not in said
