"""A run of a plan as it is shown while it goes on, interrupted or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.errors import CheckpointsError
from checkpoints.process import defer_interrupts
from checkpoints.text import Detail
from remediation.ledger.journal import Event
from remediation.ledger.known import Known
from remediation.output.console import QuietReporter, short
from remediation.output.progress import ConsoleReporter
from remediation.output.reporter import Reporter


def reporter_for(
    console: Console, known: Known, detail: Detail, monotonic: Callable[[], float]
) -> Reporter:
    """Who tells people how a run goes, in as much detail as they asked for."""
    if detail is Detail.QUIET:
        return QuietReporter(console)
    each = {service: seconds for service, (_, seconds) in known.measured.items()}
    return ConsoleReporter(console, monotonic, each, detail)


def carry_out(
    run: Callable[[Callable[[Event], None]], tuple[RemediationRecord, Path]],
    reporter: Reporter,
    remarks: Iterable[str],
    resume: str,
) -> RemediationRecord:
    """Show a run from the first remark to the verdict; ``resume`` is the command to go on with it.

    ``run`` is given what to call with each event, and returns the record and its path. An
    interrupt or an error is shown before it is raised again.

    Raises:
        KeyboardInterrupt: the run was interrupted, and its ledger is complete.
        CheckpointsError: the run could not go on.
    """
    for remark in remarks:
        reporter.remark(remark)
    try:
        with defer_interrupts(), reporter:
            record, path = run(reporter.report)
    except KeyboardInterrupt:
        reporter.interrupted(resume)
        raise
    except CheckpointsError as error:
        reporter.failed(error)
        raise
    reporter.conclude(record, str(short(path, Path.cwd())))
    return record
