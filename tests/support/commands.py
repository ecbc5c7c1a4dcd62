"""Run the commands as a user does: in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.forks import ROOT, fork

__all__ = ["ROOT", "command", "environment", "read"]


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would change the answer."""
    inherited = {k: v for k, v in os.environ.items() if not k.endswith(("_URL", "_PACE"))}
    return {**inherited, "COLUMNS": "140", "NO_COLOR": "1", **changes}


def command(*arguments: str, cwd: Path = ROOT, **changes: str) -> subprocess.CompletedProcess[str]:
    """``python -m`` with the arguments; standard output and error are captured apart."""
    if cwd != ROOT and (cwd / "checkpoints").is_dir():  # a copy of the project: its own code runs
        whole = [sys.executable, "-m", *arguments]
        return subprocess.run(
            whole, cwd=cwd, env=environment(**changes), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    path = {"PYTHONPATH": str(ROOT)} if cwd != ROOT else {}
    running = fork(*arguments, cwd=cwd, env=environment(**path, **changes))
    out, err = running.communicate(timeout=300)
    return subprocess.CompletedProcess(arguments, running.returncode or 0, out, err)


def read(done: subprocess.CompletedProcess[str]) -> str:
    """All that a person reads of a command: notes, then the answer."""
    return done.stderr + done.stdout
