"""To be described."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from checkpoints.contract.checks import Check
from checkpoints.contract.model import Contract
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.errors import ExitCode
from checkpoints.records import Record
from checkpoints.rules.evidence import Match, Pair, Status
from checkpoints.rules.rule import (
    Evaluation,
    Outcome,
    Severity,
    evaluate_rule,
)
from checkpoints.text import percent

CalendarDate = date  # inside a NamedTuple with a field `date`, that name is the field


class CheckRecord(Record):
    """One check and what it found; ``observed`` and ``threshold`` are ratios, days or counts."""

    id: str
    suite: str
    dataset: str
    of: str | None
    match: Match
    kind: str
    severity: Severity
    threshold: float
    outcome: Outcome
    observed: float | None
    matched: int | None
    expected: int | None
    unexpected_dates: tuple[date, ...]
    message: str


class Day(NamedTuple):
    """One date of a dataset against another; a JSON list in this order."""

    date: CalendarDate
    status: Status
    expected: int
    present: int
    matched: int
    orphans: int
    null_keys: int

    @property
    def missing(self) -> int:
        """Keys of the upstream that the dataset lacks."""
        return self.expected - self.matched


class DatasetRecord(Record):
    """A dataset against another, date by date; dates that are off and hold nothing are left out.

    ``by_date``: the dataset has no key, but one batch per date.
    """

    name: str
    layer: str
    of: str | None
    match: Match
    by_date: bool
    days: tuple[Day, ...]


class KeySample(Record):
    """Keys behind a partial or orphan date, at most 20 of each kind; a key is its columns."""

    dataset: str
    of: str
    date: date
    missing: tuple[tuple[str, ...], ...]
    orphans: tuple[tuple[str, ...], ...]


class Verdict(Record):
    """What the checks add up to; ``exit_code`` is the command's."""

    exit_code: ExitCode
    passed: bool
    summary: str
    declared: int
    counts: dict[Outcome, int]
    fail_on: Severity


def dataset_records(
    contract: Contract, frame: CoverageFrame, pair_of: Callable[[Contract, str], Pair]
) -> Iterator[DatasetRecord]:
    """Every readable dataset, compared as ``pair_of`` says (``contract.checks`` has two)."""
    for name in contract.names:
        if name in frame.unreadable:
            continue
        pair = pair_of(contract, name)
        yield DatasetRecord(
            name=name,
            layer=contract.datasets[name].layer,
            of=pair.of,
            match=pair.match,
            by_date=contract.is_date_grain(name),
            days=tuple(
                Day(*cell)
                for cell in frame.cells[pair]
                if cell.status is not Status.OFF or any(cell[2:])
            ),
        )


def check_record(check: Check, evaluation: Evaluation) -> CheckRecord:
    """A check with its evaluation, as the report stores it."""
    return CheckRecord(
        id=check.id,
        suite=check.suite,
        dataset=check.dataset,
        of=check.of,
        match=check.pair.match,
        kind=check.kind,
        severity=check.severity,
        threshold=check.threshold,
        outcome=evaluation.outcome,
        observed=evaluation.observed,
        matched=evaluation.matched,
        expected=evaluation.expected,
        unexpected_dates=evaluation.unexpected_dates,
        message=evaluation.message,
    )


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


RATIOS = {"conversion_ratio", "daily_conversion_ratio", "recent_coverage"}


def quantity(kind: str, value: float) -> str:
    """A value in the unit of a rule."""
    if kind in RATIOS:
        return percent(value)
    unit = {"date_gap": "day", "no_orphan_keys": "orphan", "no_null_keys": "date or key"}[kind]
    plural = {"date or key": "dates or keys"}.get(unit, f"{unit}s")
    return f"{value:.0f} {unit if value == 1 else plural}"


def figure(check: CheckRecord) -> str:
    """What a check observed."""
    return "–" if check.observed is None else quantity(check.kind, check.observed)


def limit(check: CheckRecord) -> str:
    """What a check demands."""
    if check.kind in RATIOS:
        return f"≥ {check.threshold * 100:.6g} %"
    return f"≤ {check.threshold:.0f} days" if check.kind == "date_gap" else "= 0"
