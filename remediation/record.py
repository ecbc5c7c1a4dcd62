"""What a backfill did: the versioned record that a sign-off can show.

Written to ``uncommitted/runs/<run id>/remediation-<plan id>.json``, next to the report of the
run that the plan was made from.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field

from checkpoints.archive import runs_folder
from checkpoints.errors import ExitCode
from checkpoints.report import Span, Verdict
from remediation.plan import Plan, Record, Unplanned
from remediation.states import DONE, State

RECORD_SHOWN = 12


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


class RemediationRecord(Record):
    """One plan as it stands after a run of it.

    ``changes`` compare the window of the report with a fresh read of the same window;
    ``verdict_after`` is what the checkpoint's rules say of that read. Both are missing when
    ``problem`` says why the tables could not be read.
    """

    version: Literal[1] = 1
    plan_id: str
    run_id: str
    contract_sha256: str
    warehouse: str
    by: str
    window: Span
    started_at: AwareDatetime
    seconds: float
    exit_code: ExitCode
    counts: dict[str, dict[State, int]]
    calls: tuple[CallRecord, ...]
    unplanned: tuple[Unplanned, ...]
    verdict_before: Verdict
    verdict_after: Verdict | None = None
    changes: tuple[Change, ...] = Field(default=())
    problem: str = ""

    @property
    def remaining(self) -> tuple[CallRecord, ...]:
        """The calls whose dates have not landed."""
        return tuple(call for call in self.calls if call.state not in DONE)


def record_path(project: Path, plan: Plan) -> Path:
    """Where the record of a plan is kept."""
    name = f"remediation-{plan.id[:RECORD_SHOWN]}.json"
    return runs_folder(project) / plan.run_id / name


def counts_of(calls: tuple[CallRecord, ...]) -> dict[str, dict[State, int]]:
    """How many calls of each service are in each state."""
    counts: dict[str, dict[State, int]] = {}
    for call in calls:
        by_state = counts.setdefault(call.service, {})
        by_state[call.state] = by_state.get(call.state, 0) + 1
    return counts
