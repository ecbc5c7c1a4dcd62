"""Ctrl-C at any moment of any command: 130 (or the answer), never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import ROOT, environment
from tests.projects import project_of
from tests.warehouses import BASIC, days, fill

SEASON = ("--season", "2025", "--as-of", "2025-02-20")
QUICK = (0.02, 0.1, 0.2, 0.35)
SLOW = (0.05, 0.3, 0.8, 1.6, 2.4, 3.2)


@pytest.fixture(scope="module")
def interpreter_seconds() -> float:
    """How long the interpreter itself needs here and now, generously: that is not ours to guard."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import runpy, typing"], check=True)
    return 2 * (time.perf_counter() - began)


def interrupted(arguments: list[str], after: float) -> tuple[int, str]:
    running = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    time.sleep(after)
    os.kill(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    return running.returncode, errors


@pytest.mark.parametrize(
    ("command", "moments"),
    [
        (("checkpoints", "coverage"), QUICK),
        (("checkpoints", "check"), QUICK),
        (("checkpoints", "run"), SLOW),
        (("checkpoints", "docs"), SLOW),
        (("checkpoints", "suites"), QUICK),
        (("checkpoints", "signoff"), QUICK),
        (("remediation", "plan"), QUICK),
        (("remediation", "run"), QUICK),
        (("remediation", "status"), QUICK),
    ],
)
def test_an_interrupt_never_ends_in_a_traceback(
    tmp_path: Path,
    interpreter_seconds: float,
    command: tuple[str, str],
    moments: tuple[float, ...],
) -> None:
    contract = project_of(tmp_path).path
    url = fill(
        tmp_path / "w.duckdb", dict.fromkeys(BASIC["datasets"], days("2025-01-01", "2025-02-10"))
    )
    arguments = [*command, "--contract", str(contract)]
    if command[1] in ("coverage", "check", "run") and command[0] == "checkpoints":
        arguments += [*SEASON, "--warehouse", url]
    if command[1] == "signoff":
        arguments += ["--by", "Ada"]
    codes = []
    for moment in moments:
        code, errors = interrupted(arguments, interpreter_seconds + moment)
        assert "Traceback" not in errors, (moment, errors)
        assert "unexpected" not in errors, (moment, errors)
        codes.append(code)
    assert codes[0] == 130
    # Once the answer is out, the interpreter itself may die of the signal: 130 to a shell.
    assert set(codes) <= {130, 0, 2, -signal.SIGINT}
