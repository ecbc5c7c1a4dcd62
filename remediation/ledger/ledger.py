"""The ledger: what was called, when, and what became of it; one SQLite file per project.

Every transition is on disk before the next step is taken (write-ahead log, full sync), so a
killed run can be taken up again. Transitions are only ever added; where a call stands is read from
its last one (the view ``calls``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypedDict, Unpack

from pydantic import Field

from checkpoints.archive.remediation import CallStatus
from remediation.errors import LedgerError
from remediation.ledger.file import explained, opened_for_reading, opened_for_writing
from remediation.ledger.states import DONE, FOLLOWS, IN_FLIGHT, SETTLED, State
from remediation.plan.model import Call, Plan, call_id

TIMED = f"state = '{State.ACCEPTED}' AND seconds IS NOT NULL"
OPEN = tuple(sorted(frozenset(State) - DONE))


class LedgerEntry(CallStatus):
    """A call of a plan as the ledger has it.

    ``in_flight``: the service may still be working on the date, at most until ``in_flight_until``.
    """

    in_flight: bool
    in_flight_until: datetime | None = Field(default=None, exclude=True)


class MoveDetails(TypedDict, total=False):
    """What is known of a transition.

    ``detail`` is the reason for people; ``status`` the HTTP status of an answer that took
    ``seconds``; after ``in_flight_until`` the service is no longer working on the date.
    """

    detail: str
    status: int | None
    seconds: float | None
    in_flight_until: datetime


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
        """Note that a plan is started, and its calls as planned; calls already known stay."""
        at = _text(self._now())
        with explained(self._path), self._connection:
            self._connection.execute(
                """INSERT INTO plans VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET registered_at = excluded.registered_at""",
                (plan.id, plan.run_id, plan.contract_sha256, at),
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO planned_calls VALUES (?, ?, ?, ?, ?)",
                [(plan.id, c.service, str(c.date), "\n".join(c.datasets), at) for c in plan.calls],
            )

    def move(
        self,
        plan_id: str,
        calls: Collection[Call],
        state: State,
        **details: Unpack[MoveDetails],
    ) -> None:
        """Move calls to a state in one transaction; to ``sending`` counts an attempt.

        Raises:
            LedgerError: the state cannot follow the present one, or the disk refuses.
        """
        before = [was for was, following in FOLLOWS.items() if state in following]
        insert = f"""INSERT INTO transitions (plan_id, service, date, state, attempt, at, status,
                seconds, detail, in_flight_until)
            SELECT plan_id, service, date, :state, attempts + :sent, :at, :status,
                :seconds, :detail, coalesce(:until, in_flight_until)
            FROM calls WHERE plan_id = :plan AND service = :service AND date = :date
                AND state IN ({_quoted(before)})"""
        until = details.get("in_flight_until")
        facts = {
            "plan": plan_id,
            "state": state,
            "sent": state is State.SENDING,
            "at": _text(self._now()),
            "status": details.get("status"),
            "seconds": details.get("seconds"),
            "detail": details.get("detail", ""),
            "until": _text(until) if until else None,
        }
        with explained(self._path), self._connection:
            for call in calls:
                key = {"service": call.service, "date": str(call.date)}
                written = self._connection.execute(insert, facts | key)
                if not written.rowcount:
                    raise self._impossible(plan_id, call, state)

    def _impossible(self, plan_id: str, call: Call, state: State) -> LedgerError:
        found = self._connection.execute(
            "SELECT state FROM calls WHERE plan_id = ? AND service = ? AND date = ?",
            (plan_id, call.service, str(call.date)),
        ).fetchone()
        before = State(found[0]) if found else "unregistered"
        return LedgerError(f"call {call.id} cannot go from '{before}' to '{state}'")

    def entries(self, plan_id: str | None = None) -> list[LedgerEntry]:
        """The calls of a plan, or of all plans, by plan, service and date."""
        with explained(self._path):
            return self._entries(
                "WHERE ? IS NULL OR plan_id = ? ORDER BY plan_id, service, date",
                (plan_id, plan_id),
            )

    def open_entries(self, plan_id: str, limit: int) -> list[LedgerEntry]:
        """At most ``limit`` calls of a plan that are not done, by service and date."""
        with explained(self._path):
            return self._entries(
                f"WHERE plan_id = ? AND state IN ({_quoted(OPEN)}) ORDER BY service, date LIMIT ?",
                (plan_id, limit),
            )

    def _entries(self, which: str, values: tuple[object, ...]) -> list[LedgerEntry]:
        now = self._now()
        rows = self._connection.execute(
            f"""SELECT service, date, datasets, state, attempts, detail, in_flight_until
            FROM calls {which}""",
            values,
        )
        return [_entry(row, now) for row in rows]

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
                ({_quoted(OPEN)}) AND calls.plan_id = plans.plan_id)
                ORDER BY registered_at DESC, plan_id LIMIT 1"""
            ).fetchone()
        return found[0] if found else None

    def counts(self, plan_id: str) -> dict[str, dict[State, int]]:
        """How many calls of each service of a plan are in each state."""
        found: dict[str, dict[State, int]] = {}
        with explained(self._path):
            rows = self._connection.execute(
                """SELECT service, state, count(*) FROM calls WHERE plan_id = ?
                GROUP BY service, state ORDER BY service""",
                (plan_id,),
            )
            for service, state, number in rows:
                found.setdefault(service, {})[State(state)] = number
        return found

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
                f"""SELECT count(*) FROM calls WHERE plan_id = ? AND state IN ({_quoted(SETTLED)})
                AND attempts > 0 AND changed_at >= ?""",
                (plan_id, _text(since)),
            ).fetchone()
        return int(found[0])

    def in_flight(self, now: datetime | None, except_plan: str | None = None) -> frozenset[str]:
        """Ids of the calls a service may still be working on.

        Without ``now``, also of those whose time is up and of which nobody knows what became.
        """
        at = _text(now) if now else ""
        with explained(self._path):
            rows = self._connection.execute(
                f"""SELECT service, date FROM calls WHERE state IN ({_quoted(IN_FLIGHT)})
                AND plan_id IS NOT ? AND (in_flight_until = '' OR in_flight_until > ?)""",
                (except_plan, at),
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
        """Of the ``number`` timed answers of a service."""
        found = self._connection.execute(
            f"""SELECT avg(seconds) FROM (SELECT seconds FROM transitions WHERE {TIMED}
            AND service = ? ORDER BY seconds LIMIT ? OFFSET ?)""",
            (service, 2 - number % 2, (number - 1) // 2),
        ).fetchone()
        return float(found[0])


@contextmanager
def open_ledger(path: Path, now: Callable[[], datetime]) -> Iterator[Ledger]:
    """Open the ledger for writing; it is created where there is none, and an old one is migrated.

    Raises:
        LedgerError: it is damaged, of a newer version, or cannot be written.
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


def _quoted(states: Collection[State]) -> str:
    """For SQL: ``'landed', 'nothing there'``."""
    return ", ".join(f"'{state}'" for state in sorted(states))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _entry(row: tuple[str, str, str, str, int, str, str], now: datetime) -> LedgerEntry:
    service, day, datasets, named, attempts, detail, deadline = row
    state = State(named)
    until = datetime.fromisoformat(deadline) if deadline else None
    return LedgerEntry(
        service=service,
        date=date.fromisoformat(day),
        datasets=tuple(datasets.split("\n")),
        state=state,
        attempts=attempts,
        detail=detail,
        in_flight=state in IN_FLIGHT and (until is None or now < until),
        in_flight_until=until,
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
