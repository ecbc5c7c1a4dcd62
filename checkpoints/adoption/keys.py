"""The key of a dataset: the smallest set of columns that is unique per date, as measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from checkpoints.adoption.columns import is_identifier, key_parts, key_sets
from checkpoints.adoption.facts import Dataset
from checkpoints.adoption.measuring import SCREENED, Survey, whole_dates
from checkpoints.dates import DateRange
from checkpoints.text import counted, percent

NEARLY = 0.99
"""The least share of rows with a key of their own where some stand twice."""

Columns = tuple[str, ...]


class Key(NamedTuple):
    """Key columns beside the date, or none where a dataset has one batch per date; and why."""

    columns: Columns
    reason: str


def proposed_key(survey: Survey, dataset: Dataset) -> Key:
    """The key that is proposed: what was declared and is unique, or else what is unique."""
    counts = dataset.counts
    if counts and max(counts.values()) == 1:
        return Key((), "one row for each date")
    if not counts and (dataset.date,) in dataset.table.known.keys:
        return Key((), "one row for each date, as dbt tests")
    said = [key for declared in dataset.table.known.keys if (key := _undated(declared, dataset))]
    parts = key_parts(dataset.table, dataset.date, dataset.written_at)
    dates = whole_dates(counts, SCREENED)
    screened = _screened(survey, dataset, dates, said, parts) if dates else None
    if not dates or screened is None:
        return Key(said[0], "unique, as dbt tests") if said else _by_name(dataset, parts)
    return _unique(survey, dataset, dates, screened)


def _by_name(dataset: Dataset, parts: list[str]) -> Key:
    """The likeliest column where nothing was measured."""
    likely = [c for c in parts if is_identifier(dataset.table, c)][:1]
    return Key(tuple(likely), "? not measured, taken by name" if likely else "? not measured")


def _undated(declared: Columns, dataset: Dataset) -> Columns:
    """A key that somebody declared, without the date, which is in every key."""
    known = all(column in dataset.table.columns for column in declared)
    return tuple(column for column in declared if column != dataset.date) if known else ()


def _screened(
    survey: Survey, dataset: Dataset, dates: DateRange, said: list[Columns], parts: list[str]
) -> dict[Columns, int] | None:
    """How many keys each set of columns has on a few dates, until one is unique there."""
    rows, found = _rows(dataset, dates), dict[Columns, int]()
    for sets in (said, *key_sets(dataset.table, parts)):
        new = [key for key in sets if key not in found]
        values = survey.distinct(dataset.table, dataset.date, dates, new) if new else []
        if values is None:
            return None
        found.update(zip(new, values, strict=True))
        if rows in found.values():
            break
    return found


def _unique(
    survey: Survey, dataset: Dataset, dates: DateRange, screened: dict[Columns, int]
) -> Key:
    """The first that is unique in all rows, or the one that nearly is."""
    screen, rows = _rows(dataset, dates), sum(dataset.counts.values())
    best, share = Key((), "no columns are unique per date"), NEARLY
    for columns in _likely(screened, screen):
        found = survey.distinct_of_all(dataset.table, dataset.date, columns)
        unique, total = (screened[columns], screen) if found is None else (found, rows)
        if unique == total:
            few = "" if total == rows else f" of {counted(len(dates.dates()), 'day')}"
            return Key(columns, f"unique per date in all {total:,} rows{few}")
        if unique / total > share:
            share = unique / total
            said = f"unique per date in {percent(share)} of {total:,} rows, some stand twice"
            best = Key(columns, said)
    return best


def _likely(screened: dict[Columns, int], rows: int) -> Iterable[Columns]:
    """Those that are unique on the few dates, then those that nearly are, in their order."""
    near = [columns for columns, found in screened.items() if found >= NEARLY * rows]
    return sorted(near, key=lambda columns: screened[columns] < rows)


def _rows(dataset: Dataset, dates: DateRange) -> int:
    return sum(rows for day, rows in dataset.counts.items() if day in dates)
