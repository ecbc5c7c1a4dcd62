"""What remediation did about a run, as its records tell it: the part a page shows.

The records lie beside the report whose failures they answer
(``uncommitted/runs/<run id>/remediation-<plan id>.json``, written by ``remediation``).
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from checkpoints.report import Span


class Extract(BaseModel):
    """Frozen; whatever else the record holds is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Figures(Extract):
    """A dataset against ``of``: keys, and the dates that lack some."""

    of: str | None
    expected: int
    matched: int
    lacking: tuple[date, ...]


class Change(Extract):
    """A dataset before and after; ``after`` is None when it could not be read."""

    dataset: str
    layer: str
    before: Figures
    after: Figures | None


class Repair(Extract):
    """One run of a plan; ``counts`` are calls by service and state."""

    version: Literal[1]
    plan_id: str
    run_id: str
    by: str
    window: Span
    started_at: AwareDatetime
    seconds: float
    counts: dict[str, dict[str, int]]
    changes: tuple[Change, ...]
    problem: str

    @property
    def changed(self) -> tuple[Change, ...]:
        """The datasets whose figures are no longer the same."""
        return tuple(c for c in self.changes if c.after is None or c.after != c.before)
