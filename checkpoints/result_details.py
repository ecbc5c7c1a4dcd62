"""How a judgement travels through the library's results: JSON values there and back. Pure.

``details`` of a result hold everything of an evaluation but its observed value; the library
limits lists of its own making to 200 entries, and leaves ``details`` as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from checkpoints.coverage import Cell, Status
from checkpoints.rules import Evaluation, Outcome
from checkpoints.window import ranges_of


def details_of(evaluation: Evaluation, cells: Iterable[Cell]) -> dict[str, Any]:
    """The details of a result; ``ranges`` are its unexpected dates merged over dates that count."""
    calendar = [cell.date for cell in cells if cell.status is not Status.OFF]
    return {
        "outcome": evaluation.outcome.value,
        "matched": evaluation.matched,
        "expected": evaluation.expected,
        "message": evaluation.message,
        "unexpected_dates": [day.isoformat() for day in evaluation.unexpected_dates],
        "ranges": [str(dates) for dates in ranges_of(evaluation.unexpected_dates, calendar)],
    }


def evaluation_of(
    success: bool | None, result: Mapping[str, Any], exception_info: Mapping[str, Any]
) -> Evaluation:
    """The evaluation in a result of the library; ERRORED when it raised.

    Raises:
        ValueError: the result holds no evaluation, or contradicts itself.
    """
    error = raised(exception_info)
    if error is not None:
        return Evaluation(outcome=Outcome.ERRORED, message=error)
    details = result.get("details")
    if not isinstance(details, Mapping):
        raise ValueError("it has neither an outcome nor an exception")
    evaluation = Evaluation(
        outcome=Outcome(details["outcome"]),
        observed=result.get("observed_value"),
        matched=details["matched"],
        expected=details["expected"],
        unexpected_dates=tuple(map(date.fromisoformat, details["unexpected_dates"])),
        message=details["message"],
    )
    if success is not succeeded(evaluation.outcome):
        raise ValueError(f"success is {success} but its outcome is {evaluation.outcome}")
    return evaluation


def succeeded(outcome: Outcome) -> bool:
    """What the library is told: not evaluated is not a failure."""
    return outcome in (Outcome.PASSED, Outcome.NOT_EVALUATED)


def raised(exception_info: Mapping[str, Any]) -> str | None:
    """The message of an exception, None when there was none.

    The library reports it flat when the expectation raised, and under the metric's id when the
    metric did.
    """
    reports = [exception_info]
    if "raised_exception" not in exception_info:
        reports = [report for report in exception_info.values() if isinstance(report, Mapping)]
    for report in reports:
        if report.get("raised_exception"):
            return str(report.get("exception_message") or "the library gave no message")
    return None
