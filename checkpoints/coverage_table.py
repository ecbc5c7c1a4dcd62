"""The coverage frame as a pandas table: what the library is given to judge.

One row per date of every compared pair. ``of`` is empty where a dataset is compared with
nothing. ``undated`` (keys without a date) and ``error`` (why the pair cannot be evaluated) are
the same on all rows of a pair.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from checkpoints.coverage import Cell, CoverageFrame, Pair
from checkpoints.rules import Check, obstacle

COLUMNS = ("dataset", "of", "match", *Cell._fields, "undated", "error")


class UnreadablePair(LookupError):
    """A pair cannot be evaluated; the message says why."""


def coverage_table(frame: CoverageFrame, checks: Iterable[Check]) -> pd.DataFrame:
    """The cells of every pair that the checks need, oldest first."""
    pairs = {check.pair: obstacle(check, frame) for check in checks}
    rows = [
        (*key_of(pair), *cell, frame.undated.get(pair.dataset, 0), error)
        for pair, error in pairs.items()
        for cell in frame.cells[pair]
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def key_of(pair: Pair) -> tuple[str, str, str]:
    """How a pair is named in the table."""
    return pair.dataset, pair.of or "", pair.match


def cells_of(table: pd.DataFrame, pair: Pair) -> tuple[tuple[Cell, ...], int]:
    """The cells of a pair, and the number of keys of its dataset without a date.

    Raises:
        UnreadablePair: the table says that the pair cannot be evaluated, or does not hold it.
    """
    dataset, of, match = key_of(pair)
    chosen = (table["dataset"] == dataset) & (table["of"] == of) & (table["match"] == match)
    rows = table.loc[chosen, [*Cell._fields, "undated", "error"]].to_numpy().tolist()
    if not rows:
        raise UnreadablePair(f"dataset {dataset!r} was not compared with {of!r} by {match}")
    *_, undated, error = rows[0]
    if error:
        raise UnreadablePair(error)
    return tuple(Cell._make(row[:-2]) for row in rows), undated
