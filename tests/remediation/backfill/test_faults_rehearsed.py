"""Services that fail, lie, stay silent or answer nonsense: what a repair makes of each fault."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.layers import BOX_SCORES
from demo.tables import SCHEDULE
from remediation.backfill.engine import backfill
from remediation.backfill.run import run
from remediation.ledger.journal import Event
from remediation.ledger.ledger import ledger_path, open_ledger
from remediation.ledger.states import State
from remediation.service.credentials import Tokens
from remediation.service.dispatch import Dispatch
from remediation.service.kind import Access, service_of
from tests.remediation.service.test_service_call import CLOCK
from tests.support.backfills import Skipping, request_of, work_of
from tests.support.rehearsals import (
    HOLES,
    ONCE_AGAIN,
    SENT_ONCE,
    SUMMARY,
    Outcome,
    Ran,
    Rehearsal,
    fault,
    incomplete,
    lose_rows,
    rehearsal,
)

NOTHING = (
    "player_composite_factors has 0 of 2; team_defense_zone_analysis has 0 of 1; "
    "player_daily_cache has 0 of 1"
)
STOPPED = incomplete("4/17 4/18", "4/17 landed, 4/18 rejected, 4/19 blocked", 2, 0, 0)
SIX_DAYS = [f"2024-11-{day}" for day in range(16, 22)]


@dataclass(frozen=True)
class Case:
    """What a fault comes to, under a service declared so, and what is said of it."""

    met: dict[str, Any]
    expected: Outcome
    said: tuple[str, ...]
    declared: dict[str, Any]
    waits: float = 0

    def repaired(self, made: Rehearsal) -> None:
        told = made.repaired(self.expected)
        assert [line for line in self.said if line not in told] == []

    def __str__(self) -> str:
        return f"{self.met['fault']} {self.met.get('times', 'for ever')}"


def case(
    met: dict[str, Any], expected: Outcome, *said: str, waits: float = 0, **declared: Any
) -> Case:
    """``*`` stands for the 18th of phase 4."""
    lines = tuple(line.replace("*", "phase4  2024-11-18 ") for line in said)
    return Case(met, expected, lines, declared, waits)


def middle(state: str, games: int = 0, times: int = 1) -> Outcome:
    """The dates around it landed; the 18th was sent so many times and did not."""
    sent = " ".join(["4/17", *["4/18"] * times, "4/19"])
    return incomplete(sent, f"4/17 landed, 4/18 {state}, 4/19 landed", 2, games, 2)


def at_canary(state: str) -> Outcome:
    return incomplete("4/17", f"4/17 {state}, 4/18 blocked, 4/19 blocked", 0, 0, 0)


def error(status: int, message: str) -> str:
    return f'HTTP {status}: {{"status": "error", "error": "{message}"}}'


LOST = "* unknown: the connection was lost"
SILENT = "* unknown: no answer within 1 s"
REFUSES = "the service refuses every call, as phase4/2024-11-18"
CANARY = "the canary phase4/2024-11-17 did not land: it is "
NO_LIST = "* unknown: HTTP 200 without the list 'results': "

CONNECTIONS = [
    case(
        fault("reset before the write", "18", times=1),
        ONCE_AGAIN,
        f"{LOST}: [Errno 104] Connection reset by peer",
    ),
    case(fault("reset after the write", "18"), SENT_ONCE, LOST),
    case(
        fault("no answer, never lands", "18", times=1, answer_after=3),
        ONCE_AGAIN,
        SILENT,
        timeout_seconds=1,
    ),
    case(
        fault("no answer, never lands", "18", answer_after=20),
        middle("still missing", times=3),
        timeout_seconds=1,
    ),
]
REFUSALS = [
    case(fault("unauthorized", "18", "19"), STOPPED, "* rejected: HTTP 401: ", REFUSES),
    case(fault("forbidden", "18", "19"), STOPPED, "* rejected: HTTP 403: ", REFUSES),
    *(
        case(
            fault(name, "17", "18", "19"),
            at_canary("rejected"),
            f"phase4  2024-11-17  rejected: {error(status, name)}",
            f"{CANARY}rejected",
        )
        for status, name in {
            404: "not found",
            405: "method not allowed",
            422: "unprocessable",
        }.items()
    ),
    case(
        fault("contradiction", "18"),
        STOPPED,
        "it says there is nothing that day, but its upstream has data",
        '{"status": "error", "error": "no games that day"}',
        "its answer for 2024-11-18 contradicts the tables",
    ),
]
PUT_OFF = [
    case(fault("already running", "18", times=1, write="nothing"), ONCE_AGAIN),
    case(fault("rate limited", "18", times=1), ONCE_AGAIN, idempotent=False),
    case(
        fault("quota used up", "18"),
        STOPPED,
        f"* rejected: {error(429, 'quota used up')} (Retry-After: 3600)",
        "phase4  2024-11-19  blocked: phase4 asked for a pause until ",
    ),
    case(fault("rate limited", "18", retry_after=0), middle("rejected", times=5)),
    case(fault("unavailable", "18", retry_after=0), middle("rejected", times=5)),
    case(fault("unavailable", "18", times=1), ONCE_AGAIN),
]
FAILURES = [
    case(fault("server error after the write", "18"), SENT_ONCE),
    case(
        fault("server error", "17", "18", "19", "20", "21"),
        incomplete(
            "4/16 4/17 4/18 4/19 4/20",
            "4/16 landed, 4/17 rejected, 4/18 rejected, 4/19 rejected, 4/20 rejected, 4/21 blocked",
            *(0, 0, 0),
        ),
        "3 calls in a row failed: one more is tried in 0.2 s",
        "and the probe phase4/2024-11-20 did not land",
        lacking={4: SIX_DAYS},
    ),
    case(fault("bad gateway", "18", times=1), ONCE_AGAIN, f"unknown: {error(502, 'bad gateway')}"),
    case(fault("bad gateway", "18"), middle("still missing", times=3)),
]
ANSWERS = [
    case(
        fault("partial failure", "18"),
        middle("rejected"),
        "* rejected: player_composite_factors: failed (out of memory)",
    ),
    case(fault("html", "18", times=1), ONCE_AGAIN, f"{NO_LIST}<!doctype html>"),
    case(fault("broken json", "18"), SENT_ONCE, f'{NO_LIST}{{"date"'),
]
SLOWLY = {"breaker_after": 2, "settle_seconds": 0.1, "seconds_between_calls": 0.8}
"""Each date is settled before the next is sent."""
ONE_MORE = "2 dates in a row did not land: one more is tried in 0.2 s"
TABLES = [
    case(fault("never lands", "17"), at_canary("still missing"), f"{CANARY}still missing"),
    case(fault("lands late", "17", "18", "19", write_after=0.4), SENT_ONCE, settle_seconds=5),
    case(
        fault("never lands", "17", "18", "19", "20"),
        incomplete(
            "4/16 4/17 4/18 4/19",
            "4/16 landed, 4/17 still missing, 4/18 still missing, 4/19 still missing, 4/20 blocked",
            *(0, 0, 0),
        ),
        ONE_MORE,
        "and the probe phase4/2024-11-19 did not land",
        lacking={4: SIX_DAYS[:5]},
        **SLOWLY,
    ),
    case(
        fault("never lands", "17", "18"),
        incomplete(
            "4/16 4/17 4/18 4/19 4/20",
            "4/16 landed, 4/17 still missing, 4/18 still missing, 4/19 landed, 4/20 landed",
            *(0, 0, 2),
        ),
        ONE_MORE,
        lacking={4: SIX_DAYS[:5]},
        **SLOWLY,
    ),
]


@pytest.mark.parametrize(
    "case", [*CONNECTIONS, *REFUSALS, *PUT_OFF, *FAILURES, *ANSWERS, *TABLES], ids=str
)
def test_a_fault_ends_in_what_the_tables_show(tmp_path: Path, case: Case) -> None:
    with rehearsal(tmp_path, case.met, **case.declared) as made:
        case.repaired(made)


NEXT_RUN_REPAIRS = [
    case(
        fault("never lands", "18", times=1),
        middle("still missing"),
        f"* still missing: {NOTHING}",
        "STILL INCOMPLETE 2 of 3 calls landed",
    ),
    case(
        fault("half written", "18", times=1),
        middle("partial", games=1),
        "* partial: player_composite_factors has 1 of 2",
    ),
    case(
        fault("server error", "18", times=1),
        middle("rejected"),
        f"rejected: {error(500, 'server error')}",
    ),
    case(
        fault("damages the day before", "19", times=1),
        middle("planned"),
        "STILL INCOMPLETE 2 of 3 calls landed",
        "the window read again lacks it",
        seconds_between_calls=1,
    ),
]


@pytest.mark.parametrize("case", NEXT_RUN_REPAIRS, ids=str)
def test_the_next_run_repairs_what_a_fault_left(tmp_path: Path, case: Case) -> None:
    with rehearsal(tmp_path, case.met, **case.declared) as made:
        case.repaired(made)
        again = made.repair("resume")
        assert (again.code, made.sent) == (0, "4/17 4/18 4/19 4/18")
        assert made.games(HOLES[1]) == 2


WAITED_FOR = [
    case(fault("connection refused", "18", refuse_for=0.8), SENT_ONCE, waits=0.8),
    case(
        fault("no answer, lands later", "18", write_after=1.5, answer_after=1.6),
        SENT_ONCE,
        SILENT,
        waits=1.5,
        timeout_seconds=1,
        settle_seconds=5,
    ),
    case(
        fault("already running", "18", write_after=0.5),
        SENT_ONCE,
        f"* unknown: {error(409, 'already running')}",
        waits=0.5,
        settle_seconds=5,
    ),
    case(fault("gateway timeout", "18", write_after=0.5), SENT_ONCE, waits=0.5, settle_seconds=5),
    case(fault("rate limited", "18", times=1, retry_after=2), ONCE_AGAIN, waits=2),
    # A date in a header has no split seconds.
    case(fault("rate limited until", "18", times=1, retry_after=2), ONCE_AGAIN, waits=1),
    case(fault("slow drip", "18", drip_seconds=20), SENT_ONCE, waits=1, timeout_seconds=1),
]


@pytest.mark.parametrize("case", WAITED_FOR, ids=str)
def test_the_next_call_waits_as_long_as_it_has_to(tmp_path: Path, case: Case) -> None:
    with rehearsal(tmp_path, case.met, **case.declared) as made:
        case.repaired(made)
        assert case.waits < made.seconds_before(2) < 10


def test_without_a_fault_every_date_lands_by_one_call(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as made:
        assert "COMPLETE 3 of 3 calls landed" in made.repaired(SENT_ONCE)


def test_a_service_that_is_not_there_gets_five_attempts_and_nothing_else(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as made:
        plan = made.plan()
    clock, told = Skipping(), list[Event]()
    record, _ = run(request_of(made, plan, told, clock.clock))
    expected = incomplete("", "4/17 rejected, 4/18 blocked, 4/19 blocked", 0, 0, 0)
    assert made.outcome(Ran(code=record.exit_code)) == expected
    assert clock.long_sleeps == [0.5, 1, 2, 4]
    assert [(call.attempts, call.sent) for call in record.calls] == [(5, 0), (0, 0), (0, 0)]
    (said,) = [event.text for event in told if event.state is State.REJECTED]
    assert said.startswith("cannot connect: ")
    assert "Connection refused" in said


def test_a_reset_in_the_middle_of_the_answer_is_settled_by_the_tables(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("reset in the answer", "18")) as made:
        said = made.repaired(SENT_ONCE)
        assert "phase4  2024-11-18  unknown: the connection was lost" in said
        assert "(connection reset after " in made.log


def test_what_is_not_idempotent_is_never_sent_again_without_a_person(tmp_path: Path) -> None:
    lost = fault("reset before the write", "18", times=1)
    with rehearsal(tmp_path, lost, idempotent=False) as made:
        said = made.repaired(middle("unknown"))
        assert "phase4 is not idempotent: check that it is not still" in said
        again = made.repair("resume")
        assert made.outcome(again) == middle("unknown")
        assert "--resend-unknown" in again.said
        asked = made.repair("resume", "--resend-unknown")
        assert (asked.code, made.sent) == (0, "4/17 4/18 4/19 4/18")
        assert made.games(HOLES[1]) == 2


def test_a_huge_body_is_left_unread(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("huge body", "18"), results=None) as made:
        made.repaired(SENT_ONCE)
        made.wait_for_log("(the client left after ")
        assert "of 64,000,000 bytes)" in made.log


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (1, ONCE_AGAIN),
        (2, incomplete("4/17 4/18 4/18", "4/17 landed, 4/18 rejected, 4/19 blocked", 2, 0, 0)),
    ],
)
def test_a_refused_token_is_renewed_once_and_the_call_repeated(
    tmp_path: Path, times: int, expected: Outcome
) -> None:
    """On this machine a service has a token only where its audience is named."""
    fetched: list[str] = []

    def fetch(audience: str) -> str:
        fetched.append(audience)
        return f"token {len(fetched)}"

    refused = fault("unauthorized", "18", times=times)
    declared: dict[str, Any] = {"auth": "identity_token", "audience": "https://phase4"}
    with rehearsal(tmp_path, refused, **declared) as made:
        plan, contract = made.plan(), made.file().contract
        access = Access(tokens=Tokens(fetch, lambda: 0.0), clock=CLOCK)
        with (
            service_of(contract, "phase4").open_sender(access) as sender,
            open_ledger(ledger_path(made.folder), CLOCK.now) as ledger,
        ):
            backfill(work_of(made, plan, ledger, CLOCK, {"phase4": Dispatch(sender)}))
        assert made.outcome(Ran(code=expected.code)) == expected
        assert fetched == ["https://phase4"] * 2


def test_a_redirect_to_a_log_in_page_is_not_followed(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("login redirect", "17", "18", "19")) as made:
        said = made.repaired(at_canary("rejected"))
        assert "GET" not in made.log
        assert "HTTP 302: redirects to /login, which is never followed" in said


@pytest.mark.parametrize("name", ["html", "broken json"])
def test_without_a_declared_list_of_results_no_body_is_read(tmp_path: Path, name: str) -> None:
    with rehearsal(tmp_path, fault(name, "18", write="all"), results=None) as made:
        assert "unknown" not in made.repaired(SENT_ONCE)


def test_written_after_the_settle_deadline_is_found_by_the_next_run_and_not_sent_again(
    tmp_path: Path,
) -> None:
    with rehearsal(tmp_path, fault("lands late", "18", write_after=5)) as made:
        said = made.repaired(middle("still missing"))
        assert f"phase4  2024-11-18  still missing: {NOTHING}" in said
        made.wait_for_log("late /phase4/process 2024-11-18")
        assert made.outcome(made.repair("resume")) == SENT_ONCE


def test_a_canary_that_damages_the_day_before_stops_the_backfill(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("damages the day before", "17")) as made:
        said = made.repaired(incomplete("4/17", "4/17 landed, 4/18 blocked, 4/19 blocked", 2, 0, 0))
        assert made.games("2024-11-16") == 0
        damage = "player_composite_factors on 2024-11-16 had 2 of 2, now 0"
        assert f"the canary damaged other dates: {damage}" in said


def test_400_on_a_day_that_has_nothing_any_more_is_believed(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as made:
        made.plan()
        for table in (SCHEDULE, *BOX_SCORES, SUMMARY, "nba_analytics.team_defense_game_summary"):
            lose_rows(made.warehouse, table, "game_date", HOLES[1])
        ran = made.repair()
        assert made.outcome(ran) == middle("nothing there")
        said = '400: {"status": "error", "error": "no data for 2024-11-18 in nba_analytics'
        assert f"phase4  2024-11-18  nothing there: HTTP {said}" in ran.said
        assert "matched keys 2 → 0" in ran.said
