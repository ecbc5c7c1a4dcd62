"""What is known of a warehouse's tables before there is a contract. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from checkpoints.contract.model import DateType
from checkpoints.warehouse.engine import Column, ValueKind


class Dated(NamedTuple):
    """What a date column holds: rows with a date, first and last date, how many dates."""

    rows: int
    first: dt.date
    last: dt.date
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What somebody has already said of a table, such as a dbt project.

    ``upstream`` are the paths of the tables that it is built from; None: nothing is said.
    """

    date: str | None = None
    written_at: str | None = None
    keys: tuple[tuple[str, ...], ...] = ()
    upstream: tuple[tuple[str, ...], ...] | None = None
    layer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as it was measured. ``filled`` counts the rows in which a column holds something.

    ``rows`` is None where nothing was measured, and ``part`` says what was not read.
    """

    path: tuple[str, ...]
    columns: Mapping[str, Column]
    rows: int | None = None
    dated: Mapping[str, Dated] = field(default_factory=dict)
    filled: Mapping[str, int] = field(default_factory=dict)
    partitioned_by: str | None = None
    part: str = ""
    known: Known = Known()

    @property
    def name(self) -> str:
        """The last part of its name."""
        return self.path[-1]

    @property
    def schema(self) -> str:
        """The part before that."""
        return self.path[-2] if len(self.path) > 1 else ""

    def kind(self, column: str) -> ValueKind:
        """What a column holds."""
        return self.columns[column].kind

    def date_type(self, column: str) -> DateType | None:
        """As what kind of date a column is read."""
        found = self.columns.get(column)
        return found.date_type if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A table that becomes a dataset: decided so far. ``counts`` are its rows per date.

    ``others`` are columns that may be its date as well as the one that is. ``unique`` is its own
    key, and ``key`` what it is compared by, which may have more columns. ``is_entity``: its own
    key stands once in all of the table.
    """

    name: str
    table: Table
    date: str
    counts: Mapping[dt.date, int]
    key: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    is_entity: bool = False
    key_reason: str = ""
    written_at: str | None = None
    others: tuple[str, ...] = ()

    @property
    def first(self) -> dt.date:
        """Its first date."""
        return min(self.counts)

    @property
    def last(self) -> dt.date:
        """Its last date."""
        return max(self.counts)


class Shared(NamedTuple):
    """How the keys of two tables go together: date by date, or whatever the date.

    ``both``, ``lower`` and ``upper`` count keys. ``shares`` are those of the upper table's keys
    that are in the lower, of each date on which both have rows.
    """

    both: int
    lower: int
    upper: int
    shares: tuple[float, ...]

    @property
    def contained(self) -> float:
        """The share of the lower table's keys that are in the upper."""
        return self.both / self.lower if self.lower else 0.0

    @property
    def carried(self) -> float:
        """The share of the upper table's keys that are in the lower."""
        return self.both / self.upper if self.upper else 0.0

    @property
    def usual(self) -> float:
        """What nearly all dates have at least of the upper table's keys, but for a few holes."""
        ordered = sorted(self.shares) or [0.0]
        return max(ordered[len(ordered) // 10], 0.5 * ordered[len(ordered) // 2])

    @property
    def median(self) -> float:
        """What the middle one of the dates has of the upper table's keys."""
        ordered = sorted(self.shares) or [0.0]
        return ordered[len(ordered) // 2]


class Question(NamedTuple):
    """What is asked: ``text`` with its reason; ``proposal`` is what is taken where nobody answers.

    ``allowed`` are the words that an answer may have: one of them, or with ``many`` some of them,
    or ``none``. Nothing in ``allowed``: anything.
    """

    text: str
    proposal: tuple[str, ...]
    allowed: Sequence[str] = ()
    many: bool = False


Ask = Callable[[Question], tuple[str, ...]]
"""Returns the answer to a question."""


def dataset_names(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """A name for each table: its own, with its schema where two have the same."""
    own = [path[-1].lower() for path in paths]
    return [path[-1] if own.count(path[-1].lower()) == 1 else "_".join(path[-2:]) for path in paths]
