"""The keys behind partial and orphan dates: of which dates they are read, and what they show. Pure.

What is read of a date is the mask of each key, as the presence query makes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from checkpoints.contract.checks import checks_of, in_windows, tells_keys_apart
from checkpoints.contract.model import Contract
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import KeySample, judged
from checkpoints.rules.evidence import Pair
from checkpoints.rules.rule import Outcome

KEYS_SHOWN = 20
"""A sample holds at most 20 keys of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedDates:
    """Partial and orphan dates, newest first, of the pairs that are compared by key.

    ``failed`` are the pairs of failed checks: theirs come first.
    """

    failed: Mapping[Pair, Sequence[date]]
    others: Mapping[Pair, Sequence[date]]

    def among(self, names: Collection[str]) -> KeyedDates:
        """Those of pairs of which both datasets are among the names."""

        def kept(pairs: Mapping[Pair, Sequence[date]]) -> dict[Pair, Sequence[date]]:
            return {p: days for p, days in pairs.items() if {p.dataset, p.of} <= set(names)}

        return KeyedDates(failed=kept(self.failed), others=kept(self.others))

    @property
    def pairs(self) -> dict[Pair, Sequence[date]]:
        """The dates of every pair."""
        return {**self.failed, **self.others}

    def dates(self) -> list[date]:
        """Every date once: first those of failed checks, each time newest first."""
        ordered = (
            day
            for pairs in (self.failed, self.others)
            for day in sorted({d for days in pairs.values() for d in days}, reverse=True)
        )
        return list(dict.fromkeys(ordered))

    def without(self, samples: Iterable[KeySample]) -> tuple[date, ...]:
        """The dates of which some pair has no sample, oldest first."""
        found = {(sample.dataset, sample.of, sample.date) for sample in samples}
        return tuple(
            sorted(
                {
                    day
                    for pair, days in self.pairs.items()
                    for day in days
                    if (pair.dataset, pair.of, day) not in found
                }
            )
        )


def keyed_dates(contract: Contract, frame: CoverageFrame) -> KeyedDates:
    """On which dates single keys matter, in every pair that can be judged."""
    found = {
        pair: days
        for pair, cells in frame.cells.items()
        if pair.of is not None and tells_keys_apart(contract, pair) and not frame.obstacle(pair)
        if (days := [c.date for c in cells if c.orphans or 0 < c.matched < c.expected][::-1])
    }
    failed = {
        check.pair
        for check in in_windows(checks_of(contract), frame.window.parts or {"": frame.window})
        if check.pair in found and judged(check, frame).outcome is Outcome.FAILED
    }
    return KeyedDates(
        failed={pair: days for pair, days in found.items() if pair in failed},
        others={pair: days for pair, days in found.items() if pair not in failed},
    )


def samples_of(
    names: Sequence[str], keyed: KeyedDates, rows: Iterable[tuple[Any, ...]]
) -> Iterator[KeySample]:
    """What ``(date, key_1 … key_k, mask)`` rows show of each pair and date, in their order."""
    by_date: dict[date, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_date.setdefault(row[0], []).append(row)
    for pair, days in keyed.pairs.items():
        for day in days:
            sample = _sample(names, pair, day, by_date.get(day, ()))
            if sample.missing or sample.orphans:
                yield sample


def _sample(
    names: Sequence[str], pair: Pair, day: date, rows: Iterable[tuple[Any, ...]]
) -> KeySample:
    down, up = bits_of(names, pair)
    keys = [(tuple(str(k) for k in row[1:-1] if k is not None), row[-1]) for row in rows]
    return KeySample(
        dataset=pair.dataset,
        of=pair.of or pair.dataset,
        date=day,
        missing=tuple(k for k, mask in keys if mask & up and not mask & down)[:KEYS_SHOWN],
        orphans=tuple(k for k, mask in keys if mask & down and not mask & up)[:KEYS_SHOWN],
    )


def bits_of(names: Sequence[str], pair: Pair) -> tuple[int, int]:
    """The bits of a pair's two datasets in a mask."""
    return 1 << names.index(pair.dataset), 1 << names.index(pair.of or pair.dataset)
