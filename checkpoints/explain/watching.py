"""Incidents in the archive: brought up to date by a run, and acknowledged by a person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from checkpoints.archive.incidents import (
    Acknowledgement,
    Incident,
    changing_incidents,
    read_incidents,
    write_incidents,
)
from checkpoints.archive.report import Report
from checkpoints.contract.loading import ContractFile
from checkpoints.coverage.results import WEIGHT
from checkpoints.errors import ContractError
from checkpoints.explain.life import Notice, lived, not_told
from checkpoints.explain.roots import found_in
from checkpoints.rules.rule import Severity
from checkpoints.text import did_you_mean

LIST = "python -m checkpoints incidents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The incidents of a contract that are open after a run, and what was told."""

    open: tuple[Incident, ...]
    notices: tuple[Notice, ...]


Tell = Callable[[Sequence[Notice]], Collection[str]]
"""Tells people what they must hear; returns the ids of the incidents of which nobody heard."""


def watch(file: ContractFile, report: Report, tell: Tell) -> Watched:
    """Bring the incidents of a contract up to date by a run, and tell what is to be told.

    Failures that do not gate open one only where the contract wants people to be told of them.
    What nobody heard of is told by the next run.

    Raises:
        CheckpointsError: the incidents cannot be read or written.
    """
    found = found_in(report, file.contract, _lightest(file, report))
    # The date that was taken for today is that of the incidents as well.
    clock = report.started_at.astimezone(file.contract.zone).timetz()
    now = datetime.combine(report.as_of, clock)
    with changing_incidents(file.project) as known:
        incidents, notices = lived(known, found, report, now, file.contract.reminding)
        waiting = {notice.incident.id: not_told(notice, known) for notice in notices}
        incidents = tuple(waiting.get(one.id, one) for one in incidents)
        if incidents != known:
            write_incidents(file.project, incidents)
    unheard = tell(notices) if notices else ()
    told = tuple(notice for notice in notices if notice.incident.id not in unheard)
    if told:
        incidents = _note_told(file, told)
    return Watched(open=open_ones(incidents, file.path), notices=told)


def _lightest(file: ContractFile, report: Report) -> Severity:
    told = (severity for notifier in file.contract.notify for severity in notifier.severities)
    return min((report.verdict.fail_on, *told), key=WEIGHT.__getitem__)


def _note_told(file: ContractFile, told: Sequence[Notice]) -> tuple[Incident, ...]:
    """Note when people were told; what else has changed meanwhile stays."""
    noted = {
        one.id: {"told_at": one.told_at, "told_dates": one.told_dates}
        for one in (notice.incident for notice in told)
    }
    with changing_incidents(file.project) as known:
        incidents = tuple(one.model_copy(update=noted.get(one.id, {})) for one in known)
        write_incidents(file.project, incidents)
    return incidents


def open_ones(incidents: tuple[Incident, ...], contract: Path) -> tuple[Incident, ...]:
    """The incidents of a contract that have not recovered."""
    return tuple(one for one in incidents if one.contract == contract.name and one.is_open)


def incidents_of(project: Path, contract: Path) -> tuple[Incident, ...]:
    """Every incident of a contract, oldest first.

    Raises:
        ContractError: the file of the incidents is damaged.
    """
    return tuple(one for one in read_incidents(project) if one.contract == contract.name)


def acknowledge(
    file: ContractFile, id: str, *, by: str, until: date, note: str, now: datetime
) -> Incident:
    """Note who knows of an open incident; ``until`` that date nobody is reminded of it.

    ``now`` is aware.

    Raises:
        ContractError: there is no such incident, it has recovered, or the date is in the past.
        CheckpointsError: the incidents cannot be read or written.
    """
    now = now.astimezone(file.contract.zone)
    with changing_incidents(file.project) as known:
        one = _open_one(known, id, file.path.name)
        if until < now.date():
            raise ContractError(
                f"--until {until} is before today, {now.date()}: give today or a later date"
            )
        noted = Acknowledgement(by=by, until=until, note=note, at=now)
        after = one.model_copy(update={"acknowledged": noted})
        write_incidents(file.project, [after if other is one else other for other in known])
    return after


def _open_one(known: tuple[Incident, ...], id: str, contract: str) -> Incident:
    one = next((one for one in known if one.id == id), None)
    if one is None:
        own = [one.id for one in known if one.contract == contract and one.is_open]
        hint = did_you_mean(id, own) or f"{LIST} lists those that are open"
        raise ContractError(f"there is no incident {id!r}: {hint}")
    if one.contract != contract:
        raise ContractError(
            f"incident {id!r} is of {one.contract!r}, not of {contract!r}: name that contract "
            "with --contract"
        )
    if not one.is_open:
        day = f" on {one.recovered_at:%Y-%m-%d}" if one.recovered_at else ""
        raise ContractError(
            f"incident {id!r} has recovered{day}, nothing is left to acknowledge: "
            f"{LIST} lists those that are open"
        )
    return one
