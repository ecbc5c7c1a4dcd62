"""Run an example as its README says, in a copy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from checkpoints.archive.report import read_report
from checkpoints.archive.runs import report_path, run_ids
from checkpoints.rules.rule import Outcome
from tests.support.commands import ROOT, environment


def run_example(name: str, copy: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """``sh examples/NAME/run.sh FOLDER``, which must end well; by itself without dbt."""
    done = subprocess.run(
        ["sh", str(ROOT / "examples" / name / "run.sh"), str(copy)],
        cwd=copy.parent, env=environment(PYTHON=sys.executable, **{"PATH": os.defpath} | changes),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def checks_that_failed(project: Path) -> list[list[tuple[str, str, tuple[str, ...]]]]:
    """Of each run, oldest first: dataset, kind and unexpected dates of every failed check."""
    reports = [read_report(report_path(project, run_id)) for run_id in run_ids(project)]
    return [
        [
            (check.dataset, check.kind, tuple(map(str, check.unexpected_dates)))
            for check in report.checks
            if check.outcome is Outcome.FAILED
        ]
        for report in reports
    ]
