"""How the outputs tell of expectations that Great Expectations has of its own.

They are judged by the library on the rows of a dataset, and no rule of ours on keys: these classes
have the words of a rule, are never made, and have no name in the contract.
"""

from __future__ import annotations

from abc import ABC
from typing import ClassVar, Literal

from checkpoints.rules.evidence import Cell
from checkpoints.rules.ratio import RatioRule
from checkpoints.rules.rule import Rule

StockKind = Literal["value", "rows", "repairable_rows"]
"""What an expectation judges: one value of all rows, or every row."""


class StockValue(Rule, ABC):
    """A value of all rows: a mean, the number of rows, the columns there are."""

    compares: ClassVar[bool] = False
    tells_missing: ClassVar[bool] = False
    needs_due_dates: ClassVar[bool] = False
    repairable: ClassVar[bool] = False
    excusable: ClassVar[bool] = False
    fix: ClassVar[str] = "the rows do not meet an expectation: correct them where they are made"

    @classmethod
    def quantity(cls, value: float) -> str:
        """``3.25``."""
        return f"{value:.6g}"

    @classmethod
    def limit(cls, threshold: float) -> str:  # noqa: ARG003 (it has none of one number)
        """``as declared``."""
        return "as declared"


class StockRows(RatioRule, ABC):
    """The share of the rows that are as expected."""

    compares: ClassVar[bool] = False
    tells_missing: ClassVar[bool] = False
    needs_due_dates: ClassVar[bool] = False
    repairable: ClassVar[bool] = False
    excusable: ClassVar[bool] = False
    fix: ClassVar[str] = StockValue.fix

    @classmethod
    def on_date(cls, cell: Cell) -> str:
        """``3 of 20 rows``: those that are not as expected."""
        return f"{cell.missing} of {cell.expected} rows"


class RepairableStockRows(StockRows, ABC):
    """The same, where the contract says that a backfill repairs it."""

    repairable: ClassVar[bool] = True


STOCK: dict[StockKind, type[Rule]] = {
    "value": StockValue,  # type: ignore[type-abstract]  # only what a class says is used
    "rows": StockRows,  # type: ignore[type-abstract]
    "repairable_rows": RepairableStockRows,  # type: ignore[type-abstract]
}
