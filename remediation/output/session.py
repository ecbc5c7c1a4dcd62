"""A run of a plan as it is shown while it goes on, interrupted or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console

from checkpoints.errors import CheckpointsError
from checkpoints.process import noted
from checkpoints.text import Detail
from remediation.backfill.record import RemediationRecord
from remediation.ledger.journal import Event
from remediation.ledger.known import Known
from remediation.output.console import short
from remediation.output.quiet import Quietly
from remediation.output.reporter import Teller
from remediation.output.show_record import ForPeople


def teller_for(
    console: Console, known: Known, detail: Detail, monotonic: Callable[[], float]
) -> Teller:
    """Who tells people how a run goes, in as much detail as they asked for."""
    if detail is Detail.QUIET:
        return Quietly(console)
    each = {service: seconds for service, (_, seconds) in known.measured.items()}
    return ForPeople(console, monotonic, each, detail)


def carry_out(
    run: Callable[[Callable[[Event], None]], tuple[RemediationRecord, Path]],
    teller: Teller,
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
        teller.remark(remark)
    try:
        with noted(), teller:
            record, path = run(teller.tell)
    except KeyboardInterrupt:
        teller.interrupted(resume)
        raise
    except CheckpointsError as error:
        teller.failed(error)
        raise
    teller.conclude(record, str(short(path, Path.cwd())))
    return record
