"""The processor services over HTTP: one server, a path prefix for each phase.

``POST /phase4/process`` with ``{"game_date": "2024-12-03"}`` and ``POST /phase4/process-date``
with ``{"analysis_date": "2024-12-03"}`` do the same; ``/phase4/process-date-range`` takes a
``start_date`` and an ``end_date``, ``/phase4/process-dates`` a list of ``dates``; likewise phases 3
and 5. The rows that a date has are replaced. In a rehearsal a call may meet a fault: see
``demo.faults``.
"""

from __future__ import annotations

import json
import os
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET, socket
from typing import TextIO

from demo.errors import DemoError, PortTaken
from demo.faults import HONEST, Fault, Rehearsal
from demo.layers import PHASES
from demo.processors import Answer, Call, Malformed, answer, claim, parse_call, refusal
from demo.replies import Reply, log_in_page, pieces, reply_of
from demo.warehouse import Writer

HOST = "127.0.0.1"
MAX_BODY = 65_536
CLIENT_SECONDS = 10
LOGGED = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the server takes from outside: the file, the time, and where it logs.

    ``clock`` is monotonic, ``now`` in seconds since 1970. ``pause`` waits so many seconds, or
    until the server is to stop, which it tells by True.
    """

    warehouse: Path
    clock: Callable[[], float]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    pause: Callable[[float], bool]
    log: TextIO


class ProcessorServer(ThreadingHTTPServer):
    """Serves on 127.0.0.1 until ``shutdown``; then calls under way are finished."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(
        self, port: int, surroundings: Surroundings, rehearsal: Rehearsal | None = None
    ) -> None:
        self.surroundings = surroundings
        self.rehearsal = rehearsal or Rehearsal()
        self._writer = Writer(surroundings.warehouse, surroundings.clock, surroundings.sleep)
        self._started = surroundings.clock()
        self._refuse_for = 0.0
        self._refusing = threading.Event()
        try:
            super().__init__((HOST, port), Connection)
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

    def compute(self, call: Call, fault: Fault = HONEST) -> Answer:
        """Do one call; calls wait for each other, since the file takes one writer."""
        try:
            return answer(call, self._writer, self._now, fault)
        except DemoError as error:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        except Exception as error:  # noqa: BLE001 (a service answers 500, whatever happened)
            return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.surroundings.now(), UTC).replace(tzinfo=None)

    def log(self, line: str) -> None:
        """Write one line of the log, with the seconds since the server was made."""
        seconds = self.surroundings.clock() - self._started
        self.surroundings.log.write(f"{seconds:9.3f} {line}\n")

    def serve_forever(self, poll_interval: float = 0.05) -> None:
        """Serve until ``shutdown``, with pauses in which nobody can connect."""
        super().serve_forever(poll_interval)
        while self._refuse_for:
            self.socket.close()
            self._refusing.set()
            if self.surroundings.pause(self._refuse_for):
                return
            self._refuse_for = 0.0
            self._refusing.clear()
            self._listen_again()
            super().serve_forever(poll_interval)

    def refuse(self, seconds: float) -> None:
        """Close the door for so long; called by a connection, it returns once it is closed."""
        self._refuse_for = seconds
        self.shutdown()
        self._refusing.wait()

    def _listen_again(self) -> None:
        self.socket = socket(self.address_family, self.socket_type)
        self.server_bind()
        self.server_activate()


class _Stopping(Exception):
    """The server stops: what a fault put off is not done any more."""


