"""What is measured, and how often: the sizes, and the shape of a made-up warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Size(StrEnum):
    """How much is measured: tiny for tests, small for a look, full for the record."""

    TINY = "tiny"
    SMALL = "small"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Tables of about ``rows`` rows each: ``dates`` × keys × ``rows_per_key``."""

    tables: int
    rows: int
    dates: int = 1000
    rows_per_key: int = 20

    @property
    def keys(self) -> int:
        """Keys on each date."""
        return max(1, self.rows // (self.dates * self.rows_per_key))

    @property
    def name(self) -> str:
        """``8 × 10 M``, with what is unusual about it."""
        keyed = "" if self.rows_per_key == 20 else f", {self.rows_per_key} rows a key"
        dated = "" if self.dates == 1000 else f", {self.dates:,} dates"
        return f"{self.tables} × {short(self.rows)}{keyed}{dated}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A shape, in how many rounds, and how often in each."""

    shape: Shape
    rounds: int
    repeats: int


def short(number: int) -> str:
    """``10000000`` → ``10 M``."""
    for unit, name in ((1_000_000, " M"), (1_000, " k")):
        if number >= unit and number % unit == 0:
            return f"{number // unit}{name}"
    return f"{number:,}"


M = 1_000_000

EVIDENCE = {
    Size.TINY: (
        Measured(shape=Shape(tables=8, rows=8_000, dates=40), rounds=1, repeats=2),
        Measured(shape=Shape(tables=2, rows=8_000, dates=40), rounds=1, repeats=1),
    ),
    Size.SMALL: (Measured(shape=Shape(tables=8, rows=M), rounds=2, repeats=2),),
    Size.FULL: (
        Measured(shape=Shape(tables=8, rows=M), rounds=5, repeats=3),
        Measured(shape=Shape(tables=8, rows=M, rows_per_key=2), rounds=3, repeats=2),
        Measured(shape=Shape(tables=8, rows=10 * M), rounds=2, repeats=2),
        Measured(shape=Shape(tables=2, rows=100 * M), rounds=2, repeats=1),
    ),
}
"""Synthetic warehouses on which the evidence is measured; the schedule comes before them."""

COMMANDS = {
    Size.TINY: Shape(tables=8, rows=8_000, dates=40),
    Size.SMALL: Shape(tables=8, rows=M),
    Size.FULL: Shape(tables=8, rows=M),
}
"""The synthetic warehouse on which whole commands are measured."""

ROUNDS = {Size.TINY: 1, Size.SMALL: 2, Size.FULL: 3}
"""How often a whole command is run."""

ROWS_CURVE = {
    Size.TINY: (2_000, 8_000),
    Size.SMALL: (M // 10, M),
    Size.FULL: (M // 10, M, 10 * M, 100 * M),
}
"""Rows per table of two tables, at 1,000 dates."""

DATES_CURVE = {
    Size.TINY: (20, 40),
    Size.SMALL: (100, 1_000, 10_000),
    Size.FULL: (100, 1_000, 10_000, 50_000),
}
"""Dates, at a fixed number of rows."""

CALLS = {Size.TINY: (20, 200, 1_000), Size.SMALL: (100, 10_000, M), Size.FULL: (500, 10_000, M)}
"""Calls that are made, dates that are planned, rows of the ledger."""
