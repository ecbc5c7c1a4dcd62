"""Commands on a terminal of a given size, and what they leave on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios

from tests.support.commands import environment
from tests.support.forks import fork

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(*arguments: str, columns: int = 80, **changes: str) -> str:
    """What ``python -m …`` writes to a terminal of 24 lines, control sequences included."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    plain = {k: v for k, v in environment().items() if k not in ("COLUMNS", "NO_COLOR")}
    env = {**plain, "TERM": "xterm-256color", **changes}
    running = fork(*arguments, env=env, stdout=inner, stderr=inner)
    os.close(inner)
    shown = _all(outer).replace("\r\n", "\n")
    running.wait()
    return shown


def _all(outer: int) -> str:
    written = b""
    with os.fdopen(outer, "rb", closefd=True) as terminal:
        while True:
            try:
                found = terminal.read1(65536)
            except OSError:  # what Linux says when the other end is closed
                found = b""
            if not found:
                return written.decode()
            written += found


def height(text: str, columns: int) -> int:
    """How many lines of a screen a text takes, long lines wrapped."""
    lines = CONTROL.sub("", text).splitlines()
    return sum(max(1, -(-len(line) // columns)) for line in lines)
