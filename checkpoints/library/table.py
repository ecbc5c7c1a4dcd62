"""The pandas tables that the library is given to judge: the coverage, and rows of datasets.

Of the coverage: one row per date of every compared pair: the pair, its cell, samples of the keys
behind the date's missing and orphan counts, and what is the same on all rows of the pair:
``undated`` (rows without a date), ``before`` (its latest date before the window), ``error`` (why it
cannot be judged) and ``own_error`` (why the dataset alone cannot be), the window, the seasons,
``fail_on`` and ``contract_option`` (what a command on the contract needs besides).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pandas as pd

from checkpoints.contract.checks import Check
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import KeySample
from checkpoints.dates import DateRange
from checkpoints.errors import UnreadablePair
from checkpoints.library.results import RunEvidence
from checkpoints.rules.evidence import Cell, Pair
from checkpoints.rules.rule import Severity
from checkpoints.warehouse.rows import Rows

EVIDENCE = [*Cell._fields, "missing_keys", "orphan_keys"]
SAME = ["undated", "before", "error", "own_error", "first", "last", "as_of", "seasons", "fail_on"]
SAME += ["contract_option"]
COLUMNS = [*Pair._fields, *EVIDENCE, *SAME]
EXACT = 2**53
"""Up to which every whole number is a float."""

WIDTH = len(Cell._fields)


def coverage_table(
    frame: CoverageFrame,
    checks: Iterable[Check],
    keys: Iterable[KeySample] = (),
    fail_on: Severity = "critical",
    contract_option: str = "",
) -> pd.DataFrame:
    """The evidence of every pair that the checks need, oldest date first."""
    samples = {(s.dataset, s.of, s.date): (s.missing, s.orphans) for s in keys}
    window = frame.window.range
    rows = []
    for pair in dict.fromkeys(check.pair for check in checks):
        known = frame.undated.get(pair.dataset, 0), frame.before.get(pair.dataset)
        errors = frame.obstacle(pair), frame.obstacle(pair, alone=True)
        dates = (window.first, window.last, frame.as_of)
        same = (*known, *errors, *dates, frame.seasons, fail_on, contract_option)
        for cell in frame.cells[pair]:
            found = samples.get((pair.dataset, pair.of or "", cell.date), ((), ()))
            rows.append((pair.dataset, pair.of or "", pair.match, *cell, *found, *same))
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def evidence_of(table: pd.DataFrame, pair: Pair) -> RunEvidence:
    """What the table holds of a pair.

    Raises:
        UnreadablePair: the table does not hold it, or its dataset cannot be read.
    """
    chosen = (
        (table["dataset"] == pair.dataset)
        & (table["of"] == (pair.of or ""))
        & (table["match"] == pair.match)
    )
    rows = table.loc[chosen, [*EVIDENCE, *SAME]].to_numpy().tolist()
    if not rows:
        raise UnreadablePair(
            f"dataset {pair.dataset!r} was not compared with {pair.of!r} by {pair.match}"
        )
    same = dict(zip(SAME, rows[0][-len(SAME) :], strict=True))
    if own_error := same.pop("own_error"):
        raise UnreadablePair(own_error)
    window = DateRange(same.pop("first"), same.pop("last"))
    found = {row[0]: (row[WIDTH], row[WIDTH + 1]) for row in rows}
    return RunEvidence(
        cells=tuple(Cell._make(row[:WIDTH]) for row in rows),
        window=window,
        samples={day: both for day, both in found.items() if any(both)},
        **same,
    )


def rows_table(rows: Rows) -> pd.DataFrame:
    """Rows of a dataset, as the warehouse has their values; decimal numbers are floats.

    No whole number is rounded.
    """
    columns = {name: _column([row[n] for row in rows.rows]) for n, name in enumerate(rows.names, 1)}
    return pd.DataFrame(columns, columns=[*rows.names])


def _column(values: list[object]) -> pd.Series[Any]:
    floats = [float(value) if isinstance(value, Decimal) else value for value in values]
    column = pd.Series(floats, dtype=object)
    # Whole numbers become floats where some are NULL, which rounds the largest.
    rounded = None in values and any(
        isinstance(value, int) and abs(value) > EXACT for value in values
    )
    return column if rounded else column.infer_objects()


def columns_table(rows: Rows) -> pd.DataFrame:
    """All columns of a dataset, without rows."""
    return pd.DataFrame(columns=[*rows.columns])
