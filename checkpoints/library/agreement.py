"""Does a report say what Great Expectations stored for the same run?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from checkpoints.archive.report import Report
from checkpoints.coverage.results import CheckRecord
from checkpoints.library.results import evaluation_of
from checkpoints.rules.rule import Evaluation


def disagreements(report: Report, results: Sequence[Path]) -> Iterator[str]:
    """Every check whose stored result is lost, unreadable or says otherwise, as sentences."""
    stored: dict[str, dict[str, Any]] = {}
    for path in results:
        try:
            for result in json.loads(path.read_bytes())["results"]:
                stored[result["expectation_config"]["id"]] = result
        except (OSError, ValueError, KeyError, TypeError):
            yield f"{path}: is not a validation result: restore it, or run the checkpoint again"
    for check in report.checks:
        if problem := _disagreement(check, stored.get(check.id)):
            yield (
                f"{check.kind} of {check.dataset!r} in suite {check.suite!r}: {problem}: "
                "run the checkpoint again"
            )


def _disagreement(check: CheckRecord, result: dict[str, Any] | None) -> str:
    if result is None:
        return "its validation result is not in uncommitted/validations"
    try:
        found = evaluation_of(result["success"], result["result"], result["exception_info"])
    except (ValueError, KeyError, TypeError) as error:
        return f"its validation result cannot be read ({error})"
    if _reported(check) == found:
        return ""
    return f"the report says {check.outcome}, its validation result {found.outcome}" + (
        "" if check.outcome is not found.outcome else " with other figures"
    )


def _reported(check: CheckRecord) -> Evaluation:
    return Evaluation(
        outcome=check.outcome,
        observed=check.observed,
        matched=check.matched,
        expected=check.expected,
        unexpected_dates=check.unexpected_dates,
        message=check.message,
    )
