"""The file behind the ledger: its tables, how it is opened, and what can be wrong with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from remediation.errors import LedgerError

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
INDEXES = """
CREATE INDEX IF NOT EXISTS calls_by_state ON calls (state, plan_id, service);
CREATE INDEX IF NOT EXISTS transitions_by_plan ON transitions (plan_id);
CREATE INDEX IF NOT EXISTS answers ON transitions (service, seconds)
    WHERE state = 'accepted' AND seconds IS NOT NULL;
"""

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
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
}


@contextmanager
def opened_for_writing(path: Path) -> Iterator[sqlite3.Connection]:
    """The ledger's connection, the file created where there is none, and checked from end to end.

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
    """The connection of a ledger that is there; nothing is written.

    Raises:
        LedgerError: it is damaged or of another version.
    """
    with explained(path):
        connection = _reader(path)
    with closing(connection):
        with explained(path):
            _check_version(connection, path)
        yield connection


def _reader(path: Path) -> sqlite3.Connection:
    """In a folder that cannot be written SQLite only reads a file that nobody else has open."""
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


def _create_or_check(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        _check_version(connection, path)
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise LedgerError(f"{path}: the ledger cannot be used ({found}): {DAMAGED}")
        return
    connection.executescript(
        f"BEGIN;{SCHEMA}PRAGMA user_version = {LEDGER_VERSION};"
        f"PRAGMA application_id = {APPLICATION};COMMIT;"
    )


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if (application, version) != (APPLICATION, LEDGER_VERSION):
        raise LedgerError(
            f"{path}: is not a ledger of version {LEDGER_VERSION} (it says {version}): "
            "use the release that wrote it, or move it away once nothing is in flight"
        )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """What SQLite, the disk or a value that no ledger holds is about, in one sentence."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        advice = ADVICE.get(name, DAMAGED)
        raise LedgerError(f"{path}: the ledger cannot be used ({error}): {advice}") from error
    except ValueError as error:
        raise LedgerError(f"{path}: the ledger cannot be used ({error}): {DAMAGED}") from error
    except OSError as error:
        raise LedgerError(
            f"{path}: the ledger cannot be opened ({error.strerror}): make its folder writable"
        ) from error
