"""On which dates a table has rows: every day, working days, a day of the week or month. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date
from typing import Literal, NamedTuple

from checkpoints.contract.calendar import WEEKDAYS, Calendar
from checkpoints.dates import DAY, DateRange, ranges_of
from checkpoints.text import counted

Kind = Literal["daily", "business_days", "weekly", "monthly", "irregular"]

STRAY = 0.02
"""Dates outside of a calendar that are put up with, as a share of all."""

SCATTERED = 0.25
"""Where more breaks than this, for each date that is there, would be holes, it is no calendar."""

LONGEST_HOLIDAYS = 4
"""Working days in a row that are missing for holidays; a longer run is a hole."""


class Habit(NamedTuple):
    """A calendar that fits some dates. ``day`` is that of the week (``friday``) or month (``1``,
    ``last``); ``present`` of ``expected`` dates of it are there."""

    kind: Kind
    day: str = ""
    country: str = ""
    subdivision: str = ""
    present: int = 0
    expected: int = 0

    @property
    def same(self) -> tuple[str, ...]:
        """What tells it from another calendar."""
        return self.kind, self.day

    @property
    def text(self) -> str:
        """As the contract has it: ``daily``, ``{kind: weekly, weekday: friday}``."""
        if self.kind == "weekly":
            return f"{{kind: weekly, weekday: {self.day}}}"
        return f"{{kind: monthly, day: {self.day}}}" if self.kind == "monthly" else self.kind

    @property
    def reason(self) -> str:
        """``rows on 90 of 91 days``."""
        nouns = {"business_days": "working day", "weekly": self.day.title(), "monthly": "month"}
        return f"rows on {self.present:,} of {counted(self.expected, nouns.get(self.kind, 'day'))}"


def expected_dates(habit: Habit, dates: DateRange, off: Collection[date] = ()) -> list[date]:
    """The dates of a calendar, without days off where it has working days."""
    if habit.kind == "irregular":
        return []
    named = {"weekly": {"weekday": habit.day}, "monthly": {"day": habit.day}}
    found = Calendar.model_validate({"kind": habit.kind, **named.get(habit.kind, {})})
    working = habit.kind == "business_days"
    return [day for day in dates.dates() if found.has(day, None) and not (working and day in off)]


def habit_of(dates: Collection[date]) -> Habit:
    """The calendar that some dates keep, though some be missing; ``irregular`` where none fits."""
    found = sorted(dates)
    if not found:
        return Habit("irregular")
    span, seen = DateRange(found[0], found[-1]), set(found)
    for habit in _candidates(found):
        due = expected_dates(habit, span)
        here = [day for day in due if day in seen]
        breaks = ranges_of((day for day in due if day not in seen), due)
        few = len(breaks) <= SCATTERED * max(len(here), 1)
        if few and len(found) - len(here) <= STRAY * len(found) and _even(habit, here, due):
            return habit._replace(present=len(here), expected=len(due))
    return Habit("irregular", present=len(found), expected=span.days)


def _candidates(found: list[date]) -> Iterable[Habit]:
    """The calendars that may fit, the one with the fewest dates first."""
    span = (found[-1] - found[0]).days
    if span >= 56:
        months = Counter("last" if (d + DAY).day == 1 else str(d.day) for d in found)
        yield Habit("monthly", max(months, key=lambda day: (months[day], day == "last")))
    if span >= 14:
        weekday = Counter(day.weekday() for day in found).most_common(1)[0][0]
        yield Habit("weekly", WEEKDAYS[weekday])
    if span >= 6:
        yield Habit("business_days")
    yield Habit("daily")


def _even(habit: Habit, here: list[date], due: list[date]) -> bool:
    """Whether no day of the week is always off, which would be a calendar of its own."""
    if habit.kind not in ("daily", "business_days") or len(due) < 21:
        return True
    present, all_ = (Counter(day.weekday() for day in some) for some in (here, due))
    shares = [present[day] / all_[day] for day in all_]
    return min(shares) >= 0.4 * max(shares)


def holiday_like(dates: Collection[date]) -> set[date]:
    """The working days without rows that may be holidays, which a long hole is not."""
    seen = set(dates)
    due = expected_dates(Habit("business_days"), DateRange(min(seen), max(seen)))
    position = {day: n for n, day in enumerate(due)}
    missing = ranges_of((day for day in due if day not in seen), due)
    return {
        day
        for gap in missing
        if position[gap.last] - position[gap.first] < LONGEST_HOLIDAYS
        for day in due[position[gap.first] : position[gap.last] + 1]
    }