class Connection(BaseHTTPRequestHandler):
    """Serves one connection of a ``ProcessorServer``."""

    server: ProcessorServer
    timeout = CLIENT_SECONDS
    wbufsize = -1  # head and body leave in one packet

    def handle(self) -> None:
        """Serve it; a client that leaves ends it."""
        with suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        """Close it, whatever is left in its buffers."""
        with suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        """``/health`` tells that the server is up; ``/login`` is where a redirect may lead."""
        self._started = self.server.surroundings.clock()
        if self.path == "/login":
            self._deliver(log_in_page(), HONEST)
        elif self.path == "/health":
            self._reply(Answer(status=HTTPStatus.OK, body={"status": "ok"}))
        else:
            self._reply(refusal(HTTPStatus.NOT_FOUND, f"no route GET {self.path}"))

    def do_POST(self) -> None:
        """Compute a layer's rows for some dates."""
        self._started = self.server.surroundings.clock()
        call = self._call()
        if isinstance(call, Answer):
            self._reply(call)
            return
        number, fault, spared = self.server.rehearsal.next(call.phase, call.days)
        met = f": {fault.fault}" if fault.fault else ""
        self.server.log(f"POST {self.path} {call.said} call {number}{met}")
        try:
            self._play(replace(call, spared=spared), fault)
        except _Stopping:
            self.server.log(f"stopping: {self.path} {call.said} is left as it is")

    def _call(self) -> Call | Answer:
        """The call, or why it is none."""
        length = self.headers.get("Content-Length") or ""
        if not length.isascii() or not length.isdigit():
            return refusal(HTTPStatus.BAD_REQUEST, "Content-Length is required")
        if int(length) > MAX_BODY:
            return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MAX_BODY} bytes")
        try:
            call = parse_call(self.path, self.rfile.read(int(length)))
        except Malformed as error:
            return refusal(HTTPStatus.BAD_REQUEST, str(error))
        return call or refusal(HTTPStatus.NOT_FOUND, f"no route POST {self.path}")

    def _play(self, call: Call, fault: Fault) -> None:
        """Write and answer, each in its time."""
        first, last = sorted((fault.write_after, fault.answer_after))
        if fault.writes_first or call.spared:
            self._pause(first)
            done = self.server.compute(call, fault)
            self._pause(last - first)
            self._reply(done, fault)
            return
        self._pause(fault.answer_after)
        self._reply(claim(call), fault)
        if fault.write != "nothing":
            self._hang_up()
            self._pause(last - first)
            done = self.server.compute(call, fault)
            self.server.log(f"late {self.path} {call.said} {json.dumps(done.body):.{LOGGED}}")

    def _pause(self, seconds: float) -> None:
        if seconds and self.server.surroundings.pause(seconds):
            raise _Stopping

    def _reply(self, given: Answer, fault: Fault = HONEST) -> None:
        if fault.refuse_for:
            self.server.refuse(fault.refuse_for)
        self._deliver(reply_of(given, fault, self.server.surroundings.now()), fault)

    def _deliver(self, reply: Reply, fault: Fault) -> None:
        how = self._send(reply, fault)
        seconds = self.server.surroundings.clock() - self._started
        shown = reply.content[:LOGGED].decode().rstrip()
        self.server.log(
            f"{reply.status} {self.command} {self.path} {1000 * seconds:.0f} ms {shown}{how}"
        )

    def _send(self, reply: Reply, fault: Fault) -> str:
        """Send it as the fault says; what became of it, if that is worth a word."""
        sent, size = 0, len(reply.content)
        try:
            if fault.reset == "before the answer":
                self._break_off()
                return " (not sent: connection reset)"
            self._head(reply)
            for piece, pause in pieces(reply, fault):
                self.wfile.write(piece)
                sent += len(piece)
                if pause:
                    self.wfile.flush()
                    self._pause(pause)
            self.wfile.flush()
        except ConnectionError:  # the client gave up; the work is done all the same
            return f" (the client left after {sent:,} of {size:,} bytes)"
        if fault.reset == "in the answer":
            self._break_off()
            return f" (connection reset after {sent:,} of {size:,} bytes)"
        return ""

    def _head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()

    def _hang_up(self) -> None:
        """End the answer while the work goes on."""
        with suppress(OSError):
            self.server.shutdown_request(self.connection)

    def _break_off(self) -> None:
        """Close the socket so that the other side sees a reset."""
        self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: every call is logged with its answer."""
