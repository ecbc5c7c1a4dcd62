"""A dataset as the warehouse has it, and how its keys compare with those of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Literal

from checkpoints.contract.model import Dataset, DateType
from checkpoints.coverage.layout import Layout
from checkpoints.dates import DateRange
from checkpoints.errors import DatasetUnreadable
from checkpoints.rules.facts import Agreement
from checkpoints.warehouse.engine import Column, Description, ValueKind

ALIKE = (
    {"integer", "number", "text"},
    {"date", "datetime", "timestamp", "text"},
    {"uuid", "text"},
)
"""Kinds between which values can be the same; any two others never match.

Types of kind ``other`` have values in common with no type but themselves.
"""

KeyForm = Literal["own", "text", "uuid"]
"""How a key column is compared: as it is, as text, or as text with every UUID in small letters."""

KeyShape = tuple[KeyForm, ...]
"""The form of each key column, by position: one for all datasets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A dataset with the kind of its date, and its columns as the warehouse has them.

    ``before`` are dates that are read beside those asked for.
    """

    dataset: Dataset
    date_type: DateType
    columns: Mapping[str, Column]
    before: tuple[DateRange, ...] = ()

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first and the last moment that its date can be compared with."""
        return self.columns[self.dataset.date].span

    def kind(self, column: str) -> ValueKind:
        """What a column holds."""
        return self.columns[column].kind


def columns_of(dataset: Dataset, layout: Layout, name: str) -> list[str]:
    """Every column that the contract names of a dataset: date, key, conditions, rules."""
    where = (condition.column for condition in dataset.where)
    return list(dict.fromkeys([dataset.date, *dataset.key, *where, *layout.columns_of(name)]))


def incomparable(
    left: Source,
    right: Source,
    left_key: Sequence[str],
    right_key: Sequence[str],
    what: str = "key",
) -> str:
    """Why values of columns of two datasets can never be the same; empty when they can."""
    for mine, theirs in zip(left_key, right_key, strict=False):
        kinds = (left.kind(mine), right.kind(theirs))
        types = (left.columns[mine].type, right.columns[theirs].type)
        same = set(types if "other" in kinds else kinds)
        alike = len(same) == 1 or any(same <= alike for alike in ALIKE)
        if not alike and "unknown" not in kinds:
            sides = (
                f"{what} {column!r} is {type_}"
                for column, type_ in zip((mine, theirs), types, strict=True)
            )
            return f"{' and '.join(sides)}: they never match; convert one of them in a query"
    return ""


def never_agree(left: Source, right: Source, agreement: Agreement) -> str:
    """Why the values of an agreement cannot be compared; empty when they can."""
    mine, theirs = agreement.column, agreement.other
    if why := incomparable(left, right, [mine], [theirs], "column"):
        return why
    for source, column in ((left, mine), (right, theirs)):
        if agreement.tolerance and source.kind(column) not in ("integer", "number"):
            return (
                f"column {column!r} is {source.columns[column].type}, and a tolerance is for "
                "numbers: remove it"
            )
    return ""


def key_shape(sources: Mapping[str, Source], layout: Layout) -> KeyShape:
    """The shape of all keys: as wide as the widest; text where the datasets' types differ."""
    grains = [grain for grain in layout.grains if grain.dataset in sources]
    found = [[_typed(sources[g.dataset], column) for column in g.key] for g in grains]
    return tuple(_form([key for key in keys if key]) for keys in zip_longest(*found))


def _typed(source: Source, column: str) -> tuple[str, ValueKind, str | None]:
    """The type and kind of a key, and for a time without a zone, the zone it is in."""
    kind = source.kind(column)
    zone = source.dataset.timezone if kind == "datetime" else None
    return source.columns[column].type, kind, zone


def _form(keys: Sequence[tuple[str, ValueKind, str | None]]) -> KeyForm:
    """Whole numbers of any width are compared as they are, and so is text of any."""
    kinds = {kind for _, kind, _ in keys}
    if len(set(keys)) == 1 or kinds in ({"integer"}, {"text"}):
        return "own"
    return "uuid" if "uuid" in kinds else "text"


def moments(name: str, found: Description) -> Column:
    """The column that says when rows were written."""
    column = found.columns[name]
    if column.kind not in ("timestamp", "datetime", "date", "unknown"):
        raise DatasetUnreadable(
            f"written_at {name!r} is {column.type}, which tells no moment: name a TIMESTAMP, "
            "DATETIME or DATE column, or convert it in a query"
        )
    return column
