"""The ledger's SQLite file: its schema and versions, how it is opened, what can be wrong with it.

A plan's calls are registered once, and every transition of a call is appended. Where a call stands
is never stored: the view ``calls`` reads it from the call's last transition.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from checkpoints.archive.calls import APPLICATION, opened_read_only
from remediation.errors import LedgerError

LEDGER_VERSION = 4
TABLES = """
CREATE TABLE plans (
    plan_id TEXT PRIMARY KEY, run_id TEXT NOT NULL, contract_sha256 TEXT NOT NULL,
    registered_at TEXT NOT NULL, because TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE transitions (
    number INTEGER PRIMARY KEY, plan_id TEXT NOT NULL, service TEXT NOT NULL, date TEXT NOT NULL,
    state TEXT NOT NULL, attempt INTEGER NOT NULL, at TEXT NOT NULL, status INTEGER,
    seconds REAL, detail TEXT NOT NULL, in_flight_until TEXT NOT NULL DEFAULT '',
    unsent INTEGER NOT NULL DEFAULT 0, request TEXT NOT NULL DEFAULT '') STRICT;
"""
PAUSES = """
CREATE TABLE pauses (
    service TEXT NOT NULL, address TEXT NOT NULL, until TEXT NOT NULL, reason TEXT NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (service, address)) STRICT;
"""
SEEN_BEFORE = """
CREATE TABLE seen_before (
    plan_id TEXT NOT NULL, service TEXT NOT NULL, date TEXT NOT NULL, dataset TEXT NOT NULL,
    matched INTEGER NOT NULL, written INTEGER,
    PRIMARY KEY (plan_id, service, date, dataset)) STRICT, WITHOUT ROWID;
"""
DELIVERIES = """
CREATE TABLE deliveries (
    plan_id TEXT NOT NULL, service TEXT NOT NULL, date TEXT NOT NULL, datasets TEXT NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, detail TEXT NOT NULL DEFAULT '',
    request TEXT NOT NULL DEFAULT '', at TEXT NOT NULL,
    PRIMARY KEY (plan_id, service, date)) STRICT, WITHOUT ROWID;
"""
PLANNED_CALLS = """
CREATE TABLE planned_calls (
    plan_id TEXT NOT NULL, service TEXT NOT NULL, date TEXT NOT NULL, datasets TEXT NOT NULL,
    registered_at TEXT NOT NULL,
    PRIMARY KEY (plan_id, service, date)) STRICT, WITHOUT ROWID;
"""
# The last transition of a call is found by one search in the index transitions_by_call.
CALLS = """
CREATE VIEW calls AS
SELECT planned.plan_id, planned.service, planned.date, planned.datasets,
    coalesce(latest.state, 'planned') AS state,
    coalesce(latest.attempt, 0) AS attempts,
    coalesce(latest.unsent, 0) AS unsent,
    coalesce(latest.request, '') AS request,
    coalesce(latest.at, planned.registered_at) AS changed_at,
    coalesce(latest.in_flight_until, '') AS in_flight_until,
    coalesce(latest.detail, '') AS detail
FROM planned_calls AS planned LEFT JOIN transitions AS latest ON latest.number = (
    SELECT max(number) FROM transitions AS own
    WHERE own.plan_id = planned.plan_id AND own.service = planned.service
        AND own.date = planned.date);
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS transitions_by_call ON transitions (plan_id, service, date);
CREATE INDEX IF NOT EXISTS answers ON transitions (service, seconds)
    WHERE state = 'accepted' AND seconds IS NOT NULL;
"""
NEW_COLUMNS = """
ALTER TABLE transitions ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE plans ADD COLUMN because TEXT NOT NULL DEFAULT '';
"""
FROM_VERSION_3 = f"""
{NEW_COLUMNS}{SEEN_BEFORE}{DELIVERIES}
DROP VIEW calls;
{CALLS}"""
FROM_VERSION_2 = f"""
ALTER TABLE transitions ADD COLUMN unsent INTEGER NOT NULL DEFAULT 0;
{FROM_VERSION_3}{PAUSES}"""
# In version 1 ``calls`` is a table.
FROM_VERSION_1 = f"""
ALTER TABLE transitions ADD COLUMN in_flight_until TEXT NOT NULL DEFAULT '';
ALTER TABLE transitions ADD COLUMN unsent INTEGER NOT NULL DEFAULT 0;
{NEW_COLUMNS}
DROP INDEX IF EXISTS transitions_by_plan;
ALTER TABLE calls RENAME TO calls_of_version_1;
{PLANNED_CALLS}{SEEN_BEFORE}{DELIVERIES}{CALLS}{PAUSES}{INDEXES}
INSERT INTO planned_calls SELECT plan_id, service, date, datasets, coalesce(
        (SELECT min(at) FROM transitions AS own WHERE own.plan_id = old.plan_id
            AND own.service = old.service AND own.date = old.date), changed_at)
    FROM calls_of_version_1 AS old;
UPDATE transitions SET in_flight_until = old.in_flight_until
    FROM calls_of_version_1 AS old
    WHERE number = (SELECT max(number) FROM transitions AS own WHERE own.plan_id = old.plan_id
        AND own.service = old.service AND own.date = old.date);
"""
OF_VERSION_1 = """plan_id, service, date, datasets, state, attempts, changed_at, in_flight_until,
    detail"""
DIFFERS_FROM_VERSION_1 = f"""
SELECT service || '/' || date FROM (
    SELECT {OF_VERSION_1} FROM calls_of_version_1 EXCEPT SELECT {OF_VERSION_1} FROM calls)
ORDER BY 1 LIMIT 1
"""
MIGRATIONS = {1: FROM_VERSION_1, 2: FROM_VERSION_2, 3: FROM_VERSION_3}
"""From each older version to this one; what version 1 leaves behind is compared, then dropped."""

DAMAGED = (
    "it is damaged: restore it from a backup, or move it away once no call is in flight, and plan "
    "again: what landed is seen in the tables"
)
ADVICE = {
    "SQLITE_READONLY": "make the file and its folder writable",
    "SQLITE_CANTOPEN": "make the file and its folder readable and writable",
    "SQLITE_FULL": "make room on the disk, then go on with: python -m remediation resume",
    "SQLITE_IOERR": "the disk is full or fails: put it right, then go on with: "
    "python -m remediation resume",
    "SQLITE_BUSY": "another program holds it: end that, then try again",
}
"""By what SQLite reports; anything else is damage."""


@contextmanager
def opened_for_writing(path: Path) -> Iterator[sqlite3.Connection]:
    """The ledger's connection, the file checked from end to end.

    A missing file is created, and one of an older version becomes one of this.

    Raises:
        LedgerError: it is damaged, of another version, or cannot be written.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=10)
    with closing(connection):
        with explained(path):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _create_or_check(connection, path)
            connection.executescript(INDEXES)
        yield connection


