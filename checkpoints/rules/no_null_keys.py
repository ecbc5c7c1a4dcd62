"""Are there rows without a date or a key?"""

from __future__ import annotations

from typing import ClassVar, Literal

from checkpoints.rules.evidence import Cell, PairEvidence
from checkpoints.rules.rule import CountRule, Evaluation, Outcome, not_evaluated


class NoNullKeys(CountRule):
    """No row with NULL or blank text in a key column, or with a date that cannot be read."""

    expectation: ClassVar[str] = "expect_no_null_keys"
    template: ClassVar[str] = (
        "no row of $dataset has a NULL or unreadable date, or a NULL or blank key"
    )
    compares: ClassVar[bool] = False
    fix: ClassVar[str] = "rows without a date or a key: a backfill does not remove them"
    noun: ClassVar[tuple[str, str]] = (
        "row without a key or a readable date",
        "rows without a key or a readable date",
    )

    rule: Literal["no_null_keys"]

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """Rows on every date of the window, due or not, and rows without a date."""
        dates = tuple(cell.date for cell in evidence.cells if cell.null_keys)
        undated = evidence.undated
        if not (dates or undated or any(cell.present for cell in evidence.cells)):
            return not_evaluated("no rows in the window")
        return Evaluation(
            outcome=Outcome.of(not (dates or undated)),
            observed=sum(cell.null_keys for cell in evidence.cells) + undated,
            unexpected_dates=dates,
            message=f"{_rows(undated)} without a date that can be read" if undated else "",
        )

    @classmethod
    def quantity(cls, value: float) -> str:
        """``1,000 rows without a key or a readable date``."""
        return f"{value:,.0f} {cls.noun[0] if value == 1 else cls.noun[1]}"

    @classmethod
    def on_date(cls, cell: Cell) -> str:
        """``2 rows without a key``."""
        return f"{_rows(cell.null_keys)} without a key"


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"
