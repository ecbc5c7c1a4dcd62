"""The notification: what a notifier is given, and a program gets as JSON.

Its schema is versioned: ``Notification.model_json_schema()`` describes it.
"""

from __future__ import annotations

from typing import Literal

from checkpoints.archive.incidents import Incident
from checkpoints.contract.notifiers import Event
from checkpoints.dates import DateRange
from checkpoints.records import Record


class Notification(Record):
    """Something that people are to hear: in words, and the incident that it is about.

    ``title`` is one short line, ``text`` several. ``ranges`` are the incident's dates, or all that
    people were told of where it has recovered; they run over days on which nothing is expected.
    ``cause`` is the likely one in a sentence, ``command`` what to type next, ``link`` the page of
    the run; each is empty where there is none. A ``test`` has no incident: it shows that a
    notifier works.
    """

    schema_version: Literal[1] = 1
    event: Event | Literal["test"]
    title: str
    text: str
    contract: str
    ranges: tuple[DateRange, ...] = ()
    cause: str = ""
    command: str = ""
    link: str = ""
    incident: Incident | None = None
