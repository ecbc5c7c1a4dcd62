"""By which bits a pair is compared: which keys are expected, matched, missing, orphans. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import sources_left, turns_of
from checkpoints.coverage.layout import Bits, Layout, grains_of
from checkpoints.rules.evidence import Pair


class Side(NamedTuple):
    """The bit of a dataset, and those of what it is compared with from a ``first`` date on.

    A key is expected that any of them has, or ``every`` one. Without bits nothing is. What is told
    by masks is a list of ways, of which one must be so.
    """

    first: date
    down: int
    bits: tuple[int, ...]
    every: bool

    @property
    def present(self) -> tuple[Bits, ...]:
        """The keys of the dataset."""
        return (Bits(self.down),)

    @property
    def expected(self) -> tuple[Bits, ...]:
        """The keys that it should have."""
        if self.every:
            return (Bits(sum(self.bits)),)
        return tuple(map(Bits, self.bits))

    @property
    def matched(self) -> tuple[Bits, ...]:
        """Those of them that it has."""
        return tuple(Bits(way.has | self.down) for way in self.expected)

    @property
    def missing(self) -> tuple[Bits, ...]:
        """Those of them that it lacks."""
        if self.bits == (self.down,):
            return ()
        return tuple(Bits(way.has, self.down) for way in self.expected)

    @property
    def orphans(self) -> tuple[Bits, ...]:
        """Its keys that are not expected; what is compared with nothing any more has none."""
        if not self.bits or self.bits == (self.down,):
            return ()
        if self.every:
            return tuple(Bits(self.down, bit) for bit in self.bits)
        return (Bits(self.down, sum(self.bits)),)

    def expects_date(self, masks: Mapping[int, int]) -> bool:
        """Whether the date is expected where it counts as a whole."""
        held = [any(mask & bit for mask in masks) for bit in self.bits]
        return all(held) if self.every else any(held)


def sides_of(contract: Contract, layout: Layout, pair: Pair) -> list[Side]:
    """The sides of a pair, the latest first: sources that are retired take no part any more."""
    every = bool(pair.of) and contract.sources_of(pair.of or "").every
    down, *up = grains_of(contract, pair)
    bits = {grain.dataset: layout.bit(grain) for grain in up or [down]}
    sides = []
    for first in (date.min, *turns_of(contract, pair)):
        left = tuple(bits[name] for name in sources_left(contract, pair, first))
        sides.append(Side(first, layout.bit(down), left, every and len(left) > 1))
    return sides[::-1]


def side_on(sides: list[Side], day: date) -> Side:
    """The one of a date."""
    return next(side for side in sides if side.first <= day)
