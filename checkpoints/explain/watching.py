"""Incidents in the archive: brought up to date by a run, and acknowledged by a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
from checkpoints.errors import ContractError
from checkpoints.explain.life import REMIND_AFTER, Notice, lived
from checkpoints.explain.roots import found_in
from checkpoints.rules.rule import Severity
from checkpoints.text import did_you_mean

LIST = "python -m checkpoints incidents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The incidents of a contract that are open after a run, and what is to be told."""

    open: tuple[Incident, ...]
    notices: tuple[Notice, ...]


def watch(
    file: ContractFile,
    report: Report,
    lightest: Severity | None = None,
    remind_after: timedelta = REMIND_AFTER,
) -> Watched:
    """Bring the incidents of a contract up to date by a run.

    Failures lighter than ``lightest`` open none: by default those that do not gate.

    Raises:
        CheckpointsError: the incidents cannot be read or written.
    """
    found = found_in(report, file.contract, lightest)
    now = report.started_at.astimezone(file.contract.zone)
    with changing_incidents(file.project) as known:
        incidents, notices = lived(known, found, report, now, remind_after)
        if incidents != known:
            write_incidents(file.project, incidents)
    return Watched(open=open_ones(incidents, file.path), notices=notices)


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
