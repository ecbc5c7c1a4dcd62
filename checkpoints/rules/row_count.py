"""Has every date as many rows as it should?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from statistics import median
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from checkpoints.records import Number, Whole
from checkpoints.rules.evidence import Cell, PairEvidence
from checkpoints.rules.facts import RowsOfDate
from checkpoints.rules.rule import CountRule, Evaluation, Outcome, not_evaluated

FEWEST = 5
"""A median of fewer dates says nothing."""

CalendarDate = date


class Judged(NamedTuple):
    """The rows of a date, how far they are from a bound (below 1: beyond it), and the bound."""

    date: CalendarDate
    rows: int
    distance: float
    bound: str


class RowCount(CountRule):
    """On the due dates, the rows are neither too few nor too many.

    ``of_median`` is a share of the median of the ``last`` due dates before it that hold rows, in
    the window; with fewer than five of these there is nothing to compare with.
    """

    expectation: ClassVar[str] = "expect_row_count_to_be_between"
    template: ClassVar[str] = "on every due date, $dataset has $bounds"
    compares: ClassVar[bool] = False
    is_about_rows: ClassVar[bool] = True
    counts_rows: ClassVar[bool] = True
    needs_due_dates: ClassVar[bool] = True
    goes_with_rebuild: ClassVar[bool] = True
    fix: ClassVar[str] = "compare with the source, then rebuild these dates"
    noun: ClassVar[tuple[str, str]] = ("date out of bounds", "dates out of bounds")

    rule: Literal["row_count"]
    at_least: Annotated[Whole, Field(ge=1)] | None = None
    at_most: Annotated[Whole, Field(ge=1)] | None = None
    of_median: Annotated[Number, Field(gt=0)] | None = None
    last: Annotated[Whole, Field(ge=FEWEST, le=366)] = 28

    @model_validator(mode="after")
    def _bounded(self) -> RowCount:
        if self.at_least is None and self.at_most is None and self.of_median is None:
            raise ValueError("needs at_least, at_most or of_median")
        if self.at_least and self.at_most and self.at_least > self.at_most:
            raise ValueError(f"at_least {self.at_least} is more than at_most {self.at_most}")
        return self

    def wording(self) -> str:
        """With the bounds that there are."""
        bounds = [
            words
            for bound, words in (
                (self.at_least, "at least $at_least rows"),
                (self.at_most, "at most $at_most rows"),
                (self.of_median, "at least $of_median of the median of the last $last due dates"),
            )
            if bound is not None
        ]
        return self.template.replace("$bounds", " and ".join(bounds))

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """A due date that holds nothing has no rows."""
        counts = [(cell.date, _rows_on(cell.date, evidence)) for cell in evidence.due]
        if not counts:
            return not_evaluated()
        judged = [worst for n, _ in enumerate(counts) if (worst := self._judged(counts, n))]
        if not judged:
            return not_evaluated(f"fewer than {FEWEST} due dates before any other hold rows")
        beyond = [found for found in judged if found.distance < 1]
        return Evaluation(
            outcome=Outcome.of(not beyond),
            observed=len(beyond),
            unexpected_dates=tuple(found.date for found in beyond),
            message=_told(min(beyond, key=lambda found: found.distance)) if beyond else "",
        )

    def _judged(self, counts: Sequence[tuple[date, int]], n: int) -> Judged | None:
        """A date by the bound that it is closest to, or furthest beyond."""
        day, rows = counts[n]
        found = [Judged(day, rows, *bound) for bound in self._bounds(rows, counts[:n])]
        return min(found, key=lambda judged: judged.distance, default=None)

    def _bounds(self, rows: int, before: Sequence[tuple[date, int]]) -> Iterator[tuple[float, str]]:
        if self.at_least is not None:
            yield rows / self.at_least, f"at least {self.at_least:,} are required"
        if self.at_most is not None:
            yield self.at_most / rows if rows else 1.0, f"at most {self.at_most:,} are allowed"
        earlier = [number for _, number in before if number][-self.last :]
        if self.of_median is not None and len(earlier) >= FEWEST:
            usual = median(earlier)
            yield (
                rows / round(self.of_median * usual, 9),
                f"the median of the {len(earlier)} due dates before is {usual:,.6g}",
            )

    @classmethod
    def on_date(cls, cell: Cell) -> str:  # noqa: ARG003
        """What is said of a date without any."""
        return "no rows"

    def told_of(self, rows: RowsOfDate) -> str:
        """``1,234 rows``."""
        return _rows(rows.rows)


def _rows_on(day: date, evidence: PairEvidence) -> int:
    rows = evidence.rows.get(day)
    return rows.rows if rows else 0


def _told(found: Judged) -> str:
    return f"{found.date} has {_rows(found.rows)}, {found.bound}"


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"
