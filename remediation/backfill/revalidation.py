"""The whole window once more: what got better, what got worse, what the rules say now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from checkpoints.archive.report import Report
from checkpoints.contract.checks import checks_of, pairs_of, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame, build_frame
from checkpoints.coverage.results import (
    CheckRecord,
    DatasetRecord,
    Verdict,
    dataset_records,
    decide,
    judged,
)
from checkpoints.errors import ExitCode, worst
from checkpoints.rules.evidence import Cell, Status, Tally
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.reading import open_warehouse
from remediation.backfill.landing import Found, verdict
from remediation.backfill.record import CallRecord, Change, Figures, Regression
from remediation.ledger.states import DONE


def fresh_frame(
    contract: Contract, url: str, report: Report, as_of: date, reading: ReadOptions
) -> CoverageFrame:
    """Read the window of a report again.

    Raises:
        WarehouseError: the warehouse cannot be read.
    """
    window = Window(range=report.window, label=report.window_label)
    with open_warehouse(contract, url, reading) as warehouse:
        presence = warehouse.presence([window.range])
        unreadable = dict(warehouse.unreadable)
    return build_frame(contract, presence, window, as_of, pairs_of(contract), unreadable)


def fresh_checks(
    contract: Contract, frame: CoverageFrame, report: Report
) -> tuple[CheckRecord, ...]:
    """The checks of the report's checkpoint, judged on a frame by the rules alone."""
    declared = contract.checkpoints.get(report.checkpoint)
    checks = checks_of(contract, declared.suites if declared else None)
    return tuple(judged(check, frame) for check in checks)


def verdict_of(checks: Sequence[CheckRecord], report: Report) -> Verdict:
    """What those checks add up to."""
    return decide(checks, len(checks), report.verdict.fail_on)


def recounted(
    contract: Contract, frame: CoverageFrame, calls: Sequence[CallRecord]
) -> tuple[CallRecord, ...]:
    """The calls, with those that are done and whose due dates lack keys in the frame undone."""
    names = {name for call in calls for name in call.datasets}
    found = {
        (name, cell.date): Found(dataset=name, expected=cell.expected, matched=cell.matched)
        for name in names
        if not {name, contract.datasets[name].upstream} & frame.unreadable.keys()
        for cell in frame.cells[upstream_pair(contract, name)]
        if cell.status is Status.DUE
    }
    return tuple(
        _recounted(call, [f for n in call.datasets if (f := found.get((n, call.date)))])
        for call in calls
    )


def _recounted(call: CallRecord, found: Sequence[Found]) -> CallRecord:
    if call.state not in DONE or all(f.matched >= f.expected for f in found):
        return call
    state, lacking = verdict(found, "")
    detail = f"it was {call.state}, and the window read again lacks it: {lacking}"
    return call.model_copy(update={"state": state, "detail": detail})


def exit_code_of(
    calls: Sequence[CallRecord], verdict_after: Verdict, changes: Sequence[Change]
) -> ExitCode:
    """Complete only when every call is done, the fresh verdict passes and no date got worse.

    Dates that got worse are dates that remain.
    """
    done = all(call.state in DONE for call in calls)
    worse = any(change.regressions for change in changes)
    made = ExitCode.COMPLETE if done and not worse else ExitCode.BACKFILL_INCOMPLETE
    return worst(made, verdict_after.exit_code)


def changes_of(
    contract: Contract, frame: CoverageFrame, checks: Sequence[CheckRecord], report: Report
) -> tuple[Change, ...]:
    """Every dataset of the report, compared with a frame of the same window."""
    now = {record.name: record for record in dataset_records(contract, frame, upstream_pair)}
    return tuple(_change(old, now.get(old.name), report.checks, checks) for old in report.datasets)


def _change(
    old: DatasetRecord,
    new: DatasetRecord | None,
    checks_before: Sequence[CheckRecord],
    checks_after: Sequence[CheckRecord],
) -> Change:
    return Change(
        dataset=old.name,
        layer=old.layer,
        before=_figures(old, checks_before),
        after=_figures(new, checks_after) if new else None,
        regressions=tuple(_regressions(old, new)) if new else (),
    )


def _figures(record: DatasetRecord, checks: Sequence[CheckRecord]) -> Figures:
    """As its first conversion check sees the dataset; without one, against its upstream.

    Comparing only with the layer above would hide what both lack.
    """
    for check in checks:
        if check.dataset == record.name and check.rule.measures_coverage:
            return Figures(
                of=check.of,
                expected=check.expected or 0,
                matched=check.matched or 0,
                lacking=check.unexpected_dates,
            )
    tally = Tally.of(record.days)
    return Figures(
        of=record.of, expected=tally.expected, matched=tally.matched, lacking=tally.lacking
    )


def _regressions(old: DatasetRecord, new: DatasetRecord) -> Iterator[Regression]:
    after = {day.date: day for day in new.days}
    before = {day.date: day for day in old.days}
    for when in sorted(before.keys() | after.keys()):
        empty = Cell(when, Status.OFF, 0, 0, 0, 0, 0)
        what = _worse(before.get(when, empty), after.get(when, empty))
        if what:
            yield Regression(date=when, what=what)


def _worse(old: Cell, new: Cell) -> str:
    """In which respects a date got worse; empty when in none."""
    lost = f"matched keys {old.matched} → {new.matched}" if new.matched < old.matched else ""
    orphans = f"orphan keys {old.orphans} → {new.orphans}" if new.orphans > old.orphans else ""
    nulls = "rows with a null key" if new.null_keys > old.null_keys else ""
    return ", ".join(filter(None, (lost, orphans, nulls)))
