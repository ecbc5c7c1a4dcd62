"""Progress: lines, a bar, and how long the rest will take."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from remediation.ledger.journal import Event
from remediation.ledger.states import State
from remediation.output.progress import ConsoleReporter, Forecast


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
