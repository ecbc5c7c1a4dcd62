"""Run a command in a process of its own: how long it took, and the most memory it had."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
LAUNCH = ROOT / "benchmarks" / "launch.py"
T = TypeVar("T")


class DidNotRun(Exception):
    """A process ended with another exit code than it should; the message has all it said."""

    def __init__(self, what: str, ran: Ran) -> None:
        super().__init__(f"{what} ended with exit code {ran.code}:\n{ran.out.strip()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run: wall-clock seconds, peak resident bytes of the process, exit code.

    ``out`` is what it wrote to standard output and standard error.
    """

    seconds: float
    peak_bytes: int
    code: int
    out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What measuring takes: the environment of commands, and a folder for temporary files."""

    environment: Mapping[str, str]
    scratch: Path

    def run(
        self, what: str, command: Sequence[str], codes: Sequence[int] = (0,), **changes: str
    ) -> Ran:
        """Run a command, from its start to its exit code; ``changes`` are to the environment.

        Raises:
            DidNotRun: the exit code is none of ``codes``.
        """
        result, output = self.scratch / "result.txt", self.scratch / "output.txt"
        launch = [sys.executable, "-I", "-S", str(LAUNCH), str(result), str(output)]
        subprocess.run([*launch, *command], env={**self.environment, **changes}, check=True)
        seconds, peak_bytes, code = result.read_text().split()
        ran = Ran(
            seconds=float(seconds),
            peak_bytes=int(peak_bytes),
            code=int(code),
            out=output.read_text(encoding="utf-8", errors="replace"),
        )
        if ran.code not in codes:
            raise DidNotRun(what, ran)
        return ran

    def python(self, *arguments: str, codes: Sequence[int] = (0,)) -> Ran:
        """Run ``python -m`` with the arguments, as a user of the project does.

        Raises:
            DidNotRun: the exit code is none of ``codes``.
        """
        what = " ".join(arguments[:2])
        command = [sys.executable, "-m", *arguments]
        return self.run(what, command, codes, PYTHONPATH=str(ROOT))


def interleaved(names: Sequence[str], rounds: int, once: Callable[[str], T]) -> dict[str, list[T]]:
    """Everyone once, then everyone again: drift of the machine affects all alike."""
    runs: dict[str, list[T]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            runs[name].append(once(name))
    return runs
