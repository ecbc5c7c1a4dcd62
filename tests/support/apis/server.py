"""A real HTTP server on loopback that answers as one API does, and the work that it starts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.loopback import served
from tests.support.scripted_service import ScriptedService


@dataclass(frozen=True, kw_only=True)
class Request:
    """What reached the server; ``body`` is JSON, or text where it is none."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body).items()}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What goes back; a ``body`` that is no text is sent as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Pipeline:
    """Builds dates of the features in threads of its own, as jobs and subscribers do.

    A date in ``broken`` fails for the reason that stands there; one in ``lost`` is said to be done
    and is not written. What is started begins when it ``may_begin``.
    """

    def __init__(self, database: Path) -> None:
        self._tables = ScriptedService(database=database)
        self._threads: list[threading.Thread] = []
        self.broken: dict[str, str] = {}
        self.lost: set[str] = set()
        self.may_begin = threading.Event()
        self.may_begin.set()

    def build(self, dates: Sequence[date]) -> str:
        """Write dates one by one; returns why it stopped, or nothing."""
        for day in dates:
            if str(day) in self.broken:
                return self.broken[str(day)]
            if str(day) not in self.lost:
                self._tables.write("/four", day)
        return ""

    def start(self, dates: Sequence[date], ended: Callable[[str], None]) -> None:
        """Write dates while the caller goes on; ``ended`` is told why it stopped, or nothing."""

        def work() -> None:
            self.may_begin.wait()
            ended(self.build(dates))

        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Wait for all that was started."""
        for thread in self._threads:
            thread.join()


class Api:
    """What answers requests; ``instead`` holds replies of a front end, given before its own."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.instead: list[Reply] = []

    def sent(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    def take(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.instead.pop(0) if self.instead else self.answer(request)

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError


def bearer(request: Request) -> str:
    """The token that a request carries; empty without one."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def _handler_of(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            body: Any = raw
            if self.headers.get("Content-Type", "").startswith("application/json"):
                body = json.loads(raw)
            path = unquote(urlsplit(self.path).path)
            request = Request(method=self.command, path=path, headers=self.headers, body=body)
            reply = api.take(request)
            text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

    return Handler


@contextmanager
def serving(api: Api) -> Iterator[None]:
    """The API at its ``url``, until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(api))
    with served(server) as port:
        api.url = f"http://127.0.0.1:{port}"
        yield
