"""Calendar dates and ranges of them. Pure: today is always an argument."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import ConfigDict

DAY = timedelta(days=1)

EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)

LONGEST_BREAK = 31
"""Days between two dates that are shown as one range: a summer is no part of one."""


@dataclass(frozen=True, slots=True, order=True)
class DateRange:
    """Calendar days from ``first`` to ``last``, both included; in JSON an object of these two."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # read by pydantic, where a record holds one

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} → {self.last}"

    @property
    def days(self) -> int:
        """Length in calendar days."""
        return (self.last - self.first).days + 1

    def dates(self) -> list[date]:
        """Every calendar day of the range, in order."""
        return [self.first + timedelta(days=n) for n in range(self.days)]

    def overlaps(self, other: DateRange) -> bool:
        """Whether the two have a day in common."""
        return self.first <= other.last and other.first <= self.last


def ranges_of(dates: Iterable[date], calendar: Sequence[date] = ()) -> list[DateRange]:
    """Merge dates into ranges, for display.

    Two dates join when they are neighbours in ``calendar`` (the sorted dates that matter, so
    that a break without games does not split a range), or on consecutive days without one.
    """
    position = {day: n for n, day in enumerate(calendar)}
    merged: list[DateRange] = []
    for day in sorted(set(dates)):
        if merged and _joins(merged[-1].last, day, position):
            merged[-1] = DateRange(merged[-1].first, day)
        else:
            merged.append(DateRange(day, day))
    return merged


def _joins(left: date, right: date, position: dict[date, int]) -> bool:
    if left in position and right in position:
        return position[right] - position[left] == 1 and (right - left).days <= LONGEST_BREAK
    return right - left == DAY
