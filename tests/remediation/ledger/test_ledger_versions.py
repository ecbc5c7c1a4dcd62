"""A ledger that an earlier release wrote: read as it is, and brought up to date when written."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from checkpoints.archive.remediation import State
from remediation.errors import LedgerError
from remediation.ledger import file
from remediation.ledger.ledger import open_ledger, read_ledger
from remediation.ledger.status import Status, status_of
from tests.remediation.ledger.test_ledger import FIRST, NOON, SECOND, noon, plan_of
from tests.support.commands import ROOT

VERSION_1 = f"""
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
CREATE INDEX calls_by_state ON calls (state, plan_id, service);
CREATE INDEX transitions_by_plan ON transitions (plan_id);
CREATE INDEX answers ON transitions (service, seconds)
    WHERE state = 'accepted' AND seconds IS NOT NULL;
PRAGMA user_version = 1;
PRAGMA application_id = {0x6C656467};
PRAGMA journal_mode = WAL;
"""
VERSION_2 = f"""
CREATE TABLE plans (
    plan_id TEXT PRIMARY KEY, run_id TEXT NOT NULL, contract_sha256 TEXT NOT NULL,
    registered_at TEXT NOT NULL) STRICT;
CREATE TABLE transitions (
    number INTEGER PRIMARY KEY, plan_id TEXT NOT NULL, service TEXT NOT NULL, date TEXT NOT NULL,
    state TEXT NOT NULL, attempt INTEGER NOT NULL, at TEXT NOT NULL, status INTEGER,
    seconds REAL, detail TEXT NOT NULL, in_flight_until TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE planned_calls (
    plan_id TEXT NOT NULL, service TEXT NOT NULL, date TEXT NOT NULL, datasets TEXT NOT NULL,
    registered_at TEXT NOT NULL,
    PRIMARY KEY (plan_id, service, date)) STRICT, WITHOUT ROWID;
CREATE VIEW calls AS
SELECT planned.plan_id, planned.service, planned.date, planned.datasets,
    coalesce(latest.state, 'planned') AS state,
    coalesce(latest.attempt, 0) AS attempts,
    coalesce(latest.at, planned.registered_at) AS changed_at,
    coalesce(latest.in_flight_until, '') AS in_flight_until,
    coalesce(latest.detail, '') AS detail
FROM planned_calls AS planned LEFT JOIN transitions AS latest ON latest.number = (
    SELECT max(number) FROM transitions AS own
    WHERE own.plan_id = planned.plan_id AND own.service = planned.service
        AND own.date = planned.date);
PRAGMA user_version = 2;
PRAGMA application_id = {0x6C656467};
PRAGMA journal_mode = WAL;
"""
VERSION_3 = f"""
{VERSION_2}
ALTER TABLE transitions ADD COLUMN unsent INTEGER NOT NULL DEFAULT 0;
DROP VIEW calls;
CREATE VIEW calls AS
SELECT planned.plan_id, planned.service, planned.date, planned.datasets,
    coalesce(latest.state, 'planned') AS state,
    coalesce(latest.attempt, 0) AS attempts,
    coalesce(latest.unsent, 0) AS unsent,
    coalesce(latest.at, planned.registered_at) AS changed_at,
    coalesce(latest.in_flight_until, '') AS in_flight_until,
    coalesce(latest.detail, '') AS detail
FROM planned_calls AS planned LEFT JOIN transitions AS latest ON latest.number = (
    SELECT max(number) FROM transitions AS own
    WHERE own.plan_id = planned.plan_id AND own.service = planned.service
        AND own.date = planned.date);
CREATE TABLE pauses (
    service TEXT NOT NULL, address TEXT NOT NULL, until TEXT NOT NULL, reason TEXT NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (service, address)) STRICT;
PRAGMA user_version = 3;
"""
PLAN = plan_of(FIRST, SECOND)
UNTIL = NOON + timedelta(minutes=12)


EARLY, LATE = "2025-01-21T11:00:00.000+00:00", "2025-01-21T11:30:00.000+00:00"
OF_FIRST, OF_SECOND = (PLAN.id, "four", "2025-01-07"), (PLAN.id, "four", "2025-01-08")
IN_BOTH = (
    (*OF_FIRST, "sending", 1, EARLY, None, None, ""),
    (*OF_FIRST, "planned", 1, EARLY, 503, 0.1, "busy"),
    (*OF_FIRST, "sending", 2, EARLY, None, None, ""),
    (*OF_FIRST, "accepted", 2, LATE, 200, 1.5, ""),
    (*OF_FIRST, "verifying", 2, LATE, None, None, ""),
)
"""The first call is sent for the second time; the second was never sent."""


def of_version_1(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(VERSION_1)
        connection.execute("INSERT INTO plans VALUES (?, 'run', 'c', ?)", (PLAN.id, EARLY))
        connection.executemany(
            "INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (*OF_FIRST, "factors\ncache", "verifying", 2, LATE, UNTIL.isoformat(), ""),
                (*OF_SECOND, "factors", "planned", 0, EARLY, "", ""),
            ],
        )
        connection.executemany(
            "INSERT INTO transitions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", IN_BOTH
        )
    return path


def of_version_2(path: Path, schema: str = VERSION_2) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(schema)
        connection.execute("INSERT INTO plans VALUES (?, 'run', 'c', ?)", (PLAN.id, EARLY))
        connection.executemany(
            "INSERT INTO planned_calls VALUES (?, ?, ?, ?, ?)",
            [(*OF_FIRST, "factors\ncache", EARLY), (*OF_SECOND, "factors", EARLY)],
        )
        connection.executemany(
            """INSERT INTO transitions (plan_id, service, date, state, attempt, at, status, seconds,
                detail, in_flight_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            [(*row, UNTIL.isoformat()) for row in IN_BOTH],
        )
    return path


WRITTEN_BY = {1: of_version_1, 2: of_version_2, 3: partial(of_version_2, schema=VERSION_3)}


@pytest.fixture(params=WRITTEN_BY)
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def old(tmp_path: Path, version: int) -> Path:
    return WRITTEN_BY[version](tmp_path / "l.sqlite3")


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def rows(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {file.OF_VERSION_1} FROM calls ORDER BY 3").fetchall()


def looked_at(path: Path) -> tuple[Status, object, object, object]:
    """Everything that ``status``, ``plan`` and ``resume`` ask for."""
    with read_ledger(path, noon) as ledger:
        assert ledger is not None
        status = status_of(ledger, NOON, None)
        return status, ledger.in_flight(NOON), ledger.measured(), ledger.unfinished()


def test_a_ledger_of_an_older_version_is_read_and_stays(old: Path, version: int) -> None:
    status, in_flight, measured, unfinished = looked_at(old)
    assert [(e.state, e.attempts, e.in_flight) for e in status.plans[0].open] == [
        (State.VERIFYING, 2, True),
        (State.PLANNED, 0, False),
    ]
    assert (in_flight, measured) == ({FIRST.id}, {"four": (1, 1.5)})
    assert unfinished == [(PLAN.id, PLAN.run_id)]
    assert [(e.answer, e.sent) for e in status.plans[0].open] == [("HTTP 200", 2), ("", 0)]
    assert version_of(old) == version


def test_an_older_ledger_says_the_same_once_it_was_opened_for_writing(old: Path) -> None:
    before, held = looked_at(old), rows(old)
    with open_ledger(old, noon) as ledger:
        assert len(ledger.history(PLAN.id)) == 5
    assert (version_of(old), rows(old)) == (file.LEDGER_VERSION, held)
    assert looked_at(old) == before
    with open_ledger(old, noon) as ledger:
        ledger.register(PLAN)
        ledger.move(PLAN.id, [FIRST], State.LANDED)
        ledger.move(PLAN.id, [SECOND], State.SENDING)
        first, second = ledger.entries(PLAN.id)
    assert (first.state, first.attempts, first.in_flight_until) == (State.LANDED, 2, UNTIL)
    assert (second.state, second.attempts) == (State.SENDING, 1)


def test_a_migrated_ledger_has_the_tables_of_a_new_one(old: Path, tmp_path: Path) -> None:
    schemas = []
    for path in (old, tmp_path / "new.sqlite3"):
        with open_ledger(path, noon) as ledger:
            found = ledger._connection.execute(
                """SELECT m.name, c.name, c.type, c."notnull" FROM sqlite_schema AS m
                LEFT JOIN pragma_table_info(m.name) AS c WHERE m.name NOT LIKE 'sqlite_%'"""
            )
            schemas.append(sorted(found.fetchall(), key=str))
    assert schemas[0] == schemas[1]


STATEMENTS = [(old, n) for old, text in file.MIGRATIONS.items() for n in range(text.count(";"))]


@pytest.mark.parametrize(("before", "statement"), STATEMENTS)
def test_a_migration_that_is_killed_leaves_the_older_version(
    tmp_path: Path, before: int, statement: int
) -> None:
    old = WRITTEN_BY[before](tmp_path / "l.sqlite3")
    held = rows(old)
    program = f"""
import os, signal, sqlite3
from pathlib import Path
from remediation.ledger import file
parts = file.MIGRATIONS[{before}].split(";")
file.MIGRATIONS[{before}] = ";".join(parts[:{statement} + 1]) + ";SELECT die();"
connect = sqlite3.connect
def connected(*arguments, **named):
    connection = connect(*arguments, **named)
    connection.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
    return connection
sqlite3.connect = connected
with file.opened_for_writing(Path({str(old)!r})):
    pass
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert (version_of(old), rows(old)) == (before, held)
    with open_ledger(old, noon):
        pass
    assert (version_of(old), rows(old)) == (file.LEDGER_VERSION, held)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE calls SET state = 'landed' WHERE date = '2025-01-07'",
        "UPDATE calls SET attempts = 0",
        "DELETE FROM transitions WHERE state = 'verifying'",
    ],
)
def test_a_ledger_of_version_1_that_does_not_add_up_is_refused_and_stays(
    tmp_path: Path, change: str
) -> None:
    old = of_version_1(tmp_path / "l.sqlite3")
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute(change)
    with (
        pytest.raises(LedgerError, match=r"four/2025-01-07 is not what its transitions.*damaged"),
        open_ledger(old, noon),
    ):
        pass
    assert version_of(old) == 1
