"""What a backfill did: the versioned record that a sign-off can show.

Written to ``uncommitted/runs/<run id>/remediation-<plan id>.json``, next to the report of the
run that the plan was made from.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field

from checkpoints.archive.runs import runs_folder
from checkpoints.coverage.results import CheckRecord, Verdict
from checkpoints.dates import DateRange
from checkpoints.errors import ExitCode
from checkpoints.records import Record
from remediation.ledger.states import DONE, State
from remediation.plan.model import Plan, Unplanned


class Figures(Record):
    """A dataset against ``of`` over the due dates: keys, and the dates that lack some."""

    of: str | None
    expected: int
    matched: int
    lacking: tuple[date, ...]


class Regression(Record):
    """A date that got worse, and how."""

    date: date
    what: str


class Change(Record):
    """A dataset before and after; ``after`` is None when it could not be read."""

    dataset: str
    layer: str
    before: Figures
    after: Figures | None
    regressions: tuple[Regression, ...]


class CallRecord(Record):
    """A call and what became of it; ``detail`` is the reason where it did not land."""

    service: str
    date: date
    datasets: tuple[str, ...]
    state: State
    attempts: int
    detail: str


class FileRecord(Record):
    """A file by its path below the project's folder, and what it held."""

    path: str
    sha256: str


class RemediationRecord(Record):
    """One plan as it stands after a run of it.

    ``report`` is the run report that it answers; ``plan_file`` and ``ledger`` are paths below the
    project's folder, as is the report's.
    ``changes`` compare the window of the report with a fresh read of the same window;
    ``verdict_after`` and ``checks_after`` are what the checkpoint's rules say of that read. All
    are missing when ``problem`` says why the tables could not be read.
    """

    version: Literal[1] = 1
    plan_id: str
    run_id: str
    report: FileRecord
    plan_file: str
    ledger: str
    contract_sha256: str
    warehouse: str
    by: str
    window: DateRange
    started_at: AwareDatetime
    seconds: float
    exit_code: ExitCode
    counts: dict[str, dict[State, int]]
    calls: tuple[CallRecord, ...]
    unplanned: tuple[Unplanned, ...]
    verdict_before: Verdict
    verdict_after: Verdict | None = None
    checks_after: tuple[CheckRecord, ...] = ()
    changes: tuple[Change, ...] = Field(default=())
    problem: str = ""

    @property
    def remaining(self) -> tuple[CallRecord, ...]:
        """The calls whose dates have not landed."""
        return tuple(call for call in self.calls if call.state not in DONE)


def file_record(project: Path, path: Path) -> FileRecord:
    """A file of a project as it is now.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return FileRecord(path=path.relative_to(project).as_posix(), sha256=digest)


def record_path(project: Path, plan: Plan) -> Path:
    """Where the record of a plan is kept."""
    name = f"remediation-{plan.short_id}.json"
    return runs_folder(project) / plan.run_id / name


def counts_of(calls: tuple[CallRecord, ...]) -> dict[str, dict[State, int]]:
    """How many calls of each service are in each state."""
    counts: dict[str, dict[State, int]] = {}
    for call in calls:
        by_state = counts.setdefault(call.service, {})
        by_state[call.state] = by_state.get(call.state, 0) + 1
    return counts
