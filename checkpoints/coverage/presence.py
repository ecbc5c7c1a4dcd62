"""The answer of the presence query: how many keys have which mask on which date. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from checkpoints.coverage.layout import Bits, Grain, Layout, joined
from checkpoints.rules.facts import Fact, Written

EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What was read of every dataset.

    ``by_date[date][mask]`` is the number of distinct keys whose mask is that; ``layout`` says what
    its bits mean. ``undated[mask]`` counts the keys of rows without a date. ``null_rows`` counts
    rows: those of a dataset without a key on a date, or without a date (None); where it says
    nothing, their distinct keys are counted. ``rows[date][dataset]`` is how many rows hold the
    keys of a date, ``written[dataset][date]`` when they were written, ``rows_of[fact][date]`` how
    many meet the conditions of a fact; they are empty where they were not asked for.
    """

    layout: Layout
    by_date: Mapping[date, Mapping[int, int]]
    undated: Mapping[int, int] = field(default_factory=dict)
    null_rows: Mapping[tuple[str, date | None], int] = field(default_factory=dict)
    rows: Mapping[date, Mapping[str, int]] = field(default_factory=dict)
    written: Mapping[str, Mapping[date, Written]] = field(default_factory=dict)
    rows_of: Mapping[tuple[Grain, Fact], Mapping[date, int]] = field(default_factory=dict)

    def keys(self, day: date, name: str) -> int:
        """How many distinct keys a dataset has on a date; 1 for a batch without keys."""
        own = Bits(self.layout.bit(self.layout.own(name)))
        return count(self.by_date.get(day, {}), (own,))

    def null_rows_of(self, name: str, day: date | None) -> int:
        """Rows of a dataset without a key on a date, or without a date; else their keys."""
        own = self.layout.own(name)
        ways = [Bits(self.layout.null(own))]
        masks = self.undated if day is None else self.by_date[day]
        if day is None:
            ways.append(Bits(self.layout.bit(own)))
        keys = count(masks, ways)
        return self.null_rows.get((name, day), keys) if keys else 0

    def lacking(self) -> tuple[set[str], list[date]]:
        """Which datasets have rows without a date or key, and on which dates, in order."""
        own = {name: self.layout.own(name) for name in self.layout.names}
        nulls = {name: self.layout.null(grain) for name, grain in own.items()}
        any_null = reduce(or_, nulls.values(), 0)
        dates = [
            day
            for day, masks in sorted(self.by_date.items())
            if any(mask & any_null for mask in masks)
        ]
        bits = reduce(or_, (mask for day in dates for mask in self.by_date[day]), 0) & any_null
        undated = reduce(or_, self.undated, 0)
        names = {
            name
            for name, null in nulls.items()
            if bits & null or undated & (null | self.layout.bit(own[name]))
        }
        return names, dates


def count(masks: Mapping[int, int], ways: Sequence[Bits]) -> int:
    """How many keys have a mask that is as one of the ways says."""
    if len(ways) == 1:
        has, lacks = ways[0]
        return sum(n for mask, n in masks.items() if mask & has == has and not mask & lacks)
    return sum(n for mask, n in masks.items() if any(bits.of(mask) for bits in ways))


def presence_of(
    layout: Layout,
    rows: Iterable[tuple[Any, ...]],
    told: Sequence[str] = (),
    zones: Mapping[str, ZoneInfo] = MappingProxyType({}),
) -> Presence:
    """Collect the rows of ``presence_statement``; a date may come in several rows.

    ``told`` names its last columns. ``zones`` are those of datasets whose moments of writing have
    none of their own.
    """
    by_date: dict[date, Counter[int]] = {}
    undated: Counter[int] = Counter()
    of_datasets = []
    for day, *found in rows:
        mask, (keys, *rest) = joined(found[: layout.words]), found[layout.words :]
        if rest and rest[0] is not None:
            of_datasets.append((day, layout.grains[rest[0]].dataset, rest[1:]))
        elif day is None:
            undated[mask] += keys
        else:
            by_date.setdefault(day, Counter())[mask] += keys
    found_told = _Told(layout, zones)
    for day, name, values in of_datasets:
        if day is not None:
            found_told.add(day, name, dict(zip(told, values, strict=True)))
    return Presence(
        layout=layout,
        by_date=by_date,
        undated=undated,
        rows=found_told.rows,
        written=found_told.written,
        rows_of=found_told.rows_of,
    )


class _Told:
    """What is told of datasets, by date."""

    def __init__(self, layout: Layout, zones: Mapping[str, ZoneInfo]) -> None:
        self._layout, self._zones = layout, zones
        self.rows: dict[date, Counter[str]] = {}
        self.written: dict[str, dict[date, Written]] = {}
        self.rows_of: dict[tuple[Grain, Fact], Counter[date]] = {}

    def add(self, day: date, name: str, values: Mapping[str, int | None]) -> None:
        """What one arm of a dataset tells; NULL is nothing."""
        if number := values.get("number_of_rows"):
            self.rows.setdefault(day, Counter())[name] += number
        first, last = values.get("first_written"), values.get("last_written")
        if first is not None and last is not None:
            ends = [_instant(moment, self._zones.get(name)) for moment in (first, last)]
            self.written.setdefault(name, {})[day] = Written(*ends)
        for slot, fact in enumerate(self._layout.rows_of_dataset(name)):
            if number := values.get(f"rows_of_{slot + 1}"):
                self.rows_of.setdefault(fact, Counter())[day] += number


def _instant(micros: int, zone: ZoneInfo | None) -> int:
    """Microseconds since 1970 in UTC, of those of a moment in a zone."""
    if zone is None:
        return micros
    moment = EPOCH + timedelta(microseconds=micros)
    offset = moment.replace(tzinfo=zone).utcoffset() or timedelta()
    return micros - offset // timedelta(microseconds=1)
