"""Does every single date hold enough of the keys of the upstream?"""

from __future__ import annotations

from typing import ClassVar, Literal

from checkpoints.rules.evidence import Cell, PairEvidence
from checkpoints.rules.ratio import RatioRule
from checkpoints.rules.rule import Evaluation, Outcome
from checkpoints.text import dates


class DailyConversionRatio(RatioRule):
    """The same ratio on every single due date."""

    expectation: ClassVar[str] = "expect_daily_conversion_ratio_to_be_at_least"
    template: ClassVar[str] = (
        "on every due date, $dataset holds at least $limit of the $unit of $of"
    )

    rule: Literal["daily_conversion_ratio"]

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """The observed value is that of the worst date."""
        due = evidence.due
        counted = [cell for cell in due if cell.expected or cell.lost_above]
        if not counted:
            return self.judge_share(due)
        low = tuple(cell.date for cell in counted if _share(cell) < self.at_least)
        worst = min(counted, key=_share)
        return Evaluation(
            outcome=Outcome.of(not low),
            observed=_share(worst),
            matched=worst.matched,
            expected=worst.expected,
            unexpected_dates=low,
            message=f"{len(low)} of {dates(len(counted))} below the threshold",
        )


def _share(cell: Cell) -> float:
    return cell.matched / cell.expected if cell.expected else 0.0
