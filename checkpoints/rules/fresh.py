"""Were rows written after what they were made from?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field

from checkpoints.dates import DAY, DateRange
from checkpoints.records import Whole
from checkpoints.rules.evidence import PairEvidence
from checkpoints.rules.facts import RowsOfDate
from checkpoints.rules.rule import CountRule, Evaluation, Outcome, not_evaluated
from checkpoints.text import dates

NEVER = "no row says when it was written"

CalendarDate = date


class Writing(NamedTuple):
    """When the first of the rows of a date was written, and the last that they are made from.

    In microseconds since 1970; None where none of them says.
    """

    date: CalendarDate
    written: int | None
    above: int | None

    @property
    def is_stale(self) -> bool:
        """Written before that, or nobody knows when."""
        if self.written is None or self.above is None:
            return self.written is None
        return self.written < self.above


class Fresh(CountRule):
    """On the due dates, the first row was written after the last one of the upstream.

    Of the upstream's rows those of the date count, and of ``lookback_days`` before it. Dates that
    hold no rows are for other rules to report.
    """

    expectation: ClassVar[str] = "expect_rows_to_be_fresh"
    template: ClassVar[str] = "the rows of $dataset were written after those of $of"
    needs_due_dates: ClassVar[bool] = True
    repairable: ClassVar[bool] = True
    fix: ClassVar[str] = "backfill these dates"
    noun: ClassVar[tuple[str, str]] = ("stale date", "stale dates")

    rule: Literal["fresh"]
    lookback_days: Annotated[Whole, Field(ge=0, le=366)] = 0

    def wording(self) -> str:
        """With the days before, where there are any."""
        before = " of that date and of $lookback_days days before it" if self.lookback_days else ""
        return self.template + before

    def reads_written_at(self) -> bool:
        """Of both datasets."""
        return True

    def reads_above_before(self, window: DateRange) -> DateRange | None:
        """The days before the first date."""
        days = self._days_above(window.first)
        return DateRange(days[-1], window.first - DAY) if len(days) > 1 else None

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """Dates of which no row says when it was written are stale as well."""
        if not evidence.due:
            return not_evaluated()
        judged = self.writings(evidence)
        if not judged:
            return not_evaluated("no due date of which both say when its rows were written")
        stale = [writing for writing in judged if writing.is_stale]
        return Evaluation(
            outcome=Outcome.of(not stale),
            observed=len(stale),
            unexpected_dates=tuple(writing.date for writing in stale),
            message=_worst(stale),
        )

    def writings(self, evidence: PairEvidence) -> list[Writing]:
        """Of the due dates of which it is known, or known to be told by no row, oldest first."""
        return [
            Writing(cell.date, rows.written.first if rows.written else None, above)
            for cell in evidence.due
            if (rows := evidence.rows.get(cell.date))
            if (above := self._above(cell.date, evidence)) is not None or not rows.written
        ]

    def _above(self, day: date, evidence: PairEvidence) -> int | None:
        """When the last of the rows was written that those of a date are made from."""
        written, days = evidence.written_above, self._days_above(day)
        return max((written[d].last for d in days if d in written), default=None)

    def _days_above(self, day: date) -> list[date]:
        """The dates of the upstream that a date is made from, the latest first."""
        first = max(day.toordinal() - self.lookback_days, date.min.toordinal())
        return [date.fromordinal(n) for n in range(day.toordinal(), first - 1, -1)]

    def told_of(self, rows: RowsOfDate) -> str:
        """``written 2025-01-11 03:00 (UTC)``."""
        return f"written {moment(rows.written.first)} (UTC)" if rows.written else NEVER


def _worst(stale: list[Writing]) -> str:
    """The date that is behind by most, and how many have no time of writing."""
    timed = [
        (above - written, day, written, above)
        for day, written, above in stale
        if written is not None and above is not None
    ]
    unknown = len(stale) - len(timed)
    parts = [f"{NEVER} on {dates(unknown)}"] if unknown else []
    if timed:
        _, day, written, above = max(timed)
        parts.insert(
            0,
            f"rows of {day} were written {moment(written)}, their upstream {moment(above)} (UTC)",
        )
    return "; ".join(parts)


def moment(micros: int) -> str:
    """``2025-01-11 03:00``, of microseconds since 1970."""
    return f"{datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros):%Y-%m-%d %H:%M}"
