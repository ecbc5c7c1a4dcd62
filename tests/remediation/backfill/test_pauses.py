"""A pause that a service asks for holds for all of it, in every run, and is never cut short."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from checkpoints.errors import ExitCode
from remediation.backfill.run import run
from remediation.ledger.journal import Event
from remediation.ledger.ledger import Pause, ledger_path, open_ledger, read_ledger
from remediation.ledger.states import State
from remediation.plan.model import Plan
from tests.support.backfills import (
    EIGHT,
    NINE,
    SEVEN,
    Skipping,
    carry_out,
    entries,
    plan_of,
    real_now,
    request_of,
    states,
)
from tests.support.scripted_service import Act, Project, answer, project

MOMENT = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"


def pauses(made: Project, later: timedelta = timedelta()) -> dict[str, Pause]:
    with read_ledger(ledger_path(made.folder), lambda: real_now() + later) as ledger:
        assert ledger is not None
        return {service: pause for (service, _), pause in ledger.pauses().items()}


def ask(
    made: Project, seconds: float, at: timedelta = timedelta(), address: str | None = None
) -> None:
    """What a run leaves that is killed in a pause."""
    address = made.service.url.removeprefix("http://") if address is None else address
    with open_ledger(ledger_path(made.folder), lambda: real_now() + at) as ledger:
        ledger.pause("four", address, seconds, f"Retry-After: {seconds:g}")


def sent_at(made: Project, plan: Plan, time_told: Skipping, **pace: Any) -> list[int]:
    """When each call of a run is sent, in seconds from its beginning."""
    begin, sent = sum(time_told.slept), []

    def note(event: Event) -> None:
        if event.state is State.SENDING:
            sent.append(round(sum(time_told.slept) - begin))

    run(replace(request_of(made, plan, clock=time_told.clock, **pace), tell=note))
    return sent


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_pause_longer_than_is_waited_stops_the_service_and_says_until_when(
    made: Project, plan: Plan, concurrency: int
) -> None:
    made.service.on("/four", SEVEN, answer(429, "slow down", Retry_After="400"))
    time_told, events = Skipping(), list[Event]()
    options = {"clock": time_told.clock, "events": events, "concurrency": concurrency}
    record = carry_out(made, plan, **options)
    assert made.service.sent == ["four 01-07"]
    assert states(made, plan) == {"01-07": "rejected", "01-08": "blocked", "01-09": "blocked"}
    assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
    refused, *blocked = record.remaining
    assert refused.detail == "HTTP 429: slow down (Retry-After: 400)"
    (reason,) = {call.detail for call in blocked}
    assert re.fullmatch(rf"four asked for a pause until {MOMENT} \(Retry-After: 400\)", reason)
    (told,) = [event for event in events if event.until and event.state is None]
    assert f"four {told.text}" == reason
    assert told.until is not None
    assert timedelta(seconds=390) < told.until - real_now() <= timedelta(seconds=400)


def test_a_run_before_the_end_of_a_long_pause_sends_nothing_and_one_after_it_goes_on(
    made: Project, plan: Plan
) -> None:
    made.service.on("/four", EIGHT, answer(503, Retry_After="4000"))
    time_told = Skipping()
    carry_out(made, plan, clock=time_told.clock)
    before = made.service.sent
    for later_plan in (plan, plan_of(made)):  # also the plan of a later report
        time_told.slept.append(100)
        slept = sum(time_told.slept)
        record = carry_out(made, later_plan, clock=time_told.clock)
        assert (made.service.sent, record.exit_code) == (before, ExitCode.BACKFILL_INCOMPLETE)
        assert sum(time_told.slept) - slept < 5
        for call in record.remaining:
            assert call.state is State.BLOCKED
            assert "four asked for a pause until 20" in call.detail
    time_told.slept.append(4000)
    assert carry_out(made, plan, clock=time_told.clock).exit_code is ExitCode.COMPLETE
    assert made.service.sent == [*before, "four 01-08", "four 01-09"]


def test_a_run_waits_for_what_is_left_of_a_pause_that_an_earlier_one_was_asked_for(
    made: Project, plan: Plan
) -> None:
    ask(made, 400)
    time_told = Skipping()
    time_told.slept.append(150)
    assert sent_at(made, plan, time_told) == [pytest.approx(250, abs=5)] * 3
    assert pauses(made, timedelta(seconds=401)) == {}


def test_a_date_in_the_header_is_waited_for(made: Project, plan: Plan) -> None:
    until = real_now() + timedelta(seconds=200)
    made.service.on("/four", EIGHT, answer(503, Retry_After=format_datetime(until, usegmt=True)))
    assert sent_at(made, plan, Skipping()) == [0, 0, *[pytest.approx(200, abs=5)] * 2]


@pytest.mark.parametrize("status", [200, 400, 401, 500, 502])
def test_a_pause_counts_whatever_answer_it_comes_with(tmp_path: Path, status: int) -> None:
    with project(tmp_path, {"factors": (SEVEN, EIGHT)}, breaker_after=9) as made:
        plan = plan_of(made)
        made.service.on("/four", SEVEN, saying(200, "250"))
        made.service.on("/four", EIGHT, saying(status, "1000"))
        assert sent_at(made, plan, Skipping()) == [0, pytest.approx(250, abs=5)]
        assert pauses(made)["four"].reason == "Retry-After: 1000"


def saying(status: int, wait: str) -> Act:
    """Land if it says so, and ask for a pause."""

    def act(handler: Any, service: Any, path: str, day: Any) -> None:
        if status == 200:
            service.write(path, day)
        answer(status, Retry_After=wait)(handler, service, path, day)

    return act


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Project]:
    """The scores lack a date of their own, and one that the factors lack as well."""
    lacking = {"factors": (EIGHT,), "scores": (SEVEN, EIGHT)}
    with project(tmp_path, lacking) as made:
        yield made


def test_other_services_go_on_as_far_as_they_do_not_depend_on_one_that_pauses(
    both: Project,
) -> None:
    both.service.on("/four", EIGHT, answer(429, Retry_After="400"))
    plan = plan_of(both, only=None)
    record = carry_out(both, plan, clock=Skipping().clock)
    assert both.service.sent == ["four 01-08", "five 01-07"]
    found = {name: (e.state, e.detail) for name, e in entries(both, plan).items()}
    assert found[f"five/{SEVEN}"] == (State.LANDED, "")
    assert found[f"five/{EIGHT}"] == (State.BLOCKED, "needs four, which is rejected")
    assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_the_longest_of_several_pauses_holds(made: Project, plan: Plan) -> None:
    ask(made, 200)
    ask(made, 20)
    assert sent_at(made, plan, Skipping())[0] == pytest.approx(200, abs=5)


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400)])
def test_a_clock_that_is_set_never_makes_a_pause_longer_than_was_asked_for(
    made: Project, plan: Plan, jump: timedelta
) -> None:
    ask(made, 40, at=jump)
    waited = sent_at(made, plan, Skipping())[0]
    assert waited == (pytest.approx(40, abs=5) if jump > timedelta() else 0)
    ask(made, 200)
    assert pauses(made)["four"].reason == "Retry-After: 200"


@pytest.mark.parametrize("wait", ["-5", "NaN", "inf", "soon", "Tue, 99 Jan 2025 12:00:00 GMT"])
def test_what_asks_for_no_pause_is_shown_and_waited_for_as_without_it(
    made: Project, plan: Plan, wait: str
) -> None:
    made.service.on("/four", EIGHT, answer(503, "", Retry_After=wait))
    events: list[Event] = []
    time_told = Skipping()
    record = carry_out(made, plan, clock=time_told.clock, events=events)
    assert record.exit_code is ExitCode.COMPLETE
    assert time_told.long_sleeps == [0.5]
    assert f"HTTP 503 (Retry-After: {wait})" in {event.text for event in events}
    assert pauses(made) == {}


@pytest.mark.parametrize("wait", ["1000000000000", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_pause_is_longer_than_a_month(made: Project, plan: Plan, wait: str) -> None:
    made.service.on("/four", NINE, answer(429, Retry_After=wait))
    carry_out(made, plan)
    assert pauses(made)["four"].reason == f"Retry-After: {wait}"
    assert pauses(made, timedelta(days=30)) != {}
    assert pauses(made, timedelta(days=32)) == {}


def test_a_service_of_that_name_elsewhere_is_not_kept_waiting(made: Project, plan: Plan) -> None:
    ask(made, 500, address="elsewhere:80")
    time_told = Skipping()
    assert sent_at(made, plan, time_told)[0] == 0
    assert len(pauses(made)) == 1
