"""The coverage frame as a pandas table, which is what the library is given to judge.

One row per date of every compared pair: the pair, its cell, samples of the keys behind the date's
missing and orphan counts, and what is the same on all rows of the pair: ``undated`` (rows without
a date), ``before`` (its latest date before the window), ``error`` (why it cannot be judged) and
``own_error`` (why the dataset alone cannot be), the window, the seasons, ``fail_on`` and
``contract_option`` (what a command on the contract needs besides).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd

from checkpoints.contract.checks import Check
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import KeySample
from checkpoints.dates import DateRange
from checkpoints.errors import UnreadablePair
from checkpoints.library.results import RunEvidence
from checkpoints.rules.evidence import Cell, Pair, SampledKeys
from checkpoints.rules.rule import Severity

EVIDENCE = [*Cell._fields, "keys"]
SAME = ["undated", "before", "error", "own_error", "first", "last", "as_of", "seasons", "fail_on"]
SAME += ["contract_option", "rows", "written_above", "now"]
COLUMNS = [*Pair._fields, *EVIDENCE, *SAME]
WIDTH = len(Cell._fields)


def coverage_table(
    frame: CoverageFrame,
    checks: Iterable[Check],
    keys: Iterable[KeySample] = (),
    fail_on: Severity = "critical",
    contract_option: str = "",
) -> pd.DataFrame:
    """The evidence of every pair that the checks need, oldest date first."""
    samples = _samples(checks, keys)
    window = frame.window.range
    rows = []
    for pair in dict.fromkeys(check.pair for check in checks):
        evidence = frame.evidence(pair)
        known = frame.undated.get(pair.dataset, 0), frame.before.get(pair.dataset)
        errors = frame.obstacle(pair), frame.obstacle(pair, alone=True)
        dates = (window.first, window.last, frame.as_of)
        same = (*known, *errors, *dates, frame.seasons, fail_on, contract_option)
        own = (evidence.rows, evidence.written_above, frame.now)
        for cell in frame.cells[pair]:
            key = (pair.dataset, pair.of or pair.dataset, pair.by)
            shown = samples.get((key, cell.date), SampledKeys())
            rows.append((*pair._replace(of=pair.of or ""), *cell, shown, *same, *own))
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


def evidence_of(table: pd.DataFrame, pair: Pair) -> RunEvidence:
    """What the table holds of a pair.

    Raises:
        UnreadablePair: the table does not hold it, or its dataset cannot be read.
    """
    chosen = (
        (table["dataset"] == pair.dataset)
        & (table["of"] == (pair.of or ""))
        & (table["match"] == pair.match)
        & (table["by"] == pair.by)
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
