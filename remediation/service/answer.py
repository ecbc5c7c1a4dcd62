"""What one attempt at a call came to, whatever kind of service was asked.

An answer never makes a date done: it says whether the service took it, refused it, or may be
working on it. The tables say the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DETAIL_LENGTH = 300
"""The most characters of a ``detail``."""


class Kind(StrEnum):
    """What is known after one attempt; ``RUNNING``: it was taken, and another answer follows."""

    RUNNING = "running"
    ACCEPTED = "accepted"
    FAILED_INSIDE = "accepted, with failures in the answer"
    NOTHING_THAT_DAY = "nothing that day"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"
    BUSY = "busy"
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One attempt's outcome.

    ``detail`` is one printable line for people; ``status`` is an HTTP status; ``seconds`` are how
    long it took; ``stops`` means that every other call of this service would end the same way.
    ``at_work``: its job was seen to run, so that it is not begun once more in this run.
    For ``retry_after`` seconds the service asks not to be called at all, in the words ``asked``.
    """

    kind: Kind
    detail: str = ""
    status: int | None = None
    retry_after: float | None = None
    asked: str = ""
    seconds: float = 0
    stops: bool = False
    at_work: bool = False
