"""From which table another is built: by names, and by the keys that both have. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from checkpoints.adoption.facts import Dataset, Shared, Table
from checkpoints.adoption.vocabulary import COARSER, RANKS, SUMS, rank_of_word, singular, words_of
from checkpoints.text import percent
from checkpoints.warehouse.source import ALIKE

ENOUGH = 0.8
"""The least share of a lower table's keys that its upstream has."""

MOST = 0.9
"""A lower table that usually has as many of the keys of its upstream has to have them all, but for
what the rule of each date tolerates."""

FEWEST = 0.02
"""The least share of keys that is worth a rule."""


class Link(NamedTuple):
    """How a dataset compares with its upstream: ``by`` these of its columns, or only by date.

    ``own`` are its key columns then; ``at_least`` the share of keys that it has on every date,
    where it is not that of all datasets.
    """

    upstream: str
    by: tuple[str, ...]
    own: tuple[str, ...]
    reason: str
    at_least: float | None = None
    worth: tuple[float, ...] = ()
    sure: bool = True


def rank_of(table: Table) -> tuple[int, int, int]:
    """How far down a table stands by its schema's words, by its own, and by what it sums up."""
    words, above = words_of(table.name), words_of(table.schema)
    coarser = max((COARSER.get(word, 0) for word in words), default=0)
    schema = max((rank_of_word(word) for word in above), default=-1)
    own = max((rank_of_word(word) for word in words), default=-1)
    return max(schema, 0), SUMS if own < 0 and coarser else max(own, 0), coarser


def _is_ranked(table: Table) -> bool:
    return any(rank_of_word(word) >= 0 for word in (*words_of(table.schema), *words_of(table.name)))


def in_order(datasets: Sequence[Dataset]) -> list[Dataset]:
    """Datasets as they may be built: what can be above another stands before it.

    What somebody said takes precedence over names, and these over what was measured: what begins
    earlier and was written earlier comes first, and then what has more rows.
    """
    paths = {dataset.table.path: dataset for dataset in datasets}

    def said(dataset: Dataset) -> int:
        above = (paths[path] for path in dataset.table.known.upstream or () if path in paths)
        return max((said(one) + 1 for one in above), default=0)

    def parents(dataset: Dataset, below: tuple[str, ...] = ()) -> int:
        seen = (*below, dataset.name)
        above = (d for d in datasets if d.name not in seen and _names_key_of(d, dataset))
        return max((parents(one, seen) + 1 for one in above), default=0)

    def place(dataset: Dataset) -> tuple[object, ...]:
        written = dataset.table.dated.get(dataset.written_at or "")
        return (
            said(dataset),
            rank_of(dataset.table),
            parents(dataset),
            min(dataset.counts).toordinal() if dataset.counts else 0,
            written.last.toordinal() if written else 0,
            -(dataset.table.rows or 0),
        )

    return sorted(datasets, key=place)


def _names_key_of(upper: Dataset, lower: Dataset) -> bool:
    """Whether the lower one has the upper's identifier beside a key of its own."""
    if not upper.is_entity or lower.key == upper.key:
        return False
    named = {theirs for _, theirs in pairs_in_common(lower, upper)}
    return named == set(upper.key) and rank_of(upper.table) == rank_of(lower.table)


def may_be_above(upper: Dataset, lower: Dataset) -> bool:
    """Whether one that stands before another may be its upstream, and not come from elsewhere."""
    same = rank_of(upper.table) == rank_of(lower.table) and upper.key == lower.key
    related = set(words_of(upper.table.name)) <= set(words_of(lower.table.name))
    return not same or related or not _is_ranked(upper.table)


def pairs_in_common(lower: Dataset, upper: Dataset) -> list[tuple[str, str]]:
    """The columns of the lower table that stand for the whole key of the upper; else those that
    have the name of a part of it."""
    whole = [(_like(lower.table, upper, column), column) for column in upper.key]
    found = [(mine, theirs) for mine, theirs in whole if mine]
    if upper.key and len(found) == len(upper.key):
        return found
    both = [column for column in upper.key if column in lower.table.columns]
    return [(c, c) for c in both if _comparable(lower.table, c, upper.table, c)]


