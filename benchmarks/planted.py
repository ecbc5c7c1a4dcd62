"""What is planted in a made-up warehouse, and so what is true of it. Pure.

A table holds the same keys on every playing date, but for what ``Planted`` takes out of it.
Every seventh calendar day nobody plays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from benchmarks.findings import DayFigures
from benchmarks.shape import Shape

FIRST = date(2016, 1, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """The keys ``number % step == offset`` on the dates ``number % dates == 0``."""

    dates: int
    step: int
    offset: int

    def holds(self, day: int, key: int) -> bool:
        """True for a key of a date, both by number."""
        return day % self.dates == 0 and key % self.step == self.offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A table: its upstream, the dates it lacks, the keys it lacks, the keys it misspells.

    ``lacking`` is ``(where it begins as a share, how many dates, or a share of them)``.
    """

    name: str
    layer: str
    upstream: str | None
    lacking: tuple[float, float] | None = None
    lost: Every | None = None
    misspelled: Every | None = None

    def missing_dates(self, dates: int) -> range:
        """The numbers of the playing dates that it lacks."""
        if self.lacking is None:
            return range(0)
        first, length = int(self.lacking[0] * dates), self.lacking[1]
        return range(first, first + int(length if length >= 1 else length * dates))

    def keys_on(self, day: int, shape: Shape) -> frozenset[int]:
        """Its keys on a date; a misspelled one is its own number, negative."""
        if day in self.missing_dates(shape.dates):
            return frozenset()
        return frozenset(
            -key - 1 if self.misspelled and self.misspelled.holds(day, key) else key
            for key in range(shape.keys)
            if not (self.lost and self.lost.holds(day, key))
        )


LOST = Every(dates=10, step=4, offset=3)
MISSPELLED = Every(dates=5, step=2, offset=1)

EIGHT = (
    Planted(name="schedule", layer="reference", upstream=None),
    Planted(name="raw", layer="L1", upstream="schedule"),
    Planted(name="summary", layer="L3", upstream="raw", lost=LOST),
    Planted(name="defense", layer="L3", upstream="raw", misspelled=MISSPELLED),
    Planted(name="factors", layer="L4", upstream="summary", lost=LOST),
    Planted(name="cache", layer="L4", upstream="summary", lost=LOST, lacking=(0.2, 0.3)),
    Planted(name="zones", layer="L4", upstream="defense", misspelled=MISSPELLED, lacking=(0.6, 4)),
    Planted(name="scores", layer="L5", upstream="factors", lost=LOST, lacking=(0.4, 2)),
)
TWO = (
    Planted(name="schedule", layer="reference", upstream=None),
    Planted(name="raw", layer="L1", upstream="schedule", misspelled=MISSPELLED, lacking=(0.6, 4)),
)
AGAINST_RAW = ("factors", "cache", "scores")
"""Tables whose conversion is also measured against the first layer."""


def tables_of(shape: Shape) -> tuple[Planted, ...]:
    """The tables of a shape, upstream first."""
    return EIGHT if shape.tables == 8 else TWO


def calendar_day(number: int) -> date:
    """The date of a playing date."""
    return FIRST + timedelta(days=number + number // 6)


def last_day(shape: Shape) -> date:
    """The last playing date of a shape."""
    return calendar_day(shape.dates - 1)


def figures_of(shape: Shape, dataset: Planted, of: Planted) -> dict[date, DayFigures]:
    """The truth about a pair, counted key by key on one date of each kind."""
    seen: dict[tuple[bool, ...], DayFigures] = {}
    return {calendar_day(n): _of_day(shape, dataset, of, n, seen) for n in range(shape.dates)}


def _of_day(
    shape: Shape, dataset: Planted, of: Planted, n: int, seen: dict[tuple[bool, ...], DayFigures]
) -> DayFigures:
    kind = tuple(_kind(shape, dataset, of, n))
    if kind not in seen:
        up, down = of.keys_on(n, shape), dataset.keys_on(n, shape)
        seen[kind] = DayFigures(len(up), len(up & down), len(down - up))
    return seen[kind]


def _kind(shape: Shape, dataset: Planted, of: Planted, n: int) -> Iterator[bool]:
    for table in (of, dataset):
        yield n in table.missing_dates(shape.dates)
        for every in (table.lost, table.misspelled):
            yield every is not None and n % every.dates == 0
