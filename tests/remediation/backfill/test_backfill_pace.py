"""Pace, repeats, concurrency and when a service is left alone."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from checkpoints.errors import ExitCode
from remediation.backfill.run import run
from remediation.clock import Clock
from remediation.ledger.journal import Event
from remediation.ledger.ledger import ledger_path, open_ledger
from remediation.ledger.states import State
from remediation.plan.model import Plan
from tests.support.backfills import (
    EIGHT,
    FACTORS,
    Skipping,
    carry_out,
    plan_of,
    real_now,
    request_of,
)
from tests.support.scripted_service import Act, Project, answer, land, project


def test_every_attempt_at_a_call_carries_the_same_key(made: Project, plan: Plan) -> None:
    made.service.on("/four", EIGHT, answer(500))
    carry_out(made, plan)
    carry_out(made, plan)
    keys = {}
    for call in made.service.calls:
        keys.setdefault(call.short, set()).add(call.headers["Idempotency-Key"])
    assert [len(k) for k in keys.values()] == [1, 1, 1]
    assert len(set.union(*keys.values())) == 3


def test_every_attempt_keeps_the_pace_of_the_service(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS, seconds_between_calls=30) as made:
        made.service.on("/four", EIGHT, answer(503))
        plan = plan_of(made)
        time_told = [0.0]

        def sleep(seconds: float) -> None:
            time_told[0] += seconds

        seen: list[float] = []

        def note(event: Event) -> None:
            if event.state is State.SENDING:
                seen.append(time_told[0])

        clock = Clock(now=real_now, monotonic=lambda: time_told[0], sleep=sleep)
        request = request_of(made, plan, clock=clock)
        run(replace(request, tell=note))
        assert seen == [0, 30, 60, 90]


def overlapping(act: Act, most: list[int]) -> Act:
    """Notes how many calls are answered at the same time."""
    at_work: list[str] = []

    def noted(handler: Any, service: Any, path: str, day: date) -> None:
        at_work.append(path)
        most.append(len(at_work))
        time.sleep(0.15)
        at_work.pop()
        act(handler, service, path, day)

    return noted


@pytest.mark.parametrize(
    ("declared", "asked", "most"),
    [({}, None, 1), ({}, 3, 3), ({"concurrency": 2}, None, 2), ({"ordered": True}, 3, 1)],
)
def test_so_many_calls_are_in_the_air_at_a_time(
    tmp_path: Path, declared: dict[str, Any], asked: int | None, most: int
) -> None:
    hole = tuple(f"2025-01-{n:02}" for n in range(7, 15))
    with project(tmp_path, {"factors": hole}, settle_seconds=10, **declared) as made:
        seen: list[int] = []
        made.service.otherwise["/four"] = overlapping(land, seen)
        plan = plan_of(made)
        events: list[Event] = []
        record = carry_out(made, plan, events=events, concurrency=asked)
        assert max(seen) == most
        assert seen[0] == 1
        assert sorted(made.service.sent) == [f"four 01-{day:02}" for day in range(7, 15)]
        assert record.exit_code is ExitCode.COMPLETE
        told = {event.text for event in events}
        assert ("declared as ordered: one call at a time" in told) == ("ordered" in declared)


def test_a_pause_that_one_answer_asks_for_holds_all_calls(tmp_path: Path) -> None:
    hole = tuple(f"2025-01-{n:02}" for n in range(7, 12))
    with project(tmp_path, {"factors": hole}) as made:
        made.service.on("/four", EIGHT, answer(429, Retry_After="20"))
        plan = plan_of(made)
        time_told, sent_at = Skipping(), []

        def note(event: Event) -> None:
            if event.state is State.SENDING:
                sent_at.append(round(sum(time_told.slept)))

        run(replace(request_of(made, plan, clock=time_told.clock, concurrency=2), tell=note))
        assert sent_at == [0, 0, 0, 20, 20, 20]


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
def test_a_clock_that_jumps_neither_loses_a_date_nor_waits_for_a_year(
    tmp_path: Path, jump: timedelta
) -> None:
    with project(tmp_path, FACTORS, settle_seconds=20) as made:
        plan = plan_of(made)
        with open_ledger(ledger_path(made.folder), real_now) as ledger:
            ledger.register(plan)
            until = real_now() + timedelta(seconds=20)
            ledger.move(plan.id, plan.calls[:1], State.SENDING, in_flight_until=until)
        time_told = Skipping()
        clock = replace(time_told.clock, now=lambda: real_now() + jump)
        record = carry_out(made, plan, clock=clock)
        assert sum(time_told.slept) < 21
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
        assert record.exit_code is ExitCode.COMPLETE
