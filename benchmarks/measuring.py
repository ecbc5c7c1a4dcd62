"""Run a command in a process of its own: how long it took, and the most memory it had."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAUNCH = ROOT / "benchmarks" / "launch.py"
Clock = Callable[[], float]
"""Seconds since some moment, for differences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run: wall-clock seconds, peak resident bytes of the process, what it ended in."""

    seconds: float
    peak_bytes: int
    code: int
    out: str


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Ran:
    """From the start of the process to its exit code, its output in a file of ``folder``."""
    result, output = folder / "result.txt", folder / "output.txt"
    launch = [sys.executable, "-I", "-S", str(LAUNCH), str(result), str(output)]
    subprocess.run([*launch, *command], env=dict(environment), check=True)
    seconds, peak_bytes, code = result.read_text().split()
    return Ran(
        seconds=float(seconds),
        peak_bytes=int(peak_bytes),
        code=int(code),
        out=output.read_text(encoding="utf-8", errors="replace"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What measuring takes. ``scratch`` is a folder for whatever is thrown away."""

    environment: Mapping[str, str]
    scratch: Path
    python_path: str = sys.executable

    def run(self, command: Sequence[str], **changes: str) -> Ran:
        """Run a command, with changes to the environment."""
        return run(command, {**self.environment, **changes}, self.scratch)

    def python(self, *arguments: str, **changes: str) -> Ran:
        """Run ``python -m`` with the arguments, as the product's user does."""
        return self.run(
            [self.python_path, "-m", *arguments], **{"PYTHONPATH": str(ROOT), **changes}
        )


def interleaved(
    names: Sequence[str], rounds: int, once: Callable[[str], Ran]
) -> dict[str, list[Ran]]:
    """Everyone once, then everyone again: drift of the machine hits all alike."""
    runs: dict[str, list[Ran]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            runs[name].append(once(name))
    return runs


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)
