"""The ledger: what is on disk, what may follow what, and what is refused."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checkpoints.archive.lock import at_work
from checkpoints.dates import DateRange
from remediation.errors import LedgerError
from remediation.ledger.ledger import TIMED, Ledger, open_ledger, read_ledger
from remediation.ledger.lock import only_run
from remediation.ledger.states import FOLLOWS, IN_FLIGHT, State
from remediation.plan.model import Call, Plan, content_hash
from tests.support.commands import ROOT
from tests.support.warehouses import D

INDEXES = ("transitions_by_call", "answers")
NOON = datetime(2025, 1, 21, 12, tzinfo=UTC)


def noon() -> datetime:
    return NOON


def plan_of(*calls: Call) -> Plan:
    draft = Plan.model_construct(
        id="",
        run_id="run",
        contract_sha256="c",
        warehouse="duckdb:///w",
        window=DateRange(first=D("2025-01-01"), last=D("2025-01-20")),
        as_of=D("2025-01-21"),
        calls=calls,
        unplanned=(),
    )
    return Plan.model_validate({**dict(draft), "id": content_hash(draft)})


FIRST = Call(service="four", date=D("2025-01-07"), datasets=("factors", "cache"))
SECOND = Call(service="four", date=D("2025-01-08"), datasets=("factors",))


def walk(ledger: Ledger, plan: Plan, call: Call, *states: State) -> None:
    for state in states:
        ledger.move(plan.id, [call], state)


def test_every_transition_is_kept_with_its_attempt(tmp_path: Path) -> None:
    plan = plan_of(FIRST, SECOND)
    with open_ledger(tmp_path / "l.sqlite3", noon) as ledger:
        ledger.register(plan)
        ledger.move(plan.id, [FIRST], State.SENDING, in_flight_until=NOON + timedelta(minutes=12))
        ledger.move(plan.id, [FIRST], State.PLANNED, detail="connection refused")
        ledger.move(plan.id, [FIRST], State.SENDING)
        ledger.move(plan.id, [FIRST], State.ACCEPTED, status=200, seconds=1.5)
        ledger.move(plan.id, [FIRST], State.VERIFYING)
        ledger.move(plan.id, [FIRST], State.PARTIAL, detail="factors has 1 of 2")
    with read_ledger(tmp_path / "l.sqlite3", noon) as ledger:
        assert ledger is not None
        first, second = ledger.entries(plan.id)
        partial = (State.PARTIAL, 2, "factors has 1 of 2")
        assert (first.state, first.attempts, first.detail) == partial
        assert first.datasets == ("factors", "cache")
        assert (second.state, second.attempts) == (State.PLANNED, 0)
        assert [(t.state, t.attempt, t.status) for t in ledger.history(plan.id)] == [
            (State.SENDING, 1, None),
            (State.PLANNED, 1, None),
            (State.SENDING, 2, None),
            (State.ACCEPTED, 2, 200),
            (State.VERIFYING, 2, None),
            (State.PARTIAL, 2, None),
        ]
        assert ledger.measured() == {"four": (1, 1.5)}


def test_a_second_registration_changes_nothing(tmp_path: Path) -> None:
    plan = plan_of(FIRST)
    with open_ledger(tmp_path / "l.sqlite3", noon) as ledger:
        ledger.register(plan)
        walk(ledger, plan, FIRST, State.SENDING, State.ACCEPTED, State.VERIFYING, State.LANDED)
        ledger.register(plan)
        assert [e.state for e in ledger.entries(plan.id)] == [State.LANDED]


@pytest.mark.parametrize(
    ("walked", "next_state"),
    [
        ((), State.ACCEPTED),
        ((State.SENDING,), State.LANDED),
        ((State.SENDING, State.UNKNOWN), State.SENDING),
        ((State.SENDING, State.ACCEPTED), State.SENDING),
        ((State.SENDING, State.ACCEPTED), State.PLANNED),
        ((State.SENDING, State.ACCEPTED, State.VERIFYING), State.SENDING),
        ((State.SENDING, State.ACCEPTED, State.VERIFYING, State.LANDED), State.SENDING),
    ],
)
def test_impossible_transitions_are_refused_and_change_nothing(
    tmp_path: Path, walked: tuple[State, ...], next_state: State
) -> None:
    plan = plan_of(FIRST)
    with open_ledger(tmp_path / "l.sqlite3", noon) as ledger:
        ledger.register(plan)
        walk(ledger, plan, FIRST, *walked)
        with pytest.raises(LedgerError, match=r"four/2025-01-07 cannot go from"):
            ledger.move(plan.id, [FIRST], next_state)
        assert ledger.entries(plan.id)[0].state is (walked[-1] if walked else State.PLANNED)
        assert len(ledger.history(plan.id)) == len(walked)


def test_nothing_in_flight_may_be_sent_again_without_a_look() -> None:
    assert set(FOLLOWS) == set(State)
    assert all(State.SENDING not in FOLLOWS[state] for state in IN_FLIGHT)


def test_a_call_is_in_flight_until_its_time_is_up(tmp_path: Path) -> None:
    plan = plan_of(FIRST, SECOND)
    with open_ledger(tmp_path / "l.sqlite3", noon) as ledger:
        ledger.register(plan)
        ledger.move(plan.id, [FIRST], State.SENDING, in_flight_until=NOON + timedelta(minutes=12))
        assert ledger.in_flight(NOON + timedelta(minutes=11)) == {"four/2025-01-07"}
        assert ledger.in_flight(NOON + timedelta(minutes=12)) == frozenset()
        assert ledger.in_flight(None) == {"four/2025-01-07"}
        assert ledger.in_flight(NOON, except_plan=plan.id) == frozenset()


def test_a_ledger_without_the_indexes_is_read_and_gets_them_when_it_is_written(
    tmp_path: Path,
) -> None:
    path, plan = tmp_path / "l.sqlite3", plan_of(FIRST)
    with open_ledger(path, noon) as ledger:
        ledger.register(plan)
        ledger.move(plan.id, [FIRST], State.SENDING)
        for name in INDEXES:
            ledger._connection.execute(f"DROP INDEX {name}")
    with read_ledger(path, noon) as read:
        assert read is not None
        assert read.counts(plan.id) == {"four": {State.SENDING: 1}}
        assert read.measured() == {}
    with open_ledger(path, noon) as ledger:
        used = " ".join(
            row[3]
            for query in (
                "SELECT service FROM calls WHERE state IN ('sending', 'unknown')",
                f"SELECT service, count(*) FROM transitions WHERE {TIMED} GROUP BY service",
            )
            for row in ledger._connection.execute(f"EXPLAIN QUERY PLAN {query}")
        )
    assert all(name in used for name in INDEXES)


@pytest.mark.parametrize("number", [1, 2, 5, 8])
def test_the_median_of_what_was_measured(tmp_path: Path, number: int) -> None:
    chance = random.Random(number)
    seconds = [chance.uniform(0.1, 600) for _ in range(number)]
    days = [Call(service="s", date=D(f"2025-01-{n + 1:02}"), datasets=("f",)) for n in range(8)]
    plan = plan_of(FIRST, *days)
    with open_ledger(tmp_path / "l.sqlite3", noon) as ledger:
        ledger.register(plan)
        for call, took in zip(days, seconds, strict=False):
            ledger.move(plan.id, [call], State.SENDING)
            ledger.move(plan.id, [call], State.ACCEPTED, seconds=took)
        ledger.move(plan.id, [FIRST], State.SENDING)
        ledger.move(plan.id, [FIRST], State.UNKNOWN, seconds=120.0)
        assert ledger.measured() == {"s": (number, pytest.approx(statistics.median(seconds)))}


def test_every_commit_is_synced(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "l.sqlite3", noon) as ledger:
        connection = ledger._connection
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_the_second_run_is_told_who_came_first(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite3"
    with only_run(path, "ann@host (process 7)", "2025-01-21T12:00:00+00:00"):
        program = f"""
from pathlib import Path
from remediation.ledger.lock import only_run
from remediation.errors import AlreadyRunning
try:
    with only_run(Path({str(path)!r}), "bob", "later"):
        print("both run")
except AlreadyRunning as error:
    print(error)
"""
        command = [sys.executable, "-c", program]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "ann@host (process 7), since 2025-01-21T12:00:00+00:00" in second.stdout
    with only_run(path, "bob", "later"):
        pass


def test_a_lock_left_by_a_killed_run_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite3"
    program = f"""
import os, signal
from pathlib import Path
from remediation.ledger.lock import only_run
with only_run(Path({str(path)!r}), "ann", "noon"):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT)
    assert path.with_suffix(".holder.json").exists()
    assert at_work(path) is None
    with only_run(path, "bob", "later"):
        pass
