"""The keys behind failed dates: of which dates they are read, and what they show. Pure.

What is read of a date is the mask of each key, as the presence query makes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from checkpoints.contract.checks import checks_of, in_windows, tells_keys_apart, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_in
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.layout import Bits, Layout, broken_bits
from checkpoints.coverage.results import KeySample, judged
from checkpoints.coverage.sides import side_on, sides_of
from checkpoints.rules.evidence import Keys, Pair
from checkpoints.rules.facts import Agreement, Fact
from checkpoints.rules.rule import Outcome

KEYS_SHOWN = 20
"""A sample holds at most 20 keys of each kind."""


class Sampled(NamedTuple):
    """Keys that are shown: those that tell the datasets of a pair apart, or that break a check."""

    pair: Pair
    check: str = ""
    broken: Fact | Agreement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedDates:
    """Dates on which single keys matter, newest first, of what is shown of them.

    ``failed`` is about the pairs of failed checks, and the checks themselves: theirs come first.
    """

    failed: Mapping[Sampled, Sequence[date]]
    others: Mapping[Sampled, Sequence[date]]

    def among(self, contract: Contract, names: Collection[str]) -> KeyedDates:
        """Those of which all datasets are among the names."""

        def kept(found: Mapping[Sampled, Sequence[date]]) -> dict[Sampled, Sequence[date]]:
            known = set(names)
            return {
                shown: days
                for shown, days in found.items()
                if known.issuperset(names_in(contract, shown.pair))
            }

        return KeyedDates(failed=kept(self.failed), others=kept(self.others))

    @property
    def all(self) -> dict[Sampled, Sequence[date]]:
        """The dates of everything that is shown."""
        return {**self.failed, **self.others}

    def dates(self) -> list[date]:
        """Every date once: first those of failed checks, each time newest first."""
        ordered = (
            day
            for found in (self.failed, self.others)
            for day in sorted({d for days in found.values() for d in days}, reverse=True)
        )
        return list(dict.fromkeys(ordered))

    def without(self, samples: Iterable[KeySample]) -> tuple[date, ...]:
        """The dates of which something has no sample, oldest first."""
        found = {(sample.pair_key, sample.check, sample.date) for sample in samples}
        return tuple(
            sorted(
                {
                    day
                    for shown, days in self.all.items()
                    for day in days
                    if (_pair_key(shown.pair), shown.check, day) not in found
                }
            )
        )


def keyed_dates(contract: Contract, frame: CoverageFrame) -> KeyedDates:
    """On which dates single keys matter: in every pair that can be judged, and by failed checks."""
    compared = {upstream_pair(contract, name) for name in contract.names}
    compared |= {check.pair for check in checks_of(contract) if check.rule.compares}
    found = {
        Sampled(pair): days
        for pair, cells in frame.cells.items()
        if pair.of is not None and pair in compared and not frame.obstacle(pair)
        if tells_keys_apart(contract, pair)
        if (days := [c.date for c in cells if c.orphans or 0 < c.matched < c.expected][::-1])
    }
    failed: dict[Sampled, Sequence[date]] = {}
    for check in in_windows(checks_of(contract), frame.window.parts or {"": frame.window}):
        broken = check.rule.broken_where()
        if check.pair not in frame.cells or not (broken or Sampled(check.pair) in found):
            continue
        record = judged(check, frame)
        if record.outcome is not Outcome.FAILED:
            continue
        if broken:
            failed[Sampled(check.pair, check.id, broken)] = record.unexpected_dates[::-1]
        elif Sampled(check.pair) in found:
            failed[Sampled(check.pair)] = found[Sampled(check.pair)]
    others = {shown: days for shown, days in found.items() if shown not in failed}
    return KeyedDates(failed=failed, others=others)


def bits_shown(contract: Contract, layout: Layout, shown: Sampled) -> tuple[Bits, ...]:
    """The masks of the keys that are shown."""
    if shown.broken:
        return broken_bits(contract, layout, shown.pair, shown.broken)
    sides = sides_of(contract, layout, shown.pair)
    return tuple(bits for side in sides for bits in (*side.missing, *side.orphans))


def samples_of(
    contract: Contract, layout: Layout, keyed: KeyedDates, rows: Iterable[tuple[Any, ...]]
) -> Iterator[KeySample]:
    """What ``(date, key_1 … key_k, mask)`` rows show of each date, in their order."""
    by_date: dict[date, list[tuple[tuple[str, ...], int]]] = {}
    for day, *parts, mask in rows:
        key = tuple(str(part) for part in parts if part is not None)
        by_date.setdefault(day, []).append((key, mask))
    for shown, days in keyed.all.items():
        sides = sides_of(contract, layout, shown.pair)
        broken = bits_shown(contract, layout, shown) if shown.broken else ()
        for day in days:
            found, side = by_date.get(day, []), side_on(sides, day)
            sample = KeySample(
                dataset=shown.pair.dataset,
                of=shown.pair.of or shown.pair.dataset,
                by=shown.pair.by,
                check=shown.check,
                date=day,
                missing=() if shown.broken else _keys(found, side.missing),
                orphans=() if shown.broken else _keys(found, side.orphans),
                broken=_keys(found, broken),
            )
            if sample.missing or sample.orphans or sample.broken:
                yield sample


def _keys(found: Iterable[tuple[tuple[str, ...], int]], ways: Sequence[Bits]) -> Keys:
    keys = [key for key, mask in found if any(bits.of(mask) for bits in ways)]
    return tuple(keys[:KEYS_SHOWN])


def _pair_key(pair: Pair) -> tuple[str, str, tuple[str, ...]]:
    return pair.dataset, pair.of or pair.dataset, pair.by
