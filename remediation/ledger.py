"""The ledger: what was called, when, and what became of it; one SQLite file per project.

Every transition is on disk before the next step is taken (write-ahead log, full sync), so a
killed run can be taken up again. Transitions are kept; ``calls`` is what they add up to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

from remediation.errors import LedgerError
from remediation.plan import Call, Plan, call_id
from remediation.states import FOLLOWS, IN_FLIGHT, State

LEDGER_VERSION = 1
APPLICATION = 0x6C656467
SCHEMA = """
CREATE TABLE plans (
    plan_id TEXT PRIMARY KEY, run_id TEXT NOT NULL, contract_sha256 TEXT NOT NULL,
    registered_at TEXT NOT NULL) STRICT;
CREATE TABLE calls (
    plan_id TEXT NOT NULL, service TEXT NOT NULL, date TEXT NOT NULL, datasets TEXT NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, changed_at TEXT NOT NULL,
    in_flight_until TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (plan_id, service, date)) STRICT, WITHOUT ROWID;
CREATE TABLE transitions (
    number INTEGER PRIMARY KEY, plan_id TEXT NOT NULL, service TEXT NOT NULL, date TEXT NOT NULL,
    state TEXT NOT NULL, attempt INTEGER NOT NULL, at TEXT NOT NULL, status INTEGER,
    seconds REAL, detail TEXT NOT NULL) STRICT;
"""
ENTRY = """SELECT plan_id, service, date, datasets, state, attempts, changed_at, in_flight_until,
    detail FROM calls"""


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


def ledger_path(project: Path) -> Path:
    """Where a project's ledger is."""
    return project / "uncommitted" / "ledger.sqlite3"


class Ledger:
    """Reads and writes an open ledger. ``now`` tells the time of a transition."""

    def __init__(self, connection: sqlite3.Connection, now: Callable[[], datetime]) -> None:
        self._connection = connection
        self._now = now

    def register(self, plan: Plan) -> None:
        """Write down every call of a plan as planned; calls already known stay as they are."""
        at = _text(self._now())
        with _explained(), self._connection:
            self._connection.execute(
                "INSERT OR IGNORE INTO plans VALUES (?, ?, ?, ?)",
                (plan.id, plan.run_id, plan.contract_sha256, at),
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?, 0, ?, '', '')",
                [
                    (plan.id, c.service, str(c.date), "\n".join(c.datasets), State.PLANNED, at)
                    for c in plan.calls
                ],
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
        with _explained(), self._connection:
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
        with _explained():
            rows = self._connection.execute(
                f"{ENTRY} WHERE ? IS NULL OR plan_id = ? ORDER BY plan_id, service, date",
                (plan_id, plan_id),
            )
            return [_entry(row) for row in rows]

    def plan_ids(self) -> list[tuple[str, str]]:
        """``(plan id, run id)`` of every plan that was started, the latest first."""
        with _explained():
            return self._connection.execute(
                "SELECT plan_id, run_id FROM plans ORDER BY registered_at DESC, plan_id"
            ).fetchall()

    def in_flight(self, now: datetime, except_plan: str | None = None) -> frozenset[str]:
        """Ids of the calls a service may still be working on."""
        entries = self.entries()
        return frozenset(
            e.id for e in entries if e.plan_id != except_plan and e.may_be_in_flight(now)
        )

    def history(self, plan_id: str) -> list[Transition]:
        """Every transition of a plan, in order."""
        with _explained():
            rows = self._connection.execute(
                """SELECT service, date, state, attempt, at, status, seconds, detail
                FROM transitions WHERE plan_id = ? ORDER BY number""",
                (plan_id,),
            )
            return [_transition(row) for row in rows]

    def measured(self) -> dict[str, tuple[int, float]]:
        """Per service: how many accepted calls were timed, and their median in seconds."""
        with _explained():
            rows = self._connection.execute(
                "SELECT service, seconds FROM transitions WHERE seconds IS NOT NULL AND state = ?",
                (State.ACCEPTED,),
            ).fetchall()
        services = {service for service, _ in rows}
        found = {s: [seconds for service, seconds in rows if service == s] for s in services}
        return {service: (len(times), median(times)) for service, times in found.items()}


@contextmanager
def open_ledger(path: Path, now: Callable[[], datetime]) -> Iterator[Ledger]:
    """Open the ledger for writing, creating it where there is none.

    Raises:
        LedgerError: it is damaged, of another version, or cannot be written.
    """
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=10)
    with closing(connection):
        with _explained(path):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _create_or_check(connection, path)
        yield Ledger(connection, now)


@contextmanager
def read_ledger(path: Path, now: Callable[[], datetime]) -> Iterator[Ledger | None]:
    """Open the ledger for reading; None where there is none.

    Raises:
        LedgerError: it is damaged or of another version.
    """
    if not path.exists():
        yield None
        return
    with _explained(path):
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
    with closing(connection):
        with _explained(path):
            _check(connection, path)
        yield Ledger(connection, now)


def _create_or_check(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        _check(connection, path)
        return
    connection.executescript(
        f"BEGIN;{SCHEMA}PRAGMA user_version = {LEDGER_VERSION};"
        f"PRAGMA application_id = {APPLICATION};COMMIT;"
    )


def _check(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if (application, version) != (APPLICATION, LEDGER_VERSION):
        raise LedgerError(
            f"{path}: is not a ledger of version {LEDGER_VERSION} (it says {version}): "
            "use the release that wrote it, or move it away once nothing is in flight"
        )


@contextmanager
def _explained(path: Path | None = None) -> Iterator[None]:
    """SQLite's errors as one sentence."""
    where = f"{path}: " if path else ""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise LedgerError(
            f"{where}the ledger cannot be used ({error}): check the disk and the file's "
            "permissions; a damaged file must be restored or moved away"
        ) from error
    except OSError as error:
        raise LedgerError(f"{where}the ledger cannot be opened ({error.strerror})") from error


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
