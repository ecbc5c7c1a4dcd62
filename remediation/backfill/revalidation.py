"""The whole window once more: what got better, what got worse, what the rules say now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from checkpoints.archive.remediation import (
    AS_ITS_UPSTREAM,
    CallStatus,
    Change,
    Figures,
    Orphans,
    Regression,
)
from checkpoints.archive.report import Report
from checkpoints.contract.checks import (
    checks_of,
    checks_of_checkpoint,
    coverage_pair,
    landing_pairs,
    row_checks,
    upstream_pair,
)
from checkpoints.contract.model import Contract
from checkpoints.contract.stock import stock_checks_of
from checkpoints.contract.window import Window, resolve_window
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import (
    CheckRecord,
    DatasetRecord,
    Verdict,
    dataset_records,
    decide,
    judged,
    with_unjudged,
)
from checkpoints.errors import ExitCode, worst
from checkpoints.rules.evidence import ITS_CALENDAR, Cell, Status, Tally
from checkpoints.rules.rule import Outcome
from remediation.backfill.rows import Multiplied
from remediation.backfill.tables import Held, held_by_date, outcome_of
from remediation.backfill.unmet import unmet
from remediation.backfill.watch import why_multiplied
from remediation.ledger.states import DONE, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Revalidation:
    """What a fresh read of the window says of the calls; ``problem`` is why it was impossible."""

    calls: tuple[CallStatus, ...]
    verdict: Verdict | None = None
    checks: tuple[CheckRecord, ...] = ()
    changes: tuple[Change, ...] = ()
    orphans: tuple[Orphans, ...] = ()
    problem: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """Complete only when every call is done, no date got worse, and the rules hold.

        A date that got worse remains, as one that did not land does.
        """
        done = all(call.state in DONE for call in self.calls)
        worse = any(change.regressions for change in self.changes)
        own = ExitCode.COMPLETE if done and not worse else ExitCode.BACKFILL_INCOMPLETE
        return worst(own, self.verdict.exit_code if self.verdict else ExitCode.COULD_NOT_TELL)


def revalidate(
    contract: Contract,
    frame: CoverageFrame,
    report: Report,
    calls: Sequence[CallStatus],
    multiplied: Mapping[str, Sequence[Multiplied]],
    rebuilt: Mapping[str, Held],
) -> Revalidation:
    """Judge the rules of the report's checkpoint on a fresh frame of its window.

    A call that is done stays so only if the frame lacks none of its keys, the checks about rows
    that it was planned for hold on its date, and its rows are not ``multiplied``: what was found
    so, by the id of a call or of what would be one. Those that write rows anew left what is
    ``rebuilt``, which was read by itself. One that landed
    has all that its upstream has; where a check of another dataset still fails for want of keys on
    its date, it is partial: no call of its service can bring what its upstream lacks.
    """
    known = contract.checkpoints.get(report.checkpoint)
    if known:
        declared = checks_of_checkpoint(contract, report.checkpoint, frame.window)
    else:
        declared = checks_of(contract)
    checks = tuple(judged(check, frame) for check in declared)
    datasets = tuple(dataset_records(contract, frame, upstream_pair))
    coverage = tuple(dataset_records(contract, frame, coverage_pair))
    verdict = decide(checks, len(checks), report.verdict.fail_on, (*datasets, *coverage))
    stock = stock_checks_of(contract, known.suites if known else None)
    return Revalidation(
        calls=without_multiplied(
            _as_checked(
                recounted(contract, frame, calls, rebuilt), _still_lacking(contract, frame, checks)
            ),
            multiplied,
        ),
        verdict=with_unjudged(verdict, len(stock) if frame.window.has_all_rules else 0),
        checks=checks,
        changes=changes_of(
            datasets,
            coverage,
            checks,
            report,
            list(chain.from_iterable(multiplied.values())),
            _newly_broken(contract, frame, checks, report),
        ),
        orphans=tuple(_orphans(datasets)),
    )


def _orphans(datasets: Iterable[DatasetRecord]) -> Iterator[Orphans]:
    for record in datasets:
        found = [cell for cell in record.days if cell.orphans]
        if record.of and found:
            yield Orphans(
                dataset=record.name,
                of=record.of,
                keys=sum(cell.orphans for cell in found),
                dates=tuple(cell.date for cell in found),
            )


def window_again(contract: Contract, report: Report) -> Window:
    """The window of a report, and the windows that it was judged over, as they were then."""
    declared = contract.checkpoints.get(report.checkpoint)
    if report.windows and declared and declared.windows:
        return resolve_window(contract, as_of=report.as_of, parts=declared.parts)
    return Window(range=report.window, label=report.window_label)


def recounted(
    contract: Contract,
    frame: CoverageFrame,
    calls: Sequence[CallStatus],
    rebuilt: Mapping[str, Held],
) -> tuple[CallStatus, ...]:
    """The calls; one that is done is so no longer where a due date lacks what was asked for."""
    names = {name for call in calls for name in call.datasets}
    pairs = {
        name: [pair for pair in landing_pairs(contract, name) if not frame.obstacle(pair)]
        for name in names
        if not frame.obstacle(upstream_pair(contract, name))
    }
    held = held_by_date(frame, pairs)
    due = {place: cell for place, cell in held.items() if cell.status is Status.DUE}
    checks = row_checks(contract)

    def found(call: CallStatus) -> Held:
        cells = {n: due[n, call.date] for n in call.datasets if (n, call.date) in due}
        broken = tuple(unmet(checks, call.checks, frame, call.date))
        return Held(cells, unmet=broken).of(cells)

    return tuple(_recounted(call, rebuilt.get(call.id) or found(call)) for call in calls)


def _recounted(call: CallStatus, held: Held) -> CallStatus:
    if call.state not in DONE or not held.lacks:
        return call
    state, lacking = outcome_of(held)
    why = f"it was {call.state}, and the window read again lacks it: {lacking}"
    return call.model_copy(update={"state": state, "detail": why})


def _still_lacking(
    contract: Contract, frame: CoverageFrame, checks: Sequence[CheckRecord]
) -> Mapping[tuple[str, date], str]:
    """Which keys the repairable checks that fail lack, by dataset and date."""
    about_rows = row_checks(contract)
    return {
        (check.dataset, cell.date): f"{check.dataset} has {cell.matched} of the {cell.expected} "
        f"that {repr(check.of) if check.of else ITS_CALENDAR} has"
        for check in checks
        if check.rule.repairable and check.rule.compares and check.outcome is Outcome.FAILED
        if check.id not in about_rows
        for cell in frame.cells[check.pair]
        if cell.missing and cell.date in check.unexpected_dates
    }


def _as_checked(
    calls: Sequence[CallStatus], lacking: Mapping[tuple[str, date], str]
) -> tuple[CallStatus, ...]:
    """The calls; one that landed is partial where a check of its datasets still fails."""
    found = []
    for call in calls:
        why = [lacking[n, call.date] for n in call.datasets if (n, call.date) in lacking]
        short = call.state is State.LANDED and why
        changed = {"state": State.PARTIAL, "detail": f"{AS_ITS_UPSTREAM}, {'; '.join(why)}"}
        found.append(call.model_copy(update=changed) if short else call)
    return tuple(found)


def without_multiplied(
    calls: Sequence[CallStatus], multiplied: Mapping[str, Sequence[Multiplied]]
) -> tuple[CallStatus, ...]:
    """The calls; one whose date has its rows twice is not done, whoever wrote them."""
    return tuple(
        call.model_copy(
            update={
                "state": State.MULTIPLIED,
                "detail": why_multiplied(call.service, multiplied[call.id]),
            }
        )
        if call.id in multiplied
        else call
        for call in calls
    )


def changes_of(
    datasets: Iterable[DatasetRecord],
    coverage: Iterable[DatasetRecord],
    checks: Sequence[CheckRecord],
    report: Report,
    multiplied: Sequence[Multiplied],
    broken: Mapping[tuple[str, date], Sequence[str]],
) -> tuple[Change, ...]:
    """Every dataset of the report, compared with what it is now in the same window.

    ``broken`` is what its rows have broken since, by dataset and date.
    """
    now = {record.name: record for record in datasets}
    return tuple(
        Change(
            dataset=old.name,
            layer=old.layer,
            before=_figures(old, report.coverage, report.checks),
            after=_figures(new, coverage, checks) if new else None,
            regressions=tuple(_regressions(old, new, multiplied, broken)) if new else (),
        )
        for old in report.datasets
        for new in [now.get(old.name)]
    )


def _newly_broken(
    contract: Contract, frame: CoverageFrame, checks: Sequence[CheckRecord], report: Report
) -> Mapping[tuple[str, date], Sequence[str]]:
    """What checks about rows find on dates that held rows and on which they found nothing."""
    about_rows = row_checks(contract)
    held = {(record.name, c.date) for record in report.datasets for c in record.days if c.present}
    before = {check.id: check for check in report.checks if check.outcome is not Outcome.ERRORED}
    found: dict[tuple[str, date], list[str]] = {}
    for check in checks:
        if check.id not in about_rows.keys() & before.keys() or check.outcome is not Outcome.FAILED:
            continue
        known = set(before[check.id].unexpected_dates)
        rows = frame.rows.get(check.pair, {})
        for day in check.unexpected_dates:
            if day in rows and day not in known and (check.dataset, day) in held:
                told = about_rows[check.id].rule.told_of(rows[day])
                found.setdefault((check.dataset, day), []).append(f"{check.name}: {told}")
    return found


def _figures(
    record: DatasetRecord, coverage: Iterable[DatasetRecord], checks: Sequence[CheckRecord]
) -> Figures:
    """As its first conversion check over the whole window sees the dataset; without one, as its
    coverage does.

    Comparing only with the layer above would hide what both lack.
    """
    for check in checks:
        whole = check.rule.measures_coverage and not check.window
        if check.dataset == record.name and whole:
            return Figures(
                of=check.of,
                expected=check.expected or 0,
                matched=check.matched or 0,
                lacking=check.unexpected_dates,
            )
    record = next((c for c in coverage if c.name == record.name), record)
    tally = Tally.of(record.days)
    return Figures(
        of=record.of, expected=tally.expected, matched=tally.matched, lacking=tally.lacking
    )


def _regressions(
    old: DatasetRecord,
    new: DatasetRecord,
    multiplied: Sequence[Multiplied],
    broken: Mapping[tuple[str, date], Sequence[str]],
) -> Iterator[Regression]:
    after = {day.date: day for day in new.days}
    before = {day.date: day for day in old.days}
    rows = {found.day: found.change for found in multiplied if found.name == new.name}
    for when in sorted(before.keys() | after.keys() | rows.keys()):
        empty = Cell(when, Status.OFF, 0, 0, 0, 0, 0)
        worse = _worse(before.get(when, empty), after.get(when, empty))
        what = list(filter(None, (worse, rows.get(when), *broken.get((new.name, when), ()))))
        if what:
            yield Regression(date=when, what=", ".join(what))


def _worse(old: Cell, new: Cell) -> str:
    """In which respects a date got worse; empty when in none."""
    lost = f"matched keys {old.matched} → {new.matched}" if new.matched < old.matched else ""
    orphans = f"orphan keys {old.orphans} → {new.orphans}" if new.orphans > old.orphans else ""
    nulls = "rows with a null key" if new.null_keys > old.null_keys else ""
    return ", ".join(filter(None, (lost, orphans, nulls)))
