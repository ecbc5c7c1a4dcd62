"""Does the dataset still grow, or did it stop?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from checkpoints.dates import DAY, DateRange
from checkpoints.records import Number, Whole
from checkpoints.rules.evidence import PairEvidence, Status
from checkpoints.rules.rule import DaysRule, Evaluation, Outcome, not_evaluated

DAYS = 10
"""A pause of a week in a season is shorter, and so is what a short final leaves of one."""

HOUR = timedelta(hours=1)


class UpToDate(DaysRule):
    """The latest date with keys is near the end of the window, or of its season.

    With ``hours``, the moment in which rows were written last, by ``written_at``: near the earliest
    of now, the end of the window and that of its last season, whose days end at midnight UTC.

    Holds for the reference unless the contract says otherwise: where it stops, nothing is due any
    more, and every other rule is silent.
    """

    expectation: ClassVar[str] = "expect_latest_date_to_be_up_to_date"
    template: ClassVar[str] = (
        "the latest date with keys in $dataset is at most $limit before the end of the window "
        "and of each of its seasons"
    )
    compares: ClassVar[bool] = False
    needs_due_dates: ClassVar[bool] = False
    tells_missing: ClassVar[bool] = False
    repairable: ClassVar[bool] = False
    excusable: ClassVar[bool] = False
    tells_late: ClassVar[bool] = True
    holds_for_reference: ClassVar[bool] = True
    fix: ClassVar[str] = "it has stopped: load it, or give it more days where it pauses that long"

    rule: Literal["up_to_date"]
    days: Annotated[Whole, Field(ge=0, le=3660)] | None = None
    hours: Annotated[Number, Field(ge=0, le=87_840)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _days_or_hours(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        if given.get("days") is not None and given.get("hours") is not None:
            raise ValueError("has days and hours: remove one of them")
        is_default = given.get("days") is None and given.get("hours") is None
        return {**given, "days": DAYS} if is_default else given

    @property
    def threshold(self) -> float:
        """Calendar days, or hours as a part of days."""
        return self.hours / 24 if self.hours is not None else float(self.days or 0)

    @classmethod
    def quantity(cls, value: float) -> str:
        """``3 days``, ``25.5 hours``. Rounds up: what is too late never reads as the limit."""
        if value == int(value):
            return super().quantity(value)
        hours = math.ceil(value * 240 - 1e-6) / 10
        return f"{hours:g} hour{'' if hours == 1 else 's'}"

    def identity(self) -> tuple[str, ...]:
        """By dates, or by when they were written."""
        return ("by hours",) if self.hours is not None else ()

    def wording(self) -> str:
        """By dates, or by when they were written."""
        if self.hours is None:
            return self.template
        return (
            "the last rows of $dataset were written at most $limit before now, "
            "the end of the window and that of its last season"
        )

    def reads_written_at(self) -> bool:
        """By hours."""
        return self.hours is not None

    @property
    def _days_read(self) -> int:
        """Days before the end of a season on which the latest date may be."""
        return self.days if self.days is not None else DAYS + math.ceil((self.hours or 0) / 24)

    def reads_before(
        self, window: DateRange, as_of: date, seasons: Sequence[DateRange]
    ) -> DateRange | None:
        """In a window of few days the latest date may be before it."""
        for season in seasons_in(window, as_of, seasons)[:1]:
            first = max(season.first, season.last - timedelta(days=self._days_read))
            if first < window.first:
                return DateRange(first, window.first - DAY)
        return None

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """The observed value is the most days at the end of a season that hold nothing.

        They are unexpected where they are too many. Excused are warm-up, known gaps, what is late
        and tolerated, and what is retired.
        """
        seasons = seasons_in(evidence.window, evidence.as_of, evidence.seasons)
        if not seasons:
            return not_evaluated("no part of a season in the window yet")
        if self.days is None:
            return self._judge_written(seasons[-1], evidence)
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
        excused = (Status.WARM_UP, Status.KNOWN_GAP, Status.LATE)
        held = [c.date for c in evidence.cells if c.present or c.status in excused]
        held += [evidence.before] if evidence.before else []
        held += [season.last] if evidence.retired and evidence.retired <= season.last else []
        return max((day for day in held if day in season), default=self._start(season, evidence))

    def _start(self, season: DateRange, evidence: PairEvidence) -> date:
        read = min(evidence.window.first, season.last - timedelta(days=self._days_read))
        return max(season.first, read) - DAY

    def _judge_written(self, season: DateRange, evidence: PairEvidence) -> Evaluation:
        """The observed value is the time since the last writing; no date is to blame for it."""
        moments = [rows.written.last for rows in evidence.rows.values() if rows.written]
        begin = _midnight(self._start(season, evidence) + DAY)
        written = _moment(max(moments)) if moments else begin
        end = min(evidence.now or _midnight(evidence.as_of + DAY), _midnight(season.last + DAY))
        late = max(end - written, timedelta()) / (24 * HOUR)
        last = f"written last {written:%Y-%m-%d %H:%M} (UTC)"
        return Evaluation(
            outcome=Outcome.of(late <= self.threshold),
            observed=late,
            message=last if moments else f"no row from {begin:%Y-%m-%d} on says when",
        )

    def _since(self, season: DateRange, latest: date, evidence: PairEvidence) -> str:
        if latest > self._start(season, evidence):
            return f"no keys after {latest}"
        return f"no keys from {latest + DAY} on, the first date that was looked at"


def _midnight(day: date) -> datetime:
    """In which a day begins, UTC."""
    return datetime.combine(day, time(), UTC)


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)


def seasons_in(window: DateRange, as_of: date, seasons: Sequence[DateRange]) -> list[DateRange]:
    """The seasons of which the window has a day, each as far as the window and today go."""
    end = min(as_of, window.last)
    return [
        DateRange(season.first, last)
        for season in sorted(seasons)
        if season.first <= (last := min(season.last, end)) and last >= window.first
    ]
