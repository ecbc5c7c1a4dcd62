"""Dates that are rebuilt although nothing is missing, and what is made from them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from checkpoints.archive.report import Report
from checkpoints.contract.checks import checks_of
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_above, names_in
from checkpoints.dates import DateRange, ranges_of
from checkpoints.rules.evidence import due_cells
from remediation.errors import PlanError
from remediation.plan.order import filled_from


def refuse_unread(report: Report, dates: Collection[date]) -> None:
    """Refuse dates of which a report knows nothing.

    Raises:
        PlanError: they are outside its window.
    """
    if outside := [day for day in dates if day not in report.window]:
        told = ", ".join(map(str, ranges_of(outside)))
        first, last = min(dates), max(dates)
        raise PlanError(
            f"{told}: outside the window of run {report.run_id} ({report.window}): run a "
            f"checkpoint over them, as with python -m checkpoints run --from {first} --to {last}"
        )


def dependents(
    report: Report, contract: Contract, name: str, planned: Collection[tuple[str, date]]
) -> frozenset[date]:
    """The due dates on which a dataset has rows that are made from what is ``planned`` above it.

    They are made from its upstream on the same date; and as ``fresh`` says, from what it is
    compared with there, on that date and on those before it that the rule looks back at.
    """
    if contract.datasets[name].service is None:
        return frozenset()
    looks_back = [
        (names_in(contract, check.pair)[1:], check.rule)
        for check in checks_of(contract)
        if check.pair.dataset == name and check.rule.compares and check.rule.reads_written_at()
    ]

    def made_from(day: date) -> Iterator[tuple[tuple[str, ...], list[date]]]:
        yield names_above(contract, name), [day]
        for above, rule in looks_back:
            before = rule.reads_above_before(DateRange(day, day))
            yield above, [*(before.dates() if before else ()), day]

    return frozenset(
        cell.date
        for cell in due_cells(report.days_of(name))
        if cell.present
        if any(
            filled_from(contract, planned, above, day)
            for above, days in made_from(cell.date)
            for day in days
        )
    )
