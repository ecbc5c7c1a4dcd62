"""``status``: whether a run is at work, how far it is, and what is open."""

from __future__ import annotations

import io
import re
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from rich.console import Console

from checkpoints.archive.lock import Holder, at_work
from remediation.ledger.ledger import Ledger, open_ledger
from remediation.ledger.lock import only_run
from remediation.ledger.states import State
from remediation.ledger.status import OPEN_LISTED, PLANS_LISTED, Status, status_of
from remediation.output.status import print_status, watch_status
from remediation.plan.model import Call, Plan
from tests.remediation.ledger.test_ledger import NOON, plan_of, walk
from tests.support.backfills import EIGHT
from tests.support.remediation_commands import HOLES, seen, start, typed, wait_for_call
from tests.support.scripted_service import land, project, silence
from tests.support.warehouses import D

ANN = Holder(who="ann@host (process 7)", since=NOON.isoformat())
LANDED = (State.SENDING, State.ACCEPTED, State.VERIFYING, State.LANDED)


class At:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


def calls_of(number: int, service: str = "four") -> tuple[Call, ...]:
    first = D("2000-01-01").toordinal()
    days = (D("2000-01-01").fromordinal(first + n) for n in range(number))
    return tuple(Call(service=service, date=day, datasets=("factors",)) for day in days)


def land_all(ledger: Ledger, plan: Plan, *calls: Call) -> None:
    for call in calls:
        walk(ledger, plan, call, *LANDED)


def shown(status: Status, width: int = 100) -> list[str]:
    out = io.StringIO()
    print_status(Console(file=out, width=width), status)
    return out.getvalue().splitlines()


