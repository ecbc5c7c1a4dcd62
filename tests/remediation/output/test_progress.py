"""Progress: lines, a bar, and how long the rest will take."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from checkpoints.archive.remediation import RemediationRecord
from remediation.backfill.run import run
from remediation.ledger.journal import Event
from remediation.ledger.states import State
from remediation.output.progress import ConsoleReporter, Forecast
from remediation.output.reporter import verdict_of
from remediation.plan.model import Call
from tests.support.backfills import (
    EIGHT,
    FACTORS,
    NINE,
    SEVEN,
    Skipping,
    delete,
    plan_of,
    request_of,
)
from tests.support.scripted_service import Act, Project, answer, land, project
from tests.support.warehouses import D


def moved(settled: int, state: State = State.LANDED, total: int = 60) -> Event:
    return Event(service="four", total=total, settled=settled, landed=settled, state=state)


def test_without_a_terminal_there_is_a_line_per_25_dates_or_10_seconds() -> None:
    clock = [0.0]
    out = io.StringIO()
    reporter = ConsoleReporter(Console(file=out, width=80), lambda: clock[0], {})

    def settled(number: int, at: float) -> None:
        clock[0] = at
        reporter.report(moved(number))

    for number in range(27):
        settled(number, at=number / 10)
    settled(28, at=12.0)
    settled(28, at=12.1)
    settled(28, at=22.7)
    settled(60, at=22.8)
    settled(60, at=22.9)
    assert out.getvalue().splitlines() == [
        "four  25/60 settled, 25 landed",
        "four  28/60 settled, 28 landed",
        "four  60/60 settled, 60 landed",
    ]


def test_a_forecast_goes_by_the_dates_that_were_sent() -> None:
    forecast = Forecast()
    forecast.note(moved(40), at=1.0)  # they were there already
    assert forecast.seconds_left(60, at=1.0) is None
    forecast.note(moved(40, State.SENDING), at=1.0)
    assert forecast.seconds_left(60, at=50.0) is None
    forecast.note(moved(41), at=101.0)
    assert forecast.seconds_left(60, at=101.0) == pytest.approx(19 * 100)
    forecast.note(moved(45), at=301.0)  # 5 dates in 300 seconds, whatever the last jump says
    assert forecast.seconds_left(60, at=301.0) == pytest.approx(15 * 60)
    assert forecast.seconds_left(60, at=361.0) == pytest.approx(14 * 60)
    assert forecast.seconds_left(60, at=9999.0) == 0
    forecast.note(moved(60), at=400.0)
    assert forecast.seconds_left(60, at=400.0) is None


def test_until_a_date_is_settled_a_forecast_goes_by_earlier_runs() -> None:
    forecast = Forecast(each=30.0)
    forecast.note(moved(50, State.SENDING), at=10.0)
    assert forecast.seconds_left(60, at=10.0) == 300
    forecast.note(moved(51), at=20.0)
    assert forecast.seconds_left(60, at=20.0) == 90


def test_lines_and_the_bar_say_how_long_is_left() -> None:
    clock = [0.0]
    for terminal, shown in (
        (False, "four  5/60 settled, 5 landed, about 9 min left"),
        (True, "about 9 min left"),
    ):
        clock[0] = 0.0
        out = io.StringIO()
        console = Console(file=out, width=140, force_terminal=terminal)
        with ConsoleReporter(console, lambda: clock[0], {}) as reporter:
            reporter.report(moved(0, State.SENDING))
            clock[0] = 50.0
            reporter.report(moved(5))
        assert shown in out.getvalue()


def test_a_wait_is_shown_with_its_end_until_something_is_sent() -> None:
    until = datetime(2025, 1, 21, 12, 3, 20, tzinfo=UTC)
    call = Call(service="four", date=D("2025-01-07"), datasets=("factors",))
    sent = replace(moved(0, State.SENDING), calls=(call,), until=until)
    pause = Event(service="four", total=60, settled=0, landed=0, text="asked", until=until)
    accepted = replace(sent, state=State.ACCEPTED, until=until.replace(minute=9))
    out, clock = io.StringIO(), [0.0]
    reporter = ConsoleReporter(Console(file=out, width=200), lambda: clock[0], {})
    for event in (sent, pause, sent, accepted, pause, sent):
        clock[0] += 10
        reporter.report(event)
    by_four, landing = "20 UTC: asked by four", "20 UTC: for 2025-01-07 to land"
    assert out.getvalue().splitlines() == [
        "four  asked",
        f"four  0/60 settled, 0 landed, waiting until 2025-01-21 12:03:{by_four}",
        "four  0/60 settled, 0 landed",
        f"four  0/60 settled, 0 landed, waiting until 2025-01-21 12:09:{landing}",
        "four  asked",
        f"four  0/60 settled, 0 landed, waiting until 2025-01-21 12:09:{landing}",
        "four  0/60 settled, 0 landed",
    ]
    shown = io.StringIO()
    terminal = Console(file=shown, width=140, force_terminal=True)
    with ConsoleReporter(terminal, lambda: 0.0, {}) as reporter:
        reporter.report(sent)
        reporter.report(pause)
    assert f"waiting until 2025-01-21 12:03:{by_four}" in shown.getvalue()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path, FACTORS) as running:
        yield running


def lines_of(made: Project) -> list[str]:
    """What a run says without a terminal, on a clock that skips; the moments as ``T``."""
    out, skipping = io.StringIO(), Skipping()
    reporter = ConsoleReporter(Console(file=out, width=300), skipping.monotonic, {})
    request = request_of(made, plan_of(made), clock=skipping.clock)
    run(replace(request, tell=reporter.report))
    return [re.sub(r"\d{4}-\S+ \S+ UTC", "T", line) for line in out.getvalue().splitlines()]


def test_a_pause_that_is_asked_for_is_told_with_its_end_at_once(made: Project) -> None:
    made.service.on("/four", EIGHT, answer(503, Retry_After="90"), land)
    (told,) = (line for line in lines_of(made) if "waiting until T" in line)
    assert told.startswith("four  1/3 settled, 1 landed, ")
    assert told.endswith("waiting until T: asked by four")


def test_a_wait_before_a_repeat_is_told(made: Project) -> None:
    made.service.on("/four", EIGHT, *[answer(503)] * 3, land)
    (told,) = (line for line in lines_of(made) if "waiting until T" in line)
    assert told.endswith("waiting until T: attempt 3 of 5 at 2025-01-08 (HTTP 503)")


def test_what_is_looked_for_in_the_tables_is_told_with_its_end(made: Project) -> None:
    made.change_service("four", settle_seconds=3)
    made.service.on("/four", SEVEN, answer(200))
    assert "four  0/3 settled, 0 landed, waiting until T: for 2025-01-07 to land" in lines_of(made)


def test_the_wait_before_a_probe_is_told(made: Project) -> None:
    made.change_service("four", breaker_after=1, probe_after_seconds=60)
    made.service.on("/four", EIGHT, answer(500), land)
    (told,) = (line for line in lines_of(made) if "waiting until T" in line)
    assert told.endswith("waiting until T: one more try, 2025-01-09 (1 call in a row failed)")


def last_line(made: Project, *gone: str) -> tuple[str, RemediationRecord]:
    """What a run of a plan says last of its service, and its record.

    The 8th is ``gone`` from some tables once the plan is made.
    """
    plan = plan_of(made)
    for table in gone:
        delete(made, table, EIGHT)
    out = io.StringIO()
    reporter = ConsoleReporter(Console(file=out, width=200), lambda: 0.0, {})
    request = request_of(made, plan, clock=Skipping().clock)
    record, _ = run(replace(request, tell=reporter.report))
    return [line for line in out.getvalue().splitlines() if " settled, " in line][-1], record


def test_the_last_line_counts_what_was_gone_when_the_window_was_read_again(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS, seconds_between_calls=2) as made:
        made.service.on("/four", NINE, landing_and_taking(EIGHT))
        line, record = last_line(made)
        assert line == "four  2/3 settled, 2 landed"
        assert verdict_of(record)[1] == "2 of 3 calls landed"


def landing_and_taking(day: str) -> Act:
    """It lands, and takes another date away."""

    def act(handler: Any, service: Any, path: str, date: Any) -> None:
        service.write(path, D(day), most=0)
        land(handler, service, path, date)

    return act


def test_a_date_on_which_there_was_nothing_is_settled_and_not_landed(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(400))
        line, record = last_line(made, "summary", "raw")
        assert line == "four  3/3 settled, 2 landed"
        assert verdict_of(record)[1] == "2 of 3 calls landed, on 1 date there was nothing"
