"""How an expectation and its result read on a Data Docs page.

Names and messages go in as parameters, which the library escapes; templates are never built
from them.
"""

from __future__ import annotations

from typing import Any

from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.render.components import (
    LegacyDiagnosticRendererType,
    LegacyRendererType,
    RenderedStringTemplateContent,
)
from great_expectations.render.renderer.renderer import renderer

from checkpoints.report import check_record
from checkpoints.result_details import evaluation_of
from checkpoints.rules import Evaluation, Outcome
from checkpoints.sentences import template, values
from checkpoints.wording import figure, limit

NAME = {"classes": ["badge", "badge-secondary"]}
ICONS = {
    Outcome.PASSED: ("✅", "fa-check-circle text-success"),
    Outcome.FAILED: ("❌", "fa-times text-danger"),
    Outcome.ERRORED: ("❗", "fa-exclamation-triangle text-warning"),
    Outcome.NOT_EVALUATED: ("⏸", "fa-minus-circle text-muted"),
}
RANGES_SHOWN = 40


def text(
    words: str, params: dict[str, str], tag: str = "span", styling: dict[str, Any] | None = None
) -> RenderedStringTemplateContent:
    """A piece of a page: a template of ours and its escaped parameters."""
    return RenderedStringTemplateContent(
        content_block_type="string_template",
        string_template={"template": words, "params": params, "tag": tag, "styling": styling or {}},
    )


def judged(result: ExpectationValidationResult) -> Evaluation:
    """The evaluation in a result."""
    return evaluation_of(result.success, result.result, result.exception_info)


def figures(result: ExpectationValidationResult) -> tuple[str, str]:
    """What was observed, and the threshold."""
    expectation: Any = result.expectation
    record = check_record(expectation.check(), judged(result))
    return figure(record), limit(record)


class CrossLayerRendering:
    """The renderers that the library looks up on an expectation class."""

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(
        cls, configuration: ExpectationConfiguration | None = None, **_: Any
    ) -> list[RenderedStringTemplateContent]:
        if configuration is None:
            return []
        expectation: Any = configuration.to_domain_obj()
        check = expectation.check()
        params = values(check, by_date=bool((configuration.meta or {}).get("by_date")))
        params["severity"] = FailureSeverity(configuration.severity).value
        return [
            text(
                f"{template(check)} ($severity)",
                params,
                styling={"params": {"dataset": NAME, "of": NAME}},
            )
        ]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.STATUS_ICON)
    def _diagnostic_status_icon_renderer(
        cls, result: ExpectationValidationResult, **_: Any
    ) -> RenderedStringTemplateContent:
        outcome = judged(result).outcome
        mark, classes = ICONS[outcome]
        content = text(
            "$icon $outcome",
            {"icon": "", "outcome": outcome.replace("_", " "), "markdown_status_icon": mark},
            styling={"params": {"icon": {"classes": ["fas", *classes.split()], "tag": "i"}}},
        )
        if result.success:  # the page's "show failures only" button hides these
            content.styling = {"parent": {"classes": ["hide-succeeded-validation-target-child"]}}
        return content

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)
    def _diagnostic_observed_value_renderer(
        cls, result: ExpectationValidationResult, **_: Any
    ) -> RenderedStringTemplateContent:
        evaluation = judged(result)
        if evaluation.outcome is Outcome.NOT_EVALUATED:
            return text("$why", {"why": evaluation.message}, tag="em")
        if evaluation.outcome is Outcome.ERRORED:
            return text("–", {})
        observed, threshold = figures(result)
        words = "$observed\nneeded $threshold"
        params = {"observed": observed, "threshold": threshold}
        if evaluation.expected is not None:
            words = "$observed\n$behind\nneeded $threshold"
            params["behind"] = f"{evaluation.matched} of {evaluation.expected}"
        return text(words, params, styling={"params": {"observed": {"tag": "strong"}}})

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_STATEMENT)
    def _diagnostic_unexpected_statement_renderer(
        cls, result: ExpectationValidationResult, **_: Any
    ) -> list[RenderedStringTemplateContent]:
        evaluation = judged(result)
        if evaluation.outcome is Outcome.ERRORED:
            return [text("could not be evaluated: $why", {"why": evaluation.message}, tag="p")]
        dates = _all_dates(evaluation) if len(evaluation.unexpected_dates) > 1 else []
        return [*_summary(result, evaluation), *dates]


def _summary(
    result: ExpectationValidationResult, evaluation: Evaluation
) -> list[RenderedStringTemplateContent]:
    """The figures and the ranges of a failed expectation."""
    if evaluation.outcome is not Outcome.FAILED:
        return []
    observed, threshold = figures(result)
    ranges, dates = result.result["details"]["ranges"], len(evaluation.unexpected_dates)
    more = f" … and {len(ranges) - RANGES_SHOWN} more" if len(ranges) > RANGES_SHOWN else ""
    params = {
        "observed": observed,
        "threshold": threshold,
        "message": f" ({evaluation.message})" if evaluation.message else "",
        "dates": f"{dates} date{'' if dates == 1 else 's'}",
        "ranges": ", ".join(ranges[:RANGES_SHOWN]) + more,
    }
    words = "observed $observed, needed $threshold$message"
    if ranges:
        words += "\n$dates: $ranges"
    return [text(words, params, tag="p", styling={"classes": ["mt-2", "mb-1"]})]


def _all_dates(evaluation: Evaluation) -> list[RenderedStringTemplateContent]:
    """Every unexpected date, folded without any script."""
    dates = [day.isoformat() for day in evaluation.unexpected_dates]
    params = {"count": str(len(dates)), "dates": ", ".join(dates)}
    failed = evaluation.outcome is Outcome.FAILED
    title = "all $count dates" if failed else "passed, but $count dates lack keys"
    return [text(f"<summary>{title}</summary>$dates", params, tag="details")]
