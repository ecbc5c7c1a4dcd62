"""Whether a call multiplied rows: what was there is there again, which no key shows. Pure.

A service that appends instead of replacing leaves a date with all its keys and too many rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from heapq import nlargest, nsmallest
from typing import NamedTuple

from checkpoints.contract.checks import upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_above
from checkpoints.coverage.presence import Presence
from checkpoints.coverage.presence import count as keys_of
from checkpoints.coverage.sides import side_on, sides_of
from checkpoints.text import counted

TIMES_APPENDED = (1, 2, 3)
"""How often a date may have been written: an answer that is lost is followed by another call."""

ENOUGH = 3
"""So many other dates tell what is usual."""


class Count(NamedTuple):
    """How many rows a dataset has on a date, and for how many keys.

    The keys are its own, or where it has none those of what stands above it, and at least 1.
    """

    rows: int
    keys: int

    @property
    def rate(self) -> float:
        """Rows per key."""
        return self.rows / self.keys if self.keys else 0.0


def count_of(contract: Contract, presence: Presence, name: str, day: date) -> Count:
    """What a dataset has on a date; ``presence`` was read with rows."""
    rows = presence.rows.get(day, {}).get(name, 0)
    keys = _keys(contract, presence, name, day)
    return Count(rows, max(keys, 1) if contract.is_date_grain(name) else keys)


def _keys(contract: Contract, presence: Presence, name: str, day: date) -> int:
    """How many keys a dataset has on a date, or what stands above it."""
    if not contract.is_date_grain(name):
        return presence.keys(day, name)
    names = names_above(contract, name)
    if not names or any(map(contract.is_date_grain, names)):
        return max((_keys(contract, presence, above, day) for above in names), default=1)
    sides = sides_of(contract, presence.layout, upstream_pair(contract, name))
    return keys_of(presence.by_date.get(day, {}), side_on(sides, day).expected)


class Multiplied(NamedTuple):
    """A dataset whose rows are multiplied on a date; ``keyed``: it has keys of its own.

    ``before`` is None where it is not known.
    """

    name: str
    day: date
    now: Count
    before: Count | None
    keyed: bool

    def __str__(self) -> str:
        told = f", {described(self.before, keyed=self.keyed)} before" if self.before else ""
        return f"{self.name} on {self.day}: {described(self.now, keyed=self.keyed)}{told}"

    @property
    def change(self) -> str:
        """``rows 3 → 6 for 3 keys``."""
        keys = f" for {counted(self.now.keys, 'key')}" if self.keyed else ""
        return f"rows {self.before.rows if self.before else 0} → {self.now.rows}{keys}"


class RowsBefore:
    """The rows of what a service builds, by date, before anything is sent to it.

    ``unsure`` are dates on which an earlier run may have multiplied rows already: they say nothing
    of what is usual, nor of what they had before. ``replaced`` names the datasets that have rows
    twice, by the dates on which a call is to replace them: what they had is not usual either.
    """

    def __init__(
        self,
        contract: Contract,
        counts: Mapping[date, Mapping[str, Count]],
        unsure: Collection[date] = (),
        replaced: Mapping[date, Collection[str]] | None = None,
    ) -> None:
        self._contract = contract
        self._counts = counts
        self._unsure = unsure
        self._replaced = replaced or {}
        self._partial: dict[date, Mapping[str, Count]] = {}
        self._landed: dict[date, Mapping[str, Count]] = {}
        self._usual: dict[str, dict[date, Count]] = {}

    def present(self, day: date) -> list[str]:
        """The datasets that had rows on a date: a call for others may multiply theirs."""
        return [name for name, count in self._counts.get(day, {}).items() if count.rows]

    def settled(self, day: date, now: Mapping[str, Count], *, landed: bool) -> None:
        """Remember what a call left on its date: nothing may multiply that either."""
        (self._landed if landed else self._partial)[day] = now

    def multiplied(
        self,
        day: date,
        now: Mapping[str, Count],
        *,
        called: bool,
        twice: Collection[str] = (),
    ) -> tuple[Multiplied, ...]:
        """Which rows of a date are multiplied.

        ``called``: its rows may have been replaced, by more than there were. The datasets of
        ``twice`` still have rows twice that were to be replaced: they may not have got more.
        """
        return tuple(self._multiplied(day, now, called, twice))

    def _multiplied(
        self, day: date, now: Mapping[str, Count], called: bool, twice: Collection[str]
    ) -> Iterator[Multiplied]:
        if day in self._unsure and not called:
            return
        for name, count in now.items():
            others = self._others(day, name)
            keyed = not self._contract.is_date_grain(name)
            if not keyed and count.rows == count.keys:
                continue  # one of each key above, however many there were
            per_date = not keyed and are_per_date(others)
            for before, replaced in self._befores(day, name, called, others):
                seen = [count, before or Count(0, 0), *others]
                new, old, *usual = [Count(c.rows, 1) for c in seen] if per_date else seen
                more = name in twice and old.rows > 0 and new.rate > old.rate
                if more or is_multiplied(new, old, usual, called=replaced):
                    yield Multiplied(name, day, count, before, keyed)
                    break

    def _befores(
        self, day: date, name: str, called: bool, others: Sequence[Count]
    ) -> Iterator[tuple[Count | None, bool]]:
        """What a date had, the latest first, and whether it may have been replaced since.

        A date that landed may still be filled: without others nothing says that it is too full.
        """
        if others and (landed := self._landed.get(day, {}).get(name)):
            yield landed, False
        if partial := self._partial.get(day, {}).get(name):
            yield partial, called
        yield self._known(day, name), called

    def still_multiplied(self, day: date, now: Mapping[str, Count], told: str) -> str:
        """What was ``told`` of a date in an earlier run, with its present rows where they changed.

        Empty where its duplicates were removed.
        """
        still = False
        for name, count in now.items():
            found = re.search(TOLD.format(name=re.escape(name), day=day), told)
            if not found or not self._is_left(day, name, count, found):
                continue
            still = True
            if count.rows != int(found["rows"]):
                keyed = not self._contract.is_date_grain(name)
                present = f"{found['then']}, now {described(count, keyed=keyed)}"
                told = told.replace(found.group(), present)
        return told if still else ""

    def _is_left(self, day: date, name: str, now: Count, told: re.Match[str]) -> bool:
        """Whether a date has more than was appended to it, or than the others have."""
        others = self._others(day, name)
        if self._contract.is_date_grain(name) and are_per_date(others):
            now, *others = (Count(c.rows, 1) for c in (now, *others))
        rates = {other.rate for other in others}
        rows, keys, before = (int(told[part] or 0) for part in ("rows", "keys", "before"))
        known = before > 0 and keys in (0, now.keys)
        if now.rows >= rows or (known and now.rows > rows - before):
            return True
        return 0 < len(rates) <= (1 if known else len(rates)) and now.rate > max(rates)

    def _known(self, day: date, name: str) -> Count | None:
        return None if day in self._unsure else self._counts.get(day, {}).get(name)

    def _others(self, day: date, name: str) -> list[Count]:
        """Of the other dates, those that show what is usual."""
        if name not in self._usual:
            self._usual[name] = extremes(self._all_usual(name))
        return [count for other, count in self._usual[name].items() if other != day]

    def _all_usual(self, name: str) -> dict[date, Count]:
        """What a dataset had on every date on which that was usual."""
        days = (day for day in self._counts if name not in self._replaced.get(day, ()))
        known = ((day, self._known(day, name)) for day in days)
        return {day: count for day, count in known if count and count.rows}


def extremes(counts: Mapping[date, Count]) -> dict[date, Count]:
    """The dates with the most and fewest rows, and rows per key: no other tells more.

    Without any one of them the rest has the same ends, and there are enough where there were.
    """
    orders: list[Callable[[date], float]] = [
        lambda day: counts[day].rows,
        lambda day: counts[day].rate,
    ]
    found = [
        day
        for order in orders
        for ends in (nsmallest, nlargest)
        for day in ends(ENOUGH + 1, counts, key=order)
    ]
    return {day: counts[day] for day in found}


TOLD = (
    r"(?P<then>\b{name} on {day}: (?P<rows>\d+) rows?(?: for (?P<keys>\d+) keys?)?"
    r"(?:, (?:none|(?P<before>\d+) rows?(?: for \d+ keys?)?) before)?)"
    r"(?:, now (?:none|\d+ rows?(?: for \d+ keys?)?))?"
)
"""How rows of a dataset on a date are told in the ledger."""


def described(count: Count, *, keyed: bool) -> str:
    """``3 rows for 2 keys``; without own keys ``2 rows``."""
    rows = counted(count.rows, "row") if count.rows else "none"
    return f"{rows} for {counted(count.keys, 'key')}" if keyed and count.rows else rows


def are_per_date(counts: Sequence[Count]) -> bool:
    """Whether dates have as many rows whatever the keys above: the rows are the dates'."""
    return len({c.rows for c in counts}) == 1 and len({c.rate for c in counts}) > 1


