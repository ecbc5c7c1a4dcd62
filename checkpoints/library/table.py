"""The pandas tables that the library is given to judge: the coverage, and rows of datasets.

Of the coverage: one row per date of every compared pair and judged window: the pair, the window's
name, its cell, samples of the keys behind the date's counts, and what is the same on all of these
rows: what rules ask of the dataset's rows by date, ``undated`` (rows without a date), ``before``
(the latest date before the window), ``retired`` (from when on it is), ``error`` (why it cannot be
judged) and ``own_error`` (why the dataset alone cannot be), the window, the seasons, ``fail_on``,
``contract_option`` (what a command on the contract needs besides), the name and environment of the
pipeline, when the rows above were written, and the moment of the run.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from checkpoints.contract.checks import Check
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import KeySample
from checkpoints.dates import DateRange
from checkpoints.errors import UnreadablePair
from checkpoints.library.results import NAMELESS, RunEvidence
from checkpoints.rules.evidence import Cell, Pair, SampledKeys
from checkpoints.rules.rule import Severity
from checkpoints.warehouse.rows import Rows

EVIDENCE = [*Cell._fields, "keys"]
SAME = ["undated", "before", "retired", "error", "own_error", "first", "last", "as_of", "seasons"]
SAME += ["fail_on", "contract_option", "pipeline", "rows", "written_above", "now"]
COLUMNS = [*Pair._fields, "window", *EVIDENCE, *SAME]
EXACT = 2**53
"""Up to which every whole number is a float."""

WIDTH = len(Cell._fields)


def coverage_table(
    frame: CoverageFrame,
    checks: Iterable[Check],
    keys: Iterable[KeySample] = (),
    fail_on: Severity = "critical",
    contract_option: str = "",
    pipeline: tuple[str, str] = NAMELESS,
) -> pd.DataFrame:
    """The evidence of every pair and window that the checks need, oldest date first."""
    samples = _samples(checks, keys)
    rows = []
    for pair, part in dict.fromkeys((check.pair, check.window) for check in checks):
        evidence = frame.evidence(pair, part=part)
        errors = frame.obstacle(pair), frame.obstacle(pair, alone=True)
        dates = (evidence.window.first, evidence.window.last, frame.as_of)
        known = (evidence.undated, evidence.before, evidence.retired, *errors, *dates)
        asked = (evidence.rows, evidence.written_above, frame.now)
        same = (*known, frame.seasons, fail_on, contract_option, pipeline, *asked)
        key = (pair.dataset, pair.of or pair.dataset, pair.by)
        for cell in evidence.cells:
            found = samples.get((key, cell.date), SampledKeys())
            rows.append((*pair._replace(of=pair.of or ""), part, *cell, found, *same))
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def _samples(
    checks: Iterable[Check], samples: Iterable[KeySample]
) -> dict[tuple[tuple[str, str, tuple[str, ...]], date], SampledKeys]:
    """The keys of each pair and date; those that break a check by what is true of them."""
    broken = {check.id: check.rule.broken_where() for check in checks}
    found: dict[tuple[tuple[str, str, tuple[str, ...]], date], SampledKeys] = {}
    for sample in samples:
        place = sample.pair_key, sample.date
        known = found.get(place, SampledKeys())
        if not sample.check:
            found[place] = known._replace(missing=sample.missing, orphans=sample.orphans)
        elif told := broken.get(sample.check):
            found[place] = known._replace(true_of=(*known.true_of, (told, sample.broken)))
    return found


def evidence_of(table: pd.DataFrame, pair: Pair, part: str = "") -> RunEvidence:
    """What the table holds of a pair over one of its windows.

    Raises:
        UnreadablePair: the table does not hold it, or its dataset cannot be read.
    """
    chosen = (
        (table["dataset"] == pair.dataset)
        & (table["of"] == (pair.of or ""))
        & (table["match"] == pair.match)
        & (table["by"] == pair.by)
        & (table["window"] == part)
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
    return RunEvidence(
        cells=tuple(Cell._make(row[:WIDTH]) for row in rows),
        window=window,
        samples={row[0]: row[WIDTH] for row in rows if any(row[WIDTH])},
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
