"""What remediation did about a run, as its records tell it: the part a page shows.

The records lie beside the report whose failures they answer
(``uncommitted/runs/<run id>/remediation-<plan id>.json``, written by ``remediation``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from checkpoints.records import Span
from checkpoints.text import duration

SHOWN = ("landed", "partial", "still missing")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The calls of a service by what the tables showed; ``other`` says the rest in words."""

    service: str
    calls: int
    landed: int
    partial: int
    still_missing: int
    other: str


class Verdict(Extract):
    """What the rules said, in a sentence."""

    summary: str


class Repair(Extract):
    """One run of a plan; ``counts`` are calls by service and state.

    ``plan_file`` and ``ledger`` are paths below the folder of the contract.
    """

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
    plan_file: str = ""
    ledger: str = ""
    verdict_before: Verdict | None = None
    verdict_after: Verdict | None = None

    @property
    def changed(self) -> tuple[Change, ...]:
        """The datasets whose figures are no longer the same."""
        return tuple(c for c in self.changes if c.after is None or c.after != c.before)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """What became of the calls, service by service."""
        return tuple(_tally(service, counts) for service, counts in self.counts.items())

    @property
    def duration(self) -> str:
        """How long it took."""
        return duration(self.seconds)


def _tally(service: str, counts: dict[str, int]) -> Tally:
    rest = {state: n for state, n in counts.items() if state not in SHOWN}
    return Tally(
        service=service,
        calls=sum(counts.values()),
        landed=counts.get("landed", 0),
        partial=counts.get("partial", 0),
        still_missing=counts.get("still missing", 0),
        other=", ".join(f"{n} {state}" for state, n in rest.items()),
    )
