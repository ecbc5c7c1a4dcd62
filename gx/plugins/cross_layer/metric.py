"""The one metric: the evidence of a compared pair, read from the coverage table."""

from __future__ import annotations

from typing import Any

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from checkpoints.library.results import RunEvidence
from checkpoints.library.table import evidence_of
from checkpoints.rules.evidence import Pair

PAIR_EVIDENCE = "cross_layer.pair_evidence"


class PairEvidenceMetric(TableMetricProvider):
    """The cells of a pair, oldest first, and what lies behind them.

    Raises ``UnreadablePair`` where the pair could not be evaluated, so that the library reports
    an exception and not a failure.
    """

    metric_name = PAIR_EVIDENCE
    value_keys = Pair._fields

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
        return evidence_of(table, Pair(**metric_value_kwargs))
