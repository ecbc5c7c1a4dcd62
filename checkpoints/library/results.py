"""How a judgement travels through the library's results: JSON values there and back. Pure.

``details`` of a result hold everything of an evaluation but its observed value, and the evidence
that a page of it shows; the library limits lists of its own making to 200 entries, and leaves
``details`` as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from checkpoints.archive.report import Report
from checkpoints.coverage.results import CheckRecord
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import UnreadablePair
from checkpoints.rules.evidence import Cell, Keys, PairEvidence, SampledKeys, Status
from checkpoints.rules.facts import RowsOfDate
from checkpoints.rules.rule import Evaluation, Outcome, Rule, Severity

KEYED_DATES = 5
"""The latest dates of a check whose keys are kept: a few show what is wrong."""


NAMELESS = "", ""
"""The pipeline in results that were stored before they named it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvidence(PairEvidence):
    """The evidence of a pair in a run: failures lighter than ``fail_on`` do not fail it.

    ``contract_option`` is what a command on the run's contract needs besides; ``error`` is why its
    two datasets cannot be compared. ``pipeline`` is its name and its environment.
    """

    fail_on: Severity
    contract_option: str = ""
    pipeline: tuple[str, str] = NAMELESS
    error: str = ""

    def refuse(self, rule: Rule) -> None:
        """Refuse a rule that needs more than the dataset, where that cannot be read or compared.

        Raises:
            UnreadablePair: with the reason; the library reports an exception and not a failure.
        """
        if self.error and not rule.stands_alone():
            raise UnreadablePair(self.error)


class KeysOfDate(NamedTuple):
    """Samples of the keys behind one unexpected date."""

    day: date
    missing: Keys
    orphans: Keys
    broken: Keys = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultEvidence:
    """What a result holds for its page: window, as-of date, and the cells of its unexpected dates.

    ``ranges`` are the dates merged over the dates that count; ``fail_on`` is the run's, and
    "critical" in results that were stored before it was. ``told`` is what the rule says of the rows
    of each unexpected date; empty where it says nothing.
    """

    window: DateRange
    as_of: date
    fail_on: Severity
    contract_option: str
    pipeline: tuple[str, str]
    ranges: tuple[DateRange, ...]
    cells: tuple[Cell, ...]
    told: tuple[str, ...]
    keys: tuple[KeysOfDate, ...]


def details_of(
    evaluation: Evaluation, evidence: RunEvidence, rule: Rule | None = None
) -> dict[str, Any]:
    """The details of a result, of a rule of ours if it is given."""
    dates = evaluation.unexpected_dates
    cells = {cell.date: cell for cell in evidence.cells}
    calendar = [cell.date for cell in evidence.cells if cell.status is not Status.OFF]
    keys = {day: _keys(evidence.samples[day], rule) for day in dates if day in evidence.samples}
    keyed = [day for day, found in keys.items() if any(found)][-KEYED_DATES:]
    return {
        "outcome": evaluation.outcome.value,
        "matched": evaluation.matched,
        "expected": evaluation.expected,
        "message": evaluation.message,
        "unexpected_dates": [str(day) for day in dates],
        "window": [str(evidence.window.first), str(evidence.window.last)],
        "as_of": str(evidence.as_of),
        "fail_on": evidence.fail_on,
        "contract_option": evidence.contract_option,
        "pipeline": list(evidence.pipeline),
        "ranges": [[str(run.first), str(run.last)] for run in ranges_of(dates, calendar)],
        "figures": [_figures(cells[day]) for day in dates],
        "told": [_told(rule, evidence.rows.get(day)) for day in dates],
        "keys": [[str(day), *keys[day]] for day in keyed],
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
        observed=details.get("observed", result.get("observed_value")),
        matched=details["matched"],
        expected=details["expected"],
        unexpected_dates=tuple(map(date.fromisoformat, details["unexpected_dates"])),
        message=details["message"],
    )
    if success is not succeeded(evaluation.outcome):
        raise ValueError(f"success is {success} but its outcome is {evaluation.outcome}")
    return evaluation


def result_evidence(result: Mapping[str, Any]) -> ResultEvidence | None:
    """The evidence in a result of the library; None where it raised, or is older than that."""
    details = result.get("details")
    if details is None or "figures" not in details:
        return None
    return ResultEvidence(
        window=_range(*details["window"]),
        as_of=date.fromisoformat(details["as_of"]),
        fail_on=details.get("fail_on", "critical"),
        contract_option=details.get("contract_option", ""),
        pipeline=tuple(details.get("pipeline", NAMELESS)),
        ranges=tuple(_range(*ends) for ends in details["ranges"]),
        cells=tuple(map(_cell, details["unexpected_dates"], details["figures"])),
        told=tuple(details.get("told", ())),
        keys=tuple(
            KeysOfDate(date.fromisoformat(day), *(tuple(map(tuple, keys)) for keys in both))
            for day, *both in details["keys"]
        ),
    )


def _told(rule: Rule | None, rows: RowsOfDate | None) -> str:
    return rule.told_of(rows) if rule and rows else ""


def _keys(found: SampledKeys, rule: Rule | None) -> tuple[Keys, ...]:
    """The keys behind a date: those that break the rule, or tell its datasets apart."""
    if rule and (broken := rule.broken_where()):
        return (), (), dict(found.true_of).get(broken, ())
    return found.missing, found.orphans


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


def _figures(cell: Cell) -> str:
    """As one text: the library copies every number of every list several times, which takes
    seconds for hundreds of checks."""
    return f"{cell.expected} {cell.matched} {cell.orphans} {cell.null_keys}"


def _cell(day: str, figures: str) -> Cell:
    expected, matched, orphans, nulls = map(int, figures.split())
    when = date.fromisoformat(day)
    return Cell(when, Status.DUE, expected, matched + orphans, matched, orphans, nulls)


def _range(first: str, last: str) -> DateRange:
    return DateRange(date.fromisoformat(first), date.fromisoformat(last))


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
                f"{check.name} of {check.dataset!r} in suite {check.suite!r}: {problem}: "
                "run the checkpoint again"
            )


def _disagreement(check: CheckRecord, result: dict[str, Any] | None) -> str:
    if result is None:
        return "its validation result is not in uncommitted/validations"
    try:
        found = evaluation_of(result["success"], result["result"], result["exception_info"])
    except (ValueError, KeyError, TypeError) as error:
        return f"its validation result cannot be read ({error})"
    if all(getattr(check, field.name) == getattr(found, field.name) for field in fields(found)):
        return ""
    other_figures = " with other figures" if check.outcome is found.outcome else ""
    return f"the report says {check.outcome}, its validation result {found.outcome}{other_figures}"
