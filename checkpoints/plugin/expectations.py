"""The one metric, the evidence of a compared pair, and an expectation for every rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from checkpoints.contract.checks import Check
from checkpoints.library.results import RunEvidence, details_of, succeeded
from checkpoints.library.suites import suite_of
from checkpoints.library.table import evidence_of
from checkpoints.rules.evidence import Pair
from checkpoints.rules.rule import Rule

PAIR_EVIDENCE = "cross_layer.pair_evidence"


class PairEvidenceMetric(TableMetricProvider):
    """The cells of a pair, oldest first, and what lies behind them.

    Raises ``UnreadablePair`` where its dataset cannot be read, so that the library reports an
    exception and not a failure.
    """

    metric_name = PAIR_EVIDENCE
    value_keys = (*Pair._fields, "window")

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> RunEvidence:
        table, *_rest = execution_engine.get_compute_domain(
            metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )
        given = dict(metric_value_kwargs)
        part, by = given.pop("window") or "", tuple(given.pop("by", None) or ())
        return evidence_of(table, Pair(**given, by=by), part)


class CrossLayerExpectation(BatchExpectation):
    """A rule about a dataset and the one it is compared with.

    Not evaluated counts as a success for the library; ``details.outcome`` tells them apart.
    """

    rule_class: ClassVar[type[Rule]]

    dataset: str
    of: str | None = None
    match: Literal["keys", "count"] = "keys"
    by: tuple[str, ...] = ()
    window: str = ""

    metric_dependencies = (PAIR_EVIDENCE,)

    def rule(self) -> Rule:
        """The rule with this expectation's parameters."""
        named = ((name, getattr(self, name)) for name in self.rule_class.parameter_names())
        given = {name: value for name, value in named if value is not None}
        given |= {"rule": self.rule_class.kind(), "severity": FailureSeverity(self.severity).value}
        return self.rule_class.model_validate(given)

    def check(self, suite: str) -> Check:
        """The check that this expectation stands for, in the suite it is read from."""
        pair = Pair(self.dataset, self.of, self.match, tuple(self.by))
        return Check(suite=suite_of(suite), rule=self.rule(), pair=pair, window=self.window)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002
        execution_engine: ExecutionEngine[Any] | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        evidence, rule = metrics[PAIR_EVIDENCE], self.rule()
        evidence.refuse(rule)
        evaluation = rule.judge(evidence)
        return {
            "success": succeeded(evaluation.outcome),
            "result": {
                "observed_value": evaluation.observed,
                "details": details_of(evaluation, evidence, rule),
            },
        }


def expectations_of(rules: Iterable[type[Rule]]) -> dict[str, type[CrossLayerExpectation]]:
    """A class for each rule, by its name; defining one registers it with the library."""
    return {(made := _expectation(rule)).__name__: made for rule in rules}


def _expectation(rule: type[Rule]) -> type[CrossLayerExpectation]:
    """The library derives an expectation's type from the name of its class.

    It would read 1 as true and "5" as 5 where a parameter may be any of them: the rule reads it.
    """
    name = "".join(word.capitalize() for word in rule.expectation.split("_"))
    parameters = rule.parameter_names()
    members = {
        "__module__": __name__,
        "__doc__": rule.__doc__,
        "__annotations__": dict.fromkeys(parameters, Any),
        "rule_class": rule,
        "success_keys": (*Pair._fields, "window", *parameters),
    }
    return type(name, (CrossLayerExpectation,), members)
