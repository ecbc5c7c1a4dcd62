"""What the answer of an HTTP service means for the date that was asked for. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from checkpoints.records import Name, Record
from checkpoints.text import one_line
from remediation.service.answer import DETAIL_LENGTH, Answer, Kind
from remediation.service.json_condition import document_of, holds, values_in

if TYPE_CHECKING:
    from remediation.service.http import HttpService

LONGEST_PAUSE = 31 * 24 * 3600.0
"""No service asks for more in earnest: what is longer is taken as this."""

HEADER_LENGTH = 60

MAYBE_RUNNING = frozenset({408, 409})
NEVER_BEGUN = frozenset({501, 503, 505})
UNAUTHORIZED = frozenset({401, 403})
REFUSED_FOR_GOOD = frozenset({404, 405, 422})


class ResultsList(Record):
    """Where the body of an accepted answer says how each processor fared."""

    path: Name = "results"
    status: Name = "status"
    succeeded: tuple[str, ...] = ("success",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back over HTTP; ``mask`` takes out of a text what must not be shown."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)
    mask: Callable[[str], str]

    @property
    def document(self) -> Any:
        """The JSON of the body; None where it is none."""
        return document_of(self.text)

    def short(self, text: str) -> str:
        """One printable line of what it says."""
        return one_line(self.mask(text), DETAIL_LENGTH)

    def pause(self, now: datetime) -> float | None:
        """Seconds that its Retry-After asks for."""
        return retry_after(self.headers.get("Retry-After", ""), now)


def classify(service: HttpService, reply: Reply, now: datetime) -> Answer:
    """What a complete answer says about the date. Pure.

    Whatever it is, a pause that it asks for counts.
    """
    asked = one_line(reply.mask(reply.headers.get("Retry-After", "")), HEADER_LENGTH)
    accepted = service.meaning_of(reply.status) == "accepted"
    answer = _accepted(service, reply) if accepted else _refused(service, reply)
    if not asked:
        return answer
    words = f"Retry-After: {asked}"
    detail = f"{answer.detail} ({words})" if answer.detail else ""
    return replace(answer, detail=detail, retry_after=reply.pause(now), asked=words)


def _refused(service: HttpService, reply: Reply) -> Answer:
    """A status that is no word of acceptance."""
    status = reply.status
    kind, stops = _kind_of(service, status), False
    detail = f"HTTP {status}: {reply.short(reply.text)}" if reply.text.strip() else f"HTTP {status}"
    if kind is Kind.REJECTED and 300 <= status < 400:
        where = reply.short(reply.headers.get("Location", "nowhere"))
        detail = f"HTTP {status}: redirects to {where}, which is never followed: check the url"
        stops = True
    elif kind is Kind.REJECTED:
        stops = status in REFUSED_FOR_GOOD
    return Answer(kind=kind, status=status, detail=detail, stops=stops)


def _kind_of(service: HttpService, status: int) -> Kind:
    """A gateway's status tells nothing of the service behind it; 500 is its own, and it gave up.

    What it did before that matters where it must not be done twice.
    """
    match service.meaning_of(status):
        case "nothing_that_day":
            return Kind.NOTHING_THAT_DAY
        case "busy":
            return Kind.BUSY
        case "refused":
            return Kind.REJECTED
    if status in UNAUTHORIZED:
        return Kind.UNAUTHORIZED
    by_gateway = status > 500 and status not in NEVER_BEGUN
    half_done = status == 500 and not service.idempotent
    unknown = status in MAYBE_RUNNING or by_gateway or half_done
    return Kind.UNKNOWN if unknown else Kind.REJECTED


def _accepted(service: HttpService, reply: Reply) -> Answer:
    """Where the body has a say, an answer that cannot be read is not proof of acceptance."""
    status, document = reply.status, reply.document
    if service.failed is not None:
        if document is None and reply.text.strip():
            detail = reply.short(f"HTTP {status} without JSON: {reply.text}")
            return Answer(kind=Kind.UNKNOWN, status=status, detail=detail)
        if holds(service.failed, document):
            detail = reply.short(f"HTTP {status}: {values_in(service.failed, document)}")
            return Answer(kind=Kind.REJECTED, status=status, detail=detail)
    if service.results is None:
        return Answer(kind=Kind.ACCEPTED, status=status)
    entries = _at(document, service.results.path)
    if not isinstance(entries, list):
        what = f"without the list {service.results.path!r}"
        detail = reply.short(f"HTTP {status} {what}: {reply.text}")
        return Answer(kind=Kind.UNKNOWN, status=status, detail=detail)
    failures = reply.short("; ".join(failed_processors(service.results, entries)))
    failed = Kind.FAILED_INSIDE if service.idempotent else Kind.UNKNOWN
    return Answer(kind=failed if failures else Kind.ACCEPTED, status=status, detail=failures)


def failed_processors(results: ResultsList, entries: Sequence[Any]) -> Iterator[str]:
    """What the entries of an answer's list of results say went wrong."""
    for number, entry in enumerate(entries, start=1):
        status = _at(entry, results.status)
        if status not in results.succeeded:
            known = entry if isinstance(entry, dict) else {}
            name = known.get("processor") or known.get("name") or f"processor {number}"
            why = known.get("error") or known.get("message") or ""
            yield f"{name}: {status}" + (f" ({why})" if why else "")


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def retry_after(text: str, now: datetime) -> float | None:
    """Seconds to wait, from a Retry-After header in seconds or as a date; None without either.

    At least 0 and at most ``LONGEST_PAUSE``. A date without a time zone is in UTC.
    """
    from email.utils import parsedate_to_datetime

    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text.strip()):
        return min(float(text), LONGEST_PAUSE)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    wait = (when if when.tzinfo else when.replace(tzinfo=UTC)) - now
    return min(max(0.0, wait.total_seconds()), LONGEST_PAUSE)
