"""Whether a call multiplied rows: what was there is there again, which no key shows. Pure.

A service that appends instead of replacing leaves a date with all its keys and too many rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from statistics import median
from typing import NamedTuple

from checkpoints.contract.model import Contract
from checkpoints.coverage.frame import Presence
from checkpoints.text import counted

TOO_MANY = 1.5
"""Rows per key, as a multiple of the most that any other date has, that no date has by nature."""

TOO_MANY_APPENDED = 1.25
"""The same, where what was there before accounts for what is too much."""

TIMES_APPENDED = (1, 2, 3)
"""How often a date may have been written: an answer that is lost is followed by another call."""


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
    keyed: str | None = name
    while keyed is not None and contract.is_date_grain(keyed):
        keyed = contract.datasets[keyed].upstream
    keys = presence.keys(day, keyed) if keyed is not None else 1
    return Count(rows, keys if keyed == name else max(keys, 1))


class RowsBefore:
    """The rows of what a service builds, by date, before anything is sent to it.

    ``unsure`` are dates on which an earlier run may have multiplied rows already: they say nothing
    of what is usual, nor of what they had before.
    """

    def __init__(
        self,
        contract: Contract,
        counts: Mapping[date, Mapping[str, Count]],
        unsure: Collection[date] = (),
    ) -> None:
        self._contract = contract
        self._counts = counts
        self._unsure = unsure

    def present(self, day: date) -> list[str]:
        """The datasets that had rows on a date: a call for others may multiply theirs."""
        return [name for name, count in self._counts.get(day, {}).items() if count.rows]

    def multiplied(self, day: date, now: Mapping[str, Count], *, called: bool) -> str:
        """Which rows of a date are multiplied, and by how much; empty when none are.

        ``called``: its rows may have been replaced, by more than there were.
        """
        return "; ".join(self._multiplied(day, now, called))

    def _multiplied(self, day: date, now: Mapping[str, Count], called: bool) -> Iterator[str]:
        for name, count in now.items():
            keyed = not self._contract.is_date_grain(name)
            known = self._known(day, name)
            before, others = known or Count(0, 0), self._others(day, name)
            if keyed:
                found = is_multiplied(count, before, others)
            else:
                # A batch of one row that has two now may have been there in part.
                found = before.rows > called and is_repeated(count, before, others)
            if found:
                told = f", {described(known, keyed=keyed)} before" if known else ""
                yield f"{name} on {day}: {described(count, keyed=keyed)}{told}"

    def are_as_told(self, day: date, now: Mapping[str, Count], text: str) -> bool:
        """Whether rows that ``multiplied`` told of in an earlier run are as many as then."""
        return any(
            f"{name} on {day}: {described(count, keyed=not self._contract.is_date_grain(name))}"
            in text
            for name, count in now.items()
        )

    def _known(self, day: date, name: str) -> Count | None:
        return None if day in self._unsure else self._counts.get(day, {}).get(name)

    def _others(self, day: date, name: str) -> list[Count]:
        known = (self._known(other, name) for other in self._counts if other != day)
        return [count for count in known if count and count.rows]


def described(count: Count, *, keyed: bool) -> str:
    """``3 rows for 2 keys``; without own keys ``2 rows``."""
    rows = counted(count.rows, "row") if count.rows else "none"
    return f"{rows} for {counted(count.keys, 'key')}" if keyed and count.rows else rows


def is_multiplied(now: Count, before: Count, others: Sequence[Count]) -> bool:
    """Whether keys of a date have rows twice, by what it had ``before`` and what other dates have.

    Where every key has one row on all other dates, any further row is too many. Elsewhere the
    rows per key vary, and a date that was there in part may have many more than before.
    """
    more = now.rows - before.rows
    if more <= 0:
        return False
    unique = sum(other.rows == other.keys for other in others)
    if others and unique == len(others):
        return now.rows - now.keys > before.rows - before.keys
    if 0 < before.rows == before.keys and 2 * unique >= len(others):
        return _is_multiple(more, now.keys)
    same_keys = now.keys == before.keys
    return _exceeds(now, before, others) or (same_keys and is_repeated(now, before, others))


def _exceeds(now: Count, before: Count, others: Sequence[Count]) -> bool:
    """Too many rows per key, where other dates have much the same."""
    rates = [other.rate for other in others]
    most = max(rates, default=0.0)
    if not rates or most >= 2 * median(rates):
        return False
    is_appended = before.rows > 0 and now.rows - before.rows <= most * now.keys
    return now.rate > most * (TOO_MANY_APPENDED if is_appended else TOO_MANY)


def is_repeated(now: Count, before: Count, others: Sequence[Count]) -> bool:
    """Whether a date has all its rows twice, or more often, and was there as a whole before."""
    if not before.rows or not _is_multiple(now.rows - before.rows, before.rows):
        return False
    if not others:
        return now.rows == 2 * before.rows
    rate, rows = before.rows / now.keys, before.rows
    return (
        rate > median(other.rate for other in others) / 2
        or rows > median(other.rows for other in others) / 2
    )


def _is_multiple(more: int, once: int) -> bool:
    return more in (times * once for times in TIMES_APPENDED)
