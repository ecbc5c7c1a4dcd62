"""Rules as pure functions of the coverage frame: the one place where a verdict is made.

``checkpoints check`` calls them directly, the Great Expectations plugin through the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from checkpoints.rules.evidence import Cell, Match, Status

Severity = Literal["critical", "warning", "info"]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Ratio = Annotated[float, Field(ge=0, le=1)]


class Model(BaseModel):
    """Frozen, and every unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Rule(Model):
    """What every rule has; ``of`` defaults to the dataset's upstream.

    ``dataset`` says which dataset is judged, where the rule does not stand under one.
    """

    dataset: Name | None = None
    severity: Severity = "critical"
    of: Name | None = None
    match: Match | None = None


class ConversionRatio(Rule):
    """Matched keys ÷ keys of ``of``, over the due dates of the window."""

    rule: Literal["conversion_ratio"]
    at_least: Ratio


class DailyConversionRatio(Rule):
    """The same ratio on every single due date."""

    rule: Literal["daily_conversion_ratio"]
    at_least: Ratio


class RecentCoverage(Rule):
    """The same ratio over the ``last_days`` calendar days that end on the latest due date."""

    rule: Literal["recent_coverage"]
    at_least: Ratio
    last_days: Annotated[int, Field(ge=1, le=366)]


class DateGap(Rule):
    """The longest run of due dates without a matched key, in calendar days."""

    rule: Literal["date_gap"]
    at_most_days: Annotated[int, Field(ge=0)]


class NoOrphanKeys(Rule):
    """No key that the upstream lacks on that date."""

    rule: Literal["no_orphan_keys"]


class NoNullKeys(Rule):
    """No row with NULL in a key column or in the date column."""

    rule: Literal["no_null_keys"]


AnyRule = Annotated[
    ConversionRatio | DailyConversionRatio | RecentCoverage | DateGap | NoOrphanKeys | NoNullKeys,
    Field(discriminator="rule"),
]


class Outcome(StrEnum):
    """How a check ends."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    ERRORED = "ERRORED"
    NOT_EVALUATED = "NOT_EVALUATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a rule found.

    ``observed`` is in the unit of the threshold (None: nothing was due). ``matched`` and
    ``expected`` are the figures behind a ratio. ``unexpected_dates`` are all of them, in order.
    """

    outcome: Outcome
    observed: float | None = None
    matched: int | None = None
    expected: int | None = None
    unexpected_dates: tuple[date, ...] = ()
    message: str = ""


def evaluate_rule(rule: AnyRule, cells: Sequence[Cell], undated: int = 0) -> Evaluation:
    """Judge one rule on the cells of one pair, oldest first.

    ``undated`` is the number of keys whose rows have no date.
    """
    due = [cell for cell in cells if cell.status is Status.DUE]
    match rule:
        case ConversionRatio():
            return _ratio(due, rule.at_least)
        case RecentCoverage():
            return _ratio(recent(due, rule.last_days), rule.at_least)
        case DailyConversionRatio():
            return _daily_ratio(due, rule.at_least)
        case DateGap():
            return _gap(due, rule.at_most_days)
        case NoOrphanKeys():
            return _orphans(cells)
        case NoNullKeys():
            return _nulls(cells, undated)


def recent(due: Sequence[Cell], days: int) -> list[Cell]:
    """Due cells among the ``days`` calendar days that end on the latest due date."""
    if not due:
        return []
    first = due[-1].date - timedelta(days=days - 1)
    return [cell for cell in due if cell.date >= first]


def _decide(passed: bool) -> Outcome:
    return Outcome.PASSED if passed else Outcome.FAILED


def _ratio(due: Sequence[Cell], at_least: float) -> Evaluation:
    expected, matched = sum(c.expected for c in due), sum(c.matched for c in due)
    if not expected:
        return Evaluation(outcome=Outcome.NOT_EVALUATED, message="nothing was due")
    return Evaluation(
        outcome=_decide(matched / expected >= at_least),
        observed=matched / expected,
        matched=matched,
        expected=expected,
        unexpected_dates=tuple(c.date for c in due if c.missing),
    )


def _daily_ratio(due: Sequence[Cell], at_least: float) -> Evaluation:
    counted = [c for c in due if c.expected]
    if not counted:
        return Evaluation(outcome=Outcome.NOT_EVALUATED, message="nothing was due")
    low = [c for c in counted if c.matched / c.expected < at_least]
    worst = min(counted, key=lambda c: c.matched / c.expected)
    return Evaluation(
        outcome=_decide(not low),
        observed=worst.matched / worst.expected,
        matched=worst.matched,
        expected=worst.expected,
        unexpected_dates=tuple(c.date for c in low),
        message=f"{len(low)} of {len(counted)} dates below the threshold",
    )


def gaps(due: Sequence[Cell]) -> list[list[date]]:
    """Runs of consecutive due dates without a matched key."""
    runs = groupby(due, key=lambda c: c.matched == 0)
    return [[c.date for c in run] for is_gap, run in runs if is_gap]


def _gap(due: Sequence[Cell], at_most_days: int) -> Evaluation:
    if not due:
        return Evaluation(outcome=Outcome.NOT_EVALUATED, message="nothing was due")
    lengths = [((run[-1] - run[0]).days + 1, run) for run in gaps(due)]
    long = [run for length, run in lengths if length > at_most_days]
    return Evaluation(
        outcome=_decide(not long),
        observed=max((length for length, _ in lengths), default=0),
        unexpected_dates=tuple(day for run in long for day in run),
        message=f"{len(long)} gaps longer than {at_most_days} days" if long else "",
    )


def _orphans(cells: Sequence[Cell]) -> Evaluation:
    if not any(c.present for c in cells):
        return Evaluation(outcome=Outcome.NOT_EVALUATED, message="no keys in the window")
    orphans = sum(c.orphans for c in cells)
    return Evaluation(
        outcome=_decide(not orphans),
        observed=orphans,
        unexpected_dates=tuple(c.date for c in cells if c.orphans),
    )


def _nulls(cells: Sequence[Cell], undated: int) -> Evaluation:
    dates = tuple(c.date for c in cells if c.null_keys)
    if not (dates or undated or any(c.present for c in cells)):
        return Evaluation(outcome=Outcome.NOT_EVALUATED, message="no rows in the window")
    return Evaluation(
        outcome=_decide(not (dates or undated)),
        observed=len(dates) + undated,
        unexpected_dates=dates,
        message=f"{undated} keys without a date" if undated else "",
    )
