"""One HTTP connection of the processor services: reads a call, answers it, or misbehaves."""

from __future__ import annotations

import json
import os
import struct
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socket import SO_LINGER, SOL_SOCKET
from typing import TYPE_CHECKING

from demo.faults import HONEST, Fault
from demo.processors import Answer, Call, Malformed, claim, parse_call, refusal
from demo.replies import Reply, log_in_page, pieces, reply_of

if TYPE_CHECKING:
    from demo.server import ProcessorServer

MAX_BODY = 65_536
CLIENT_SECONDS = 10
LOGGED = 300


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
        """Compute a layer's rows for one date."""
        self._started = self.server.surroundings.clock()
        call = self._call()
        if isinstance(call, Answer):
            self._reply(call)
            return
        number, fault = self.server.rehearsal.next(call.phase, call.day)
        met = f": {fault.fault}" if fault.fault else ""
        self.server.log(f"POST {self.path} {call.day} call {number}{met}")
        try:
            self._play(call, fault)
        except _Stopping:
            self.server.log(f"stopping: {self.path} {call.day} is left as it is")

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
        if fault.writes_first:
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
            self.server.log(f"late {self.path} {call.day} {json.dumps(done.body):.{LOGGED}}")

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
