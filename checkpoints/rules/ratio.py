"""What rules about a share of keys have in common."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from checkpoints.rules.evidence import Cell, Tally
from checkpoints.rules.rule import Evaluation, Outcome, Rule, not_evaluated
from checkpoints.text import percent

Share = Annotated[float, Field(ge=0, le=1)]


class RatioRule(Rule, ABC):
    """A rule that requires at least a share of the keys."""

    is_ratio: ClassVar[bool] = True

    at_least: Share

    @property
    def threshold(self) -> float:
        """A share of 1."""
        return self.at_least

    @classmethod
    def quantity(cls, value: float) -> str:
        """``80.0 %``."""
        return percent(value)

    @classmethod
    def limit(cls, threshold: float) -> str:
        """``≥ 80 %``."""
        return f"≥ {_exactly(threshold)}"

    def limit_in_words(self) -> str:
        """``80 %``."""
        return _exactly(self.threshold)

    def judge_share(self, due: Sequence[Cell]) -> Evaluation:
        """Judge the keys of some due dates, all together."""
        tally = Tally.of(due)
        if tally.ratio is None:
            return not_evaluated()
        return Evaluation(
            outcome=Outcome.of(tally.ratio >= self.at_least),
            observed=tally.ratio,
            matched=tally.matched,
            expected=tally.expected,
            unexpected_dates=tally.lacking,
        )


def _exactly(threshold: float) -> str:
    return f"{threshold * 100:.6g} %"