def is_multiplied(now: Count, before: Count, others: Sequence[Count], *, called: bool) -> bool:
    """Whether a date has rows twice: it has more per key than any other date, and what was added
    to what it had ``before`` is by itself as usual as they are.

    Without others, one row per key is usual if that is what it had. A date that had nothing must
    have the very multiple of what all others have. One that was not ``called`` is not replaced:
    all its rows once more are too many whatever is usual.
    """
    rates = [other.rate for other in others]
    if not rates and called and before.rows == before.keys > 0:
        rates = [before.rate]
    low, high = min(rates, default=0.0), max(rates, default=0.0)
    added = now.rows - before.rows
    if added <= 0 or now.rate <= high:
        return False
    if not called and now.keys == before.keys and _is_multiple(added, before.rows):
        return True
    if low == high:
        sure = before.rows > 0 or len(rates) >= ENOUGH or (low == 1 and now.keys > 1)
        return sure and any(added / (times * now.keys) == low for times in _times(before))
    # Rows per key vary: what is there twice is much, and was there as a whole before.
    is_much = now.rate > high + (high - low) / 2
    is_clear = len(rates) >= ENOUGH or now.rate > 1.5 * high
    appended = any(low <= added / (times * now.keys) <= high for times in TIMES_APPENDED)
    return 0 < before.rows <= added and is_much and is_clear and appended


def _times(before: Count) -> Sequence[int]:
    """How often a date may have been written since it had that."""
    return TIMES_APPENDED if before.rows else [times + 1 for times in TIMES_APPENDED]


def _is_multiple(more: int, once: int) -> bool:
    return once > 0 and more in (times * once for times in TIMES_APPENDED)
