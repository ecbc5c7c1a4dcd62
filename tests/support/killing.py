"""``python -m remediation`` in a process that kills itself at a chosen point (tests only).

``python -m tests.support.killing POINT N run --yes …``: when the run comes to the point for the
N-th time, the process gets SIGKILL, so that nothing is finished, flushed or released.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from checkpoints.cli.shell import main
from remediation.backfill import run as running
from remediation.backfill.tables import Tables
from remediation.cli.commands import cli
from remediation.ledger.ledger import Ledger
from remediation.ledger.states import State
from remediation.service.http_sender import HttpSender

Here = Callable[..., bool]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()


def kill(owner: Any, name: str, number: int, *, after: bool, here: Here = lambda *_: True) -> None:
    """Die before or after the ``number``-th call of a function, of those that ``here`` wants."""
    real, seen, lock = getattr(owner, name), [0], threading.Lock()

    @wraps(real)
    def deadly(*arguments: Any, **named: Any) -> Any:
        with lock:
            seen[0] += here(*arguments)
            due = here(*arguments) and seen[0] == number
        if due and not after:
            die()
        answer = real(*arguments, **named)
        if due:
            die()
        return answer

    setattr(owner, name, deadly)


def to(state: State) -> Here:
    return lambda _ledger, _plan, calls, moved: moved is state and bool(calls)


def move(state: State, *, after: bool) -> Callable[[int], None]:
    return lambda n: kill(Ledger, "move", n, after=after, here=to(state))


POINTS: dict[str, Callable[[int], None]] = {
    "before the plan is registered": lambda n: kill(Ledger, "register", n, after=False),
    "before the write-ahead": move(State.SENDING, after=False),
    "after the write-ahead": move(State.SENDING, after=True),
    "before the socket opens": lambda n: kill(HttpSender, "send", n, after=False),
    "before the answer is recorded": lambda n: kill(HttpSender, "send", n, after=True),
    "after the answer is recorded": move(State.ACCEPTED, after=True),
    "when verification begins": move(State.VERIFYING, after=True),
    "when the tables were read": lambda n: kill(Tables, "look", n, after=True),
    "before a date is written down as landed": move(State.LANDED, after=False),
    "between two dates": move(State.LANDED, after=True),
    "before the record is written": lambda n: kill(running, "write_text", n, after=False),
}

if __name__ == "__main__":
    point, times, *rest = sys.argv[1:]
    POINTS[point](int(times))
    sys.argv[1:] = rest
    sys.exit(main(cli))
