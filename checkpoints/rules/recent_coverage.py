"""Do the latest dates hold enough of the keys of the upstream?"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkpoints.records import Whole
from checkpoints.rules.evidence import PairEvidence
from checkpoints.rules.ratio import RatioRule
from checkpoints.rules.rule import Evaluation


class RecentCoverage(RatioRule):
    """The same ratio over the ``last_days`` calendar days that end on the latest due date."""

    expectation: ClassVar[str] = "expect_recent_coverage_to_be_at_least"
    template: ClassVar[str] = (
        "over the last $last_days days, $dataset holds at least $limit of the $unit of $of"
    )

    rule: Literal["recent_coverage"]
    last_days: Annotated[Whole, Field(ge=1, le=366)]

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """Dates before that do not count."""
        due = evidence.due
        first = due[-1].date - timedelta(days=self.last_days - 1) if due else evidence.as_of
        return self.judge_share([cell for cell in due if cell.date >= first])
