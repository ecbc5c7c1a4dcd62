"""Services that take several dates in one request: what is sent, and what becomes of each date."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from checkpoints.errors import ExitCode
from remediation.ledger.ledger import ledger_path, open_ledger, read_ledger
from remediation.ledger.states import State
from remediation.plan.model import Plan
from remediation.plan.planning import Request, make_plan
from tests.support.asked_together import (
    DATE,
    LIST,
    RANGE,
    dates_with,
    january,
    lacking,
    lands,
    sent,
    then,
    write_dates,
)
from tests.support.backfills import (
    Skipping,
    carry_out,
    delete,
    entries,
    history,
    plan_of,
    real_now,
    states,
)
from tests.support.scripted_service import Act, Project, answer, drop, reply

TEN = january(7, 16)


def requests(made: Project, plan: Plan, day: str) -> list[str]:
    """What a date was sent with, each time it was sent."""
    with read_ledger(ledger_path(made.folder), real_now) as ledger:
        steps = ledger.history(plan.id)
    return [s.request for s in steps if str(s.date) == day and s.state is State.SENDING]


def on_dates(states: Sequence[str], days: Sequence[str]) -> dict[str, str]:
    return {day[-5:]: state for day, state in zip(days, states, strict=True)}


@pytest.mark.parametrize(
    ("declared", "bodies"),
    [
        (
            RANGE,
            [
                {"start_date": "2025-01-07", "end_date": "2025-01-07"},
                {"start_date": "2025-01-08", "end_date": "2025-01-16"},
            ],
        ),
        (
            {**RANGE, "at_most": 4},
            [
                {"start_date": "2025-01-07", "end_date": "2025-01-07"},
                {"start_date": "2025-01-08", "end_date": "2025-01-11"},
                {"start_date": "2025-01-12", "end_date": "2025-01-15"},
                {"start_date": "2025-01-16", "end_date": "2025-01-16"},
            ],
        ),
        (LIST, [{"dates": [TEN[0]]}, {"dates": [*TEN[1:]]}]),
    ],
    ids=["range", "range of at most 4", "list"],
)
def test_several_dates_are_asked_for_by_one_request(
    tmp_path: Path, declared: dict[str, Any], bodies: list[Any]
) -> None:
    with lacking(tmp_path, *TEN, **declared) as made:
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert [call.body for call in made.service.calls] == bodies
        assert len({call.headers["Idempotency-Key"] for call in made.service.calls}) == len(bodies)
        assert states(made, plan) == on_dates(["landed"] * 10, TEN)
        assert {entry.attempts for entry in entries(made, plan).values()} == {1}
        assert record.exit_code is ExitCode.COMPLETE


def test_a_range_is_cut_at_every_date_that_is_not_to_be_sent(tmp_path: Path) -> None:
    """Warm-up on the 4th to the 6th and the 12th to the 14th, protected on the 9th, a known gap on
    the 16th, there already on the 18th, in flight for another plan on the 20th."""
    days = [day for day in january(4, 20) if day != "2025-01-18"]
    with lacking(tmp_path, *days) as made:
        gap = {"reason": "never recorded", "owner": "someone", "until": "2025-12-31"}
        made.change(
            seasons=[
                {"name": "one", "from": "2025-01-01", "to": "2025-01-11"},
                {"name": "two", "from": "2025-01-12", "to": "2025-01-31"},
            ],
            known_gaps=[{"dataset": "factors", "from": "2025-01-16", "to": "2025-01-16", **gap}],
            protected=[
                {"dataset": "factors", "from": "2025-01-09", "to": "2025-01-09", "reason": "kept"}
            ],
        )
        plan = plan_of(made)
        other = make_plan(
            made.check(), made.file().contract, made.file().sha256, Request(only_dataset="factors")
        )
        with open_ledger(ledger_path(made.folder), real_now) as ledger:
            ledger.register(other)
            until = real_now() + timedelta(minutes=5)
            flying = [call for call in other.calls if str(call.date) == "2025-01-20"]
            ledger.move(other.id, flying, State.SENDING, in_flight_until=until)
        carry_out(made, plan)
        assert sent(made) == ["4", "5-8", "10-11", "15", "17", "19"]


def test_seven_of_ten_dates_have_landed_and_the_other_three_are_sent_again(tmp_path: Path) -> None:
    gone = january(10, 12)
    with lacking(tmp_path, *TEN) as made:
        made.service.on("/four", TEN[1], lands(*(set(TEN) - {*gone})))
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert sent(made) == ["7", "8-16"]
        assert [str(call.date) for call in record.remaining] == [*gone]
        expected = ["landed"] * 3 + ["still missing"] * 3 + ["landed"] * 4
        assert states(made, plan) == on_dates(expected, TEN)
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        made.service.calls.clear()
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert sent(made) == ["10", "11-12"]
        assert requests(made, plan, "2025-01-07") == [""]
        assert requests(made, plan, "2025-01-08") == ["four/2025-01-08..2025-01-16"]
        assert requests(made, plan, "2025-01-10") == ["four/2025-01-08..2025-01-16", ""]
        assert requests(made, plan, "2025-01-12")[1] == "four/2025-01-11..2025-01-12"
        walked = ["sending", "accepted", "verifying"]
        assert history(made, plan, "2025-01-08") == [*walked, "landed"]
        assert history(made, plan, "2025-01-12") == [*walked, "still missing", *walked, "landed"]


@pytest.mark.parametrize(
    ("pace", "expected"),
    [({"max_dates": 4}, ["7", "8-10"]), ({"canary": 2}, ["7", "8", "9-16"])],
    ids=str,
)
def test_only_the_dates_after_the_canary_are_sent_together(
    tmp_path: Path, pace: dict[str, int], expected: list[str]
) -> None:
    with lacking(tmp_path, *TEN) as made:
        carry_out(made, plan_of(made), **pace)
        assert sent(made) == expected


def test_only_what_did_not_land_is_sent_again_after_a_lost_answer(tmp_path: Path) -> None:
    with lacking(tmp_path, *TEN) as made:
        made.service.on("/four", TEN[1], then(drop, "2025-01-08", "2025-01-10"))
        plan = plan_of(made)
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert sent(made) == ["7", "8-16", "9", "11-16"]
        assert len({call.headers["Idempotency-Key"] for call in made.service.calls}) == 4
        numbers = {name[-2:]: entry.attempts for name, entry in entries(made, plan).items()}
        assert {day for day, sendings in numbers.items() if sendings == 1} == {"07", "08", "10"}


def test_what_was_refused_for_now_is_repeated_whole_with_its_key(tmp_path: Path) -> None:
    with lacking(tmp_path, *TEN) as made:
        made.service.on("/four", TEN[1], answer(503, Retry_After="0"))
        assert carry_out(made, plan_of(made)).exit_code is ExitCode.COMPLETE
        assert sent(made) == ["7", "8-16", "8-16"]
        _, first, second = (call.headers["Idempotency-Key"] for call in made.service.calls)
        assert first == second


@pytest.mark.parametrize("full", [(), ("2025-01-09",)], ids=["believed", "not believed"])
def test_400_for_a_range_is_believed_where_no_date_of_it_has_anything(
    tmp_path: Path, full: tuple[str, ...]
) -> None:
    with lacking(tmp_path, *january(7, 10)) as made:
        plan = plan_of(made)
        for day in {*january(8, 10)} - {*full}:
            delete(made, "raw", day)
            delete(made, "summary", day)
        made.service.on("/four", "2025-01-08", answer(400))
        record = carry_out(made, plan)
        assert sent(made) == ["7", "8-10"]
        state = "rejected" if full else "nothing there"
        assert states(made, plan) == on_dates(["landed", *[state] * 3], january(7, 10))
        doubts = ["its upstream has data" in call.detail for call in record.remaining]
        assert doubts == [True] * 3 * len(full)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (january(8, 10), ["landed"] * 4),
        (("2025-01-09",), ["landed", "rejected", "landed", "rejected"]),
    ],
    ids=["all", "one"],
)
def test_the_dates_of_a_rejected_range_that_landed_all_the_same_have_landed(
    tmp_path: Path, written: tuple[str, ...], expected: list[str]
) -> None:
    with lacking(tmp_path, *january(7, 10)) as made:
        made.service.on("/four", "2025-01-08", lands(*written, status=500))
        plan = plan_of(made)
        carry_out(made, plan)
        assert states(made, plan) == on_dates(expected, january(7, 10))


def counted(most: list[int], gate: threading.Barrier | None = None) -> Act:
    """Lands, and notes how many requests are answered at the same time."""
    at_work: list[date] = []

    def act(handler: Any, service: Any, path: str, day: date) -> None:
        at_work.append(day)
        most.append(len(at_work))
        if gate and day.day > 4:
            gate.wait(timeout=20)
        else:
            time.sleep(0.02)
        at_work.remove(day)
        write_dates(service, path, dates_with(service, path, day))
        reply(handler, 200)

    return act


@pytest.mark.parametrize("declared", [{**RANGE, "at_most": 2}, {**LIST, "at_most": 1}, DATE])
def test_eight_requests_are_kept_in_flight_and_no_more(
    tmp_path: Path, declared: dict[str, Any]
) -> None:
    with lacking(tmp_path, *january(4, 20), concurrency=8, settle_seconds=10, **declared) as made:
        made.service.otherwise["/four"] = counted(most := [], threading.Barrier(8))
        assert carry_out(made, plan_of(made)).exit_code is ExitCode.COMPLETE
        assert max(most) == 8


def test_an_ordered_service_gets_one_range_at_a_time_oldest_first(tmp_path: Path) -> None:
    quick = {"concurrency": 8, "ordered": True, "at_most": 4}
    with lacking(tmp_path, *TEN, **quick) as made:
        made.service.otherwise["/four"] = counted(most := [])
        assert carry_out(made, plan_of(made)).exit_code is ExitCode.COMPLETE
        assert max(most) == 1
        assert sent(made) == ["7", "8-11", "12-15", "16"]


def test_requests_that_fail_in_a_row_are_counted_and_the_probe_is_one_date(tmp_path: Path) -> None:
    with lacking(tmp_path, *january(7, 18), at_most=2) as made:
        for day in ("2025-01-08", "2025-01-10", "2025-01-12"):
            made.service.on("/four", day, answer(500))
        plan = plan_of(made)
        carry_out(made, plan)
        assert sent(made) == ["7", "8-9", "10-11", "12-13", "14", "15-16", "17-18"]
        expected = ["landed"] + ["rejected"] * 6 + ["landed"] * 5
        assert states(made, plan) == on_dates(expected, january(7, 18))


def test_dates_of_one_range_that_did_not_land_are_failures_in_a_row(tmp_path: Path) -> None:
    """The pause between two requests is long enough for each to be settled before the next."""
    quick = {"at_most": 3, "seconds_between_calls": 30}
    with lacking(tmp_path, *TEN, **quick) as made:
        made.service.on("/four", "2025-01-08", answer(200))
        made.service.on("/four", "2025-01-11", answer(200))
        plan = plan_of(made)
        record = carry_out(made, plan, clock=Skipping().clock)
        assert sent(made) == ["7", "8-10", "11"]
        expected = ["landed"] + ["still missing"] * 4 + ["blocked"] * 5
        assert states(made, plan) == on_dates(expected, TEN)
        reason = "3 dates in a row did not land, and the probe four/2025-01-11 did not land"
        assert record.remaining[-1].detail == reason
