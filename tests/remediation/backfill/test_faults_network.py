"""Connections that are refused, break, stay silent, never end, or carry far too much."""

from __future__ import annotations

from pathlib import Path

from remediation.backfill.run import run
from remediation.ledger.journal import Event
from remediation.ledger.states import State
from tests.remediation.service.test_service_call import Held
from tests.support.backfills import Skipping, request_of
from tests.support.rehearsals import (
    HOLES,
    ONCE_AGAIN,
    SENT_ONCE,
    Ran,
    fault,
    incomplete,
    rehearsal,
)


def test_a_service_that_restarts_is_waited_for(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("connection refused", "18", refuse_for=0.8)) as made:
        made.repaired(SENT_ONCE)
        assert made.seconds_before(2) > 0.8


def test_a_service_that_is_not_there_gets_five_attempts_and_nothing_else(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as made:
        plan = made.plan()
    clock, told = Skipping(), list[Event]()
    record, _ = run(request_of(made, plan, told, clock.clock, Held()))
    assert made.outcome(Ran(code=record.exit_code)) == incomplete(
        "", "4/17 rejected, 4/18 blocked, 4/19 blocked", 0, 0, 0
    )
    assert clock.long_sleeps == [0.5, 1, 2, 4]
    (said,) = [event.text for event in told if event.state is State.REJECTED]
    assert said.startswith("cannot connect: ")
    assert "Connection refused" in said


def test_a_reset_before_the_write_is_sent_again_after_a_look_at_the_tables(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("reset before the write", "18", times=1)) as made:
        said = made.repaired(ONCE_AGAIN)
        line = "unknown: the connection was lost: [Errno 104] Connection reset by peer"
        assert f"phase4  2024-11-18  {line}" in said


def test_a_reset_after_the_write_has_landed_and_is_not_sent_again(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("reset after the write", "18")) as made:
        said = made.repaired(SENT_ONCE)
        assert "phase4  2024-11-18  unknown: the connection was lost" in said


def test_a_reset_in_the_middle_of_the_answer_is_settled_by_the_tables(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("reset in the answer", "18")) as made:
        said = made.repaired(SENT_ONCE)
        assert "phase4  2024-11-18  unknown: the connection was lost" in said
        assert "(connection reset after " in made.log


def test_no_answer_in_time_is_watched_until_it_lands_and_not_sent_again(tmp_path: Path) -> None:
    silent = fault("no answer, lands later", "18", write_after=1.5, answer_after=1.6)
    with rehearsal(tmp_path, silent, timeout_seconds=1, settle_seconds=5) as made:
        said = made.repaired(SENT_ONCE)
        assert made.seconds_before(2) > 1.5
        assert "phase4  2024-11-18  unknown: no answer within 1 s" in said


def test_no_answer_and_nothing_in_the_tables_is_sent_again(tmp_path: Path) -> None:
    silent = fault("no answer, never lands", "18", times=1, answer_after=3)
    with rehearsal(tmp_path, silent, timeout_seconds=1) as made:
        said = made.repaired(ONCE_AGAIN)
        assert "phase4  2024-11-18  unknown: no answer within 1 s" in said


def test_no_answer_for_ever_is_sent_three_times_and_no_more(tmp_path: Path) -> None:
    silent = fault("no answer, never lands", "18", answer_after=20)
    with rehearsal(tmp_path, silent, timeout_seconds=1) as made:
        made.repaired(
            incomplete(
                "4/17 4/18 4/18 4/18 4/19", "4/17 landed, 4/18 still missing, 4/19 landed", 2, 0, 2
            )
        )


def test_what_is_not_idempotent_is_never_sent_again_without_a_person(tmp_path: Path) -> None:
    lost = fault("reset before the write", "18", times=1)
    with rehearsal(tmp_path, lost, idempotent=False) as made:
        made.plan()
        ran = made.repair()
        unknown = incomplete("4/17 4/18 4/19", "4/17 landed, 4/18 unknown, 4/19 landed", 2, 0, 2)
        assert made.outcome(ran) == unknown
        assert "phase4 is not idempotent: check that it is not still" in ran.said
        again = made.repair("resume")
        assert made.outcome(again) == unknown
        assert "--resend-unknown" in again.said
        asked = made.repair("resume", "--resend-unknown")
        assert (asked.code, made.sent) == (0, "4/17 4/18 4/19 4/18")
        assert made.games(HOLES[1]) == 2


def test_429_is_repeated_where_nothing_may_be_sent_twice_as_well(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("rate limited", "18", times=1), idempotent=False) as made:
        made.repaired(ONCE_AGAIN)


def test_a_huge_body_is_left_unread(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("huge body", "18"), results=None) as made:
        made.repaired(SENT_ONCE)
        made.wait_for_log("(the client left after ")
        assert "of 64,000,000 bytes)" in made.log


def test_a_body_that_drips_is_read_no_longer_than_the_timeout(tmp_path: Path) -> None:
    drip = fault("slow drip", "18", drip_seconds=20)
    with rehearsal(tmp_path, drip, timeout_seconds=1) as made:
        made.repaired(SENT_ONCE)
        assert 1 < made.seconds_before(2) < 10
