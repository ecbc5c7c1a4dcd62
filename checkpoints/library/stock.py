"""Expectations of the library's own: what one judges, and what a result of it says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from numbers import Real
from string import Template
from typing import Any

from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.exceptions.exceptions import ExpectationNotFoundError
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.registry import get_expectation_impl, get_renderer_impl

from checkpoints.coverage.results import CheckRecord
from checkpoints.library.results import RunEvidence, details_of, evaluation_of, raised, succeeded
from checkpoints.rules.rule import Evaluation, Outcome, not_evaluated
from checkpoints.rules.stock import StockKind

IN_WORDS = "renderer.prescriptive"
UNBOUNDED = ("unexpected_list", "unexpected_index_list", "unexpected_index_query")
"""What of a result is as long as its unexpected rows are many."""

ROW_BY_ROW = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)


def is_stock(expectation: Expectation) -> bool:
    """Whether an expectation is the library's own, and no rule of ours."""
    return not hasattr(expectation, "rule_class")


def class_of(config: ExpectationConfiguration) -> type[Expectation] | None:
    """The class of an expectation; None for one of somebody's own that is not imported here."""
    try:
        return get_expectation_impl(config.type)
    except ExpectationNotFoundError:
        return None


def kind_of(config: ExpectationConfiguration) -> StockKind:
    """What an expectation judges."""
    known = class_of(config)
    if known is None or not issubclass(known, ROW_BY_ROW):
        return "value"
    return "repairable_rows" if (config.meta or {}).get("repairable") else "rows"


def stock_record(
    config: ExpectationConfiguration, suite: str, result: ExpectationValidationResult | None = None
) -> CheckRecord:
    """An expectation of the library's own, and what a result says of it.

    Of a suite that was made by hand, no dataset of the contract is known.

    Raises:
        ValueError: the result says neither that it passed nor that it failed.
    """
    meta, kind = config.meta or {}, kind_of(config)
    found = stock_evaluation(result) if result else Evaluation(outcome=Outcome.NOT_EVALUATED)
    mostly = config.kwargs.get("mostly", 1)
    rows = kind != "value"
    return CheckRecord(
        id=str(config.id),
        suite=suite,
        dataset=meta.get("dataset", suite),
        of=meta.get("of"),
        match=meta.get("match", "keys"),
        kind=config.type,
        severity=FailureSeverity(config.severity or "critical").value,
        threshold=mostly if rows and isinstance(mostly, int | float) else float(rows),
        outcome=found.outcome,
        observed=found.observed,
        matched=found.matched,
        expected=found.expected,
        unexpected_dates=found.unexpected_dates,
        message=found.message,
        stock=kind,
        about=meta.get("about", ""),
    )


def stock_evaluation(result: ExpectationValidationResult, days: Sequence[date] = ()) -> Evaluation:
    """What a result says; ``days`` are the dates of the rows that were judged, in their order.

    Raises:
        ValueError: it says neither that it passed nor that it failed.
    """
    found = result.result or {}
    if raised(result.exception_info) or "outcome" in (found.get("details") or {}):
        return evaluation_of(result.success, found, result.exception_info)
    if result.success is None:
        raise ValueError("it neither passed nor failed")
    outcome, observed = Outcome.of(result.success), found.get("observed_value")
    if "element_count" not in found:
        if isinstance(observed, Real) and not isinstance(observed, bool):
            return Evaluation(outcome=outcome, observed=float(observed))
        seen = "" if observed is None else f"observed: {observed}"
        return Evaluation(outcome=outcome, message=seen)
    rows = found["element_count"] - (found.get("missing_count") or 0)
    if not rows:
        return not_evaluated("no values in the window")
    matched = rows - found["unexpected_count"]
    positions = found.get("unexpected_index_list") if days and not result.success else None
    return Evaluation(
        outcome=outcome,
        observed=matched / rows,
        matched=matched,
        expected=rows,
        unexpected_dates=tuple(sorted({days[n] for n in positions or ()})),
    )


def settle(
    result: ExpectationValidationResult, evaluation: Evaluation, evidence: RunEvidence
) -> None:
    """Put into a result what is told of it, in place of the list of all its unexpected rows."""
    if evaluation.outcome is Outcome.ERRORED:
        return
    own = result.result or {}
    kept = {name: value for name, value in own.items() if name not in UNBOUNDED}
    details = details_of(evaluation, evidence) | {"observed": evaluation.observed}
    result.result = kept | {"details": (own.get("details") or {}) | details}
    result.success = succeeded(evaluation.outcome)


def sentence_of(config: ExpectationConfiguration) -> str:
    """What the library says that an expectation requires; else its arguments."""
    try:
        found: Any = get_renderer_impl(object_name=config.type, renderer_type=IN_WORDS)
        first, *_ = found[1](configuration=config)
        content = (first if isinstance(first, dict) else first.to_json_dict())["string_template"]
        return Template(content["template"]).safe_substitute(content["params"])
    except Exception:  # noqa: BLE001 (of whatever origin: its page is written all the same)
        given = (f"{k} {v}" for k, v in config.kwargs.items() if k != "batch_id")
        return ", ".join([config.type, *given])
