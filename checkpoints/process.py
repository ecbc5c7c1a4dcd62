"""Ctrl-C, which is never raised in the middle of somebody else's code.

A traceback out of a library, or a library that swallows the interrupt, is what that leads to.
So an interrupt ends the process at once, as nothing is lost by that: files are written whole or
not at all. It is raised only in blocks that do nothing but wait, and whose work must be cancelled;
and a run that has bookkeeping to finish hears of it in those blocks and nowhere else.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130


def _end(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _say_and_end(_signal: int, _frame: FrameType | None) -> None:
    os.write(2, b"interrupted\n")
    os._exit(INTERRUPTED)


class _Noted:
    """Remembers an interrupt until a block that waits; the second one ends the process."""

    def __init__(self) -> None:
        self._seen = False
        self.pending = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._seen:
            _say_and_end(number, frame)
        self._seen = self.pending = True

    def deliver(self) -> None:
        """Raise what is pending, once."""
        if self.pending:
            self.pending = False
            raise KeyboardInterrupt


def end_at_once() -> None:
    """From now on Ctrl-C ends the process without a word: it has not said anything yet."""
    signal.signal(signal.SIGINT, _end)


def end_with_a_word() -> None:
    """In a process that began by ``end_at_once``: from now on it says that it was interrupted."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, _say_and_end)


@contextmanager
def noted() -> Iterator[None]:
    """A run that must finish its bookkeeping: SIGINT and SIGTERM wait for a ``raising`` block."""
    note = _Noted()
    before = [(number, signal.signal(number, note)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def raising() -> Iterator[None]:
    """A block that only waits: an interrupt is raised in it as KeyboardInterrupt.

    Raises:
        KeyboardInterrupt: at once, when one was noted before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    note = before if isinstance(before, _Noted) else None

    def interrupt(number: int, frame: FrameType | None) -> None:
        if note is None:
            raise KeyboardInterrupt
        note(number, frame)
        note.deliver()

    numbers = (signal.SIGINT, signal.SIGTERM) if note else (signal.SIGINT,)
    for number in numbers:
        signal.signal(number, interrupt)
    try:
        if note is not None:
            note.deliver()
        yield
    finally:
        for number in numbers:
            signal.signal(number, before)


def leave(code: int) -> NoReturn:
    """End the process.

    With Great Expectations loaded, the teardown of the interpreter makes DuckDB's extension
    print leak warnings over the answer: there is nothing left to tear down, so it is left out.
    """
    if "great_expectations" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
