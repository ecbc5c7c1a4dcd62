"""The processor services over HTTP: one server, a path prefix for each phase.

``POST /phase4/process`` with ``{"game_date": "2024-12-03"}`` and ``POST /phase4/process-date``
with ``{"analysis_date": "2024-12-03"}`` do the same; likewise phases 3 and 5.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TextIO

from demo.errors import DemoError, PortTaken
from demo.layers import PHASES
from demo.processors import Answer, Call, Malformed, answer, parse_call, refusal
from demo.writer import Writer

HOST = "127.0.0.1"
MAX_BODY = 65_536
CLIENT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the server takes from outside: the file, the time, and where it logs."""

    warehouse: Path
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    log: TextIO


class ProcessorServer(ThreadingHTTPServer):
    """Serves on 127.0.0.1 until ``shutdown``; then calls under way are finished."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, port: int, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self._writer = Writer(surroundings.warehouse, surroundings.clock, surroundings.sleep)
        try:
            super().__init__((HOST, port), _Connection)
        except (OSError, OverflowError) as error:
            raise PortTaken(
                f"cannot listen on {HOST}:{port} ({error}): give another port, or 0 for a free one"
            ) from error

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def url(self, phase: int) -> str:
        """The base URL of one phase's service."""
        return f"http://{HOST}:{self.port}/phase{phase}"

    def urls(self) -> dict[str, str]:
        """Base URLs by the environment variable that the contract reads."""
        return {f"PHASE{phase}_URL": self.url(phase) for phase in PHASES}

    def compute(self, call: Call) -> Answer:
        """Do one call; calls wait for each other, since the file takes one writer."""
        try:
            return answer(call, self._writer)
        except DemoError as error:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        except Exception as error:  # noqa: BLE001 (a service answers 500, whatever happened)
            return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")


class _Connection(BaseHTTPRequestHandler):
    server: ProcessorServer
    timeout = CLIENT_SECONDS
    wbufsize = -1  # head and body leave in one packet

    def do_GET(self) -> None:
        """``/health`` tells that the server is up."""
        found = self.path == "/health"
        self._send(
            Answer(status=HTTPStatus.OK, body={"status": "ok"})
            if found
            else refusal(HTTPStatus.NOT_FOUND, f"no route GET {self.path}")
        )

    def do_POST(self) -> None:
        """Compute a layer's rows for one date."""
        started = self.server.surroundings.clock()
        given = self._answer()
        self._send(given)
        seconds = self.server.surroundings.clock() - started
        self.server.surroundings.log.write(
            f"{given.status.value} {self.path} {1000 * seconds:.0f} ms {json.dumps(given.body)}\n"
        )

    def _answer(self) -> Answer:
        length = self.headers.get("Content-Length") or ""
        if not length.isascii() or not length.isdigit():
            return refusal(HTTPStatus.BAD_REQUEST, "Content-Length is required")
        if int(length) > MAX_BODY:
            return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MAX_BODY} bytes")
        try:
            call = parse_call(self.path, self.rfile.read(int(length)))
        except Malformed as error:
            return refusal(HTTPStatus.BAD_REQUEST, str(error))
        if call is None:
            return refusal(HTTPStatus.NOT_FOUND, f"no route POST {self.path}")
        return self.server.compute(call)

    def _send(self, given: Answer) -> None:
        content = json.dumps(given.body).encode()
        with suppress(ConnectionError):  # the client gave up; the work is done all the same
            self.send_response(given.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: every call is logged with its answer."""