def test_whoever_holds_the_lock_is_at_work(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    assert at_work(ledger) is None
    with only_run(ledger, ANN.who, ANN.since):
        assert at_work(ledger) == ANN
    assert at_work(ledger) is None


def test_asking_never_keeps_a_run_from_starting(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    asked, asking = threading.Event(), FileLock(ledger.with_suffix(".lock"), thread_local=False)

    def ask_slowly() -> None:
        with asking:
            asked.set()
            time.sleep(0.2)

    thread = threading.Thread(target=ask_slowly)
    thread.start()
    asked.wait()
    with only_run(ledger, ANN.who, ANN.since):
        assert not asking.is_locked
    thread.join()


def test_status_says_who_is_at_work_and_how_long_the_rest_takes(tmp_path: Path) -> None:
    at, plan = At(), plan_of(*calls_of(10))
    with open_ledger(tmp_path / "l.sqlite3", at.now) as ledger:
        assert status_of(ledger, NOON, None).at_work is None
        ledger.register(plan)
        at.move(seconds=60)
        land_all(ledger, plan, *plan.calls[:2])
        at.move(seconds=60)
        ledger.move(plan.id, [plan.calls[2]], State.SENDING)
        status = status_of(ledger, at.time, ANN)
        assert status.at_work is not None
        assert status.at_work.plan_id == plan.id
        assert (status.at_work.to_go, status.at_work.seconds_left) == (8, 480)
        assert shown(status) == [
            "A run is at work (ann@host (process 7), since 2025-01-21T12:00:00+00:00): "
            "8 dates to go, about 8 min",
            f"Plan {plan.short_id} of run run",
            "  four: 7 planned, 1 sending, 2 landed",
            "service  state                dates  ranges                   sent  why         ",
            "four     sending (in flight)  1      2000-01-03               1×                ",
            "four     planned              7      2000-01-04 → 2000-01-10  0×    not sent yet",
        ]
        later = Holder(who="bob", since=(at.time + timedelta(seconds=1)).isoformat())
        silent = status_of(ledger, at.time, later).at_work
        assert silent is not None
        assert (silent.plan_id, silent.to_go) == (None, 0)


def test_status_tells_attempts_from_sends_groups_by_cause_and_shows_pauses(tmp_path: Path) -> None:
    plan = plan_of(*calls_of(4))
    refused, html = "cannot connect: refused", "HTTP 500: <html> no rows for {day}"
    with open_ledger(tmp_path / "l.sqlite3", At().now) as ledger:
        ledger.register(plan)
        for call in plan.calls[:2]:
            for state in (State.PLANNED, State.REJECTED):
                ledger.move(plan.id, [call], State.SENDING)
                ledger.move(plan.id, [call], state, detail=refused, seconds=0, unsent=True)
        for call, unsent in zip(plan.calls[2:], (True, False), strict=True):
            ledger.move(plan.id, [call], State.SENDING)
            ledger.move(plan.id, [call], State.PLANNED, detail=refused, seconds=0, unsent=unsent)
            ledger.move(plan.id, [call], State.SENDING)
            said = html.format(day=call.date)
            ledger.move(plan.id, [call], State.UNKNOWN, detail=said, status=500, seconds=1)
            ledger.move(plan.id, [call], State.VERIFYING)
            ledger.move(plan.id, [call], State.STILL_MISSING, detail="factors has 0 of 2")
        ledger.pause("four", "127.0.0.1:1", 200, "Retry-After: 200")
        lines = shown(status_of(ledger, NOON, None), width=200)
        assert [re.split("  +", line.strip()) for line in lines] == [
            ["four asked for a pause until 2025-01-21 12:03:20 UTC (Retry-After: 200): "
            "nothing is sent to it before"],
            [f"Plan {plan.short_id} of run run"],
            ["four: 2 rejected, 2 still missing"],
            ["waiting until 2025-01-21 12:03:20 UTC: asked by four"],
            ["service", "state", "dates", "ranges", "sent", "why"],
            ["four", "rejected", "2", "2000-01-01 → 2000-01-02",
             "0× (tried 2×, never connected)", refused],
            ["four", "still missing", "2", "2000-01-03 → 2000-01-04", "1–2× (tried 2×)",
             f"factors has 0 of 2; the last attempt: {html.format(day='2000-01-03')}"],
        ]  # fmt: skip


def test_on_a_narrow_screen_reasons_stand_below_the_dates_that_they_are_of(tmp_path: Path) -> None:
    plan, at = plan_of(*calls_of(5)), At()
    said = "exit code 3: Traceback of the job | ValueError: no schedule for the week of the date"
    with open_ledger(tmp_path / "l.sqlite3", at.now) as ledger:
        ledger.register(plan)
        until = NOON + timedelta(minutes=9)
        together = {"in_flight_until": until, "request": "four/2000-01-01..2000-01-03"}
        ledger.move(plan.id, plan.calls[:3], State.SENDING, **together)
        ledger.move(plan.id, plan.calls[:2], State.REJECTED, detail=said)
        ledger.move(plan.id, plan.calls[3:], State.BLOCKED, detail="needs three, which is rejected")
        lines = shown(status_of(ledger, at.time, None), width=80)
    assert [line.rstrip() for line in lines] == [
        f"Plan {plan.short_id} of run run",
        "  four: 2 blocked, 1 sending, 2 rejected",
        "  waiting until 2025-01-21 12:09:00 UTC: for 1 date of four, sending (in flight)",
        "service  state                dates  sent",
        "four     rejected             2      1×",
        "    2000-01-01 → 2000-01-02",
        "    exit code 3: Traceback of the job | ValueError: no schedule for the week of",
        "    the date",
        "    asked for together: 2000-01-01..2000-01-03",
        "four     sending (in flight)  1      1×",
        "    2000-01-03",
        "    asked for together: 2000-01-01..2000-01-03",
        "four     blocked              2      0×",
        "    2000-01-04 → 2000-01-05",
        "    needs three, which is rejected",
    ]


def test_before_anything_is_settled_earlier_calls_tell_how_long_it_takes(tmp_path: Path) -> None:
    at, old, new = At(), plan_of(*calls_of(1)), plan_of(*calls_of(4))
    with open_ledger(tmp_path / "l.sqlite3", at.now) as ledger:
        ledger.register(old)
        ledger.move(old.id, old.calls, State.SENDING)
        ledger.move(old.id, old.calls, State.ACCEPTED, seconds=90.0)
        at.move(hours=1)
        ledger.register(new)
        ledger.move(new.id, [new.calls[0]], State.SENDING)
        since = (NOON + timedelta(hours=1)).isoformat()
        work = status_of(ledger, at.time, Holder(who="ann", since=since)).at_work
        assert work is not None
        assert (work.to_go, work.seconds_left) == (4, 360)


def test_many_plans_and_dates_are_cut_and_the_rest_is_counted(tmp_path: Path) -> None:
    at, large = At(), plan_of(*calls_of(OPEN_LISTED + 7))
    with open_ledger(tmp_path / "l.sqlite3", at.now) as ledger:
        for number in range(PLANS_LISTED + 2):
            ledger.register(plan_of(*calls_of(1, service=f"s{number}")))
            at.move(seconds=1)
        ledger.register(large)
        status = status_of(ledger, at.time, None)
    assert status.plans[0].plan_id == large.id
    assert (len(status.plans), status.older) == (PLANS_LISTED, 3)
    assert (status.plans[0].open_dates, len(status.plans[0].open)) == (5007, 5000)
    lines = shown(status)
    assert lines[-1] == "and 3 older plans"
    assert "  and 7 more dates (5000 of all: --json -)" in lines


def watched(looks: list[Status], sleep: Callable[[float], None], terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=terminal, color_system=None)
    last = looks[-1]
    assert watch_status(console, lambda: looks.pop(0), sleep) == last
    return out.getvalue()


@pytest.fixture
def looks(tmp_path: Path) -> list[Status]:
    """A run that lands two dates, a minute each, seen every 30 seconds and once it is over."""
    at, plan = At(), plan_of(*calls_of(2))
    found = []
    with open_ledger(tmp_path / "l.sqlite3", at.now) as ledger:
        ledger.register(plan)
        for call in plan.calls:
            ledger.move(plan.id, [call], State.SENDING)
            for _ in range(2):
                at.move(seconds=30)
                found.append(status_of(ledger, at.time, ANN))
            walk(ledger, plan, call, *LANDED[1:])
        found.append(status_of(ledger, at.time, None))
    return found


def test_watching_prints_what_changed_until_the_run_is_over(looks: list[Status]) -> None:
    slept: list[float] = []
    out = watched(looks, slept.append, terminal=False)
    assert slept == [2.0] * 4
    assert [line.strip() for line in out.splitlines() if line.startswith("  four")] == [
        "four: 1 planned, 1 sending",
        "four: 1 sending, 1 landed",
        "four: 2 landed",
    ]


def test_watching_on_a_terminal_draws_in_one_place(looks: list[Status]) -> None:
    out = watched(looks, lambda _: None, terminal=True)
    assert out.count("\x1b[2K") > 4
    assert out.rstrip("\x1b[?25h\n").rstrip().endswith("four: 2 landed")


def test_an_interrupt_ends_the_watching_and_nothing_else(looks: list[Status]) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    assert "1 planned, 1 sending" in watched(looks[:1], interrupt, terminal=False)


def test_status_of_a_run_at_work(tmp_path: Path) -> None:
    with project(tmp_path, HOLES) as made:
        made.change(rules_for_keyed=[])
        made.change_service("four", timeout_seconds=20)
        made.service.on("/four", EIGHT, silence(3, lands=True), land)
        made.check()
        typed(made, "plan")
        running = start(made, "run", "--yes")
        wait_for_call(made, 2)
        code, said = seen(made, "status")
        assert code == 0
        assert f"(process {running.pid}), since 20" in said.splitlines()[0]
        watching = start(made, "status", "--watch")
        asked = start(made, "status", "--watch")
        assert asked.stdout is not None
        assert "A run is at work" in asked.stdout.readline()
        asked.send_signal(signal.SIGINT)
        asked.communicate(timeout=10)
        assert asked.returncode == 0
        running.communicate(timeout=20)
        out, _ = watching.communicate(timeout=20)
        assert watching.returncode == 0
        assert "four: 3 landed" in out.splitlines()[-1] + out.splitlines()[-2]
