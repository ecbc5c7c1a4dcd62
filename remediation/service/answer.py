"""What an answer of a service means for the date it was asked to build. Pure.

An answer never makes a date done: it says whether the service took it, refused it, or may be
working on it. The tables say the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from checkpoints.contract.model import ResultsList, Service

SHOWN = 300
BUSY = frozenset({429, 503})
MAYBE_RUNNING = frozenset({408, 409})
NEVER_BEGUN = frozenset({501, 503, 505})
UNAUTHORIZED = frozenset({401, 403})
REFUSED_FOR_GOOD = frozenset({404, 405, 422})


class Kind(StrEnum):
    """What is known after one attempt."""

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

    ``detail`` is one clean line for people; ``retry_after`` and ``seconds`` are seconds;
    ``stops`` means that no other call of this service can fare better.
    """

    kind: Kind
    detail: str = ""
    status: int | None = None
    retry_after: float | None = None
    seconds: float = 0
    stops: bool = False


def classify(
    service: Service, status: int, headers: Mapping[str, str], body: str, now: datetime
) -> Answer:
    """Read a complete answer."""
    shown = f"HTTP {status}: {clean(body)}" if body.strip() else f"HTTP {status}"
    if status in service.accepted:
        return _accepted(service, status, body)
    if status in service.nothing_that_day:
        return Answer(kind=Kind.NOTHING_THAT_DAY, status=status, detail=shown)
    if status in BUSY:
        wait = retry_after(headers.get("Retry-After", ""), now)
        return Answer(kind=Kind.BUSY, status=status, detail=shown, retry_after=wait)
    if status in UNAUTHORIZED:
        return Answer(kind=Kind.UNAUTHORIZED, status=status, detail=shown)
    if _may_be_at_work(service, status):
        return Answer(kind=Kind.UNKNOWN, status=status, detail=shown)
    if 300 <= status < 400:
        where = clean(headers.get("Location", "nowhere"))
        shown = f"HTTP {status}: redirects to {where}, which is never followed: check the url"
        return Answer(kind=Kind.REJECTED, status=status, detail=shown, stops=True)
    stops = status in REFUSED_FOR_GOOD
    return Answer(kind=Kind.REJECTED, status=status, detail=shown, stops=stops)


def _accepted(service: Service, status: int, body: str) -> Answer:
    """An answer that should hold a list of results and does not is nobody's word for anything."""
    if service.results is None:
        return Answer(kind=Kind.ACCEPTED, status=status)
    entries = _at(_parsed(body), service.results.path)
    if not isinstance(entries, list):
        detail = clean(f"HTTP {status} without the list {service.results.path!r}: {body}")
        return Answer(kind=Kind.UNKNOWN, status=status, detail=detail)
    failures = clean("; ".join(failed_processors(service.results, entries)))
    failed = Kind.FAILED_INSIDE if service.idempotent else Kind.UNKNOWN
    return Answer(kind=failed if failures else Kind.ACCEPTED, status=status, detail=failures)


def _may_be_at_work(service: Service, status: int) -> bool:
    """A gateway's word says nothing of the service behind it; 500 is its own, and it gave up.

    What it did before that matters where it must not be done twice.
    """
    if status == 500:
        return not service.idempotent
    return status in MAYBE_RUNNING or (status > 500 and status not in NEVER_BEGUN)


def failed_processors(results: ResultsList, entries: Sequence[Any]) -> Iterator[str]:
    """What the entries of an answer's list of results say went wrong."""
    for number, entry in enumerate(entries, start=1):
        status = _at(entry, results.status)
        if status not in results.succeeded:
            known = entry if isinstance(entry, dict) else {}
            name = known.get("processor") or known.get("name") or f"processor {number}"
            why = known.get("error") or known.get("message") or ""
            yield f"{name}: {status}" + (f" ({why})" if why else "")


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def retry_after(text: str, now: datetime) -> float | None:
    """Seconds to wait, from a Retry-After header in seconds or as a date."""
    if re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(0.0, (when - now).total_seconds()) if when.tzinfo else None


def clean(text: str, limit: int = SHOWN) -> str:
    """One line without control characters, at most ``limit`` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * limit]).split())
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: limit - 1] + "…"
