"""The ledger: what was called, when, and what became of it; one SQLite file per project.

Every transition is on disk before the next step is taken (write-ahead log, full sync), so a
killed run can be taken up again. Transitions are only ever added; where a call stands is read from
its last one (the view ``calls``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypedDict, TypeVar, Unpack

from pydantic import Field

from checkpoints.archive.calls import ledger_path as ledger_path
from checkpoints.archive.remediation import CallStatus
from checkpoints.records import Record
from remediation.errors import LedgerError
from remediation.ledger.deliveries import OPEN_DELIVERY, Deliveries
from remediation.ledger.file import explained, opened_for_reading, opened_for_writing, text_of
from remediation.ledger.states import DONE, FOLLOWS, IN_FLIGHT, SETTLED, State
from remediation.plan.model import Call, Plan, call_id


def _quoted(states: Collection[State]) -> str:
    """For SQL: ``'landed', 'nothing there'``."""
    return ", ".join(f"'{state}'" for state in sorted(states))


TIMED = f"state = '{State.ACCEPTED}' AND seconds IS NOT NULL"
OPEN = f"state IN ({_quoted(frozenset(State) - DONE)})"
HEARD = """heard.plan_id = calls.plan_id
        AND heard.service = calls.service AND heard.date = calls.date
        AND heard.attempt = calls.attempts AND heard.seconds IS NOT NULL
        ORDER BY heard.number DESC LIMIT 1"""
"""Only an answer took seconds: the last of the last attempt is what the service had to say."""
ENTRIES = f"""SELECT service, date, datasets, state, attempts, unsent, request, detail,
    coalesce((SELECT coalesce(nullif(heard.detail, ''), 'HTTP ' || heard.status, '')
        FROM transitions AS heard WHERE {HEARD}), ''),
    in_flight_until
    FROM calls"""

Made = TypeVar("Made")


class LedgerEntry(CallStatus):
    """A call of a plan as the ledger has it.

    ``in_flight``: the service may still be working on the date, at most until ``in_flight_until``.
    """

    in_flight: bool
    in_flight_until: datetime | None = Field(default=None, exclude=True)


class MoveDetails(TypedDict, total=False):
    """What is known of a transition.

    ``detail`` is the reason for people; ``status`` the HTTP status of an answer that took
    ``seconds``; after ``in_flight_until`` the service is no longer working on the date;
    ``unsent``: the attempt is known not to have reached the service. ``request`` names what a call
    is sent with others by, and is empty where it is sent alone.
    """

    detail: str
    status: int | None
    seconds: float | None
    in_flight_until: datetime
    unsent: bool
    request: str


class RowsSeen(NamedTuple):
    """What a dataset held on a date before it was rebuilt.

    ``matched`` are its keys that its upstream has as well. ``written`` is when the last of its
    rows was written, in microseconds since 1970 (UTC); None where none of them says.
    """

    matched: int
    written: int | None


class Pause(Record):
    """At ``at`` a service asked not to be called before ``until``, in the words ``reason``.

    Contracts that share a ledger may give one name to services at different addresses.
    """

    service: str
    address: str
    until: datetime
    reason: str
    at: datetime

    def seconds_left(self, now: datetime) -> float:
        """How long it still lasts: no longer than was asked for, whatever became of the clock."""
        return max(0.0, (self.until - max(now, self.at)).total_seconds())

    def __str__(self) -> str:
        return f"asked for a pause until {moment(self.until)} ({self.reason})"


class Transition(Record):
    """One line of the history; ``seconds`` is how long the answer took.

    ``request`` is what the call was last sent with others by; empty where it was sent alone.
    """

    service: str
    date: date
    state: State
    attempt: int
    at: datetime
    status: int | None
    seconds: float | None
    detail: str
    request: str

    @property
    def id(self) -> str:
        """The call's id in its plan."""
        return call_id(self.service, self.date)


