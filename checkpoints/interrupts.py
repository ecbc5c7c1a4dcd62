"""Ctrl-C while modules are being imported: there is nothing to finish, so the process just ends.

An interrupt in the middle of an import is raised in somebody else's code, which may print a
traceback or swallow it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130


def _end(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _raise(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def end_at_once() -> None:
    """From now on, Ctrl-C ends the process without a word."""
    signal.signal(signal.SIGINT, _end)


def raise_again() -> None:
    """In a process that began by ``end_at_once``: Ctrl-C raises KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, _raise)


@contextmanager
def importing() -> Iterator[None]:
    """A slow import in the middle of a command; nothing changes for other processes."""
    ours = signal.getsignal(signal.SIGINT) is _raise
    if ours:
        end_at_once()
    try:
        yield
    finally:
        if ours:
            raise_again()
