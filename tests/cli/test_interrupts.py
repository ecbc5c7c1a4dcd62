"""Ctrl-C at any moment of any command: 130 (or the answer), never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.commands import ROOT, environment
from tests.support.projects import project_of
from tests.support.runs import SEASON, warehouse

QUICK = (0.0, 0.15, 0.35)
SLOW = (0.0, 0.8, 2.0, 3.2)


# Says when the first line of ours runs: what comes before is the interpreter's own.
SCRIPT = """
from checkpoints.process import end_on_interrupt
end_on_interrupt()
import runpy, sys
print("up", flush=True)
sys.argv[:] = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def interrupted(arguments: list[str], after: float) -> tuple[int, str]:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as running:  # fmt: skip
        assert running.stdout.readline() == "up\n"
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
    tmp_path: Path, command: tuple[str, str], moments: tuple[float, ...]
) -> None:
    contract = project_of(tmp_path).path
    arguments = [*command, "--contract", str(contract)]
    if command[1] in ("coverage", "check", "run") and command[0] == "checkpoints":
        arguments += [*SEASON, "--warehouse", warehouse(tmp_path)]
    if command[1] == "signoff":
        arguments += ["--by", "Ada"]
    codes = []
    for moment in moments:
        code, errors = interrupted(arguments, moment)
        assert "Traceback" not in errors, (moment, errors)
        assert "unexpected" not in errors, (moment, errors)
        codes.append(code)
    assert codes[0] == 130
    # Once the answer is out, the interpreter itself may die of the signal: 130 to a shell.
    assert set(codes) <= {130, 0, 2, -signal.SIGINT}
