"""The records of remediation in the archive, and which of them belong to the story of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from checkpoints.archive.history import StoredRun
from checkpoints.archive.remediation import RemediationRecord
from checkpoints.archive.runs import RunHead, runs_folder

NO_REPAIR = (
    "{path}: is not a remediation record of version 1: move it away, or restore it from a backup"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRepair:
    """A record of remediation and its file; without a repair, ``problem`` says why."""

    path: Path
    sha256: str
    repair: RemediationRecord | None
    problem: str = ""


def stored_repairs(project: Path) -> list[StoredRepair]:
    """Every record of remediation, oldest first; damaged ones, which say so, come last."""
    paths = sorted(runs_folder(project).glob("*/remediation-*.json"))
    return sorted(map(_read_repair, paths), key=_age)


def _read_repair(path: Path) -> StoredRepair:
    try:
        content = path.read_bytes()
        repair, problem = RemediationRecord.model_validate_json(content), ""
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

    Those led up to it that were made before it, under its contract, on dates of its window, and
    after the latest run of the same checkpoint that was signed: a signature ends a story. A
    damaged record belongs to the run in whose folder it is.
    """
    heads = {run.run_id: run.head for run in runs if run.head}
    head = heads.get(run_id)
    since = _last_signed(runs, head) if head else None
    others = {r for r, other in heads.items() if head and other.contract != head.contract}
    return [
        s
        for s in stored
        if (origin := s.path.parent.name) == run_id
        or (origin not in others and _led_up(s.repair, head, since))
    ]


def _led_up(repair: RemediationRecord | None, head: RunHead | None, since: datetime | None) -> bool:
    if repair is None or head is None or not repair.window.overlaps(head.window):
        return False
    return repair.started_at < head.started_at and (since is None or since < repair.started_at)


def _last_signed(runs: Iterable[StoredRun], head: RunHead) -> datetime | None:
    signed = [
        run.head.started_at
        for run in runs
        if run.signed_by
        and run.head
        and (run.head.contract, run.head.checkpoint) == (head.contract, head.checkpoint)
        and run.head.started_at < head.started_at
        and run.head.window.overlaps(head.window)
    ]
    return max(signed, default=None)
