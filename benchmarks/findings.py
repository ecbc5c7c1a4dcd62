"""What a rule finds in the figures of a pair, worked out as plainly as can be. Pure.

This is not the product's judgement: it is what that and the other tools are compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from checkpoints.contract.checks import Check
from checkpoints.contract.model import Contract
from checkpoints.rules.conversion_ratio import ConversionRatio
from checkpoints.rules.daily_conversion_ratio import DailyConversionRatio
from checkpoints.rules.date_gap import DateGap
from checkpoints.rules.no_null_keys import NoNullKeys
from checkpoints.rules.no_orphan_keys import NoOrphanKeys
from checkpoints.rules.recent_coverage import RecentCoverage


class DayFigures(NamedTuple):
    """Keys of the upstream, keys in both, keys only in the dataset."""

    expected: int
    matched: int
    orphans: int


class Finding(NamedTuple):
    """Whether a rule holds, and the dates on which it does not (None: not told)."""

    passed: bool
    dates: frozenset[date] | None


Figures = Mapping[date, DayFigures]


def warmups(contract: Contract, dataset: str) -> list[tuple[date, date]]:
    """First and last date of every warm-up of a dataset."""
    length = contract.datasets[dataset].warmup_days
    return [
        (season.first, season.first + timedelta(days=length - 1))
        for season in contract.seasons
        if length
    ]


def finding_of(contract: Contract, check: Check, figures: Figures) -> Finding:
    """What a rule finds; every date in ``figures`` with a key upstream is due but for warm-ups."""
    off = warmups(contract, check.dataset)
    due = {
        day: found
        for day, found in sorted(figures.items())
        if found.expected and not any(first <= day <= last for first, last in off)
    }
    match check.rule:
        case ConversionRatio(at_least=at_least):
            return _ratio(due, at_least)
        case RecentCoverage(at_least=at_least, last_days=days):
            first = max(due, default=date.min) - timedelta(days=days - 1)
            return _ratio({day: f for day, f in due.items() if day >= first}, at_least)
        case DailyConversionRatio(at_least=at_least):
            return _found(day for day, f in due.items() if f.matched < at_least * f.expected)
        case DateGap(at_most_days=at_most):
            return _found(_long_gaps(list(due.items()), at_most))
        case NoOrphanKeys():
            return _found(day for day, f in figures.items() if f.orphans)
        case NoNullKeys():
            return _found(())
    raise NotImplementedError(f"the truth about {check.kind} is not counted here")


def _found(dates: Iterable[date]) -> Finding:
    found = frozenset(dates)
    return Finding(not found, found)


def _ratio(due: Figures, at_least: float) -> Finding:
    expected = sum(f.expected for f in due.values())
    matched = sum(f.matched for f in due.values())
    lacking = frozenset(day for day, f in due.items() if f.matched < f.expected)
    return Finding(matched >= at_least * expected, lacking)


def _long_gaps(due: Sequence[tuple[date, DayFigures]], at_most: int) -> list[date]:
    long: list[date] = []
    run: list[date] = []
    for day, figures in [*due, (None, DayFigures(1, 1, 0))]:
        if day is not None and not figures.matched:
            run.append(day)
            continue
        if run and (run[-1] - run[0]).days + 1 > at_most:
            long += run
        run = []
    return long


def right(found: Mapping[str, Finding], truth: Mapping[str, Finding]) -> int:
    """How many rules have the verdict that is true."""
    return sum(check in found and found[check].passed == t.passed for check, t in truth.items())


def dates_right(found: Mapping[str, Finding], truth: Mapping[str, Finding]) -> int | None:
    """How many rules name exactly the dates that are true; None where none names any."""
    if not any(f.dates is not None for f in found.values()):
        return None
    return sum(check in found and found[check].dates == t.dates for check, t in truth.items())


def from_report(report: Mapping[str, Any]) -> dict[str, Finding]:
    """What the product's own report says of every check."""
    return {
        check["id"]: Finding(
            check["outcome"] == "PASSED",
            frozenset(map(date.fromisoformat, check["unexpected_dates"])),
        )
        for check in report["checks"]
    }
