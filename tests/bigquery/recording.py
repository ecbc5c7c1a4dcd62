"""What passed through the proxy, and what it was told to do wrong."""

from __future__ import annotations

import re
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.bigquery.google_errors import GoogleError
from tests.bigquery.service import Outcome, Query, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request, and the status it was answered with."""

    method: str
    path: str
    parameters: dict[str, str]
    body: dict[str, Any]
    token: str | None
    status: int


@dataclass(slots=True, kw_only=True)
class Fault:
    """An error that the next ``times`` matching requests get instead of an answer."""

    method: str
    path: re.Pattern[str]
    error: GoogleError
    times: int


@dataclass(slots=True, kw_only=True)
class Started:
    """A query that was started; one that hangs ends when it is cancelled, or by its timeout."""

    query: Query
    outcome: Outcome
    hangs: bool = False
    ended: threading.Event = field(default_factory=threading.Event)
    error: GoogleError | None = None


@dataclass(slots=True)
class Proxy:
    """The running proxy; everything that passed through it is recorded here."""

    upstream: str
    service: Service = field(default_factory=Service)
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    crashes: list[Exception] = field(default_factory=list)
    spoiled: list[GoogleError | None] = field(default_factory=list)
    hanging: int = 0
    started: dict[str, Started] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    impersonated: list[str] = field(default_factory=list)
    connects: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, method: str, path: str, error: GoogleError, times: int = 1) -> None:
        """The next ``times`` requests whose path matches get this error."""
        self.faults.append(Fault(method=method, path=re.compile(path), error=error, times=times))

    def spoil(self, error: GoogleError, times: int = 1, after: int = 0) -> None:
        """The next ``times`` queries are started, and end with this error; ``after`` good ones."""
        self.spoiled += [*[None] * after, *[error] * times]

    def hang(self, times: int = 1) -> None:
        """The next ``times`` queries never finish by themselves."""
        self.hanging += times

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send the real clients here, with credentials from here."""
        place = urlsplit(self.url).netloc
        return {
            "BIGQUERY_EMULATOR_HOST": self.url,
            "GCE_METADATA_HOST": place,
            "GCE_METADATA_IP": place,
            "GOOGLE_CLOUD_PROJECT": "proj",
        }

    def reads(self) -> list[Query]:
        """The queries that were to read data: not the dry runs."""
        return [query for query in self.queries if not query.dry_run]

    def fault_for(self, method: str, path: str) -> GoogleError | None:
        """The error that this request is to get, if any."""
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.method == method and fault.path.search(path):
                    fault.times -= 1
                    return fault.error
        return None

    def take_hang(self) -> bool:
        """True when this query is one of those that hang."""
        with self.lock:
            self.hanging, hangs = max(0, self.hanging - 1), self.hanging > 0
        return hangs
