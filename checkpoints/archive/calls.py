"""What the ledger of ``remediation`` tells of calls: which dates a service was asked for, and when.

The ledger is the SQLite file ``uncommitted/ledger.sqlite3`` of a project. Its tables
``planned_calls`` (a row for each call of a plan) and ``transitions`` (a row for every step of a
call, only ever added) are read here, of the versions that ``VERSIONS`` lists; nothing is written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

from pydantic import AwareDatetime

from checkpoints.archive.remediation import State
from checkpoints.dates import DateRange
from checkpoints.errors import CouldNotTell
from checkpoints.records import Record

APPLICATION = 0x6C656467
"""What SQLite's ``application_id`` of a ledger says."""

VERSIONS = (3, 4)

STEPS = """
SELECT calls.plan_id, calls.service, calls.date, calls.datasets, steps.state, steps.attempt,
    steps.unsent, steps.at, steps.status, steps.seconds, steps.detail
FROM planned_calls AS calls LEFT JOIN transitions AS steps USING (plan_id, service, date)
WHERE calls.date BETWEEN ? AND ? ORDER BY steps.number
"""

CalendarDate = date


class Asked(Record):
    """All calls of a service for a date, of every plan.

    ``sent`` is how often the service may have been reached, ``tried`` how often that was meant.
    ``answer`` is what it said last, ``state`` where the last call stands and ``detail`` why;
    ``landed_at`` is when the tables last showed the date.
    """

    service: str
    date: CalendarDate
    datasets: tuple[str, ...]
    state: State
    tried: int = 0
    sent: int = 0
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    answer: str = ""
    detail: str = ""
    landed_at: AwareDatetime | None = None


Ledger = Mapping[tuple[str, date], Asked]
"""By service and date."""


class _Step(NamedTuple):
    plan_id: str
    service: str
    date: str
    datasets: str
    state: str | None
    attempt: int | None
    unsent: int | None
    at: str | None
    status: int | None
    seconds: float | None
    detail: str | None


def ledger_path(project: Path) -> Path:
    """Where a project's ledger is."""
    return project / "uncommitted" / "ledger.sqlite3"


def read_calls(project: Path, window: DateRange) -> dict[tuple[str, date], Asked]:
    """What services were asked for on the dates of a window; nothing where there is no ledger.

    Raises:
        CouldNotTell: the ledger is damaged, or of a version that is not read.
    """
    path = ledger_path(project)
    if not path.exists():
        return {}
    with _readable(path) as connection:
        bounds = (str(window.first), str(window.last))
        return _folded(map(_Step._make, connection.execute(STEPS, bounds)))


def ledger_version(project: Path) -> int | None:
    """The version of a project's ledger, which is in order; None where there is no ledger.

    Raises:
        CouldNotTell: it is damaged, or of a version that is not read.
    """
    path = ledger_path(project)
    if not path.exists():
        return None
    with _readable(path) as connection:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _readable(path: Path) -> Iterator[sqlite3.Connection]:
    """The connection of a ledger whose version is read."""
    try:
        with closing(opened_read_only(path)) as connection:
            _check(connection, path)
            yield connection
    except (sqlite3.DatabaseError, ValueError, OSError) as error:
        raise CouldNotTell(
            f"{path}: the ledger cannot be read ({error}): python -m remediation status says more"
        ) from error


def opened_read_only(path: Path) -> sqlite3.Connection:
    """The connection of an existing ledger.

    In a folder that cannot be written SQLite only reads a file that no process has open.
    """
    address = f"{path.resolve().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=10)
    try:
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if path.with_name(f"{path.name}-wal").exists():
            raise
        return sqlite3.connect(f"{address}&immutable=1", uri=True)
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION or version not in VERSIONS:
        wanted = " or ".join(map(str, VERSIONS))
        raise CouldNotTell(
            f"{path}: is not a ledger of version {wanted} (it says {version}): python -m "
            "remediation resume brings an older one up to date"
        )


def _folded(steps: Iterable[_Step]) -> dict[tuple[str, date], Asked]:
    found: dict[tuple[str, date], Asked] = {}
    counts: dict[tuple[str, str, str], tuple[int, int]] = {}
    for step in steps:
        day = date.fromisoformat(step.date)
        key, datasets = (step.service, day), tuple(step.datasets.split("\n"))
        new = Asked(service=step.service, date=day, datasets=datasets, state=State.PLANNED)
        one = found.get(key, new)
        if step.state:
            of_plan = (step.plan_id, step.service, step.date)
            before, now = counts.get(of_plan, (0, 0)), (step.attempt or 0, step.unsent or 0)
            counts[of_plan] = now
            one = _after(one, step, now[0] - before[0], now[1] - before[1])
        together = tuple(dict.fromkeys([*one.datasets, *datasets]))
        found[key] = one.model_copy(update={"datasets": together})
    return found


def _after(one: Asked, step: _Step, tried: int, unsent: int) -> Asked:
    """A call after one more step; Python's own validation turns texts into moments."""
    heard = step.seconds is not None
    said = step.detail or (f"HTTP {step.status}" if step.status else "")
    sending = step.state == State.SENDING
    values = one.model_dump() | {
        "state": step.state,
        "tried": one.tried + tried,
        "sent": one.sent + tried - unsent,
        "first_at": one.first_at or (step.at if sending else None),
        "last_at": step.at if sending else one.last_at,
        "answer": said if heard else one.answer,
        "detail": step.detail or "",
        "landed_at": step.at if step.state == State.LANDED else one.landed_at,
    }
    return Asked.model_validate(values)
