"""The dates that need an answer: what failed checks found, and what they will find. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from checkpoints.archive.remediation import RowCheck
from checkpoints.archive.report import Report
from checkpoints.contract.checks import Check, by_date_grain, checks_of, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_in
from checkpoints.coverage.results import CheckRecord
from checkpoints.dates import DateRange
from checkpoints.rules.evidence import Cell, Pair, PairEvidence, Status, Tally, due_cells
from checkpoints.rules.rule import Outcome
from remediation.plan.order import filled_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The datasets that a plan is asked for, and whether their passed checks count as well.

    ``about_rows`` are the checks that ask for no keys, by id. ``dates`` are to be rebuilt, and
    there are no others then; ``with_dependents``, those that are made from planned ones as well.
    """

    names: frozenset[str]
    include_passing: bool
    about_rows: Mapping[str, Check] = field(default_factory=dict)
    dates: frozenset[date] = frozenset()
    with_dependents: bool = False

    def checks(self, report: Report) -> Iterator[CheckRecord]:
        """The checks of those datasets."""
        return (check for check in report.checks if check.dataset in self.names)


Want = Pair | RowCheck
"""Why a date is to be repaired: a pair that lacks keys, or a check about rows."""

Wanted = Mapping[str, Mapping[date, frozenset[Want]]]
"""Per dataset and date, what wants the date repaired."""


def candidates(report: Report, contract: Contract, asked: Asked) -> Wanted:
    """The unexpected dates of failed checks that a backfill can repair."""
    wanted: dict[str, dict[date, frozenset[Want]]] = {}
    for check in asked.checks(report):
        want = row_check(check) if check.id in asked.about_rows else check.pair
        for day in _wanted_by(report, contract, asked, check):
            if asked.dates and day not in asked.dates:
                continue
            of_dataset = wanted.setdefault(check.dataset, {})
            of_dataset[day] = of_dataset.get(day, frozenset()) | {want}
    return wanted


def to_rewrite(report: Report, contract: Contract, asked: Asked) -> frozenset[tuple[str, date]]:
    """The dates whose rows are to be written again, although no key may be missing.

    They were named, or an expectation failed on their rows.
    """
    if asked.dates:
        return frozenset((name, day) for name in asked.names for day in asked.dates)
    return frozenset(
        (check.dataset, day)
        for check in asked.checks(report)
        if check.stock
        for day in _wanted_by(report, contract, asked, check)
    )


def _wanted_by(
    report: Report, contract: Contract, asked: Asked, check: CheckRecord
) -> tuple[date, ...]:
    if not is_repairable(contract, check):
        return ()
    if check.outcome is Outcome.FAILED:
        return check.unexpected_dates
    if check.outcome is Outcome.PASSED and asked.include_passing:
        return lacking(report, check)
    return ()


def row_check(check: CheckRecord) -> RowCheck:
    """A check about rows as a plan names it."""
    return RowCheck(id=check.id, dataset=check.dataset, kind=check.kind, name=check.name)


def is_repairable(contract: Contract, check: CheckRecord) -> bool:
    """Whether a backfill of its unexpected dates repairs what a check found."""
    service = contract.datasets[check.dataset].service
    replaces = service is not None and contract.services[service].replaces
    return check.rule.repairable or (check.rule.repaired_by_replacing and replaces)


def lacking(report: Report, check: CheckRecord) -> tuple[date, ...]:
    """The dates that lack keys under a check, whatever its threshold tolerates.

    A rule that says nothing about missing keys tolerates none.
    """
    if not check.rule.tells_missing:
        return ()
    return (*Tally.of(report.days_of(check.dataset)).lacking, *check.unexpected_dates)


