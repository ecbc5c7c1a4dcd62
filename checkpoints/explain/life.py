"""What becomes of incidents from run to run, and what people must hear of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from checkpoints.archive.incidents import Incident
from checkpoints.archive.report import Report
from checkpoints.explain.roots import Found
from checkpoints.records import Record

REMIND_AFTER = timedelta(days=7)


class Event(StrEnum):
    """What a person must hear of an incident."""

    OPENED = "opened"
    GROWN = "grown"
    REMINDER = "reminder"
    RECOVERED = "recovered"


class Notice(Record):
    """Something to tell, once."""

    event: Event
    incident: Incident


def lived(
    known: Sequence[Incident],
    found: Sequence[Found],
    report: Report,
    now: datetime,
    remind_after: timedelta = REMIND_AFTER,
) -> tuple[tuple[Incident, ...], tuple[Notice, ...]]:
    """All incidents after a run, and what is to be told of them.

    ``known`` are those of all contracts, of which only those of the report's change. ``now`` is
    aware, in the time zone in which acknowledgements end.
    """
    raise NotImplementedError
