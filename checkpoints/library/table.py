"""The coverage frame as a pandas table: what the library is given to judge.

One row per date of every compared pair. ``lacked`` and ``strangers`` are samples of the keys
behind the date's missing and orphan counts. ``undated`` (keys without a date), ``error`` (why the
pair cannot be evaluated), the window and ``fail_on`` are the same on all rows of a pair.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from checkpoints.contract.checks import Check
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import KeySample, obstacle
from checkpoints.dates import DateRange
from checkpoints.rules.evidence import Cell, Pair
from checkpoints.rules.rule import Severity

SAMPLES = ["lacked", "strangers"]
SAME = ["undated", "error", "first", "last", "as_of", "fail_on"]
COLUMNS = ["pair", *Cell._fields, *SAMPLES, *SAME]

Keys = tuple[tuple[str, ...], ...]


class UnreadablePair(LookupError):
    """A pair cannot be evaluated; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """What the table holds of a pair: its cells, oldest first, and what lies behind them.

    ``samples`` has the missing and the orphan keys of a date, where they were read;
    ``undated`` is the number of the dataset's keys without a date; failures lighter than
    ``fail_on`` do not fail the run.
    """

    cells: tuple[Cell, ...]
    samples: Mapping[date, tuple[Keys, Keys]]
    undated: int
    window: DateRange
    as_of: date
    fail_on: Severity


def coverage_table(
    frame: CoverageFrame,
    checks: Iterable[Check],
    keys: Iterable[KeySample] = (),
    fail_on: Severity = "critical",
) -> pd.DataFrame:
    """The evidence of every pair that the checks need, oldest date first."""
    samples = {(s.dataset, s.of, s.date): (s.missing, s.orphans) for s in keys}
    window = frame.window.range
    rows = []
    for pair, error in {check.pair: obstacle(check, frame) for check in checks}.items():
        undated = frame.undated.get(pair.dataset, 0)
        name = _name(pair)
        same = (undated, error, window.first, window.last, frame.as_of, fail_on)
        for cell in frame.cells[pair]:
            found = samples.get((pair.dataset, pair.of or "", cell.date), ((), ()))
            rows.append((name, *cell, *found, *same))
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def evidence_of(table: pd.DataFrame, pair: Pair) -> PairEvidence:
    """What the table holds of a pair.

    Raises:
        UnreadablePair: the table says that the pair cannot be evaluated, or does not hold it.
    """
    chosen = table["pair"] == _name(pair)
    rows = table.loc[chosen, [*Cell._fields, *SAMPLES, *SAME]].to_numpy().tolist()
    if not rows:
        raise UnreadablePair(
            f"dataset {pair.dataset!r} was not compared with {pair.of!r} by {pair.match}"
        )
    undated, error, first, last, as_of, fail_on = rows[0][-len(SAME) :]
    if error:
        raise UnreadablePair(error)
    width = len(Cell._fields)
    found = {row[0]: (row[width], row[width + 1]) for row in rows}
    return PairEvidence(
        cells=tuple(Cell._make(row[:width]) for row in rows),
        samples={day: both for day, both in found.items() if any(both)},
        undated=undated,
        window=DateRange(first, last),
        as_of=as_of,
        fail_on=fail_on,
    )


def _name(pair: Pair) -> str:
    """Unambiguous whatever the names contain."""
    return json.dumps(pair)
