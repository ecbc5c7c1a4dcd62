"""One expectation per rule of the contract; each only says which rule it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metadata_types import FailureSeverity

from checkpoints.contract.checks import Check
from checkpoints.library.results import details_of, succeeded
from checkpoints.rules.evidence import Pair
from checkpoints.rules.rule import (
    AnyRule,
    ConversionRatio,
    DailyConversionRatio,
    DateGap,
    NoNullKeys,
    NoOrphanKeys,
    RecentCoverage,
    evaluate_rule,
)
from cross_layer.metric import PAIR_EVIDENCE


class CrossLayerExpectation(BatchExpectation, ABC):
    """A rule about a dataset and the one it is compared with, judged by ``evaluate_rule``.

    Not evaluated counts as a success for the library; ``details.outcome`` tells them apart.
    """

    dataset: str
    of: str | None = None
    match: Literal["keys", "count"] = "keys"

    metric_dependencies = (PAIR_EVIDENCE,)
    success_keys = (*Pair._fields, "at_least", "at_most_days", "last_days")

    @abstractmethod
    def rule(self) -> AnyRule:
        """The rule with this expectation's threshold."""

    def check(self, suite: str) -> Check:
        """The check that this expectation stands for, in the suite it is read from."""
        pair = Pair(self.dataset, self.of, self.match)
        rule = self.rule().model_copy(update={"severity": FailureSeverity(self.severity).value})
        return Check(suite=suite, dataset=self.dataset, of=self.of, rule=rule, pair=pair)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002
        execution_engine: ExecutionEngine[Any] | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        evidence = metrics[PAIR_EVIDENCE]
        evaluation = evaluate_rule(self.rule(), evidence.cells, evidence.undated)
        return {
            "success": succeeded(evaluation.outcome),
            "result": {
                "observed_value": evaluation.observed,
                "details": details_of(evaluation, evidence),
            },
        }


class ExpectConversionRatioToBeAtLeast(CrossLayerExpectation):
    """Matched keys ÷ keys of ``of``, over the due dates of the window."""

    at_least: float

    def rule(self) -> AnyRule:
        """``conversion_ratio``."""
        return ConversionRatio(rule="conversion_ratio", at_least=self.at_least)


class ExpectDailyConversionRatioToBeAtLeast(CrossLayerExpectation):
    """The same ratio on every single due date."""

    at_least: float

    def rule(self) -> AnyRule:
        """``daily_conversion_ratio``."""
        return DailyConversionRatio(rule="daily_conversion_ratio", at_least=self.at_least)


class ExpectRecentCoverageToBeAtLeast(CrossLayerExpectation):
    """The same ratio over the ``last_days`` calendar days that end on the latest due date."""

    at_least: float
    last_days: int

    def rule(self) -> AnyRule:
        """``recent_coverage``."""
        return RecentCoverage(
            rule="recent_coverage", at_least=self.at_least, last_days=self.last_days
        )


class ExpectDateGapToBeAtMost(CrossLayerExpectation):
    """The longest run of due dates without a matched key, in calendar days."""

    at_most_days: int

    def rule(self) -> AnyRule:
        """``date_gap``."""
        return DateGap(rule="date_gap", at_most_days=self.at_most_days)


class ExpectNoOrphanKeys(CrossLayerExpectation):
    """No key that the upstream lacks on that date."""

    def rule(self) -> AnyRule:
        """``no_orphan_keys``."""
        return NoOrphanKeys(rule="no_orphan_keys")


class ExpectNoNullKeys(CrossLayerExpectation):
    """No row with NULL in a key column or in the date column."""

    def rule(self) -> AnyRule:
        """``no_null_keys``."""
        return NoNullKeys(rule="no_null_keys")
