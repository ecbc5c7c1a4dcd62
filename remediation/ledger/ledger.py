"""The ledger: what was called, when, and what became of it; one SQLite file per project.

Every transition is on disk before the next step is taken (write-ahead log, full sync), so a
killed run can be taken up again. Transitions are kept; ``calls`` is what they add up to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from remediation.errors import LedgerError
from remediation.ledger.file import DAMAGED, explained, opened_for_reading, opened_for_writing
from remediation.ledger.replay import Standing, disagreements
from remediation.ledger.states import DONE, FOLLOWS, IN_FLIGHT, SETTLED, State
from remediation.plan.model import Call, Plan, call_id

ENTRY = """SELECT plan_id, service, date, datasets, state, attempts, changed_at, in_flight_until,
    detail FROM calls"""

TIMED = f"state = '{State.ACCEPTED}' AND seconds IS NOT NULL"
OPEN = tuple(sorted(frozenset(State) - DONE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where one call of one plan stands; it may be in flight until ``in_flight_until``."""

    plan_id: str
    service: str
    date: date
    datasets: tuple[str, ...]
    state: State
    attempts: int
    changed_at: datetime
    in_flight_until: datetime | None
    detail: str

    @property
    def id(self) -> str:
        """The call's id in its plan."""
        return call_id(self.service, self.date)

    def may_be_in_flight(self, now: datetime) -> bool:
        """True while the service may still be working on the date."""
        until = self.in_flight_until
        return self.state in IN_FLIGHT and (until is None or now < until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One line of the history; ``seconds`` is how long the answer took."""

    service: str
    date: date
    state: State
    attempt: int
    at: datetime
    status: int | None
    seconds: float | None
    detail: str

    @property
    def id(self) -> str:
        """The call's id in its plan."""
        return call_id(self.service, self.date)


def ledger_path(project: Path) -> Path:
    """Where a project's ledger is."""
    return project / "uncommitted" / "ledger.sqlite3"


class Ledger:
    """Reads and writes an open ledger. ``now`` tells the time of a transition."""

    def __init__(
        self, connection: sqlite3.Connection, now: Callable[[], datetime], path: Path
    ) -> None:
        self._connection = connection
        self._now = now
        self._path = path

    def register(self, plan: Plan) -> None:
        """Note that a plan is started, and each of its calls as planned; what is known stays.

        Raises:
            LedgerError: the calls known are not what their transitions add up to.
        """
        at = _text(self._now())
        with explained(self._path), self._connection:
            self._connection.execute(
                """INSERT INTO plans VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET registered_at = excluded.registered_at""",
                (plan.id, plan.run_id, plan.contract_sha256, at),
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?, 0, ?, '', '')",
                [
                    (plan.id, c.service, str(c.date), "\n".join(c.datasets), State.PLANNED, at)
                    for c in plan.calls
                ],
            )
        self._refuse_disagreement(plan.id)

    def _refuse_disagreement(self, plan_id: str) -> None:
        held = {
            e.id: Standing(state=e.state, attempts=e.attempts, detail=e.detail)
            for e in self.entries(plan_id)
        }
        with explained(self._path):
            steps = ((t.id, t.state, t.detail) for t in self.history(plan_id))
            wrong = disagreements(held, steps)
        if wrong:
            raise LedgerError(
                f"{self._path}: the ledger cannot be used (the state of {wrong[0]} is not what its "
                f"transitions add up to): {DAMAGED}"
            )

    def move(
        self,
        plan_id: str,
        calls: Collection[Call],
        state: State,
        *,
        detail: str = "",
        status: int | None = None,
        seconds: float | None = None,
        in_flight_until: datetime | None = None,
    ) -> None:
        """Move calls to a state in one transaction; to ``sending`` counts an attempt.

        Raises:
            LedgerError: the state cannot follow the present one, or the disk refuses.
        """
        at = _text(self._now())
        until = _text(in_flight_until) if in_flight_until else None
        attempt = 1 if state is State.SENDING else 0
        with explained(self._path), self._connection:
            for call in calls:
                key = (plan_id, call.service, str(call.date))
                self._refuse_impossible(key, state)
                self._connection.execute(
                    """UPDATE calls SET state = ?, attempts = attempts + ?, changed_at = ?,
                    detail = ?, in_flight_until = coalesce(?, in_flight_until)
                    WHERE plan_id = ? AND service = ? AND date = ?""",
                    (state, attempt, at, detail, until, *key),
                )
                self._connection.execute(
                    """INSERT INTO transitions SELECT NULL, plan_id, service, date, state,
                    attempts, changed_at, ?, ?, detail FROM calls
                    WHERE plan_id = ? AND service = ? AND date = ?""",
                    (status, seconds, *key),
                )

    def _refuse_impossible(self, key: tuple[str, str, str], state: State) -> None:
        found = self._connection.execute(
            "SELECT state FROM calls WHERE plan_id = ? AND service = ? AND date = ?", key
        ).fetchone()
        if found is None or state not in FOLLOWS[State(found[0])]:
            before = found[0] if found else "unregistered"
            raise LedgerError(f"call {key[1]}/{key[2]} cannot go from {before!r} to {state!r}")

    def entries(self, plan_id: str | None = None) -> list[Entry]:
        """The calls of a plan, or of all plans, by plan, service and date."""
        with explained(self._path):
            rows = self._connection.execute(
                f"{ENTRY} WHERE ? IS NULL OR plan_id = ? ORDER BY plan_id, service, date",
                (plan_id, plan_id),
            )
            return [_entry(row) for row in rows]

    def plan_ids(self) -> list[tuple[str, str]]:
        """``(plan id, run id)`` of every plan that was started, the latest first."""
        with explained(self._path):
            return self._connection.execute(
                "SELECT plan_id, run_id FROM plans ORDER BY registered_at DESC, plan_id"
            ).fetchall()

    def unfinished(self) -> str | None:
        """The plan started last of those that have calls to be done; None where there is none."""
        with explained(self._path):
            found = self._connection.execute(
                f"""SELECT plan_id FROM plans WHERE EXISTS (SELECT 1 FROM calls WHERE state IN
                ({_marks(OPEN)}) AND calls.plan_id = plans.plan_id)
                ORDER BY registered_at DESC, plan_id LIMIT 1""",
                OPEN,
            ).fetchone()
        return found[0] if found else None

    def counts(self, plan_id: str) -> dict[str, dict[State, int]]:
        """How many calls of each service of a plan are in each state."""
        found: dict[str, dict[State, int]] = {}
        with explained(self._path):
            rows = self._connection.execute(
                f"""SELECT service, state, count(*) FROM calls WHERE plan_id = ? AND state IN
                ({_marks(list(State))}) GROUP BY service, state ORDER BY service""",
                (plan_id, *State),
            )
            for service, state, number in rows:
                found.setdefault(service, {})[State(state)] = number
        return found

    def open_entries(self, plan_id: str, most: int) -> list[Entry]:
        """At most so many calls of a plan that are not done, by service and date."""
        with explained(self._path):
            rows = self._connection.execute(
                f"""{ENTRY} WHERE plan_id = ? AND state IN ({_marks(OPEN)})
                ORDER BY service, date LIMIT ?""",
                (plan_id, *OPEN, most),
            )
            return [_entry(row) for row in rows]

    def moved_since(self, since: datetime) -> str | None:
        """The plan whose call moved last, if that was not before ``since``."""
        with explained(self._path):
            found = self._connection.execute(
                "SELECT plan_id, at FROM transitions ORDER BY number DESC LIMIT 1"
            ).fetchone()
        return found[0] if found and found[1] >= _text(since) else None

    def settled_since(self, plan_id: str, since: datetime) -> int:
        """How many calls of a plan that were sent have been settled since then."""
        with explained(self._path):
            found = self._connection.execute(
                f"""SELECT count(*) FROM calls WHERE plan_id = ? AND state IN ({_marks(SETTLED)})
                AND attempts > 0 AND changed_at >= ?""",
                (plan_id, *SETTLED, _text(since)),
            ).fetchone()
        return int(found[0])

    def in_flight(self, now: datetime, except_plan: str | None = None) -> frozenset[str]:
        """Ids of the calls a service may still be working on."""
        with explained(self._path):
            rows = self._connection.execute(
                f"""SELECT service, date FROM calls WHERE state IN ({_marks(IN_FLIGHT)})
                AND plan_id IS NOT ? AND (in_flight_until = '' OR in_flight_until > ?)""",
                (*IN_FLIGHT, except_plan, _text(now)),
            )
            return frozenset(call_id(service, date.fromisoformat(day)) for service, day in rows)

    def history(self, plan_id: str) -> list[Transition]:
        """Every transition of a plan, in order."""
        with explained(self._path):
            rows = self._connection.execute(
                """SELECT service, date, state, attempt, at, status, seconds, detail
                FROM transitions WHERE plan_id = ? ORDER BY number""",
                (plan_id,),
            )
            return [_transition(row) for row in rows]

    def measured(self) -> dict[str, tuple[int, float]]:
        """Per service: how many accepted calls were timed, and their median in seconds."""
        with explained(self._path):
            rows = self._connection.execute(
                f"SELECT service, count(*) FROM transitions WHERE {TIMED} GROUP BY service"
            ).fetchall()
            return {service: (number, self._median(service, number)) for service, number in rows}

    def _median(self, service: str, number: int) -> float:
        """Of so many timed answers of a service."""
        found = self._connection.execute(
            f"""SELECT avg(seconds) FROM (SELECT seconds FROM transitions WHERE {TIMED}
            AND service = ? ORDER BY seconds LIMIT ? OFFSET ?)""",
            (service, 2 - number % 2, (number - 1) // 2),
        ).fetchone()
        return float(found[0])


@contextmanager
def open_ledger(path: Path, now: Callable[[], datetime]) -> Iterator[Ledger]:
    """Open the ledger for writing, creating it where there is none.

    Raises:
        LedgerError: it is damaged, of another version, or cannot be written.
    """
    with opened_for_writing(path) as connection:
        yield Ledger(connection, now, path)


@contextmanager
def read_ledger(path: Path, now: Callable[[], datetime]) -> Iterator[Ledger | None]:
    """Open the ledger for reading; None where there is none.

    Raises:
        LedgerError: it is damaged or of another version.
    """
    if not path.exists():
        yield None
        return
    with opened_for_reading(path) as connection:
        yield Ledger(connection, now, path)


def _marks(values: Collection[object]) -> str:
    """``?, ?, ?`` for so many values."""
    return ", ".join("?" * len(values))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _entry(row: Iterable[str]) -> Entry:
    plan_id, service, day, datasets, state, attempts, changed_at, until, detail = row
    return Entry(
        plan_id=plan_id,
        service=service,
        date=date.fromisoformat(day),
        datasets=tuple(datasets.split("\n")),
        state=State(state),
        attempts=int(attempts),
        changed_at=datetime.fromisoformat(changed_at),
        in_flight_until=datetime.fromisoformat(until) if until else None,
        detail=detail,
    )


def _transition(row: tuple[str, str, str, int, str, int | None, float | None, str]) -> Transition:
    service, day, state, attempt, at, status, seconds, detail = row
    return Transition(
        service=service,
        date=date.fromisoformat(day),
        state=State(state),
        attempt=attempt,
        at=datetime.fromisoformat(at),
        status=status,
        seconds=seconds,
        detail=detail,
    )
