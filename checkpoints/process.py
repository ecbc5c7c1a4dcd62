"""The process: how Ctrl-C ends it, where it is raised instead, and work on other threads.

An interrupt is never raised in the middle of somebody else's code: a library shows a traceback, or
swallows it. It ends the process at once, and nothing is lost by that, because files are written as
a whole or not at all. It is raised as KeyboardInterrupt only in ``interruptible`` blocks, which do
nothing but wait. A run that has bookkeeping to finish is interrupted in those blocks and nowhere
else: it runs under ``defer_interrupts``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TypeVar

from checkpoints.errors import ExitCode

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


def _end(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"interrupted\n")
    os._exit(ExitCode.INTERRUPTED)


class _Deferred:
    """A signal handler that keeps an interrupt until a block waits; a second one ends the process.

    It is its own state: ``interruptible`` finds it as the handler that is installed.
    """

    def __init__(self) -> None:
        self._interrupted = False
        self._pending = False
        self._waiting = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._interrupted:
            _end(number, frame)
        self._interrupted = True
        if self._waiting:
            raise KeyboardInterrupt
        self._pending = True

    @contextmanager
    def wait(self) -> Iterator[None]:
        """A block in which interrupts are raised, beginning with one that came before it."""
        # Set before the look at what is pending: a signal between the two must not be kept.
        outer, self._waiting = self._waiting, True
        try:
            if self._pending:
                self._pending = False
                raise KeyboardInterrupt
            yield
        finally:
            self._waiting = outer


def end_on_interrupt() -> None:
    """From now on Ctrl-C ends the process with one word and exit code 130."""
    signal.signal(signal.SIGINT, _end)


@contextmanager
def defer_interrupts() -> Iterator[None]:
    """Keep SIGINT and SIGTERM until an ``interruptible`` block; the second one ends the process."""
    handler = _Deferred()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.signal(number, handler)) for number in numbers]
    try:
        yield
    finally:
        for number, previous in before:
            signal.signal(number, previous)


@contextmanager
def interruptible() -> Iterator[None]:
    """A block that only waits: Ctrl-C is raised in it. On other threads it changes nothing.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, now or while interrupts were deferred.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if isinstance(before, _Deferred):
        with before.wait():
            yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def in_background(work: Callable[[], T]) -> Future[T]:
    """Start work on a thread that does not keep the process alive; the future has its outcome."""
    from concurrent.futures import Future  # not before the handler of interrupts is installed

    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 (raised where the result is asked for)
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


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