@contextmanager
def opened_for_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The connection of an existing ledger; nothing is written.

    One of an older version is read as a copy in memory that was brought up to date.

    Raises:
        LedgerError: it is damaged or of another version.
    """
    with explained(path):
        connection = opened_read_only(path)
    with closing(connection):
        with explained(path):
            version = _check_version(connection, path)
        if version == LEDGER_VERSION:
            yield connection
            return
        with closing(sqlite3.connect(":memory:")) as copy:
            with explained(path):
                connection.backup(copy)
                _migrate(copy, path, version)
            yield copy


def _create_or_check(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        version = _check_version(connection, path)
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise LedgerError(f"{path}: the ledger cannot be used ({found}): {DAMAGED}")
        if version != LEDGER_VERSION:
            _migrate(connection, path, version)
        return
    connection.executescript(
        f"BEGIN;{TABLES}{PAUSES}{PLANNED_CALLS}{SEEN_BEFORE}{DELIVERIES}{CALLS}"
        f"PRAGMA user_version = {LEDGER_VERSION};PRAGMA application_id = {APPLICATION};COMMIT;"
    )


def _migrate(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """In one transaction: a process that is killed leaves the older version."""
    with connection:  # commits at its end, and rolls back what a failure left half done
        connection.executescript(f"BEGIN IMMEDIATE;{MIGRATIONS[version]}")
        if version == 1:
            if wrong := connection.execute(DIFFERS_FROM_VERSION_1).fetchone():
                raise LedgerError(
                    f"{path}: the ledger cannot be used (the state of {wrong[0]} is not what its "
                    f"transitions add up to): {DAMAGED}"
                )
            connection.execute("DROP TABLE calls_of_version_1")
        connection.execute(f"PRAGMA user_version = {LEDGER_VERSION}")


def _check_version(connection: sqlite3.Connection, path: Path) -> int:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application != APPLICATION or version not in (*MIGRATIONS, LEDGER_VERSION):
        raise LedgerError(
            f"{path}: is not a ledger of version {LEDGER_VERSION} (it says {version}): "
            "use the release that wrote it, or move it away once nothing is in flight"
        )
    return version


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise what SQLite, the disk or an unknown value in the file reports as one sentence.

    Raises:
        LedgerError: with the cause and what to do next.
    """
    try:
        yield
    except (sqlite3.DatabaseError, ValueError) as error:
        name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        advice = ADVICE.get(name, DAMAGED)
        raise LedgerError(f"{path}: the ledger cannot be used ({error}): {advice}") from error
    except OSError as error:
        raise LedgerError(
            f"{path}: the ledger cannot be opened ({error.strerror}): make its folder writable"
        ) from error


def text_of(moment: datetime) -> str:
    """How a moment stands in the file: in UTC, so that texts sort as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
