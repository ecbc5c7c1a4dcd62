"""What the presence query finds out of every dataset, and which bit of a mask says it. Pure.

A mask is one number here. A query has it in words of 62 bits, as many as the contract needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from checkpoints.contract.checks import Check, checks_of, key_columns, pairs_of
from checkpoints.contract.model import Contract
from checkpoints.rules.condition import Condition
from checkpoints.rules.evidence import Pair
from checkpoints.rules.facts import Agreement, Fact, has_value

WORD = 62
"""Bits of a word: all that a signed integer of 64 bits surely has."""

HALF = WORD // 2
"""A word of presence has the bits of 31 grains, and above each that of its keys with NULL."""


class Grain(NamedTuple):
    """A dataset by some of its columns as the key."""

    dataset: str
    key: tuple[str, ...]


class Agreed(NamedTuple):
    """An agreement between two grains."""

    left: Grain
    right: Grain
    agreement: Agreement


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The grains and facts of a contract, each with its place in a mask.

    ``rows`` and ``written`` name the datasets of which rows are counted on each date, and of which
    the first and last moment of writing is read; ``rows_of`` are facts of which rows are counted.
    Its own grain of dataset *i* is grain *i*.
    """

    names: tuple[str, ...]
    grains: tuple[Grain, ...]
    facts: tuple[tuple[Grain, Fact], ...] = ()
    agreed: tuple[Agreed, ...] = ()
    rows: tuple[str, ...] = ()
    rows_of: tuple[tuple[Grain, Fact], ...] = ()
    written: Mapping[str, str]

    @cached_property
    def _places(self) -> dict[object, int]:
        found: dict[object, int] = {}
        for n, grain in enumerate(self.grains):
            found[grain] = n // HALF * WORD + n % HALF
        first = (len(self.grains) - 1) // HALF * WORD + WORD
        for n, told in enumerate((*self.facts, *self.agreed)):
            found[told] = first + n
        return found

    @cached_property
    def words(self) -> int:
        """How many words a mask has."""
        return max(self._places.values()) // WORD + 1

    @cached_property
    def presence_words(self) -> int:
        """How many of them, the first, say which key is where."""
        return (len(self.grains) - 1) // HALF + 1

    def bit(self, told: Grain | tuple[Grain, Fact] | Agreed) -> int:
        """The bit, as a number, of a key's presence, a fact or a broken agreement."""
        return 1 << self._places[told]

    def null(self, grain: Grain) -> int:
        """The bit of rows of a grain with NULL in a key column."""
        return 1 << self._places[grain] + HALF

    def own(self, name: str) -> Grain:
        """A dataset by its own key."""
        return self.grains[self.names.index(name)]

    def of_dataset(self, name: str) -> list[Grain]:
        """The grains of a dataset, its own first."""
        return [grain for grain in self.grains if grain.dataset == name]

    def facts_of(self, grain: Grain) -> list[Fact]:
        """The facts that are told of the keys of a grain."""
        return [fact for of_grain, fact in self.facts if of_grain == grain]

    def columns_of(self, name: str) -> list[str]:
        """The columns of a dataset beside its own key, date and conditions that are read."""
        found = [column for grain in self.of_dataset(name) for column in grain.key]
        found += [c for grain, fact in self.facts if grain.dataset == name for c in fact.columns]
        found += [self.written[name]] if name in self.written else []
        return list(dict.fromkeys(found))

    def conditions_of(self, name: str) -> list[Condition]:
        """What the facts of a dataset compare its columns with."""
        return [c for grain, fact in self.facts if grain.dataset == name for c in fact.conditions]

    def rows_of_dataset(self, name: str) -> list[tuple[Grain, Fact]]:
        """The facts of a dataset of which rows are counted, in the order in which they are told."""
        return [told for told in self.rows_of if told[0].dataset == name]

    def values_of(self, grain: Grain) -> Iterator[tuple[int, str]]:
        """The numbers of the agreements that need a value of a grain, and its column."""
        for n, (left, right, agreement) in enumerate(self.agreed):
            if grain == left:
                yield n, agreement.column
            if grain == right:
                yield n, agreement.other

    def is_plain(self, name: str) -> bool:
        """Whether nothing but its keys is asked of a dataset."""
        (own, *others) = self.of_dataset(name)
        told = others or self.facts_of(own) or [*self.values_of(own)]
        return not told and name not in (*self.rows, *self.written)


