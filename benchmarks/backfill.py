"""What a backfill costs beside the service's own time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from benchmarks.measuring import Bench
from benchmarks.results import BackfillRow
from benchmarks.worlds import CHECKPOINT, World, save_world
from remediation.ledger.file import opened_for_writing

FIRST = date(1990, 1, 1)
GAMES = 5
NOBODY = "http://127.0.0.1:9"
CALLS_OF_A_PLAN = 2_000
AT = "2025-01-01T00:00:00.000+00:00"
STEPS = ("sending", "accepted", "verifying", "landed")


def measure_backfill(
    bench: Bench, calls: int, dates: int, ledger_rows: int, rounds: int
) -> Iterator[BackfillRow]:
    """Overhead per call, planning, status; whole commands from the shell to the exit code.

    Raises:
        DidNotRun: a command failed.
    """
    folder = bench.scratch / "backfill"
    yield BackfillRow(
        what=f"per call, {calls:,} calls: the whole `remediation run --yes` ÷ calls",
        value=median([_run(bench, folder / "run", calls) for _ in range(rounds)]) / calls * 1000,
        unit="ms",
        target=10,
    )
    yield BackfillRow(
        what=f"`remediation plan` of {dates:,} dates",
        value=_plan(bench, folder / "plan", dates, rounds),
        unit="s",
        target=1,
    )
    yield BackfillRow(
        what=f"`remediation status`, ledger of {ledger_rows:,} transitions",
        value=_status(bench, folder / "status", ledger_rows, rounds),
        unit="s",
        target=0.5,
    )


def _run(bench: Bench, folder: Path, calls: int) -> float:
    """Seconds of start-up, looks at the tables, calls, ledger, and the last look at the window."""
    with serving(folder / "warehouse.duckdb") as url:
        world = make_incident(folder, calls, url)
        bench.python("checkpoints", "run", *world.options, codes=(1,))
        _remediation(bench, world, "plan", "--warehouse", world.url)
        return _remediation(bench, world, "run", "--yes", "--warehouse", world.url)


def _plan(bench: Bench, folder: Path, dates: int, rounds: int) -> float:
    world = make_incident(folder, dates, NOBODY)
    bench.python("checkpoints", "run", *world.options, codes=(1,))
    options = ("plan", "--out", str(folder / "plan.json"), "--warehouse", world.url)
    return median([_remediation(bench, world, *options) for _ in range(rounds)])


def _status(bench: Bench, folder: Path, rows: int, rounds: int) -> float:
    world = make_incident(folder, 10, NOBODY)
    fill_ledger(world.contract_path.parent / "uncommitted" / "ledger.sqlite3", rows)
    return median([_remediation(bench, world, "status") for _ in range(rounds)])


def _remediation(bench: Bench, world: World, *arguments: str) -> float:
    return bench.python("remediation", *arguments, "--contract", str(world.contract_path)).seconds


def make_incident(folder: Path, dates: int, url: str) -> World:
    """Games on so many dates, and a summary of them that a service builds and that is empty."""
    folder.mkdir(parents=True, exist_ok=True)
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
    world.forget_runs()
    return save_world(world, _contract(last, url))


def _contract(last: date, url: str) -> dict[str, Any]:
    keyed = {"date": "d", "key": "k"}
    rule = {"rule": "conversion_ratio", "at_least": 0.9}
    summary = {"layer": "L3", "table": "summary", "upstream": "games", "service": "three"}
    service = {"url": url, "body": {"game_date": "{date}"}, "auth": "none"}
    return {
        "version": 1,
        "timezone": "UTC",
        "warehouse": "duckdb:///warehouse.duckdb",
        "reference": "games",
        "layers": {"reference": "games", "L3": "summaries"},
        "seasons": [{"name": "all", "from": FIRST, "to": last}],
        "datasets": {
            "games": {"layer": "reference", "table": "games", **keyed},
            "summary": {**summary, **keyed, "rules": [rule]},
        },
        "services": {"three": {**service, "seconds_between_calls": 0}},
        "checkpoints": {CHECKPOINT: {"suites": ["reference", "L3"]}},
    }


@contextmanager
def serving(warehouse: Path) -> Iterator[str]:
    """A service that answers every call at once; its first call writes all that is missing."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wrote = False

        def do_POST(self) -> None:
            """Take a date."""
            self.rfile.read(int(self.headers["Content-Length"]))
            if not Handler.wrote:
                Handler.wrote = True  # the canary is alone: nobody else calls meanwhile
                with duckdb.connect(str(warehouse)) as connection:
                    connection.execute("INSERT INTO summary SELECT * FROM games")
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fill_ledger(path: Path, transitions: int) -> None:
    """A ledger of calls that all landed, four transitions each."""
    steps = ", ".join(f"({n}, '{state}')" for n, state in enumerate(STEPS))
    calls = f"""WITH RECURSIVE numbers(n) AS
        (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {transitions // len(STEPS)}),
        steps(step, state) AS (VALUES {steps}),
        calls AS (SELECT n, printf('%064x', n / {CALLS_OF_A_PLAN}) AS plan_id,
                         date('{FIRST}', (n % {CALLS_OF_A_PLAN}) || ' days') AS day FROM numbers)"""
    with opened_for_writing(path) as connection, connection:
        connection.execute(
            f"""INSERT INTO plans (plan_id, run_id, contract_sha256, registered_at) {calls}
            SELECT DISTINCT plan_id, 'run-' || plan_id, '', '{AT}' FROM calls"""
        )
        connection.execute(
            f"""INSERT INTO planned_calls {calls}
            SELECT plan_id, 'three', day, 'summary', '{AT}' FROM calls"""
        )
        connection.execute(
            f"""INSERT INTO transitions
                (plan_id, service, date, state, attempt, at, status, seconds, detail) {calls}
            SELECT plan_id, 'three', day, state, 1, '{AT}', 200, 0.1, ''
            FROM calls, steps ORDER BY n, step"""
        )
