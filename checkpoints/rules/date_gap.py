"""Is there a hole: a run of dates that hold nothing?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkpoints.dates import DateRange
from checkpoints.records import Whole
from checkpoints.rules.evidence import Cell, CellState, PairEvidence
from checkpoints.rules.rule import DaysRule, Evaluation, Outcome, not_evaluated
from checkpoints.text import counted


class DateGap(DaysRule):
    """The longest run of due dates without a matched key, in calendar days."""

    expectation: ClassVar[str] = "expect_date_gap_to_be_at_most"
    template: ClassVar[str] = "$dataset has no gap longer than $limit against $of"

    rule: Literal["date_gap"]
    at_most_days: Annotated[Whole, Field(ge=0)]

    @property
    def threshold(self) -> float:
        """Calendar days."""
        return self.at_most_days

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """The observed value is the longest gap; the dates of the too long ones are unexpected."""
        due = evidence.due
        if not due:
            return not_evaluated()
        found = [(DateRange(gap[0], gap[-1]).days, gap) for gap in gaps(due, evidence.seasons)]
        long = [gap for days, gap in found if days > self.at_most_days]
        return Evaluation(
            outcome=Outcome.of(not long),
            observed=max((days for days, _ in found), default=0),
            unexpected_dates=tuple(day for gap in long for day in gap),
            message=_too_long(len(long), self.quantity(self.at_most_days)) if long else "",
        )


def gaps(due: Sequence[Cell], seasons: Sequence[DateRange] = ()) -> list[list[date]]:
    """Runs of consecutive due dates that are missing, each within one season."""

    def run_of(cell: Cell) -> tuple[bool, int | None]:
        season = next((n for n, dates in enumerate(seasons) if cell.date in dates), None)
        return cell.state is CellState.MISSING, season

    runs = groupby(due, key=run_of)
    return [[cell.date for cell in run] for (is_gap, _), run in runs if is_gap]


def _too_long(gaps_found: int, limit: str) -> str:
    return f"{counted(gaps_found, 'gap')} longer than {limit}"
