"""Which column of a table is its date, which says when it was written, which may be keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from checkpoints.adoption.facts import Table
from checkpoints.adoption.vocabulary import (
    BIRTH,
    CREATED,
    DAYS,
    IDS,
    MOMENTS,
    OTHER_DATES,
    PARTS,
    PERIODS,
    PROSE,
    WRITTEN,
    singular,
    words_of,
)

UNKNOWN = 30
"""How well a column serves as the date whose name says nothing."""

MOST_PARTS = 8
"""Columns that are tried as parts of a key."""

UNSURE = 15
"""Where two columns differ by less, either may be the date."""


class DateChoice(NamedTuple):
    """The date column of a table, those that may be it as well, and which says when it was written.

    ``column`` is None where none will do.
    """

    column: str | None
    others: tuple[str, ...] = ()
    written_at: str | None = None
    sure: bool = True


def date_choice(table: Table) -> DateChoice:
    """The date column by what is said of it, by what is in it, and by its name."""
    measured = table.rows is not None
    dates = table.dated if measured else [c for c in table.columns if _may_be_date(table, c)]
    scores = {column: _date_score(table, column) for column in dates}
    usable = sorted((c for c in scores if scores[c] > 0), key=lambda c: -scores[c])
    if table.known.date in table.columns and table.known.date:
        usable = [table.known.date, *(c for c in usable if c != table.known.date)]
    if not usable:
        return DateChoice(None, written_at=_written(table, None))
    best, *others = usable
    near = [c for c in others if scores[best] - scores[c] < UNSURE]
    said = best == table.known.date
    return DateChoice(best, tuple(others), _written(table, best), sure=said or not near)


def _may_be_date(table: Table, column: str) -> bool:
    """Whether a column that was not read may hold dates: by its type, of a text by its name."""
    type_ = table.date_type(column)
    return type_ is not None and (type_ != "text" or _name_score(words_of(column)) > UNKNOWN)


def _date_score(table: Table, column: str) -> int:
    """How well a column serves as the date; 0 and less: not at all."""
    words, found = words_of(column), table.dated.get(column)
    if _is_written(words) and not CREATED & set(words):
        return 0
    if BIRTH & set(words):
        return 0
    score = _name_score(words)
    if CREATED & set(words):
        score = 15
    elif OTHER_DATES & set(words):
        score -= 50
    score += 5 if table.date_type(column) == "date" else 0
    score += 40 if column == table.partitioned_by else 0
    if found and table.rows and found.rows < 0.9 * table.rows:
        score -= 30
    if found and table.rows and table.rows > 2 and found.days < 2:
        score -= 60
    return score


def _name_score(words: Sequence[str]) -> int:
    last = words[-1] if words else ""
    if len(words) == 1 and last in DAYS:
        return 100
    for known, score in ((DAYS, 90), (PERIODS, 75), (MOMENTS, 65)):
        if last in known:
            return score
    return 60 if DAYS & set(words) else 55 if MOMENTS & set(words) else UNKNOWN


def _is_written(words: Sequence[str]) -> bool:
    return bool(WRITTEN & set(words))


def unreadable_date(table: Table) -> str:
    """A text or number that is called a date, and is read as none; empty where there is none."""
    named = (c for c in table.columns if DAYS & set(words_of(c)[-1:]) and c not in table.dated)
    return next((c for c in named if table.kind(c) in ("text", "integer")), "")


def _written(table: Table, date: str | None) -> str | None:
    """The column that says when a row was written: the plainest, and never the date itself."""
    said = table.known.written_at
    if said in table.columns and said != date:
        return said
    moments = [
        c for c in table.columns if c != date and table.kind(c) in ("timestamp", "datetime", "date")
    ]
    ranked = [[c for c in moments if _is_written(words_of(c)) and not CREATED & set(words_of(c))]]
    ranked.append([c for c in moments if CREATED & set(words_of(c))])
    return next((columns[0] for columns in ranked if columns), None)


def key_parts(table: Table, date: str, written_at: str | None) -> list[str]:
    """The columns that may be parts of a key, the likeliest first.

    A moment is one where several rows of a date may have it, which a date alone is not.
    """
    strength = {
        column: _key_strength(table, column)
        for column in table.columns
        if column != written_at and (column != date or table.date_type(date) != "date")
        if table.rows is None or table.filled.get(column, table.rows) >= 0.99 * table.rows
    }
    return sorted((c for c in strength if strength[c] > 0), key=lambda c: -strength[c])[:MOST_PARTS]


def _key_strength(table: Table, column: str) -> int:
    words, kind = set(words_of(column)), table.kind(column)
    if kind in ("timestamp", "datetime"):
        return 0 if _is_written(tuple(words)) or OTHER_DATES & words else 2
    if kind not in ("integer", "text", "uuid") or PROSE & words or column in table.dated:
        return 0
    if IDS & words or kind == "uuid" or column.lower().endswith("id"):
        stem = {singular(word) for word in words - IDS}
        own = {singular(word) for word in words_of(table.name)}
        return 5 if stem and stem <= own else 4
    if PARTS & {singular(word) for word in words}:
        return 3
    return 1 if kind == "text" else 0


def is_identifier(table: Table, column: str) -> bool:
    """Whether a column identifies something, by its name."""
    return _key_strength(table, column) >= 4


def key_sets(table: Table, parts: Sequence[str]) -> Iterator[list[tuple[str, ...]]]:
    """The sets of columns to try, group by group, in the order in which they would be taken."""
    strong = [c for c in parts if _key_strength(table, c) > 1]
    weak = [c for c in parts if c not in strong]
    order = list(table.columns).index
    for size in (1, 2, 3):
        yield [tuple(sorted(some, key=order)) for some in combinations(strong, size)]
    yield [(c,) for c in weak] + [(s, c) for s in strong for c in weak]
