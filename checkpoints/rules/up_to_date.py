"""Does the dataset still grow, or did it stop?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkpoints.dates import DAY, DateRange
from checkpoints.records import Whole
from checkpoints.rules.evidence import PairEvidence
from checkpoints.rules.rule import DaysRule, Evaluation, Outcome, not_evaluated


class UpToDate(DaysRule):
    """The latest date with keys is near the end of the window, or of its season.

    Holds for the reference unless the contract says otherwise: where it stops, nothing is due any
    more, and every other rule is silent. In ten days there is a pause of a week in a season, and
    a season whose final took four games and not seven.
    """

    expectation: ClassVar[str] = "expect_latest_date_to_be_up_to_date"
    template: ClassVar[str] = (
        "the latest date with keys in $dataset is at most $limit before the end of the window"
    )
    compares: ClassVar[bool] = False
    needs_due_dates: ClassVar[bool] = False
    repairable: ClassVar[bool] = False
    excusable: ClassVar[bool] = False
    holds_for_reference: ClassVar[bool] = True
    fix: ClassVar[str] = "it has stopped: load it, or give it more days where it pauses that long"

    rule: Literal["up_to_date"]
    days: Annotated[Whole, Field(ge=0, le=3660)] = 10

    @property
    def threshold(self) -> float:
        """Calendar days."""
        return self.days

    def reads_before(
        self, window: DateRange, as_of: date, seasons: Sequence[DateRange]
    ) -> DateRange | None:
        """In a window of few days the latest date may be before it."""
        season = season_at_end(window, as_of, seasons)
        first = max(season.first, season.last - timedelta(days=self.days)) if season else as_of
        return DateRange(first, window.first - DAY) if first < window.first and season else None

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """The observed value is the distance in days; what follows the latest is unexpected.

        A date before the season, or before all that was read, counts as the day before it.
        """
        window = evidence.window
        season = season_at_end(window, evidence.as_of, evidence.seasons)
        if season is None:
            return not_evaluated("no season in the window")
        read = min(window.first, season.last - timedelta(days=self.days))
        start = max(season.first, read) - DAY
        held = [cell.date for cell in evidence.cells if cell.present and cell.date <= season.last]
        latest = max([start, *held, *([evidence.before] if evidence.before else [])])
        late = (season.last - latest).days
        if late <= self.days:
            return Evaluation(outcome=Outcome.PASSED, observed=late)
        first = max(latest + DAY, window.first)
        return Evaluation(
            outcome=Outcome.FAILED,
            observed=late,
            unexpected_dates=tuple(DateRange(first, season.last).dates()),
            message=f"no keys after {latest}" if latest > start else f"no keys since {start + DAY}",
        )


def season_at_end(window: DateRange, as_of: date, seasons: Sequence[DateRange]) -> DateRange | None:
    """The season in which the window ends, or the last one in it, as far as it has come."""
    end = min(as_of, window.last)
    latest = max((season for season in seasons if season.first <= end), default=None)
    if latest is None or latest.last < window.first:
        return None
    return DateRange(latest.first, min(latest.last, end))
