"""What the answer of an HTTP service means for the date that was asked for. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from checkpoints.records import Name, Record
from checkpoints.text import one_line
from remediation.service.answer import DETAIL_LENGTH, Answer, Kind

if TYPE_CHECKING:
    from remediation.service.http import HttpService

LONGEST_PAUSE = 31 * 24 * 3600.0
"""No service asks for more in earnest: what is longer is taken as this."""

HEADER_LENGTH = 60

BUSY = frozenset({429, 503})
MAYBE_RUNNING = frozenset({408, 409})
NEVER_BEGUN = frozenset({501, 503, 505})
UNAUTHORIZED = frozenset({401, 403})
REFUSED_FOR_GOOD = frozenset({404, 405, 422})


class ResultsList(Record):
    """Where the body of an accepted answer says how each processor fared."""

    path: Name = "results"
    status: Name = "status"
    succeeded: tuple[str, ...] = ("success",)


def classify(
    service: HttpService, status: int, headers: Mapping[str, str], body: str, now: datetime
) -> Answer:
    """What a complete answer says about the date. Pure.

    Whatever it is, a pause that it asks for counts.
    """
    asked = one_line(headers.get("Retry-After", ""), HEADER_LENGTH)
    wait = retry_after(headers.get("Retry-After", ""), now)
    accepted = status in service.accepted
    answer = (
        _accepted(service, status, body) if accepted else _refused(service, status, headers, body)
    )
    if not asked:
        return answer
    words = f"Retry-After: {asked}"
    detail = f"{answer.detail} ({words})" if answer.detail else ""
    return replace(answer, detail=detail, retry_after=wait, asked=words)


def _refused(service: HttpService, status: int, headers: Mapping[str, str], body: str) -> Answer:
    """A status that is no word of acceptance."""
    detail = f"HTTP {status}: {short(body)}" if body.strip() else f"HTTP {status}"
    kind, stops = _kind_of(service, status), False
    if kind is Kind.REJECTED and 300 <= status < 400:
        where = short(headers.get("Location", "nowhere"))
        detail = f"HTTP {status}: redirects to {where}, which is never followed: check the url"
        stops = True
    elif kind is Kind.REJECTED:
        stops = status in REFUSED_FOR_GOOD
    return Answer(kind=kind, status=status, detail=detail, stops=stops)


def _kind_of(service: HttpService, status: int) -> Kind:
    """A gateway's status tells nothing of the service behind it; 500 is its own, and it gave up.

    What it did before that matters where it must not be done twice.
    """
    if status in service.nothing_that_day:
        return Kind.NOTHING_THAT_DAY
    if status in BUSY:
        return Kind.BUSY
    if status in UNAUTHORIZED:
        return Kind.UNAUTHORIZED
    by_gateway = status > 500 and status not in NEVER_BEGUN
    half_done = status == 500 and not service.idempotent
    unknown = status in MAYBE_RUNNING or by_gateway or half_done
    return Kind.UNKNOWN if unknown else Kind.REJECTED


def _accepted(service: HttpService, status: int, body: str) -> Answer:
    """Where a list of results is declared, an answer without one is not proof of acceptance."""
    if service.results is None:
        return Answer(kind=Kind.ACCEPTED, status=status)
    try:
        entries = _at(json.loads(body), service.results.path)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        detail = short(f"HTTP {status} without the list {service.results.path!r}: {body}")
        return Answer(kind=Kind.UNKNOWN, status=status, detail=detail)
    failures = short("; ".join(failed_processors(service.results, entries)))
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


def short(text: str) -> str:
    """One printable line of an answer."""
    return one_line(text, DETAIL_LENGTH)