def foreseen(
    report: Report, contract: Contract, asked: Asked, name: str, coming: Mapping[date, int]
) -> frozenset[date]:
    """The candidates among the checks of a dataset once its upstream has what is planned for it.

    ``coming`` is how many keys the upstream will have at least, by date. A dataset that is
    compared with its upstream alone passes while both lack a date, and fails as soon as the
    upstream has it: the same rules judge that here, on the figures the tables will hold, so that
    one plan repairs both. What the dataset has already is taken to match; what its rows will be
    like nobody knows. Each check is judged over its own window.
    """
    cells = [_after(contract, name, cell, coming) for cell in report.days_of(name)]
    declared = contract.checkpoints.get(report.checkpoint)
    rules = {
        replace(check, window=part).id: check.rule
        for check in checks_of(contract)
        if check.pair == upstream_pair(contract, name) and check.id not in asked.about_rows
        for part in ("", *(declared.parts if declared else ()))
    }
    found: set[date] = set()
    for check in asked.checks(report):
        known = check.dataset == name and check.rule.repairable and check.id in rules
        if not known or check.outcome is Outcome.ERRORED:
            continue
        window = report.window_of(check)
        evidence = PairEvidence(
            cells=[cell for cell in cells if cell.date in window],
            window=window,
            as_of=report.as_of,
            seasons=contract.season_ranges,
        )
        judged = rules[check.id].judge(evidence)
        if judged.outcome is Outcome.FAILED:
            found.update(judged.unexpected_dates)
        elif judged.outcome is Outcome.PASSED and asked.include_passing:
            found.update(Tally.of(cells).lacking, judged.unexpected_dates)
    return frozenset(found)


def coming_above(
    report: Report, contract: Contract, name: str, coming: Mapping[str, Mapping[date, int]]
) -> dict[date, int]:
    """How many keys the upstream of a dataset will have at least, by the dates that any come on.

    ``coming`` says that of each dataset. Of ``all_of`` several, those that the one with the fewest
    has; one that is retired takes no part.
    """
    upstream = contract.datasets[name].upstream
    if upstream is None:
        return {}
    held = {above: {c.date: c for c in report.days_of(above)} for above in upstream.names}
    found: dict[date, int] = {}
    for day in {day for above in upstream.names for day in coming.get(above, {})}:
        keys = []
        for above, cells in held.items():
            cell = cells.get(day)
            if cell is None or cell.status is not Status.RETIRED:
                keys.append(max(coming.get(above, {}).get(day, 0), cell.present if cell else 0))
        if least := (min if upstream.every else max)(keys, default=0):
            found[day] = least
    return found


def foreseen_stale(
    report: Report,
    contract: Contract,
    asked: Asked,
    name: str,
    planned: Collection[tuple[str, date]],
) -> Mapping[date, frozenset[Want]]:
    """By date, the checks by which rows of a dataset will be older than what they are made from.

    What is ``planned`` above it is written anew, on a date or on those before it that count.
    """
    found: dict[date, frozenset[Want]] = {}
    for check in report.checks if asked.with_dependents else asked.checks(report):
        known = check.dataset == name and check.id in asked.about_rows
        if not known or check.outcome is Outcome.ERRORED or not is_repairable(contract, check):
            continue
        rule = asked.about_rows[check.id].rule
        above = names_in(contract, check.pair)[1:]
        if not rule.reads_written_at():
            continue
        for cell in due_cells(report.days_of(name)):
            before = rule.reads_above_before(DateRange(cell.date, cell.date))
            days = [*(before.dates() if before else ()), cell.date]
            if cell.present and any(filled_from(contract, planned, above, d) for d in days):
                found[cell.date] = found.get(cell.date, frozenset()) | {row_check(check)}
    return found


def will_have(contract: Contract, name: str, cell: Cell, coming: Mapping[date, int]) -> int:
    """How many keys a dataset has at least once a call for the date has landed."""
    return _after(contract, name, cell, coming).expected


def _after(contract: Contract, name: str, cell: Cell, coming: Mapping[date, int]) -> Cell:
    keys = coming.get(cell.date, 0)
    if by_date_grain(contract, upstream_pair(contract, name)):
        keys = min(keys, 1)
    expected = max(cell.expected, keys)
    if expected == cell.expected or cell.status is Status.RETIRED:
        return cell
    matched = min(expected, cell.present)
    return cell._replace(expected=expected, matched=matched, orphans=cell.present - matched)
