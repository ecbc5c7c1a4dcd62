"""Two runs compared: what got better, what got worse. Pure.

Dates that only one of the runs looked at are compared with nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime

from checkpoints.archive.report import Report
from checkpoints.coverage.results import CheckRecord, DatasetRecord
from checkpoints.dates import DateRange
from checkpoints.errors import ContractError, ExitCode
from checkpoints.records import Record
from checkpoints.rules.evidence import Cell, Status
from checkpoints.rules.rule import CountRule, Outcome

RANK = {Outcome.PASSED: 0, Outcome.NOT_EVALUATED: 0, Outcome.FAILED: 1, Outcome.ERRORED: 2}


class Direction(StrEnum):
    """What became of something from one run to the other."""

    BETTER = "better"
    WORSE = "worse"
    UNCHANGED = "unchanged"
    NOT_COMPARED = "not compared"


class Change(Record):
    """What became of a dataset, or of a check of it."""

    dataset: str
    direction: Direction


class CheckChange(Change):
    """A check in two runs; what one of them does not have is None or empty.

    ``new_dates`` are unexpected in the later run only, ``gone_dates`` in the earlier one only,
    both of dates that both runs looked at.
    """

    id: str
    name: str
    before: Outcome | None = None
    after: Outcome | None = None
    figure_before: str = ""
    figure_after: str = ""
    limit: str = ""
    new_dates: tuple[date, ...] = ()
    gone_dates: tuple[date, ...] = ()


class DatasetChange(Change):
    """The dates of a dataset that lacked keys in one of two runs or in both, oldest first.

    ``there``: they lack nothing any more; ``lost``: they did not lack anything; ``fewer`` and
    ``more`` lack less, or more, of what was expected than before; ``same`` as much. ``not_due``
    lacked keys and do not count any more, as a known gap does not. ``problem`` says why nothing
    is compared, and ``direction`` what that is.
    """

    layer: str
    there: tuple[date, ...] = ()
    lost: tuple[date, ...] = ()
    fewer: tuple[date, ...] = ()
    more: tuple[date, ...] = ()
    same: tuple[date, ...] = ()
    not_due: tuple[date, ...] = ()
    problem: str = ""


class Compared(Record):
    """One of the two runs."""

    run_id: str
    checkpoint: str
    window: DateRange
    as_of: date
    started_at: AwareDatetime
    contract_sha256: str
    exit_code: ExitCode
    summary: str


class Comparison(Record):
    """The whole answer of ``checkpoints diff``; ``common`` is the window that both looked at."""

    schema_version: Literal[1] = 1
    before: Compared
    after: Compared
    common: DateRange
    datasets: tuple[DatasetChange, ...]
    checks: tuple[CheckChange, ...]

    @property
    def is_worse(self) -> bool:
        """Whether something got worse."""
        changes: tuple[Change, ...] = (*self.datasets, *self.checks)
        return any(change.direction is Direction.WORSE for change in changes)


def compare(before: Report, after: Report) -> Comparison:
    """What became of every dataset and check from one run to another of the same contract.

    Raises:
        ContractError: they have no date in common.
    """
    if not before.window.overlaps(after.window):
        raise ContractError(
            f"run {before.run_id} looked at {before.window}, {after.run_id} at {after.window}: "
            "they have no date in common: name two runs that have"
        )
    common = DateRange(
        max(before.window.first, after.window.first), min(before.window.last, after.window.last)
    )
    return Comparison(
        before=_compared(before),
        after=_compared(after),
        common=common,
        datasets=tuple(_datasets(before, after, common)),
        checks=tuple(_checks(before, after, common)),
    )


def _compared(report: Report) -> Compared:
    return Compared(
        run_id=report.run_id,
        checkpoint=report.checkpoint,
        window=report.window,
        as_of=report.as_of,
        started_at=report.started_at,
        contract_sha256=report.provenance.contract_sha256,
        exit_code=report.verdict.exit_code,
        summary=report.verdict.summary,
    )


def _datasets(before: Report, after: Report, common: DateRange) -> Iterator[DatasetChange]:
    older = {record.name: record for record in before.coverage}
    newer = {record.name: record for record in after.coverage}
    for name, record in {**older, **newer}.items():
        problem, direction = "", Direction.NOT_COMPARED
        if name in older and name in newer:
            if older[name].of == newer[name].of:
                yield _dataset(older[name], newer[name], common)
                continue
            problem = f"it was compared with {older[name].of}, and is with {newer[name].of}"
        elif name in after.unreadable:
            problem, direction = f"it cannot be read: {after.unreadable[name]}", Direction.WORSE
        elif name in before.unreadable:
            problem, direction = "it can be read again", Direction.BETTER
        else:
            problem = f"only the {'later' if name in newer else 'earlier'} run has it"
        yield DatasetChange(dataset=name, layer=record.layer, direction=direction, problem=problem)


def _dataset(before: DatasetRecord, after: DatasetRecord, common: DateRange) -> DatasetChange:
    older, newer = _cells(before, common), _cells(after, common)
    became = {
        day: _became(older.get(day), newer.get(day)) for day in sorted(older.keys() | newer.keys())
    }
    found = set(became.values())

    def which(what: str) -> tuple[date, ...]:
        return tuple(day for day in became if became[day] == what)

    return DatasetChange(
        dataset=after.name,
        layer=after.layer,
        direction=_direction(
            better=bool(found & {"there", "fewer"}), worse=bool(found & {"lost", "more"})
        ),
        there=which("there"),
        lost=which("lost"),
        fewer=which("fewer"),
        more=which("more"),
        same=which("same"),
        not_due=which("not_due"),
    )


def _cells(record: DatasetRecord, common: DateRange) -> Mapping[date, Cell]:
    return {cell.date: cell for cell in record.days if cell.date in common}


def _became(before: Cell | None, after: Cell | None) -> str:
    """The field of ``DatasetChange`` that a date belongs to; none where it never lacked keys."""
    lacked = bool(before and before.state.is_lacking)
    lacks = bool(after and after.state.is_lacking)
    if not lacked:
        return "lost" if lacks else ""
    if not lacks:
        return "there" if after and after.status is Status.DUE else "not_due"
    was, now = _share(before), _share(after)
    return "same" if was == now else "fewer" if now > was else "more"


def _share(cell: Cell | None) -> float:
    return cell.matched / cell.expected if cell and cell.expected else 0.0


def _direction(*, better: bool, worse: bool) -> Direction:
    """Worse takes precedence."""
    if worse:
        return Direction.WORSE
    return Direction.BETTER if better else Direction.UNCHANGED


def _checks(before: Report, after: Report, common: DateRange) -> Iterator[CheckChange]:
    older = {check.id: check for check in before.checks}
    newer = {check.id: check for check in after.checks}
    same_window = (before.window, before.windows) == (after.window, after.windows)
    for id in {**older, **newer}:
        yield _check(id, older.get(id), newer.get(id), common, same_window=same_window)


def _check(
    id: str,
    before: CheckRecord | None,
    after: CheckRecord | None,
    common: DateRange,
    *,
    same_window: bool,
) -> CheckChange:
    was, now = _unexpected(before, common), _unexpected(after, common)
    either = after or before
    direction = Direction.NOT_COMPARED
    if before and after:
        direction = _of_check(before, after, now - was, was - now, same_window=same_window)
    return CheckChange(
        id=id,
        dataset=either.dataset if either else "",
        name=either.name if either else "",
        direction=direction,
        before=before.outcome if before else None,
        after=after.outcome if after else None,
        figure_before=before.figure if before else "",
        figure_after=after.figure if after else "",
        limit=either.limit if either else "",
        new_dates=tuple(sorted(now - was)) if before and after else (),
        gone_dates=tuple(sorted(was - now)) if before and after else (),
    )


def _unexpected(check: CheckRecord | None, common: DateRange) -> set[date]:
    return {day for day in check.unexpected_dates if day in common} if check else set()


def _of_check(
    before: CheckRecord,
    after: CheckRecord,
    new: set[date],
    gone: set[date],
    *,
    same_window: bool,
) -> Direction:
    """By outcome, then by dates, then by what was observed.

    A failure in another window is another failure, unless it is about dates that both looked at.
    """
    was, now = RANK[before.outcome], RANK[after.outcome]
    if was != now and (same_window or new or gone or Outcome.ERRORED in _outcomes(before, after)):
        return _direction(better=now < was, worse=now > was)
    if was != now:
        return Direction.NOT_COMPARED
    if new or gone:
        return _direction(better=bool(gone), worse=bool(new))
    if not same_window or before.observed is None or after.observed is None:
        return Direction.UNCHANGED
    change = after.observed - before.observed
    if after.outcome is not Outcome.FAILED or not (after.rule.is_ratio or _counts(after)):
        return Direction.UNCHANGED
    return _direction(
        better=change > 0 if after.rule.is_ratio else change < 0,
        worse=change < 0 if after.rule.is_ratio else change > 0,
    )


def _outcomes(*checks: CheckRecord) -> set[Outcome]:
    return {check.outcome for check in checks}


def _counts(check: CheckRecord) -> bool:
    """Whether what it observes is a number of things that should not be there."""
    return issubclass(check.rule, CountRule)
