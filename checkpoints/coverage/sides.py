"""Which keys of a date are expected: those on the other side of a comparison. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import sources_left, turns_of
from checkpoints.rules.evidence import Pair


class Side(NamedTuple):
    """The bits of the datasets that a pair is compared with, from its ``first`` date on.

    A key is expected that any of them has, or ``every`` one. Without bits nothing is.
    """

    first: date
    bits: tuple[int, ...]
    every: bool

    @property
    def mask(self) -> int:
        """All of the bits."""
        return sum(self.bits)

    def expected(self, masks: Mapping[int, int]) -> dict[int, int]:
        """Of the masks of a date, with their numbers of keys, those of expected keys."""
        bits = self.mask
        if self.every:
            return {mask: keys for mask, keys in masks.items() if mask & bits == bits}
        return {mask: keys for mask, keys in masks.items() if mask & bits}

    def expects_date(self, masks: Mapping[int, int]) -> bool:
        """Whether the date is expected where it counts as a whole."""
        held = [any(mask & bit for mask in masks) for bit in self.bits]
        return all(held) if self.every else any(held)


def sides_of(contract: Contract, pair: Pair) -> list[Side]:
    """The sides of a pair, the latest first: sources that are retired take no part any more."""
    every = bool(pair.of) and contract.sources_of(pair.of or "").every
    sides = []
    for first in (date.min, *turns_of(contract, pair)):
        left = sources_left(contract, pair, first)
        bits = tuple(1 << contract.names.index(name) for name in left)
        sides.append(Side(first, bits, every and len(bits) > 1))
    return sides[::-1]


def side_on(sides: list[Side], day: date) -> Side:
    """The one of a date."""
    return next(side for side in sides if side.first <= day)
