"""What remediation did about a run, as its records tell it: the part a page shows.

The records lie beside the report whose failures they answer
(``uncommitted/runs/<run id>/remediation-<plan id>.json``, written by ``remediation``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from checkpoints.archive.history import StoredRun
from checkpoints.archive.runs import RunHead, runs_folder
from checkpoints.records import Span

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
        """How long it took: ``61 s``, ``12 min``, ``3 h 05 min``."""
        minutes = round(self.seconds / 60)
        if self.seconds < 120:
            return f"{self.seconds:.0f} s"
        return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


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


# ------------------------------------------------------------ which records belong to a run

NO_REPAIR = (
    "{path}: is not a remediation record of version 1: move it away, or restore it from a backup"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRepair:
    """A record of remediation and its file; without a repair, ``problem`` says why."""

    path: Path
    sha256: str
    repair: Repair | None
    problem: str = ""


def stored_repairs(project: Path) -> list[StoredRepair]:
    """Every record of remediation, oldest first; damaged ones, which say so, come last."""
    paths = sorted(runs_folder(project).glob("*/remediation-*.json"))
    return sorted(map(_read_repair, paths), key=_age)


def _read_repair(path: Path) -> StoredRepair:
    try:
        content = path.read_bytes()
        repair, problem = Repair.model_validate_json(content), ""
    except (OSError, ValidationError):
        content, repair, problem = b"", None, NO_REPAIR.format(path=path)
    return StoredRepair(
        path=path, sha256=sha256(content).hexdigest(), repair=repair, problem=problem
    )


def _age(stored: StoredRepair) -> tuple[bool, float]:
    return not stored.repair, stored.repair.started_at.timestamp() if stored.repair else 0


def repairs_of(
    stored: Iterable[StoredRepair], runs: Sequence[StoredRun], run_id: str
) -> list[StoredRepair]:
    """Repairs that answer a run, or that led up to it.

    Those led up to it that were made before it, on dates of its window, and after the latest run
    of the same checkpoint that was signed: a signature ends a story. A damaged record belongs to
    the run in whose folder it is.
    """
    head = next((run.head for run in runs if run.run_id == run_id), None)
    since = _last_signed(runs, head) if head else None
    return [s for s in stored if s.path.parent.name == run_id or _led_up(s.repair, head, since)]


def _led_up(repair: Repair | None, head: RunHead | None, since: datetime | None) -> bool:
    if repair is None or head is None or not _overlap(repair.window, head.window):
        return False
    return repair.started_at < head.started_at and (since is None or since < repair.started_at)


def _last_signed(runs: Iterable[StoredRun], head: RunHead) -> datetime | None:
    signed = [
        run.head.started_at
        for run in runs
        if run.signed_by
        and run.head
        and run.head.checkpoint == head.checkpoint
        and run.head.started_at < head.started_at
        and _overlap(run.head.window, head.window)
    ]
    return max(signed, default=None)


def _overlap(one: Span, other: Span) -> bool:
    return one.first <= other.last and other.first <= one.last