class Bits(NamedTuple):
    """What a mask must have, all of it, and what it must lack."""

    has: int
    lacks: int = 0

    def of(self, mask: int) -> bool:
        """Whether a mask is so."""
        return mask & self.has == self.has and not mask & self.lacks


def split(mask: int, words: int) -> list[int]:
    """A mask, or bits of it, as the words that a query has."""
    return [mask >> WORD * n & (1 << WORD) - 1 for n in range(words)]


def joined(words: Iterable[int]) -> int:
    """Words of a query as a mask."""
    return sum(word << WORD * n for n, word in enumerate(words))


def layout_of(contract: Contract, timed: Iterable[str] = ()) -> Layout:
    """What the rules of a contract need, and when the rows of ``timed`` datasets were written."""
    own = [Grain(name, dataset.key) for name, dataset in contract.datasets.items()]
    sides = [grain for pair in pairs_of(contract) for grain in grains_of(contract, pair)]
    facts: dict[tuple[Grain, Fact], None] = {}
    agreed: dict[Agreed, None] = {}
    rows: dict[str, None] = {}
    rows_of: dict[tuple[Grain, Fact], None] = {}
    written: dict[str, None] = dict.fromkeys(timed)
    for check in checks_of(contract):
        down, *up = grains_of(contract, check.pair)
        for told, fact in _told(check, down, up):
            facts[told, fact] = None
        if isinstance(broken := check.rule.broken_where(), Agreement):
            agreed[Agreed(down, up[0], broken)] = None
        counted = check.rule.counts_rows_of()
        rows_of.update(dict.fromkeys((down, fact) for fact in counted))
        if check.rule.counts_rows or counted:
            rows[check.dataset] = None
        if check.rule.reads_written_at():
            sides_of = (down, *up) if check.rule.compares else (down,)
            written.update(dict.fromkeys(grain.dataset for grain in sides_of))
    columns = {name: contract.datasets[name].written_at for name in written}
    return Layout(
        names=contract.names,
        grains=tuple(dict.fromkeys([*own, *sides])),
        facts=tuple(facts),
        agreed=tuple(agreed),
        rows=tuple(rows),
        rows_of=tuple(rows_of),
        written={name: column for name, column in columns.items() if column},
    )


def _told(check: Check, down: Grain, up: list[Grain]) -> Iterator[tuple[Grain, Fact]]:
    broken, about = check.rule.broken_where(), check.rule.about()
    if isinstance(broken, Fact):
        yield down, broken
    elif broken:
        yield down, has_value(broken.column)
        yield up[0], has_value(broken.other)
    if about:
        yield down, about


def broken_bits(
    contract: Contract, layout: Layout, pair: Pair, broken: Fact | Agreement
) -> tuple[Bits, ...]:
    """Of which keys of a pair a fact is true, or an agreement broken."""
    down, *up = grains_of(contract, pair)
    if isinstance(broken, Fact):
        return (Bits(layout.bit(down) | layout.bit((down, broken))),)
    both = layout.bit(down) | layout.bit(up[0])
    mine = layout.bit((down, has_value(broken.column)))
    theirs = layout.bit((up[0], has_value(broken.other)))
    differs = layout.bit(Agreed(down, up[0], broken))
    return (Bits(both | differs), Bits(both | mine, theirs), Bits(both | theirs, mine))


def grains_of(contract: Contract, pair: Pair) -> list[Grain]:
    """The grains that a pair compares: that of its dataset, then those of what it is against."""
    return [Grain(name, key) for name, key in key_columns(contract, pair)]
