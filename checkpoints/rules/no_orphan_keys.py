"""Does the dataset hold keys that do not belong?"""

from __future__ import annotations

from typing import ClassVar, Literal

from checkpoints.rules.evidence import Cell, PairEvidence
from checkpoints.rules.rule import CountRule, Evaluation, Outcome, not_evaluated


class NoOrphanKeys(CountRule):
    """No key that the upstream lacks on that date."""

    expectation: ClassVar[str] = "expect_no_orphan_keys"
    template: ClassVar[str] = "every key of $dataset is in $of on that date"
    fix: ClassVar[str] = "keys that the upstream lacks: a backfill does not remove them"
    goes_with_upstream: ClassVar[bool] = True
    noun: ClassVar[tuple[str, str]] = ("orphan", "orphans")

    rule: Literal["no_orphan_keys"]

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """On every date of the window, due or not."""
        if not any(cell.present for cell in evidence.cells):
            return not_evaluated("no keys in the window")
        orphans = sum(cell.orphans for cell in evidence.cells)
        return Evaluation(
            outcome=Outcome.of(not orphans),
            observed=orphans,
            unexpected_dates=tuple(cell.date for cell in evidence.cells if cell.orphans),
        )

    @classmethod
    def on_date(cls, cell: Cell) -> str:
        """``2 orphans``."""
        return cls.quantity(cell.orphans)
