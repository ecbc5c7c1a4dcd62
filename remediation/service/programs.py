"""Programs that are run without a shell, several at a time: heard, and surely ended.

Each is in a process group of its own, which is ended as a whole: when its time is over, when the
run is interrupted, and when this process has gone, even by SIGKILL. For the last there is a
keeper, which learns from its standard input that nobody is there any more.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import EINTR
from threading import Event, Lock

from remediation.service import keeper
from remediation.service.keeper import TICK_SECONDS, end_groups

KEPT_BYTES = 64 * 1024
"""At most, of what a program writes: the last of it."""

DRAINED_CHUNKS = 16
INTERRUPTED = "because the run was interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a program ended: its exit ``code``, negative for a signal, and the last of its output.

    ``why`` it was ended is empty where it ended by itself.
    """

    code: int
    output: bytes
    why: str = ""


class Programs:
    """Runs programs, from any thread. ``monotonic`` tells seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._interrupted = Event()
        self._starting = Lock()
        self._groups: set[int] = set()
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None,
        environment: Mapping[str, str],
        seconds: float,
    ) -> Ending:
        """Run a program until it ends, for at most so many ``seconds``.

        What it leaves behind when it ends by itself goes on, and is not heard any more.

        Raises:
            OSError: it cannot be started; InterruptedError: nor can any other, after ``stop``.
        """
        with self._started(argv, cwd, environment) as program:
            until, why = self._monotonic() + seconds, ""
            while program.is_running and not why:
                program.attend()
                if self._interrupted.is_set():
                    why = INTERRUPTED
                elif self._monotonic() >= until:
                    why = f"after {seconds:g} s without an end"
            if not program.is_running:
                return program.ending("")
            program.end()
            return program.ending(why)

    @contextmanager
    def _started(
        self, argv: Sequence[str], cwd: str | None, environment: Mapping[str, str]
    ) -> Iterator[_Program]:
        with self._starting:  # not while stop() looks what there is to end
            if self._interrupted.is_set():
                raise InterruptedError(EINTR, "the run was interrupted")
            program = _Program(argv, cwd, environment)
            self._groups.add(program.group)
            self._tell(f"+{program.group}")
        try:
            yield program
        finally:
            program.close()
            self._groups.discard(program.group)
            self._tell(f"-{program.group}")

    def _tell(self, line: str) -> None:
        if self._keeper.stdin:
            with suppress(OSError, ValueError):  # it was ended: only a kill is not provided for
                self._keeper.stdin.write(f"{line}\n".encode())

    def stop(self) -> None:
        """End what runs, and start nothing more. Does not wait."""
        with self._starting:
            self._interrupted.set()

    def close(self) -> None:
        """End what runs, and wait until it has ended."""
        self.stop()
        end_groups(list(self._groups))
        self._keeper.communicate()


class _Program:
    """One that was started, and the last of what it wrote, which is read as it comes."""

    def __init__(
        self, argv: Sequence[str], cwd: str | None, environment: Mapping[str, str]
    ) -> None:
        reading, writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._pipe = reading
        os.set_blocking(reading, False)
        self._ready = select.poll()
        self._ready.register(reading, select.POLLIN)
        self._is_open = True
        self._heard = bytearray()
        self.group = self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def attend(self) -> None:
        """Wait a moment, until there is output or an end."""
        if self._is_open:
            self._hear(TICK_SECONDS)
        else:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(TICK_SECONDS)

    def _hear(self, seconds: float) -> bool:
        """Wait for output; False when there was none."""
        if not self._is_open or not self._ready.poll(seconds * 1000):
            return False
        chunk = os.read(self._pipe, KEPT_BYTES)
        self._is_open = bool(chunk)
        self._heard += chunk
        del self._heard[:-KEPT_BYTES]
        return self._is_open

    def end(self) -> None:
        """End its whole group."""
        end_groups([self.group], lambda: self.is_running and self._hear(0))
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(keeper.GRACE_SECONDS)

    def ending(self, why: str) -> Ending:
        """What is left in the pipe is heard; somebody else may hold it open and write on."""
        for _ in range(DRAINED_CHUNKS):
            if not self._hear(0):
                break
        code = self._process.returncode
        return Ending(code=-9 if code is None else code, output=bytes(self._heard), why=why)

    def close(self) -> None:
        """Nothing is heard any more; it does not run any more, whatever went wrong."""
        if self.is_running:
            self.end()
        os.close(self._pipe)
