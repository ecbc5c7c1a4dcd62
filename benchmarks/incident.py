"""A backfill to be timed: a table that lacks every date, its report, a service, a ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.world import CHECKPOINT, World, save_project, save_world
from checkpoints.archive.runs import save_report
from checkpoints.contract.loading import load_contract
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from checkpoints.validation import Request, check
from remediation.ledger.file import opened_for_writing
from remediation.ledger.states import State

FIRST = date(1990, 1, 1)
GAMES = 5
CALLS_OF_A_PLAN = 2_000
STEPS = (State.SENDING, State.ACCEPTED, State.VERIFYING, State.LANDED)


def contract_of(dates: int, url: str) -> dict[str, Any]:
    """Games, and a summary of them that a service builds."""
    keyed = {"date": "d", "key": "k"}
    rule = {"rule": "conversion_ratio", "at_least": 0.9}
    summary = {"layer": "L3", "table": "summary", "upstream": "games", "service": "three"}
    return {
        "version": 1,
        "timezone": "UTC",
        "warehouse": "duckdb:///warehouse.duckdb",
        "reference": "games",
        "layers": {"reference": "games", "L3": "summaries"},
        "seasons": [{"name": "all", "from": FIRST, "to": FIRST + timedelta(days=dates)}],
        "datasets": {
            "games": {"layer": "reference", "table": "games", **keyed},
            "summary": {**summary, **keyed, "rules": [rule]},
        },
        "services": {
            "three": {
                "url": url,
                "body": {"game_date": "{date}"},
                "auth": "none",
                "seconds_between_calls": 0,
            }
        },
        "checkpoints": {CHECKPOINT: {"suites": ["reference", "L3"]}},
    }


def make_world(folder: Path, dates: int, url: str, now: datetime) -> Path:
    """Fill the tables and store the report of a check. Returns the saved world's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = save_project(folder, contract_of(dates, url))
    warehouse = folder / "warehouse.duckdb"
    warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            """CREATE TABLE games AS
            SELECT $first + day::INTEGER AS d, day || '_' || game AS k
            FROM range($dates) days(day), range($games) games(game)""",
            {"first": FIRST, "dates": dates, "games": GAMES},
        )
        connection.execute("CREATE TABLE summary AS SELECT * FROM games WHERE false")
    last = FIRST + timedelta(days=dates - 1)
    world = World(
        name=f"{dates:,} dates", folder=folder, warehouse=warehouse, first=FIRST, last=last
    )
    file = load_contract(path, {})
    report = check(
        Request(
            file=file,
            warehouse=world.url,
            window=Window(range=DateRange(FIRST, last), label="all"),
            as_of=world.as_of,
            checkpoint=CHECKPOINT,
            fail_on="critical",
            started_at=now,
            elapsed=lambda: 0.0,
        )
    )
    save_report(file.project, report)
    return save_world(world, {})


def server(warehouse: Path) -> ThreadingHTTPServer:
    """A service that answers every call at once; the first call writes all that is missing."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Take a date."""
            json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            land(warehouse)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    land = _once(_land)
    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def _once(do: Callable[[Path], None]) -> Callable[[Path], None]:
    done: set[Path] = set()

    def first_time(path: Path) -> None:
        if path not in done and path.exists():
            done.add(path)
            do(path)

    return first_time


def _land(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("INSERT INTO summary SELECT * FROM games")


def fill_ledger(path: Path, rows: int, at: datetime) -> int:
    """A ledger of so many transitions, four a call, all landed. Returns the number of plans."""
    moment = at.isoformat(timespec="milliseconds")
    calls = rows // len(STEPS)
    with opened_for_writing(path) as connection, connection:
        plans = -(-calls // CALLS_OF_A_PLAN)
        connection.executemany(
            "INSERT INTO plans VALUES (?, ?, '', ?)",
            ((f"{n:064x}", f"run-{n}", moment) for n in range(plans)),
        )
        connection.executemany(
            "INSERT INTO planned_calls VALUES (?, 'three', ?, 'summary', ?)",
            ((*key, moment) for key in islice(_calls(), calls)),
        )
        connection.executemany(
            "INSERT INTO transitions VALUES (NULL, ?, 'three', ?, ?, 1, ?, 200, 0.1, '', '')",
            ((*key, step, moment) for key in islice(_calls(), calls) for step in STEPS),
        )
    return plans


def _calls() -> Iterator[tuple[str, str]]:
    """Plan id and date of call after call."""
    plan = 0
    while True:
        for day in range(CALLS_OF_A_PLAN):
            yield f"{plan:064x}", str(FIRST + timedelta(days=day))
        plan += 1
