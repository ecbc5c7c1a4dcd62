"""The incidents of a project: what failed at the root, since when, and who was told.

They are kept in ``uncommitted/incidents.json``, one file for all contracts of a folder: an incident
names the file of its contract. Only what is open takes part in a run; what has recovered stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import AwareDatetime

from checkpoints.errors import CheckpointsError
from checkpoints.files import write_text
from checkpoints.records import Name, Record, read_record
from checkpoints.rules.rule import Severity

WAIT_SECONDS = 30
"""How long another command may hold the file; it takes milliseconds."""


class IncidentKind(StrEnum):
    """What is wrong with a dataset."""

    MISSING = "missing"
    """Dates are lost, or lack keys."""

    LATE = "late"
    """It has stopped."""

    ORPHANS = "orphans"
    """It holds keys that its upstream lacks."""

    ROWS = "rows"
    """Rows are not as a rule requires."""

    UNREADABLE = "unreadable"
    """Its checks could not be evaluated."""


class IncidentState(StrEnum):
    """What became of it in the latest run that looked at it."""

    OPENED = "opened"
    GROWING = "growing"
    SHRINKING = "shrinking"
    RECOVERED = "recovered"


class Below(Record):
    """A dataset that is below the root of an incident, or beside it, and the dates of it."""

    dataset: str
    dates: tuple[date, ...]


def by_dataset(places: Iterable[tuple[str, date | None]]) -> list[Below]:
    """Datasets on dates: one part for each dataset, in the order in which they come.

    None stands for no date.
    """
    found: dict[str, set[date]] = {}
    for name, day in places:
        found.setdefault(name, set()).update({day} if day else ())
    return [Below(dataset=name, dates=tuple(sorted(days))) for name, days in found.items()]


class Acknowledgement(Record):
    """Who knows of an incident; until that date, included, nobody is reminded of it."""

    by: Name
    until: date
    note: str = ""
    at: AwareDatetime


class Incident(Record):
    """What is wrong with one dataset, with others of its layer on the same dates, and below them.

    ``dates`` are those of ``dataset`` and of what is ``beside`` it, in order; where it has
    recovered, those that were open last; none where no date is to blame (what cannot be read).
    ``below`` may have more dates: those that were repaired above and not there. ``checks`` are
    the names of its failed checks: none where a threshold allows it what is missing below.
    ``contract`` is the name of its contract's file, ``run_id`` the
    latest run that told something of it. ``changed_at`` is when its dates changed, ``told_at`` when
    it was told last, ``told_dates`` what people have been told of. ``message`` says why, where a
    check could not be evaluated or no date is to blame.
    """

    id: str
    contract: str
    dataset: str
    kind: IncidentKind
    dates: tuple[date, ...]
    checks: tuple[str, ...]
    beside: tuple[Below, ...] = ()
    below: tuple[Below, ...] = ()
    severity: Severity
    state: IncidentState
    opened_at: AwareDatetime
    changed_at: AwareDatetime
    told_at: AwareDatetime | None = None
    told_dates: tuple[date, ...] = ()
    recovered_at: AwareDatetime | None = None
    acknowledged: Acknowledgement | None = None
    run_id: str
    message: str = ""

    @property
    def is_open(self) -> bool:
        """It has not recovered."""
        return self.state is not IncidentState.RECOVERED


class Incidents(Record):
    """``incidents.json``: oldest first."""

    schema_version: Literal[1] = 1
    incidents: tuple[Incident, ...] = ()


def incidents_path(project: Path) -> Path:
    """Where the incidents of a project are kept."""
    return project / "uncommitted" / "incidents.json"


def read_incidents(project: Path) -> tuple[Incident, ...]:
    """Every incident of a project, oldest first; none where no run has stored any.

    Raises:
        ContractError: the file is damaged, or of another version.
    """
    path = incidents_path(project)
    if not path.exists():
        return ()
    remedy = "restore it from a backup, or move it away: the next run opens what is open"
    return read_record(path, Incidents, "the list of incidents", remedy).incidents


def write_incidents(project: Path, incidents: Sequence[Incident]) -> None:
    """Store the incidents of a project, all of them; call it in ``changing_incidents``.

    Raises:
        CheckpointsError: the file cannot be written.
    """
    text = Incidents(incidents=tuple(incidents)).model_dump_json(indent=1)
    write_text(incidents_path(project), text + "\n")


@contextmanager
def changing_incidents(project: Path) -> Iterator[tuple[Incident, ...]]:
    """The incidents, which no other command changes meanwhile.

    Raises:
        CheckpointsError: another command holds the file, or it cannot be read.
    """
    path = incidents_path(project)
    lock = path.with_suffix(".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock, timeout=WAIT_SECONDS).acquire()
    except Timeout as error:
        raise CheckpointsError(
            f"{path}: another command has held it for {WAIT_SECONDS} seconds: wait for that, "
            "then repeat this one"
        ) from error
    except OSError as error:
        raise CheckpointsError(
            f"cannot write {str(lock)!r} ({error.strerror}): make the folder writable"
        ) from error
    with held:
        yield read_incidents(project)
