"""The answer of the presence query: how many keys have which mask on which date. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from checkpoints.coverage.layout import Bits, Grain, Layout, joined
from checkpoints.rules.facts import Fact, Written


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
    layout: Layout, rows: Iterable[tuple[Any, ...]], counted: Sequence[str] = ()
) -> Presence:
    """Collect the rows of ``presence_statement``; a date may come in several rows."""
    words, told = layout.words, len(counted)
    by_date: dict[date, Counter[int]] = {}
    undated: Counter[int] = Counter()
    rows_by_date: dict[date, Counter[str]] = {}
    written: dict[str, dict[date, Written]] = {}
    rows_of: dict[tuple[Grain, Fact], Counter[date]] = {}
    for day, *found in rows:
        mask, keys, of_datasets = joined(found[:words]), found[words], found[words + 1 :]
        if day is None:
            undated[mask] += keys
            continue
        if keys:
            by_date.setdefault(day, Counter())[mask] += keys
        for name, number in zip(counted, of_datasets, strict=False):
            # Not rows with a NULL key.
            if number and mask & layout.bit(layout.own(name)):
                rows_by_date.setdefault(day, Counter())[name] += number
        rest = iter(of_datasets[told:])
        for name, first, last in zip(layout.written, rest, rest, strict=False):
            if first is not None:
                before = written.setdefault(name, {}).get(day, Written(first, last))
                found_now = Written(min(before.first, first), max(before.last, last))
                written[name][day] = found_now
        for fact, number in zip(layout.rows_of, rest, strict=False):
            if number and mask & layout.bit(fact[0]):
                rows_of.setdefault(fact, Counter())[day] += number
    return Presence(
        layout=layout,
        by_date=by_date,
        undated=undated,
        rows=rows_by_date,
        written=written,
        rows_of=rows_of,
    )
