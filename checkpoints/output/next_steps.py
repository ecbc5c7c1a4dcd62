"""What to type after a run, as its page says it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from checkpoints.archive.repairs import StoredRepair
from checkpoints.archive.report import Report
from checkpoints.coverage.results import gates
from checkpoints.errors import ExitCode


class Step(NamedTuple):
    """A command, and what it does."""

    command: str
    about: str


def next_steps(report: Report, repairs: Sequence[StoredRepair], *, signed: bool) -> Iterator[Step]:
    """The commands that lead from a run to a signed one, in their order."""
    where = report.provenance.option
    again = f"python -m checkpoints run{_asked(report)}{where}"
    if signed:
        yield Step(
            f"python -m checkpoints signoff{where} --verify PAGE",
            "says whether this page, its report and its results still belong together; PAGE is the "
            "path of this file",
        )
        return
    match report.verdict.exit_code:
        case ExitCode.COMPLETE:
            yield Step(
                f'python -m checkpoints signoff --by "your name" --run {report.run_id}{where}',
                "accepts this run",
            )
        case ExitCode.INCOMPLETE:
            yield from _after_a_failure(report, repairs, where)
            yield Step(again, "reads the tables again: the run to sign")
        case ExitCode.NOTHING_DUE:
            yield Step(f"python -m checkpoints run --last 30d{where}", "looks at other dates")
        case _:
            yield Step(again, "when what could not be evaluated is resolved")


def _after_a_failure(report: Report, repairs: Sequence[StoredRepair], where: str) -> Iterator[Step]:
    """What repairs a run that failed, as far as that has not been done."""
    own = [s.repair for s in repairs if s.repair and s.repair.run_id == report.run_id]
    if own:
        if own[-1].exit_code is not ExitCode.COMPLETE:
            yield Step(
                f"python -m remediation resume{where}", "goes on with what has not landed yet"
            )
        return
    failed = [c for c in report.checks if gates(c, report.verdict.fail_on)]
    if any(c.rule.repairable and c.unexpected_dates for c in failed):
        yield Step(
            f"python -m remediation plan --run {report.run_id}{where}",
            "shows the calls that would repair this run, and sends nothing",
        )
        yield Step(
            f"python -m remediation run --yes{where}",
            "makes the calls of that plan, and verifies each in the tables",
        )


def _asked(report: Report) -> str:
    """The options that ask for the same run."""
    asked = f" --checkpoint {shlex.quote(report.checkpoint)}"
    if not report.windows:
        asked += f" --from {report.window.first} --to {report.window.last}"
    if abs(report.as_of - report.started_at.date()) > timedelta(days=1):  # not today anywhere
        asked += f" --as-of {report.as_of}"
    if report.verdict.fail_on != "critical":
        asked += f" --fail-on {report.verdict.fail_on}"
    return asked