def _like(lower: Table, upper: Dataset, column: str) -> str:
    """The column of a table that stands for a key column of another; empty where it has none."""
    stem = [singular(word) for word in words_of(upper.table.name)]
    words = [singular(word) for word in words_of(column)]
    long = (["id"], [*stem, "id"], [stem[-1], "id"]) if stem else ()
    short = words[:-1] if words[-1:] == ["id"] else words
    for candidate in (column, *lower.columns):
        if candidate not in lower.columns:
            continue
        other = [singular(word) for word in words_of(candidate)]
        alias = words == ["id"] and other in long[1:]
        alias = alias or (other == ["id"] and words in long and lower.name == upper.table.name)
        alias = alias or (bool(short) and short == (other[:-1] if other[-1:] == ["id"] else other))
        same = candidate == column and words != ["id"]
        if (same or alias) and _comparable(lower, candidate, upper.table, column):
            return candidate
    return ""


def _comparable(lower: Table, mine: str, upper: Table, theirs: str) -> bool:
    kinds = {lower.kind(mine), upper.kind(theirs)}
    return "unknown" in kinds or len(kinds) == 1 or any(kinds <= alike for alike in ALIKE)


def link_by_keys(
    lower: Dataset, upper: Dataset, pairs: Sequence[tuple[str, str]], shared: Shared | None
) -> Link | None:
    """A link by the keys that both have on a date; None where too few are the same."""
    columns = tuple(mine for mine, _ in pairs)
    whole = set(lower.key) <= set(columns) and len(pairs) == len(upper.key)
    both = {*lower.key, *columns}
    key = columns if whole else tuple(c for c in lower.table.columns if c in both)
    by = () if whole else columns
    what = "+".join(columns)
    if shared is None:
        reason = f"both have {what}"
        return Link(upper.name, by, key, reason, worth=(2, 0), sure=False)
    if not shared.shares or shared.contained < ENOUGH or shared.usual * ENOUGH < FEWEST:
        return None
    usual = None if shared.median >= MOST else int(100 * ENOUGH * shared.usual) / 100
    reason = f"{percent(shared.carried)} of its {what} are here on the same dates"
    return Link(upper.name, by, key, reason, usual, (3, shared.carried))


def link_by_date(upper: Dataset, shared: Shared | None, column: str) -> Link | None:
    """A link by date alone, where the keys are the upper's but not on its dates, or not most."""
    if shared is None or shared.contained < ENOUGH:
        return None
    reason = f"it has {percent(shared.contained)} of {column}, but on other dates"
    return Link(upper.name, (), (), reason, worth=(1, shared.contained))


def link_by_names(lower: Dataset, upper: Dataset) -> Link | None:
    """A link by date alone, where the lower table sums up what the upper's names say."""
    names = {singular(word) for word in words_of(upper.table.name)}
    generic = {lower.date, lower.written_at, upper.date, upper.written_at, "id", "name"}
    alike = set(lower.table.columns) & set(upper.table.columns) - generic
    mine = [{singular(word) for word in words_of(column)} for column in lower.table.columns]
    counts = sum(names <= words for words in mine)
    common = names & {singular(word) for word in words_of(lower.table.name)} - RANKS.keys()
    worth = 3 * bool(counts) + 2 * len(common) + len(alike)
    if not worth or _rows_per_date(lower) > _rows_per_date(upper):
        return None
    told = sorted(alike) or sorted(common) or sorted(names)
    return Link(
        upper.name, (), (), f"both have {', '.join(told[:3])}", worth=(0, worth), sure=False
    )


def link_by_layer(lower: Dataset, above: Sequence[Dataset]) -> Link | None:
    """A link by date alone to the last table of the layer above that has the dates, as a guess."""
    days = set(lower.counts)
    upper = [
        (rank_of(one.table), place)
        for place, one in enumerate(above)
        if rank_of(one.table) < rank_of(lower.table)
        and len(days & set(one.counts)) >= ENOUGH * len(days)
    ]
    if not upper:
        return None
    _, place = max(upper)
    reason = "nothing but its layer says what it is built from"
    return Link(above[place].name, (), (), reason, worth=(0, 0), sure=False)


def _rows_per_date(dataset: Dataset) -> float:
    return sum(dataset.counts.values()) / len(dataset.counts) if dataset.counts else 0.0
