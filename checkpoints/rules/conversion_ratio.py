"""Does the window hold enough of the keys of the upstream?"""

from __future__ import annotations

from typing import ClassVar, Literal

from checkpoints.rules.evidence import PairEvidence
from checkpoints.rules.ratio import RatioRule
from checkpoints.rules.rule import Evaluation


class ConversionRatio(RatioRule):
    """Matched keys ÷ keys of ``of``, over the due dates of the window."""

    expectation: ClassVar[str] = "expect_conversion_ratio_to_be_at_least"
    template: ClassVar[str] = "$dataset holds at least $limit of the $unit of $of"
    measures_coverage: ClassVar[bool] = True

    rule: Literal["conversion_ratio"]

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """Over all due dates; the unexpected ones are those that lack keys."""
        return self.judge_share(evidence.due)
