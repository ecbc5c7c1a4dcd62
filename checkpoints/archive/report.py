"""The run report (``report.json``): what one run saw and decided.

It is the seam to remediation and to anything else that reads a run, so its schema is versioned:
``Report.model_json_schema()`` describes it, and a reader refuses a version it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from operator import not_
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from checkpoints.contract.gaps import ending, expired
from checkpoints.contract.loading import contract_option
from checkpoints.contract.model import Exemption, KnownGap
from checkpoints.contract.upstreams import Retirement
from checkpoints.coverage.late import Late
from checkpoints.coverage.results import CheckRecord, DatasetRecord, KeySample, Verdict
from checkpoints.dates import DateRange, ranges_of
from checkpoints.records import Record, read_record
from checkpoints.rules.evidence import Cell, Status, expected_dates
from checkpoints.rules.rule import Outcome
from checkpoints.warehouse.engine import Statement


class Provenance(Record):
    """What made the report; ``name`` and ``environment`` where the contract says them."""

    name: Annotated[str, Field(exclude_if=not_)] = ""
    environment: Annotated[str, Field(exclude_if=not_)] = ""
    contract: str
    state_dir: Annotated[str | None, Field(exclude_if=not_)] = None
    contract_sha256: str
    warehouse: str
    revision: str | None
    dirty: bool | None
    versions: dict[str, str]
    user: str

    @property
    def option(self) -> str:
        """What a command on the contract needs besides: `` --contract PATH``."""
        return contract_option(
            Path(self.contract), Path(self.state_dir) if self.state_dir else None
        )

    @property
    def pipeline(self) -> str:
        """The name of the pipeline: the contract's own, or else its folder and file."""
        return self.name or "/".join(Path(self.contract).parts[-2:])

    @property
    def place(self) -> str:
        """The environment: the contract's own, or else the warehouse without options."""
        return self.environment or self.warehouse.partition("?")[0]


class Report(Record):
    """One run of a checkpoint over a window.

    ``datasets`` holds every readable dataset against its declared upstream, which is what a
    backfill can restore it from; ``coverage`` against what its coverage is measured by (its first
    ratio rule), which also shows what the upstream lost. ``known_gaps`` were in force,
    ``expired_gaps`` no more.
    ``keys_unread`` are partial and orphan dates of which some keys were not read. ``exempt`` are
    the rules that others are judged by and a dataset is not; ``retired`` is what is so by the end
    of the window. ``late`` is what is tolerated for some days; ``calendars`` says, in words, by
    which calendar a dataset is due, where no reference does. Where the checks were judged over
    several ``windows`` (by label), ``window`` is their union.
    """

    schema_version: Literal[1] = 1
    run_id: str
    checkpoint: str
    window: DateRange
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
    keys_unread: tuple[date, ...] = ()
    statements: tuple[Statement, ...] = ()
    unreadable: dict[str, str] = Field(default_factory=dict)
    known_gaps: tuple[KnownGap, ...] = ()
    expired_gaps: tuple[KnownGap, ...] = ()
    exempt: dict[str, tuple[Exemption, ...]] = Field(default_factory=dict)
    retired: tuple[Retirement, ...] = ()
    windows: dict[str, DateRange] = Field(default_factory=dict)
    late: tuple[Late, ...] = ()
    calendars: dict[str, str] = Field(default_factory=dict)

    def window_of(self, check: CheckRecord) -> DateRange:
        """The dates over which a check was judged."""
        return self.windows.get(check.window, self.window)

    def calendar(self) -> list[date]:
        """Every date on which any dataset was expected to have something, in order."""
        return expected_dates(cell for record in self.datasets for cell in record.days)

    def judged(self) -> list[DatasetRecord]:
        """The coverage of every dataset of which anything is expected."""
        return [r for r in self.coverage if r.of or r.name in self.calendars]

    def days_of(self, dataset: str) -> tuple[Cell, ...]:
        """A dataset against its upstream, oldest date first; empty when it could not be read."""
        return next((record.days for record in self.datasets if record.name == dataset), ())

    def ranges(self, dates: Iterable[date]) -> list[DateRange]:
        """Dates merged over the calendar, for display."""
        return ranges_of(dates, self.calendar())

    def within_tolerance(self) -> list[str]:
        """Per dataset, the dates that lack keys and are named by no failed check."""
        return [
            f"{name} {', '.join(map(str, self.ranges(days)))}"
            for name, days in self.verdict.tolerated.items()
        ]

    def ending_gaps(self) -> list[str]:
        """A sentence for each known gap that ends within a week."""
        return ending(self.known_gaps, self.as_of)

    def expired_for(self, *checks: CheckRecord) -> list[str]:
        """A sentence for each expired gap that covered a date on which one of the checks failed."""
        found = [
            sentence
            for check in checks
            if check.outcome is Outcome.FAILED
            for sentence in expired(self.expired_gaps, check.dataset, check.unexpected_dates)
        ]
        return list(dict.fromkeys(found))

    def lacking_in(self, gap: KnownGap) -> tuple[tuple[date, ...], int] | None:
        """The dates of a gap that lack keys, and how many of its dates were read; None: none."""
        cells = [
            cell
            for record in self.coverage
            if record.name == gap.dataset
            for cell in record.days
            if cell.date in gap.range and cell.status in (Status.DUE, Status.KNOWN_GAP)
        ]
        lacking = (c.date for c in cells if c.missing or not (c.expected or c.present))
        return (tuple(lacking), len(cells)) if cells else None

    def exemptions(self) -> list[str]:
        """``summary is not judged by some_rule: it is published weekly``."""
        return [
            f"{name} is not judged by {exemption.rule}: {exemption.reason}"
            for name, exemptions in self.exempt.items()
            for exemption in exemptions
        ]


RUN_ID = re.compile(r"\d{8}T\d{12}Z-")
"""How the id of a run of ours begins; they sort by time."""


def new_run_id(checkpoint: str, started_at: datetime) -> str:
    """Sorts by time: ``20260103T101500123456Z-after_backfill``."""
    return f"{started_at:%Y%m%dT%H%M%S%f}Z-{checkpoint}"


def read_report(path: Path) -> Report:
    """Read a report back.

    Raises:
        ContractError: there is none, it is damaged, or it is of another version.
    """
    return read_record(
        path,
        Report,
        "the run report",
        remedy="run the checkpoint again",
        unreadable="run python -m checkpoints run first",
    )
