"""What a rule asks of the rows of a key: facts that the presence query tells with a bit each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from checkpoints.rules.condition import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What may be true of a key on a date, by the number of its rows.

    The rows that count are those of which any of the ``conditions`` holds, or all rows where there
    are none; ``broken``: those that have values, and not all of the conditions hold. It is true
    where they are more than ``at_most`` or fewer than ``at_least``; with ``distinct`` columns,
    where two of them have the same values in these.
    """

    conditions: tuple[Condition, ...] = ()
    broken: bool = False
    at_least: int = 0
    at_most: int | None = 0
    distinct: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return (*(condition.column for condition in self.conditions), *self.distinct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """``column`` of a dataset and ``other`` of the one it is compared with, for the keys of both.

    It is broken for a key where their values differ by more than ``tolerance``, or where only one
    of the two has any.
    """

    column: str
    other: str
    tolerance: float = 0.0


def has_value(*columns: str) -> Fact:
    """Any row of the key has a value in any of the columns."""
    return Fact(conditions=tuple(Condition(column=name, not_null=True) for name in columns))


def has_null(*columns: str) -> Fact:
    """Any row of the key has NULL in any of the columns."""
    return Fact(conditions=tuple(Condition(column=name, is_null=True) for name in columns))


class Written(NamedTuple):
    """When rows were written, in microseconds since 1970 (UTC): the first and the last of them."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsOfDate:
    """What is known of a dataset's rows of a date, as far as its rules need it.

    ``keys`` are distinct, of the grain that is judged; ``true_of`` counts those of which a fact is
    true, or an agreement broken; ``rows_of`` counts the rows that meet a fact's conditions.
    ``rows`` and ``written`` are of the whole dataset.
    """

    keys: int = 0
    rows: int = 0
    written: Written | None = None
    true_of: Mapping[Fact | Agreement, int] = field(default_factory=dict)
    rows_of: Mapping[Fact, int] = field(default_factory=dict)
