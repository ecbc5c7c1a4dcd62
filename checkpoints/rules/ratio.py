"""What rules about a share of keys have in common."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from checkpoints.records import Number
from checkpoints.rules.evidence import Cell, Tally
from checkpoints.rules.rule import Evaluation, Outcome, Rule, not_evaluated
from checkpoints.text import percent

Share = Annotated[Number, Field(ge=0, le=1)]


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
        if not tally.due:
            return not_evaluated()
        # Keys that the upstream lost as well cannot be counted: their dates can.
        dates_above = (tally.due - tally.lost_above) / tally.due
        passed = tally.ratio is not None and min(tally.ratio, dates_above) >= self.at_least
        return Evaluation(
            outcome=Outcome.of(passed),
            observed=tally.ratio or 0.0,
            matched=tally.matched,
            expected=tally.expected,
            unexpected_dates=tally.lacking,
            message=_lost_above(tally) if tally.ratio is None or tally.lost_above else "",
        )


def _lost_above(tally: Tally) -> str:
    if not tally.lost_above:
        return "the upstream holds nothing on any due date"
    return f"{tally.lost_above} of {tally.due} due dates lost upstream too"


def _exactly(threshold: float) -> str:
    return f"{threshold * 100:.6g} %"
