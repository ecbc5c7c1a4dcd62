"""When an alert would have told of a cause: the rules of today over history and over old runs.

Pure. Over history the tables stand for what was there on each day: a date that lacks keys now is
taken to have lacked them since it was due.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from pydantic import AwareDatetime

from checkpoints.archive.report import Report
from checkpoints.contract.checks import Check, checks_of, checks_of_checkpoint
from checkpoints.contract.due import last_due, moment_of
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window, resolve_window
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.late import late_of, with_late
from checkpoints.coverage.results import gates, judged
from checkpoints.dates import DateRange
from checkpoints.errors import ContractError
from checkpoints.explain.summary import RootCause
from checkpoints.records import Record
from checkpoints.rules.evidence import Cell, PairEvidence, Status
from checkpoints.rules.rule import Outcome

CalendarDate = date

LONGEST = timedelta(days=31)
"""So long after the last date of a cause an alert is looked for."""


class Alert(Record):
    """The first day on which a checkpoint, run each day, would have failed for a cause."""

    checkpoint: str
    date: CalendarDate
    checks: tuple[str, ...]


class Look(Record):
    """What a stored run had to say of the dates of a cause.

    ``covered`` are those in its window, ``lacking`` those of them that lacked keys by its own
    read. ``judged`` are the checks it had of the datasets, ``failed`` those that failed for the
    dates; ``would`` the checks of today that fail over what it read.
    """

    run_id: str
    checkpoint: str
    at: AwareDatetime
    suites: tuple[str, ...]
    covered: int
    lacking: int
    judged: tuple[str, ...]
    failed: tuple[str, ...]
    would: tuple[str, ...]


def alerts(contract: Contract, frame: CoverageFrame, cause: RootCause) -> Iterator[Alert]:
    """Of each checkpoint the first alert, if there would have been one."""
    for name in contract.checkpoints:
        last = min(frame.as_of, cause.dates[-1] + LONGEST)
        for day in DateRange(cause.dates[0], last).dates():
            if checks := _failing(contract, frame, name, day, cause):
                yield Alert(checkpoint=name, date=day, checks=checks)
                break


def _failing(
    contract: Contract, frame: CoverageFrame, checkpoint: str, day: date, cause: RootCause
) -> tuple[str, ...]:
    """The checks of a checkpoint that fail for the dates of a cause when it is run on a day."""
    declared = contract.checkpoints[checkpoint]
    try:
        window = resolve_window(
            contract, as_of=day, default_days=declared.window, parts=declared.parts
        )
    except ContractError:  # between two seasons a checkpoint has no dates
        return ()
    then = _on(contract, frame, window, day)
    names = {part.dataset for part in cause.at}
    checks = (c for c in checks_of_checkpoint(contract, checkpoint, window) if c.dataset in names)
    return tuple(dict.fromkeys(c.name for c in checks if _tells(c, then, set(cause.dates))))


def _tells(check: Check, frame: CoverageFrame, dates: set[date]) -> bool:
    record = judged(check, frame)
    return gates(record, "critical") and not dates.isdisjoint(record.unexpected_dates)


def _on(contract: Contract, frame: CoverageFrame, window: Window, day: date) -> CoverageFrame:
    """The frame as a run at the end of that day would have built it."""
    moment, whole = moment_of(contract, day, None), window.range
    latest = {name: last_due(contract, name, moment) for name in contract.names}
    cells = {
        pair: tuple(_cell_on(cell, latest[pair.dataset]) for cell in found if cell.date in whole)
        for pair, found in frame.cells.items()
    }
    late = late_of(contract, cells, moment)
    return replace(frame, window=window, as_of=day, cells=with_late(cells, late), late=late)


def _cell_on(cell: Cell, latest: date) -> Cell:
    if cell.date > latest:
        return cell._replace(status=Status.NOT_YET_DUE)
    return cell._replace(status=Status.DUE) if cell.status is Status.LATE else cell


def looks(contract: Contract, reports: Iterable[Report], cause: RootCause) -> Iterator[Look]:
    """What each run had to say that covered any of the dates, in the order of the runs."""
    names = {part.dataset for part in cause.at}
    for report in reports:
        covered = {day for day in cause.dates if day in report.window}
        if not covered:
            continue
        own = [check for check in report.checks if check.dataset in names]
        failed = [c for c in own if c.outcome is Outcome.FAILED and covered & {*c.unexpected_dates}]
        yield Look(
            run_id=report.run_id,
            checkpoint=report.checkpoint,
            at=report.started_at,
            suites=tuple(dict.fromkeys(check.suite for check in report.checks)),
            covered=len(covered),
            lacking=len(covered & set(_lacking(report, names))),
            judged=tuple(dict.fromkeys(check.name for check in own)),
            failed=tuple(dict.fromkeys(check.name for check in failed)),
            would=tuple(dict.fromkeys(_would(contract, report, names, covered))),
        )


def _lacking(report: Report, names: set[str]) -> Iterator[date]:
    for record in (*report.datasets, *report.coverage):
        if record.name in names:
            due = (cell for cell in record.days if cell.status is Status.DUE)
            yield from (cell.date for cell in due if cell.missing or cell.lost_above)


def _would(contract: Contract, report: Report, names: set[str], dates: set[date]) -> Iterator[str]:
    """The checks about keys whose pair the report has, and which fail over its cells."""
    cells: dict[tuple[str, str | None], Sequence[Cell]] = {
        (r.name, r.of): r.days for r in (*report.coverage, *report.datasets)
    }
    seasons = contract.season_ranges
    for check in checks_of(contract):
        found = cells.get((check.dataset, check.of))
        if check.dataset not in names or not found or not check.rule.tells_missing:
            continue
        evidence = PairEvidence(
            cells=found, window=report.window, as_of=report.as_of, seasons=seasons
        )
        result = check.rule.judge(evidence)
        if result.outcome is Outcome.FAILED and not dates.isdisjoint(result.unexpected_dates):
            yield check.name
