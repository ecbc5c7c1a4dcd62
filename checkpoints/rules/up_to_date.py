"""Does the dataset still grow, or did it stop?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkpoints.dates import DAY, DateRange
from checkpoints.records import Whole
from checkpoints.rules.evidence import PairEvidence, Status
from checkpoints.rules.rule import DaysRule, Evaluation, Outcome, not_evaluated


class UpToDate(DaysRule):
    """The latest date with keys is near the end of the window, or of its season.

    Holds for the reference unless the contract says otherwise: where it stops, nothing is due any
    more, and every other rule is silent. In ten days there is a pause of a week in a season, and
    a season whose final took four games and not seven.
    """

    expectation: ClassVar[str] = "expect_latest_date_to_be_up_to_date"
    template: ClassVar[str] = (
        "the latest date with keys in $dataset is at most $limit before the end of the window "
        "and of each of its seasons"
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
        for season in seasons_in(window, as_of, seasons)[:1]:
            first = max(season.first, season.last - timedelta(days=self.days))
            if first < window.first:
                return DateRange(first, window.first - DAY)
        return None

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """The observed value is the most days at the end of a season that hold nothing.

        They are unexpected where they are too many. Excused are warm-up, known gaps, and what is
        retired.
        """
        seasons = seasons_in(evidence.window, evidence.as_of, evidence.seasons)
        if not seasons:
            return not_evaluated("no part of a season in the window yet")
        found = {season: self._latest(season, evidence) for season in seasons}
        late = {s: latest for s, latest in found.items() if (s.last - latest).days > self.days}
        return Evaluation(
            outcome=Outcome.of(not late),
            observed=max((season.last - latest).days for season, latest in found.items()),
            unexpected_dates=tuple(
                day
                for season, latest in late.items()
                for day in DateRange(latest + DAY, season.last).dates()
                if day in evidence.window
            ),
            message=", ".join(self._since(s, latest, evidence) for s, latest in late.items()),
        )

    def _latest(self, season: DateRange, evidence: PairEvidence) -> date:
        """The latest date with keys in a season; the day before what was read where none has."""
        excused = (Status.WARM_UP, Status.KNOWN_GAP)
        held = [c.date for c in evidence.cells if c.present or c.status in excused]
        held += [evidence.before] if evidence.before else []
        held += [season.last] if evidence.retired and evidence.retired <= season.last else []
        return max((day for day in held if day in season), default=self._start(season, evidence))

    def _start(self, season: DateRange, evidence: PairEvidence) -> date:
        read = min(evidence.window.first, season.last - timedelta(days=self.days))
        return max(season.first, read) - DAY

    def _since(self, season: DateRange, latest: date, evidence: PairEvidence) -> str:
        if latest > self._start(season, evidence):
            return f"no keys after {latest}"
        return f"no keys from {latest + DAY} on, the first date that was looked at"


def seasons_in(window: DateRange, as_of: date, seasons: Sequence[DateRange]) -> list[DateRange]:
    """The seasons of which the window has a day, each as far as the window and today go."""
    end = min(as_of, window.last)
    return [
        DateRange(season.first, last)
        for season in sorted(seasons)
        if season.first <= (last := min(season.last, end)) and last >= window.first
    ]
