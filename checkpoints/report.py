"""The run report (``report.json``): what one run saw and decided.

It is the seam to remediation and to anything else that reads a run, so its schema is versioned:
``Report.model_json_schema()`` describes it, and a reader refuses a version it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from checkpoints.contract import Match, Severity
from checkpoints.coverage import Status
from checkpoints.errors import ContractError, ExitCode
from checkpoints.rules import Check, Evaluation, Outcome
from checkpoints.window import DateRange, ranges_of

SCHEMA_VERSION = 1
CalendarDate = date  # inside a NamedTuple with a field `date`, that name is the field


class Record(BaseModel):
    """Frozen; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(Record):
    """Calendar dates, both included."""

    first: date
    last: date


class GapRecord(Record):
    """Dates that a dataset lacks, accepted by ``owner`` for ``reason`` up to and with ``until``."""

    dataset: str
    first: date
    last: date
    reason: str
    owner: str
    until: date

    @property
    def range(self) -> DateRange:
        """The dates as a range."""
        return DateRange(self.first, self.last)


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


class StatementRecord(Record):
    """One statement that was sent: where, what it read, and how long it took.

    ``bytes_processed`` and ``bytes_billed`` are None where the engine does not say.
    """

    location: str | None
    job_id: str | None
    bytes_processed: int | None
    bytes_billed: int | None
    cached: bool | None
    rows: int
    seconds: float


class Provenance(Record):
    """What made the report."""

    contract: str
    contract_sha256: str
    warehouse: str
    revision: str | None
    dirty: bool | None
    versions: dict[str, str]
    user: str


class Report(Record):
    """One run of a checkpoint over a window.

    ``datasets`` holds every readable dataset against its declared upstream, which is what a
    backfill can restore it from; ``coverage`` against what its coverage is measured by (its first
    ratio rule), which also shows what the upstream lost. ``known_gaps`` were in force.
    """

    schema_version: Literal[1] = 1
    run_id: str
    checkpoint: str
    window: Span
    started_at: AwareDatetime
    verdict: Verdict
    judge: Literal["rules", "great_expectations"]
    window_label: str
    as_of: date
    seconds: float
    provenance: Provenance
    checks: tuple[CheckRecord, ...]
    datasets: tuple[DatasetRecord, ...]
    coverage: tuple[DatasetRecord, ...]
    keys: tuple[KeySample, ...] = ()
    statements: tuple[StatementRecord, ...] = ()
    unreadable: dict[str, str] = Field(default_factory=dict)
    known_gaps: tuple[GapRecord, ...] = ()

    def calendar(self) -> list[date]:
        """Every date on which any dataset was expected to have something, in order."""
        return sorted({d.date for r in self.datasets for d in r.days if d.status is not Status.OFF})

    def ranges(self, dates: Iterable[date]) -> list[DateRange]:
        """Dates merged over the calendar, for display."""
        return ranges_of(dates, self.calendar())


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


def new_run_id(checkpoint: str, started_at: datetime) -> str:
    """Sorts by time: ``20260103T101500123456Z-after_backfill``."""
    return f"{started_at:%Y%m%dT%H%M%S%f}Z-{checkpoint}"


def read_report(path: Path) -> Report:
    """Read a report back.

    Raises:
        ContractError: there is none, it is damaged, or it is of another version.
    """
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ContractError(
            f"{path}: cannot read the run report ({error.strerror}): "
            "run python -m checkpoints run first"
        ) from error
    except ValidationError as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: ValidationError) -> ContractError:
    """What to say of a file that is no report."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "the file"
    return ContractError(
        f"{path}: is not a run report of version 1 ({where}: {first['msg']}): "
        "run the checkpoint again"
    )
