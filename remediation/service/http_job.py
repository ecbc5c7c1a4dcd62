"""A job that an HTTP service began: where to ask for it, and what it came to.

A job that is done proves nothing: the tables are looked at, as after any accepted answer. One that
cannot be followed leaves the answer as it is: accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, JsonValue, ValidationInfo, field_validator

from checkpoints.records import Name, Number, Record
from remediation.service.answer import Answer, Kind
from remediation.service.http_answer import UNAUTHORIZED, Reply
from remediation.service.json_condition import (
    PATH,
    Condition,
    JsonPath,
    holds,
    text_of,
    value_at,
    values_in,
)
from remediation.service.placeholders import refuse_placeholders, unnamed_dates, with_dates

if TYPE_CHECKING:
    from remediation.clock import Clock
    from remediation.plan.groups import CallGroup
    from remediation.service.http import HttpService

VALUE = re.compile(r"\{\s*(\$[^{}]*)\}")
ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:)?//")
IN_A_URL = "%/:?[]@!$&'()*+,;=~"
DEFAULT_PORTS = {"https": 443, "http": 80}

TRY_AGAIN = frozenset({408, 425, 429})
NOT_FOUND_AT_MOST = 5
"""So often in a row a job may be unknown to its service: it may have begun a moment ago."""

Ask = Callable[[str, Any, bool], Reply | Answer]
"""Asks a URL, with a payload or none, and with new credentials or not."""


class Job(Record):
    """Where the answer of a service says how far its job is, and what that means."""

    url: Name
    method: Literal["GET", "POST"] = "GET"
    body: dict[str, JsonValue] = Field(default_factory=dict, validate_default=True)
    poll_seconds: Annotated[Number, Field(gt=0)] = 10
    done: Condition
    failed: Condition | None = None
    reason: JsonPath | None = None

    @field_validator("url", mode="after")
    @classmethod
    def _has_known_placeholders(cls, url: str) -> str:
        refuse_placeholders(url)
        if url.startswith("$") and not PATH.fullmatch(url):
            raise ValueError(f"{url!r} is no path of a value: write $.name or /jobs/{{$.name}}")
        return url

    @field_validator("body", mode="after")
    @classmethod
    def _names_the_job(cls, body: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        refuse_placeholders(body)
        url = info.data.get("url", "$.name")
        for path in _paths_in([url, body]):
            if not PATH.fullmatch(path):
                raise ValueError(f"{{{path}}} is no path of a value: write {{$.name}}")
        if body and info.data.get("method") == "GET":
            raise ValueError("is not sent with a GET: write method: POST")
        by_date = not unnamed_dates(1, "url or body", url, body)
        if not (url.startswith("$") or _paths_in([url, body]) or by_date):
            raise ValueError("no request would name its job: write {$.name} in url or body")
        return body

    def missing_value(self, document: Any) -> str:
        """A path that the document has no name or number at; empty when all are there."""
        paths = [self.url] if self.url.startswith("$") else _paths_in([self.url, self.body])
        absent = (path for path in paths if not _is_name(value_at(document, path)))
        return next(absent, "")

    def request_for(
        self, base: str, document: Any, group: CallGroup
    ) -> tuple[str, dict[str, Any] | None]:
        """The URL and the payload of the requests, from the answer that began the job."""
        body = _with_values(with_dates(self.body, group), document)
        payload = body if self.method == "POST" else None
        if self.url.startswith("$"):
            given = str(value_at(document, self.url)).partition("#")[0]
            url = quote(given, safe=IN_A_URL)
        else:
            template = with_dates(self.url, group)
            url = VALUE.sub(lambda found: quote(str(value_at(document, found[1]))), template)
        if ABSOLUTE.match(url):
            return url, payload
        prefix = urlsplit(base).path.rstrip("/")
        url = url.removeprefix(prefix) if url.startswith(prefix + "/") else url
        return f"{base.rstrip('/')}/{url.lstrip('/')}", payload


def _paths_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return _paths_in([*value, *value.values()])
    if isinstance(value, list):
        return [path for inner in value for path in _paths_in(inner)]
    return VALUE.findall(value) if isinstance(value, str) else []


def _is_name(value: Any) -> bool:
    return value != "" and isinstance(value, str | int | float) and not isinstance(value, bool)


def _with_values(value: Any, document: Any) -> Any:
    """Put values of a document into the strings of a JSON value; alone, one stays a number."""
    if isinstance(value, dict):
        return {name: _with_values(inner, document) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_values(inner, document) for inner in value]
    if not isinstance(value, str):
        return value
    if alone := VALUE.fullmatch(value):
        return value_at(document, alone[1])
    return VALUE.sub(lambda found: str(value_at(document, found[1])), value)


def same_host(url: str, base: str) -> bool:
    """Whether a URL is on the same host and port, by the same scheme, without a user's name."""
    return _origin(url) == _origin(base) is not None


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or "@" in parts.netloc or "\\" in url:
        return None
    return parts.scheme.lower(), parts.hostname, port


