"""What the checks about rows that calls were planned for say of single dates. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from checkpoints.archive.remediation import RowCheck
from checkpoints.contract.checks import Check
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_in
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.dates import DateRange, ranges_of
from checkpoints.rules.evidence import Pair, PairEvidence, Status
from checkpoints.rules.facts import RowsOfDate
from checkpoints.rules.rule import Outcome
from remediation.plan.model import Call


class Unmet(NamedTuple):
    """A check about rows that fails on a date, and what it says of it."""

    check: RowCheck
    told: str

    def __str__(self) -> str:
        what = f"{self.check.name} of {self.check.dataset}"
        return f"{what}: {self.told}" if self.told else what

    @property
    def stands_twice(self) -> bool:
        """Rows stand twice, and should have been replaced."""
        return self.check.rule.repaired_by_replacing


def unmet(
    checks: Mapping[str, Check], asked: Iterable[RowCheck], frame: CoverageFrame, day: date
) -> Iterator[Unmet]:
    """Those of a date that fail on it alone, as far as the frame can tell."""
    for one in asked:
        check = checks[one.id]
        if frame.obstacle(check.pair, alone=check.rule.stands_alone()):
            continue
        evidence = _on(frame, check.pair, day)
        found = check.rule.judge(evidence)
        if found.outcome is Outcome.FAILED and day in found.unexpected_dates:
            rows = evidence.rows.get(day, RowsOfDate())
            yield Unmet(one, check.rule.told_of(rows) or found.message)


def _on(frame: CoverageFrame, pair: Pair, day: date) -> PairEvidence:
    """What is known of a pair on one date; a frame has every date of its window.

    The date was due when it was planned. A look at a call does not read what would tell it again.
    """
    whole = frame.evidence(pair)
    place = (day - frame.window.range.first).days
    return replace(
        whole,
        cells=[whole.cells[place]._replace(status=Status.DUE)],
        window=DateRange(day, day),
        rows={day: whole.rows[day]} if day in whole.rows else {},
    )


def read_above(
    contract: Contract, checks: Mapping[str, Check], calls: Iterable[Call]
) -> dict[str, tuple[DateRange, ...]]:
    """The dates before those of calls that must be read of what is above, by dataset."""
    found: dict[str, set[date]] = {}
    for call in calls:
        for one in call.checks:
            check = checks[one.id]
            before = check.rule.reads_above_before(DateRange(call.date, call.date))
            days = before.dates() if before else ()
            for name in names_in(contract, check.pair)[1:]:
                found.setdefault(name, set()).update(days)
    return {name: tuple(ranges_of(days)) for name, days in found.items()}
