"""The processor services over HTTP: one server, a path prefix for each phase.

``POST /phase4/process`` with ``{"game_date": "2024-12-03"}`` and ``POST /phase4/process-date``
with ``{"analysis_date": "2024-12-03"}`` do the same; likewise phases 3 and 5. In a rehearsal a
call may meet a fault: see ``demo.faults``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import TextIO

from demo.connection import Connection
from demo.errors import DemoError, PortTaken
from demo.faults import HONEST, Fault, Rehearsal
from demo.layers import PHASES
from demo.processors import Answer, Call, answer, refusal
from demo.writer import Writer

HOST = "127.0.0.1"


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
            return answer(call, self._writer, fault)
        except DemoError as error:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        except Exception as error:  # noqa: BLE001 (a service answers 500, whatever happened)
            return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")

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