@dataclass(frozen=True, slots=True)
class Following:
    """Asks for one job until it ends; ``ends`` says that nobody waits for it any more."""

    service: HttpService
    job: Job
    group: CallGroup
    ask: Ask
    clock: Clock
    ends: Callable[[], bool]

    def result(self, first: Reply, accepted: Answer, tell: Callable[[Answer], None]) -> Answer:
        """What the job came to; ``first`` is the reply that began it."""
        deadline = self.clock.monotonic() + self.service.settle_seconds
        document = first.document
        if ended := self._end(first, accepted):
            return ended
        if path := self.job.missing_value(document):
            detail = first.short(f"HTTP {first.status} without {path}, its job: {first.text}")
            return replace(accepted, kind=Kind.UNKNOWN, detail=detail)
        url, payload = self.job.request_for(self.service.url, document, self.group)
        if not same_host(url, self.service.url):
            where = first.short(_without_query(url))
            return replace(accepted, detail=f"its job is on another host, never asked: {where}")
        running = f"its job is at {first.short(_without_query(url))}"
        tell(replace(accepted, kind=Kind.RUNNING, detail=running, retry_after=None, asked=""))
        self._wait(first, deadline)
        return self._poll(url, payload, accepted, deadline)

    def _poll(self, url: str, payload: Any, accepted: Answer, deadline: float) -> Answer:
        renewed, not_found = False, 0
        accepted = replace(accepted, retry_after=None, asked="")
        while not self.ends():
            reply = self.ask(url, payload, renewed)
            if isinstance(reply, Reply) and (ended := self._end(reply, accepted)):
                return ended
            status = reply.status or 0
            if status in UNAUTHORIZED and not renewed:
                renewed = True
                continue
            not_found = not_found + 1 if status == 404 else 0
            final = _is_final(status) and not_found in (0, NOT_FOUND_AT_MOST)
            if isinstance(reply, Reply) and final:
                detail = f"its job could not be followed: HTTP {status}: {reply.short(reply.text)}"
                return replace(accepted, detail=detail)
            renewed = False
            if self.clock.monotonic() >= deadline:
                return self._still_running(accepted)
            self._wait(reply, deadline)
        return accepted

    def _still_running(self, accepted: Answer) -> Answer:
        detail = f"its job was still running after {self.service.settle_seconds:g} s"
        return replace(accepted, kind=Kind.UNKNOWN, detail=detail, at_work=True)

    def _wait(self, reply: Reply | Answer, deadline: float) -> None:
        asked = reply.pause(self.clock.now()) if isinstance(reply, Reply) else None
        left = deadline - self.clock.monotonic()
        self.clock.sleep(max(0.0, min(left, max(self.job.poll_seconds, asked or 0.0))))

    def _end(self, reply: Reply, accepted: Answer) -> Answer | None:
        """The answer of a job that has ended; None while it has not."""
        if not 200 <= reply.status < 300:
            return None
        document = reply.document
        if self.job.failed is not None and holds(self.job.failed, document):
            detail = reply.short(f"its job failed: {self._reason(reply, document)}")
            return replace(accepted, kind=Kind.REJECTED, detail=detail)
        if holds(self.job.done, document):
            return replace(accepted, detail="its job is done")
        return None

    def _reason(self, reply: Reply, document: Any) -> str:
        reason = value_at(document, self.job.reason) if self.job.reason else None
        if reason:
            return text_of(reason)
        return f"{values_in(self.job.failed, document)}: {reply.text}"


def _is_final(status: int) -> bool:
    """Whether asking again would bring the same."""
    return not 200 <= status < 300 and status < 500 and status not in TRY_AGAIN


def _without_query(url: str) -> str:
    return url.partition("?")[0]
