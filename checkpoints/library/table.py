"""The coverage frame as a pandas table, which is what the library is given to judge.

One row per date of every compared pair and judged window: the pair, the window's name, its cell,
samples of the keys behind the date's missing and orphan counts, and what is the same on all of
these rows: ``undated`` (rows without a date), ``before`` (the latest date before the window),
``error`` (why it cannot be judged) and ``own_error`` (why the dataset alone cannot be), the window,
the seasons, ``fail_on`` and ``contract_option`` (what a command on the contract needs besides).
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from checkpoints.contract.checks import Check
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import KeySample
from checkpoints.dates import DateRange
from checkpoints.errors import UnreadablePair
from checkpoints.library.results import RunEvidence
from checkpoints.rules.evidence import Cell, Pair
from checkpoints.rules.rule import Severity

EVIDENCE = [*Cell._fields, "missing_keys", "orphan_keys"]
SAME = ["undated", "before", "error", "own_error", "first", "last", "as_of", "seasons", "fail_on"]
SAME += ["contract_option"]
COLUMNS = [*Pair._fields, "window", *EVIDENCE, *SAME]
WIDTH = len(Cell._fields)


def coverage_table(
    frame: CoverageFrame,
    checks: Iterable[Check],
    keys: Iterable[KeySample] = (),
    fail_on: Severity = "critical",
    contract_option: str = "",
) -> pd.DataFrame:
    """The evidence of every pair and window that the checks need, oldest date first."""
    samples = {(s.dataset, s.of, s.date): (s.missing, s.orphans) for s in keys}
    rows = []
    for pair, part in dict.fromkeys((check.pair, check.window) for check in checks):
        evidence = frame.evidence(pair, part=part)
        errors = frame.obstacle(pair), frame.obstacle(pair, alone=True)
        dates = (evidence.window.first, evidence.window.last, frame.as_of)
        known = (evidence.undated, evidence.before, *errors, *dates)
        same = (*known, frame.seasons, fail_on, contract_option)
        for cell in evidence.cells:
            found = samples.get((pair.dataset, pair.of or "", cell.date), ((), ()))
            rows.append((pair.dataset, pair.of or "", pair.match, part, *cell, *found, *same))
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def evidence_of(table: pd.DataFrame, pair: Pair, part: str = "") -> RunEvidence:
    """What the table holds of a pair over one of its windows.

    Raises:
        UnreadablePair: the table does not hold it, or its dataset cannot be read.
    """
    chosen = (
        (table["dataset"] == pair.dataset)
        & (table["of"] == (pair.of or ""))
        & (table["match"] == pair.match)
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
    found = {row[0]: (row[WIDTH], row[WIDTH + 1]) for row in rows}
    return RunEvidence(
        cells=tuple(Cell._make(row[:WIDTH]) for row in rows),
        window=window,
        samples={day: both for day, both in found.items() if any(both)},
        **same,
    )
