"""What a page says of a run beside its figures: checklist, gaps, what was left out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from checkpoints.archive.report import Report
from checkpoints.contract.model import KnownGap
from checkpoints.coverage.results import CheckRecord, DatasetRecord, gates
from checkpoints.dates import DateRange, ranges_of
from checkpoints.rules.evidence import Cell, CellState
from checkpoints.rules.rule import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteFinding:
    """A suite as people tick it: its checks, and whether nothing in it gates."""

    suite: str
    datasets: tuple[str, ...]
    checks: tuple[CheckRecord, ...]
    tally: str
    good: bool


@dataclass(frozen=True, slots=True)
class Dates:
    """How many dates, and their ranges."""

    count: int
    ranges: tuple[DateRange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """The dates on which a dataset lacks keys, or holds what does not belong."""

    dataset: DatasetRecord
    missing: Dates
    partial: Dates
    known_gap: Dates
    orphans: Dates
    nulls: Dates

    @property
    def found(self) -> tuple[Dates, ...]:
        """In the order of the columns."""
        return self.missing, self.partial, self.known_gap, self.orphans, self.nulls


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTotals:
    """What was read; bytes are None where the engine does not say."""

    statements: int
    bytes_processed: int | None
    bytes_billed: int | None
    seconds: float


def suites_of(report: Report) -> list[SuiteFinding]:
    """Suites in order, as a checklist."""
    suites: dict[str, list[CheckRecord]] = {}
    for check in report.checks:
        suites.setdefault(check.suite, []).append(check)
    return [
        SuiteFinding(
            suite=suite,
            datasets=tuple(dict.fromkeys(c.dataset for c in checks)),
            checks=tuple(checks),
            tally=_tally(checks),
            good=_is_good(report, checks),
        )
        for suite, checks in suites.items()
    ]


def _is_good(report: Report, checks: Sequence[CheckRecord]) -> bool:
    if all(c.outcome is Outcome.NOT_EVALUATED for c in checks):
        return False
    errored = any(c.outcome is Outcome.ERRORED for c in checks)
    return not errored and not any(gates(c, report.verdict.fail_on) for c in checks)


def _tally(checks: Sequence[CheckRecord]) -> str:
    passed = sum(c.outcome is Outcome.PASSED for c in checks)
    failed = Counter(f"failed ({c.severity})" for c in checks if c.outcome is Outcome.FAILED)
    other = Counter(
        str(c.outcome).lower().replace("_", " ")
        for c in checks
        if c.outcome in (Outcome.ERRORED, Outcome.NOT_EVALUATED)
    )
    rest = [f"{n} {what}" for what, n in (*failed.items(), *other.items())]
    return ", ".join([f"{passed} of {len(checks)} checks passed", *rest])


def unchecked_layers(report: Report) -> list[str]:
    """Layers of which no coverage was evaluated, whatever the reason."""
    evaluated = {
        c.dataset
        for c in report.checks
        if c.outcome in (Outcome.PASSED, Outcome.FAILED) and c.rule.needs_due_dates
    }
    layers: dict[str, bool] = {}
    for record in report.coverage:
        if record.of is not None:
            layers[record.layer] = layers.get(record.layer, False) or record.name in evaluated
    return [*(layer for layer, seen in layers.items() if not seen), *report.unreadable]


def gaps_sentence(report: Report, documented: Sequence[KnownGap]) -> str:
    """Whether due dates lack keys, whatever the thresholds tolerate.

    NONE, or what there is of DOCUMENTED, OPEN, and UNKNOWN where nothing was evaluated.
    """
    open_ = [
        (record.name, day.date)
        for record in report.coverage
        for day in record.days
        if day.state in (CellState.MISSING, CellState.PARTIAL)
        and not any(gap.dataset == record.name and day.date in gap.range for gap in documented)
    ]
    parts = [f"DOCUMENTED ({len(documented)})"] if documented else []
    if open_:
        datasets = len({name for name, _ in open_})
        parts.append(f"OPEN ({_counted(len(open_), 'date')} of {_counted(datasets, 'dataset')})")
    if unchecked := unchecked_layers(report):
        parts.append(f"UNKNOWN ({', '.join(unchecked)})")
    return ", ".join(parts) or "NONE"


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def shortfalls(report: Report) -> list[Shortfall]:
    """The datasets that lack something, or hold what does not belong."""
    calendar = report.calendar()
    found = [_shortfall(calendar, record) for record in report.coverage]
    return [s for s in found if any(dates.count for dates in s.found)]


def _shortfall(calendar: Sequence[date], record: DatasetRecord) -> Shortfall:
    def dates(holds: Callable[[Cell], object]) -> Dates:
        found = [day.date for day in record.days if holds(day)]
        return Dates(len(found), tuple(ranges_of(found, calendar)))

    return Shortfall(
        dataset=record,
        missing=dates(lambda day: day.state is CellState.MISSING),
        partial=dates(lambda day: day.state is CellState.PARTIAL),
        known_gap=dates(lambda day: day.state is CellState.KNOWN_GAP),
        orphans=dates(lambda day: day.orphans),
        nulls=dates(lambda day: day.null_keys),
    )


def read_totals(report: Report) -> ReadTotals:
    """What the run's statements read in all."""
    return ReadTotals(
        statements=len(report.statements),
        bytes_processed=_total(s.bytes_processed for s in report.statements),
        bytes_billed=_total(s.bytes_billed for s in report.statements),
        seconds=sum(s.seconds for s in report.statements),
    )


def _total(values: Iterable[int | None]) -> int | None:
    known = [v for v in values if v is not None]
    return sum(known) if known else None


def failures(report: Report) -> Iterator[CheckRecord]:
    """The checks that failed or could not be evaluated, the gravest first."""
    for outcome in (Outcome.ERRORED, Outcome.FAILED):
        found = [c for c in report.checks if c.outcome is outcome]
        yield from sorted(found, key=lambda c: not gates(c, report.verdict.fail_on))
