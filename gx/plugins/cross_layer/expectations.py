"""An expectation for every rule of the contract, generated from it; each only says which it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metadata_types import FailureSeverity

from checkpoints.contract.checks import Check
from checkpoints.library.results import details_of, succeeded
from checkpoints.rules.evidence import Pair
from checkpoints.rules.rule import Rule
from cross_layer.metric import PAIR_EVIDENCE


class CrossLayerExpectation(BatchExpectation):
    """A rule about a dataset and the one it is compared with.

    Not evaluated counts as a success for the library; ``details.outcome`` tells them apart.
    """

    rule_class: ClassVar[type[Rule]]

    dataset: str
    of: str | None = None
    match: Literal["keys", "count"] = "keys"

    metric_dependencies = (PAIR_EVIDENCE,)

    def rule(self) -> Rule:
        """The rule with this expectation's parameters."""
        given = {name: getattr(self, name) for name in self.rule_class.parameter_names()}
        given |= {"rule": self.rule_class.kind(), "severity": FailureSeverity(self.severity).value}
        return self.rule_class.model_validate(given)

    def check(self, suite: str) -> Check:
        """The check that this expectation stands for, in the suite it is read from."""
        return Check(suite=suite, rule=self.rule(), pair=Pair(self.dataset, self.of, self.match))

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002
        execution_engine: ExecutionEngine[Any] | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        evidence = metrics[PAIR_EVIDENCE]
        evaluation = self.rule().judge(evidence)
        return {
            "success": succeeded(evaluation.outcome),
            "result": {
                "observed_value": evaluation.observed,
                "details": details_of(evaluation, evidence),
            },
        }


def expectations_of(rules: Iterable[type[Rule]]) -> dict[str, type[CrossLayerExpectation]]:
    """A class for each rule, by its name; defining one registers it with the library."""
    return {(made := _expectation(rule)).__name__: made for rule in rules}


def _expectation(rule: type[Rule]) -> type[CrossLayerExpectation]:
    """The library derives an expectation's type from the name of its class."""
    name = "".join(word.capitalize() for word in rule.expectation.split("_"))
    parameters = rule.parameter_names()
    members = {
        "__module__": __name__,
        "__doc__": rule.__doc__,
        "__annotations__": {p: rule.model_fields[p].annotation for p in parameters},
        "rule_class": rule,
        "success_keys": (*Pair._fields, *parameters),
    }
    return type(name, (CrossLayerExpectation,), members)
