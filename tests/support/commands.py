"""Run the commands as a user does: in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would change the answer."""
    inherited = {k: v for k, v in os.environ.items() if not k.endswith(("_URL", "_PACE"))}
    return {**inherited, "COLUMNS": "140", "NO_COLOR": "1", **changes}


def command(*arguments: str, cwd: Path = ROOT, **changes: str) -> subprocess.CompletedProcess[str]:
    """``python -m`` with the arguments; standard output and error are captured apart."""
    path = {"PYTHONPATH": str(ROOT)} if cwd != ROOT else {}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        env=environment(**path, **changes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