def moment(at: datetime) -> str:
    """``2025-01-21 12:03:20 UTC``."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


class Ledger:
    """Reads and writes an open ledger. ``now`` tells the time of a transition."""

    def __init__(
        self, connection: sqlite3.Connection, now: Callable[[], datetime], path: Path
    ) -> None:
        self._connection = connection
        self._now = now
        self._path = path
        self.deliveries = Deliveries(connection, now, path)

    def register(self, plan: Plan) -> None:
        """Note that a plan is started, and its calls as planned; calls already known stay."""
        at = text_of(self._now())
        with explained(self._path), self._connection:
            self._connection.execute(
                """INSERT INTO plans VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET registered_at = excluded.registered_at""",
                (plan.id, plan.run_id, plan.contract_sha256, at, plan.because),
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO planned_calls VALUES (?, ?, ?, ?, ?)",
                [(plan.id, c.service, str(c.date), "\n".join(c.datasets), at) for c in plan.calls],
            )

    def move(
        self, plan_id: str, calls: Collection[Call], state: State, **details: Unpack[MoveDetails]
    ) -> None:
        """Move calls to a state in one transaction; to ``sending`` counts an attempt.

        Raises:
            LedgerError: the state cannot follow the present one, or the disk refuses.
        """
        before = [was for was, following in FOLLOWS.items() if state in following]
        insert = f"""INSERT INTO transitions (plan_id, service, date, state, attempt, at, status,
                seconds, detail, in_flight_until, unsent, request)
            SELECT plan_id, service, date, :state, attempts + :sent, :at, :status,
                :seconds, :detail, coalesce(:until, in_flight_until), unsent + :unsent,
                coalesce(:request, request)
            FROM calls WHERE plan_id = :plan AND service = :service AND date = :date
                AND state IN ({_quoted(before)})"""
        until = details.get("in_flight_until")
        facts = {
            "plan": plan_id,
            "state": state,
            "sent": state is State.SENDING,
            "at": text_of(self._now()),
            "status": details.get("status"),
            "seconds": details.get("seconds"),
            "detail": details.get("detail", ""),
            "unsent": details.get("unsent", False),
            "until": text_of(until) if until else None,
            "request": details.get("request"),
        }
        with explained(self._path), self._connection:
            for call in calls:
                key = {"service": call.service, "date": str(call.date)}
                if not self._connection.execute(insert, facts | key).rowcount:
                    raise self._impossible(plan_id, call, state)

    def note_seen(self, plan_id: str, seen: Mapping[Call, Mapping[str, RowsSeen]]) -> None:
        """Note what the datasets of calls hold before the calls are sent, in one transaction.

        Raises:
            LedgerError: the disk refuses.
        """
        with explained(self._path), self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO seen_before VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (plan_id, call.service, str(call.date), name, *rows)
                    for call, of_call in seen.items()
                    for name, rows in of_call.items()
                ],
            )

    def seen_before(self, plan_id: str) -> dict[str, dict[str, RowsSeen]]:
        """What was noted of the calls of a plan: by the id of a call and the dataset."""
        found: dict[str, dict[str, RowsSeen]] = {}
        for call, name, seen in self._read(
            lambda service, day, name, *rows: (f"{service}/{day}", name, RowsSeen(*rows)),
            "SELECT service, date, dataset, matched, written FROM seen_before WHERE plan_id = ?",
            plan_id,
        ):
            found.setdefault(call, {})[name] = seen
        return found

    def is_accepted(self, plan_id: str, call: Call) -> bool:
        """Whether the last attempt at a call was answered, and accepted."""
        query = f"""SELECT 1 FROM calls WHERE plan_id = ? AND service = ? AND date = ? AND
            (SELECT heard.state FROM transitions AS heard WHERE {HEARD}) = '{State.ACCEPTED}'"""
        return bool(self._read(bool, query, plan_id, call.service, str(call.date)))

    def pause(self, service: str, address: str, seconds: float, reason: str) -> Pause:
        """Note that a service at an address asked not to be called for so long.

        Returns the pause that holds: that is the one which lasts longest.
        """
        now = self._now()
        until = now + timedelta(seconds=seconds)
        asked = Pause(service=service, address=address, until=until, reason=reason, at=now)
        held = self.pauses().get((service, address))
        if held and held.seconds_left(now) >= seconds:
            return held
        with explained(self._path), self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO pauses VALUES (?, ?, ?, ?, ?)",
                (service, address, text_of(until), reason, text_of(now)),
            )
        return asked

    def pauses(self) -> dict[tuple[str, str], Pause]:
        """The pauses that were asked for and are not over, by service and address."""
        found = self._read(
            lambda service, address, until, reason, at: Pause(
                service=service, address=address, until=until, reason=reason, at=at
            ),
            "SELECT service, address, until, reason, at FROM pauses ORDER BY service, address",
        )
        left = (pause for pause in found if pause.seconds_left(self._now()))
        return {(pause.service, pause.address): pause for pause in left}

    def _impossible(self, plan_id: str, call: Call, state: State) -> LedgerError:
        found = self._connection.execute(
            "SELECT state FROM calls WHERE plan_id = ? AND service = ? AND date = ?",
            (plan_id, call.service, str(call.date)),
        ).fetchone()
        before = State(found[0]) if found else "unregistered"
        return LedgerError(f"call {call.id} cannot go from '{before}' to '{state}'")

    def _read(self, make: Callable[..., Made], query: str, *values: object) -> list[Made]:
        """What is made of each row of the answer."""
        with explained(self._path):
            return [make(*row) for row in self._connection.execute(query, values)]

    def entries(self, plan_id: str | None = None) -> list[LedgerEntry]:
        """The calls of a plan, or of all plans, by plan, service and date."""
        return self._read(
            partial(_entry, self._now()),
            f"{ENTRIES} WHERE ? IS NULL OR plan_id = ? ORDER BY plan_id, service, date",
            *(plan_id, plan_id),
        )

    def open_entries(self, plan_id: str, limit: int) -> list[LedgerEntry]:
        """At most ``limit`` calls of a plan that are not done, by service and date."""
        return self._read(
            partial(_entry, self._now()),
            f"{ENTRIES} WHERE plan_id = ? AND {OPEN} ORDER BY service, date LIMIT ?",
            *(plan_id, limit),
        )

    def reasons(self) -> dict[str, str]:
        """Why plans rebuild dates that are there, by the ids of those that do."""
        query = "SELECT plan_id, because FROM plans WHERE because <> ''"
        return dict(self._read(lambda plan_id, because: (plan_id, because), query))

    def plan_ids(self) -> list[tuple[str, str]]:
        """``(plan id, run id)`` of every plan that was started, the latest first."""
        query = "SELECT plan_id, run_id FROM plans ORDER BY registered_at DESC, plan_id"
        return self._read(lambda plan_id, run_id: (plan_id, run_id), query)

    def unfinished(self) -> list[tuple[str, str]]:
        """``(plan id, run id)`` of the plans that have calls to be done, or landings to be told of,
        started last first."""
        return self._read(
            lambda plan_id, run_id: (plan_id, run_id),
            f"""SELECT plan_id, run_id FROM plans WHERE EXISTS (SELECT 1 FROM calls WHERE {OPEN}
            AND calls.plan_id = plans.plan_id) OR EXISTS (SELECT 1 FROM deliveries AS told
            WHERE {OPEN_DELIVERY} AND told.plan_id = plans.plan_id)
            ORDER BY registered_at DESC, plan_id""",
        )

    def counts(self, plan_id: str) -> dict[str, dict[State, int]]:
        """How many calls of each service of a plan are in each state."""
        found: dict[str, dict[State, int]] = {}
        for service, state, number in self._read(
            lambda service, state, number: (service, State(state), number),
            """SELECT service, state, count(*) FROM calls WHERE plan_id = ?
            GROUP BY service, state ORDER BY service""",
            plan_id,
        ):
            found.setdefault(service, {})[state] = number
        return found

    def moved_since(self, since: datetime) -> str | None:
        """The plan whose call moved last, if that was not before ``since``."""
        found = self._read(
            str,
            """SELECT plan_id FROM transitions
            WHERE number = (SELECT max(number) FROM transitions) AND at >= ?""",
            text_of(since),
        )
        return found[0] if found else None

    def settled_since(self, plan_id: str, since: datetime) -> int:
        """How many calls of a plan that were sent have been settled since then."""
        query = f"""SELECT count(*) FROM calls WHERE plan_id = ? AND state IN ({_quoted(SETTLED)})
            AND attempts > 0 AND changed_at >= ?"""
        return self._read(int, query, plan_id, text_of(since))[0]

    def in_flight(self, now: datetime | None, except_plan: str | None = None) -> frozenset[str]:
        """Ids of the calls a service may still be working on.

        Without ``now``, also of those whose time is up and of which nobody knows what became.
        """
        query = f"""SELECT service || '/' || date FROM calls WHERE state IN ({_quoted(IN_FLIGHT)})
            AND plan_id IS NOT ? AND (in_flight_until = '' OR in_flight_until > ?)"""
        return frozenset(self._read(str, query, except_plan, text_of(now) if now else ""))

    def multiplied(self, except_plan: str) -> frozenset[str]:
        """Ids of the calls of other plans that multiplied rows, as far as is known."""
        query = "SELECT service || '/' || date FROM calls WHERE state = ? AND plan_id IS NOT ?"
        return frozenset(self._read(str, query, State.MULTIPLIED, except_plan))

    def history(self, plan_id: str) -> list[Transition]:
        """Every transition of a plan, in order."""
        names = tuple(Transition.model_fields)
        return self._read(
            lambda *row: Transition.model_validate(dict(zip(names, row, strict=True))),
            f"SELECT {', '.join(names)} FROM transitions WHERE plan_id = ? ORDER BY number",
            plan_id,
        )

    def measured(self) -> dict[str, tuple[int, float]]:
        """Per service: how many accepted requests were timed, and their median in seconds."""
        requests = f"""SELECT DISTINCT service, plan_id, at, seconds,
            coalesce(nullif(request, ''), date) FROM transitions WHERE {TIMED}"""
        ranked = f"""SELECT service, seconds, count(*) OVER (PARTITION BY service) AS number,
            row_number() OVER (PARTITION BY service ORDER BY seconds) AS place
            FROM ({requests})"""
        medians = f"""SELECT service, number, avg(seconds) FROM ({ranked})
            WHERE place IN ((number + 1) / 2, number / 2 + 1) GROUP BY service, number"""
        found = self._read(lambda service, number, median: (service, (number, median)), medians)
        return dict(found)


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


def _entry(
    now: datetime,
    service: str,
    day: str,
    datasets: str,
    state: str,
    attempts: int,
    unsent: int,
    request: str,
    detail: str,
    answer: str,
    deadline: str,
) -> LedgerEntry:
    until = datetime.fromisoformat(deadline) if deadline else None
    return LedgerEntry(
        service=service,
        date=date.fromisoformat(day),
        datasets=tuple(datasets.split("\n")),
        state=State(state),
        attempts=attempts,
        unsent=unsent,
        request=request,
        detail=detail,
        answer=answer,
        in_flight=state in IN_FLIGHT and (until is None or now < until),
        in_flight_until=until,
    )
