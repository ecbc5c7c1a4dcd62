"""Rules as pure functions of the coverage frame: the one place where a verdict is made.

``checkpoints check`` calls them directly, the Great Expectations plugin through the library.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby

from checkpoints.contract import (
    CROSS_LAYER,
    AnyRule,
    Contract,
    ConversionRatio,
    DailyConversionRatio,
    DateGap,
    NoNullKeys,
    NoOrphanKeys,
    RecentCoverage,
    Severity,
)
from checkpoints.coverage import Cell, CoverageFrame, Pair, Status

NAMESPACE = uuid.UUID("5b0bb2b2-52ee-5a0e-9a2c-6f7f8a3b1c11")


class Outcome(StrEnum):
    """How a check ends."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    ERRORED = "ERRORED"
    NOT_EVALUATED = "NOT_EVALUATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule applied to a dataset in a suite."""

    suite: str
    dataset: str
    of: str | None
    rule: AnyRule
    pair: Pair

    @property
    def kind(self) -> str:
        """The rule's name in the contract."""
        return self.rule.rule

    @property
    def severity(self) -> Severity:
        """How much a failure weighs."""
        return self.rule.severity

    @property
    def id(self) -> str:
        """A stable UUID: it changes with what is checked, not with the threshold."""
        parts = (self.suite, self.kind, *map(str, self.pair), self.severity)
        return str(uuid.uuid5(NAMESPACE, "\x1f".join(parts)))

    @property
    def threshold(self) -> float:
        """A ratio for ratios, days for gaps, 0 for orphans and null keys."""
        match self.rule:
            case ConversionRatio() | DailyConversionRatio() | RecentCoverage():
                return self.rule.at_least
            case DateGap():
                return self.rule.at_most_days
            case NoOrphanKeys() | NoNullKeys():
                return 0


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


def checks_of(contract: Contract, suites: Sequence[str] | None = None) -> tuple[Check, ...]:
    """Every check the contract declares, suite by suite in layer order (or those of ``suites``)."""
    declared = [
        *(
            _check(contract, dataset.layer, name, rule)
            for name, dataset in contract.datasets.items()
            for rule in (*dataset.rules, *_rules_for_keyed(contract, name))
        ),
        *(
            _check(contract, CROSS_LAYER, rule.dataset, rule)
            for rule in contract.cross_layer
            if rule.dataset
        ),
    ]
    order = [*contract.layers, CROSS_LAYER]
    return tuple(
        check
        for suite in order
        if suites is None or suite in suites
        for check in declared
        if check.suite == suite
    )


def _rules_for_keyed(contract: Contract, name: str) -> list[AnyRule]:
    if contract.is_date_grain(name):
        return []
    compared = name != contract.reference
    return [r for r in contract.rules_for_keyed if compared or isinstance(r, NoNullKeys)]


def _check(contract: Contract, suite: str, name: str, rule: AnyRule) -> Check:
    dataset = contract.datasets[name]
    of = rule.of or dataset.upstream
    match = rule.match or (dataset.match if of == dataset.upstream else "keys")
    return Check(suite=suite, dataset=name, of=of, rule=rule, pair=Pair(name, of, match))


def upstream_pair(contract: Contract, name: str) -> Pair:
    """A dataset against its declared upstream."""
    dataset = contract.datasets[name]
    return Pair(name, dataset.upstream, dataset.match)


def coverage_pair(contract: Contract, name: str) -> Pair:
    """What a dataset's coverage is measured by: its first ratio rule, else its upstream.

    Comparing only with the layer above would hide what both lost.
    """
    rules = contract.datasets[name].rules
    ratios = (rule for rule in rules if isinstance(rule, ConversionRatio))
    compared = (_check(contract, contract.datasets[name].layer, name, r).pair for r in ratios)
    return next(compared, upstream_pair(contract, name))


def pairs_of(contract: Contract) -> tuple[Pair, ...]:
    """Every pair that a check or a coverage table needs: declared upstreams come first."""
    declared = [upstream_pair(contract, name) for name in contract.names]
    return tuple(dict.fromkeys([*declared, *(check.pair for check in checks_of(contract))]))


def evaluate(check: Check, frame: CoverageFrame) -> Evaluation:
    """Judge one check on a frame that holds its pair."""
    if problem := obstacle(check, frame):
        return Evaluation(outcome=Outcome.ERRORED, message=problem)
    return evaluate_rule(
        check.rule, frame.cells[check.pair], undated=frame.undated.get(check.dataset, 0)
    )


def obstacle(check: Check, frame: CoverageFrame) -> str:
    """Why the check cannot be evaluated; empty when it can."""
    needed = (check.dataset, check.of or check.dataset, frame.reference)
    return next((frame.unreadable[name] for name in needed if name in frame.unreadable), "")


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
