"""A real processor service on loopback that does what a script says, and a project for it."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import duckdb

from checkpoints.archive.report import Report
from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from tests.support.loopback import served
from tests.support.runs import judged
from tests.support.warehouses import BASIC, KEYED, D, days, fill, write_contract

FIRST, LAST, TODAY = D("2025-01-01"), D("2025-01-20"), D("2025-01-21")
BUILDS = {
    "/three": [("summary", "raw")],
    "/four": [("factors", "summary"), ("cache", "summary")],
    "/five": [("scores", "factors")],
}
QUICK = {
    "auth": "none", "timeout_seconds": 5, "seconds_between_calls": 0, "settle_seconds": 0.4,
    "poll_seconds": 0.2, "breaker_after": 3, "probe_after_seconds": 0.05,
}  # fmt: skip


def raw_contract(url: str, database: Path, **quick: Any) -> dict[str, Any]:
    """Five datasets below the schedule, and three services at one address."""
    datasets = dict(BASIC["datasets"])
    datasets["summary"] = {**datasets["summary"], "service": "three"}
    datasets["factors"] = {**datasets["factors"], "service": "four"}
    datasets["cache"] = {
        "layer": "L4", "table": "s.cache", "date": "d", "upstream": "summary", "warmup_days": 5,
        "service": "four", "rules": [{"rule": "date_gap", "at_most_days": 2}],
    }  # fmt: skip
    datasets["scores"] = {
        "layer": "L5", "table": "s.scores", **KEYED, "upstream": "factors", "warmup_days": 3,
        "service": "five", "rules": [{"rule": "conversion_ratio", "of": "raw", "at_least": 0.7}],
    }  # fmt: skip
    body = {"game_date": "{date}", "nested": [{"again": "on {date}"}], "n": 3}
    services = {
        name: {"url": url, "path": f"/{name}", "body": body, **QUICK, **quick}
        for name in ("three", "four", "five")
    }
    return {
        **BASIC,
        "warehouse": f"duckdb:///{database}",
        "layers": {**BASIC["layers"], "L5": "predictions"},
        "datasets": datasets,
        "services": services,
        "checkpoints": {"after_backfill": {"suites": ["reference", "L1", "L3", "L4", "L5"]}},
    }


@dataclass
class Call:
    path: str
    date: date
    headers: Mapping[str, str]
    body: Any
    method: str = "POST"
    query: Sequence[tuple[str, str]] = ()

    @property
    def short(self) -> str:
        return f"{self.path[1:]} {self.date:%m-%d}"


Act = Callable[[BaseHTTPRequestHandler, "ScriptedService", str, date], None]


@dataclass
class ScriptedService:
    """``script`` holds what to do at the next calls for a path and date; then it lands.

    ``jobs`` holds what to do when a job is asked for, by path; the last is done again and again.
    ``forms`` holds answers to what is posted as a form. ``connections`` are those that are open.
    """

    database: Path
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    script: dict[tuple[str, date], list[Act]] = field(default_factory=dict)
    otherwise: dict[str, Act] = field(default_factory=dict)
    connections: list[object] = field(default_factory=list)
    jobs: dict[str, list[Act]] = field(default_factory=dict)
    polls: list[Call] = field(default_factory=list)
    forms: dict[str, str] = field(default_factory=dict)

    def on(self, path: str, day: str, *acts: Act) -> None:
        self.script[path, D(day)] = list(acts)

    @property
    def sent(self) -> list[str]:
        return [call.short for call in self.calls]

    def settle(self) -> None:
        """Wait until all that was sent to it is done, whoever sent it and has ended since.

        Connections are taken in the order in which they were made: those before this one are.
        """
        port = urlsplit(self.url).port or 0
        with socket.create_connection(("127.0.0.1", port), timeout=10) as last:
            last.sendall(b"HEAD / HTTP/1.0\r\n\r\n")  # a method that it does not have
            while last.recv(1024):
                pass
        deadline = time.monotonic() + 10
        while self.connections and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not self.connections

    def write(self, path: str, day: date, most: int = 1000) -> None:
        for _ in range(200):
            try:
                with duckdb.connect(str(self.database)) as connection:
                    for table, upstream in BUILDS[path]:
                        connection.execute(f"DELETE FROM s.{table} WHERE d = ?", [day])
                        connection.execute(
                            f"INSERT INTO s.{table} SELECT DISTINCT d, k FROM s.{upstream} "
                            "WHERE d = ? ORDER BY k LIMIT ?",
                            [day, most],
                        )
                return
            except duckdb.Error:
                time.sleep(0.02)
        raise AssertionError("the warehouse was never free")


def reply(handler: BaseHTTPRequestHandler, status: int, body: str = "{}", **headers: str) -> None:
    data = body.encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(data)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


def answer(status: int, body: str = "{}", **headers: str) -> Act:
    """Answer, and write nothing."""
    return lambda handler, *_: reply(handler, status, body, **headers)


def land_and_answer(status: int, body: str = "{}", most: int = 1000) -> Act:
    """Write at most so many keys, and answer."""

    def act(handler: Any, service: ScriptedService, path: str, day: date) -> None:
        service.write(path, day, most)
        reply(handler, status, body)

    return act


land = land_and_answer(200)
half = land_and_answer(200, most=1)


def drop(handler: Any, *_: Any) -> None:
    handler.close_connection = True
    handler.connection.close()


def silence(seconds: float, *, lands: bool) -> Act:
    """No answer for so long; the data may land at its end."""

    def act(handler: Any, service: ScriptedService, path: str, day: date) -> None:
        time.sleep(seconds)
        if lands:
            service.write(path, day)

    return act


def _first_date(text: str) -> date:
    found = re.search(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
    return D(found[0]) if found else date.min


@contextmanager
def scripted_service(
    database: Path, tls: ssl.SSLContext | None = None
) -> Iterator[ScriptedService]:
    service = ScriptedService(database=database)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode() or "null"
            if form := service.forms.get(self.path):
                reply(self, 200, form, Content_Type="application/json")
                return
            parts, body = urlsplit(self.path), json.loads(text)
            day = _first_date(f"{text} {self.path} {self.headers}")
            query = parse_qsl(parts.query, keep_blank_values=True)
            call = Call(parts.path, day, dict(self.headers), body, self.command, query)
            if polled := service.jobs.get(parts.path):
                service.polls.append(call)
                act = polled.pop(0) if len(polled) > 1 else polled[0]
            else:
                service.calls.append(call)
                acts = service.script.get((parts.path, day), [])
                act = acts.pop(0) if acts else service.otherwise.get(parts.path, land)
            act(self, service, parts.path, day)

        do_GET = do_PUT = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError, ValueError):
                super().handle()

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

    class Server(ThreadingHTTPServer):
        def process_request(self, request: Any, client_address: Any) -> None:
            service.connections.append(request)
            super().process_request(request, client_address)

        def shutdown_request(self, request: Any) -> None:
            super().shutdown_request(request)
            service.connections.remove(request)

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # closing waits for whatever still writes
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    with served(server) as port:
        service.url = f"http://127.0.0.1:{port}"
        yield service


def full_tables() -> dict[str, list[tuple[Any, ...]]]:
    """Everything there from the end of the warm-ups on: two games a day."""
    games = days("2025-01-01", "2025-01-20")
    return {
        "schedule": games,
        "raw": games,
        "summary": games,
        "factors": days("2025-01-04", "2025-01-20"),
        "cache": days("2025-01-06", "2025-01-20", games=1),
        "scores": days("2025-01-04", "2025-01-20"),
    }


def without(rows: list[tuple[Any, ...]], *dates: str) -> list[tuple[Any, ...]]:
    return [row for row in rows if str(row[0]) not in dates]


@dataclass
class Project:
    """A folder with a contract, a warehouse and a service."""

    folder: Path
    service: ScriptedService
    raw: dict[str, Any]

    @property
    def database(self) -> Path:
        return self.service.database

    def file(self) -> ContractFile:
        return load_contract(self.folder / "pipeline.yml", {})

    def change(self, **changes: Any) -> None:
        self.raw = {**self.raw, **changes}
        write_contract(self.folder, self.raw)

    def change_service(self, name: str, **changes: Any) -> None:
        services = self.raw["services"]
        self.change(services={**services, name: {**services[name], **changes}})

    def check(self) -> Report:
        """Judge by the rules, and store the report as a run does."""
        window = Window(range=DateRange(FIRST, LAST), label="January")
        return judged(self.file(), window, TODAY)

    def rows(self, table: str, day: str) -> int:
        with duckdb.connect(str(self.database)) as connection:
            found = connection.execute(f"SELECT count(*) FROM s.{table} WHERE d = ?", [D(day)])
            return int(found.fetchall()[0][0])


@contextmanager
def project(
    folder: Path,
    lacking: Mapping[str, tuple[str, ...]],
    tls: ssl.SSLContext | None = None,
    **quick: Any,
) -> Iterator[Project]:
    """A project whose tables are full but for the dates that ``lacking`` names per table."""
    database = folder / "warehouse.duckdb"
    tables = full_tables()
    for table, dates in lacking.items():
        tables[table] = without(tables[table], *dates)
    fill(database, tables)
    with scripted_service(database, tls) as service:
        made = Project(
            folder=folder, service=service, raw=raw_contract(service.url, database, **quick)
        )
        write_contract(folder, made.raw)
        yield made
