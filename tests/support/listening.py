"""Servers on loopback that people are told through: HTTP, and SMTP."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event
from typing import Any

from tests.support.loopback import served


@dataclass
class Room:
    """What was posted to a server, and how it answers: a code, ``hangs`` or ``drips``."""

    url: str = ""
    messages: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer: int = 200
    hangs: bool = False
    drips: bool = False
    location: str = ""
    leave: Event = field(default_factory=Event)

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def titles(self) -> list[str]:
        """By what was heard, oldest first."""
        return [message["title"] for message in self.messages]


@contextmanager
def listening() -> Iterator[Room]:
    """An HTTP server that keeps what is posted to it."""
    room = Room()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"null"
            if room.hangs:
                room.leave.wait(60)
                return
            room.messages.append(json.loads(content))
            room.headers.append(dict(self.headers))
            self.send_response(room.answer)
            if room.location:
                self.send_header("Location", room.location)
            self.send_header("Content-Length", "60" if room.drips else "0")
            self.end_headers()
            with suppress(OSError):
                while room.drips and not room.leave.wait(0.2):
                    self.wfile.write(b".")
                    self.wfile.flush()

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Handler), room.leave) as port:
        room.url = f"http://127.0.0.1:{port}"
        yield room


@dataclass
class PostOffice:
    """The mails that a server took; ``says`` is what it answers to each, ``hangs``: nothing."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    says: str = "250 taken"
    hangs: bool = False
    leave: Event = field(default_factory=Event)


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """An SMTP server that keeps the mails it is given."""
    office = PostOffice()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            if office.hangs:
                office.leave.wait(60)
                return
            self._say("220 post office")
            while line := self.rfile.readline().decode().strip().upper():
                if line.startswith("DATA"):
                    self._say("354 go on")
                    self._take()
                    self._say(office.says)
                elif line.startswith("QUIT"):
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _take(self) -> None:
            lines = iter(self.rfile.readline, b".\r\n")
            mail = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(mail, EmailMessage)
            office.mails.append(mail)

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    class Server(ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    with _served(Server(("127.0.0.1", 0), Handler), office.leave) as port:
        office.port = port
        yield office


@contextmanager
def _served(server: Any, leave: Event) -> Iterator[int]:
    with served(server) as port:
        try:
            yield port
        finally:
            leave.set()


def nobody() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
