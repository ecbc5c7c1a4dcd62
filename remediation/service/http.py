"""HTTP: the parameters of a service, one attempt at a call, and what an answer means.

No redirect is followed, no proxy or ``.netrc`` of the environment is used, and every attempt has
a connection of its own: a reused one that the other side has just closed would leave it unclear
whether the request was taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode, urlsplit

from pydantic import Field, JsonValue, ValidationInfo, field_validator

from remediation.errors import CredentialsError
from remediation.service.answer import Answer, Kind
from remediation.service.http_answer import ResultsList, classify, short
from remediation.service.kind import Access, ServiceKind, ServiceRequest
from remediation.service.placeholders import (
    has_variables,
    in_text,
    refuse_placeholders,
    unnamed_dates,
    with_dates,
)

if TYPE_CHECKING:
    import requests

    from remediation.clock import Clock
    from remediation.plan.groups import CallGroup
    from remediation.service.credentials import Tokens

CONNECT_SECONDS = 10.0
MAX_BODY_BYTES = 64 * 1024
CHUNK_BYTES = 8 * 1024


class HttpRequest(ServiceRequest):
    """``body`` is sent as JSON, or as the query of a GET."""

    method: str
    url: str
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.url} {json.dumps(self.body)}"


class HttpService(ServiceKind):
    """How a service is called over HTTP, and what its answers mean.

    In ``path`` and ``body`` stand the placeholders of ``with_dates``. ``accepted`` and
    ``nothing_that_day`` are HTTP statuses.
    """

    url: str
    method: Literal["POST", "PUT", "GET"] = "POST"
    path: str = "/process"
    body: dict[str, JsonValue] = Field(default_factory=dict, validate_default=True)
    auth: Literal["identity_token", "none"] = "identity_token"
    audience: str | None = None
    accepted: tuple[int, ...] = (200, 202)
    nothing_that_day: tuple[int, ...] = (400,)
    results: ResultsList | None = None

    @field_validator("path", "body", mode="after")
    @classmethod
    def _has_known_placeholders(cls, value: Any) -> Any:
        refuse_placeholders(value)
        if isinstance(value, str) and "#" in value:
            raise ValueError(
                f"{value!r} has a fragment, which is never sent: leave out # and after"
            )
        return value

    @field_validator("body", mode="after")
    @classmethod
    def _can_be_asked(cls, body: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """It names its date, where no variable is left that may hold it, and fits a query."""
        if info.data.get("method") == "GET":
            query_of(body)
        path = info.data.get("path", "{date}")
        problem = unnamed_dates(info.data.get("dates_per_call", 1), "path or body", path, body)
        if problem and not has_variables(path, body):
            raise ValueError(problem)
        return body

    @field_validator("body", mode="after")
    @classmethod
    def _is_json(cls, body: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(body, allow_nan=False)
        except ValueError as error:
            raise ValueError("holds .nan or .inf, which JSON has no word for") from error
        return body

    @property
    def needs_token(self) -> bool:
        """Whether a call carries an identity token: never on this machine, else as declared."""
        return self.auth == "identity_token" and not is_loopback(urlsplit(self.url).hostname)

    @property
    def address(self) -> str:
        """The host and port."""
        return urlsplit(self.url).netloc.rpartition("@")[2].lower()

    @property
    def token_audience(self) -> str:
        """Whom the identity token is for."""
        return self.audience or self.url.rstrip("/")

    def problems(self, environment: Mapping[str, str] | None = None) -> list[str]:
        """Variables that are not set, or else what is wrong with the address and the request."""
        problems = super().problems(environment) or list(_address_problems(self.url))
        unnamed = unnamed_dates(self.dates_per_call, "path or body", self.path, self.body)
        return [*problems, unnamed] if unnamed else problems

    def describe(self, group: CallGroup) -> HttpRequest:
        """The request that asks for the dates of calls."""
        return HttpRequest(
            service=group.service,
            date=group.first,
            dates=group.dates if len(group.dates) > 1 else (),
            method=self.method,
            url=f"{self.url.rstrip('/')}/{in_text(self.path, group).lstrip('/')}",
            body=with_dates(self.body, group),
        )

    def script_line(self, group: CallGroup, key: str) -> list[str]:
        """``call ID ACCEPTED PACE AUDIENCE CURL-OPTIONS...``, without the token."""
        accepted = " ".join(map(str, self.accepted))
        audience = self.token_audience if self.needs_token else ""
        pace = f"{self.seconds_between_calls:g}"
        return ["call", group.id, accepted, pace, audience, *self._curl_options(group, key)]

    def _curl_options(self, group: CallGroup, key: str) -> list[str]:
        """Options that follow no redirect and expand nothing in the URL."""
        request = self.describe(group)
        limits = f"--connect-timeout {CONNECT_SECONDS:g} --max-time {self.timeout_seconds:g}"
        options = ["--silent", "--show-error", "--globoff", *limits.split()]
        options += ["--request", request.method, "--header", f"Idempotency-Key: {key}"]
        if request.method != "GET":
            options += ["--header", "Content-Type: application/json"]
            return [*options, "--data-raw", json.dumps(request.body), request.url]
        mark = "&" if "?" in request.url else "?"
        given = urlencode(query_of(request.body))
        return [*options, request.url + (mark + given if given else "")]

    @contextmanager
    def open_sender(self, access: Access) -> Iterator[HttpSender]:
        """A sender that holds its first token, if it needs one.

        Raises:
            CredentialsError: it cannot be had.
        """
        tokens = access.tokens if self.needs_token else None
        with closing(HttpSender(self, tokens, access.clock)) as sender:
            sender.authenticate()
            yield sender


KIND = HttpService


def query_of(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The body of a GET as the fields of a query: a list's values one by one, null is left out.

    Raises:
        ValueError: a value holds names of its own, which a query cannot say.
    """
    fields = []
    for name, given in body.items():
        for value in given if isinstance(given, list) else [given]:
            if isinstance(value, dict | list):
                raise ValueError(f"{name!r} is nested, which the query of a GET cannot say")
            if value is not None:
                text = json.dumps(value) if isinstance(value, bool) else str(value)
                fields.append((name, text))
    return fields


def _address_problems(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        yield f"url {url!r} is not an address: {error}"
        return
    if not parts.hostname or re.search(r"[\s\x00-\x1f\\]", url):
        yield f"url {url!r} is not an address: write https://host"
    elif parts.username or parts.password:
        yield "url holds a user name or password: remove it"
    elif parts.query or parts.fragment:
        yield f"url {url!r} has a query or fragment: remove it"
    elif parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        yield f"url {url!r} must begin with https:// (http only on this machine)"


def is_loopback(host: str | None) -> bool:
    """True for this machine: ``localhost`` and loopback addresses."""
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host is not None and host.lower() == "localhost"


class HttpSender:
    """Calls one service, from any thread. Without ``tokens`` no credentials are sent."""

    def __init__(self, service: HttpService, tokens: Tokens | None, clock: Clock) -> None:
        from http.cookiejar import DefaultCookiePolicy

        import requests
        from requests.adapters import HTTPAdapter

        self._service = service
        self._tokens = tokens
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=1))

    def close(self) -> None:
        """Release the connection."""
        self._session.close()

    def authenticate(self, *, renew: bool = False) -> str | None:
        """The token that the next call carries, if it carries one.

        Raises:
            CredentialsError: none could be had.
        """
        if self._tokens is None:
            return None
        return self._tokens.token(self._service.token_audience, renew=renew)

    def stop(self) -> bool:
        """What was sent cannot be taken back."""
        return False

    def send(
        self,
        group: CallGroup,
        *,
        key: str,
        tell: Callable[[Answer], None],  # noqa: ARG002
        renew: bool = False,
    ) -> Answer:
        """Make one attempt; never raises for what the network or the service does.

        ``key`` is the same for every attempt at these calls; ``renew`` asks for a new token.
        """
        try:
            token = self.authenticate(renew=renew)
        except CredentialsError as error:
            return Answer(kind=Kind.NOT_SENT, detail=str(error), stops=True)
        started = self._clock.monotonic()
        answer = self._attempt(group, key, token)
        detail = answer.detail.replace(token, "[token]") if token else answer.detail
        stops = answer.stops or (answer.kind is Kind.UNAUTHORIZED and token is None)
        seconds = self._clock.monotonic() - started
        return replace(answer, detail=detail, seconds=seconds, stops=stops)

    def _attempt(self, group: CallGroup, key: str, token: str | None) -> Answer:
        from requests import RequestException
        from urllib3.exceptions import HTTPError

        try:
            with self._open(group, key, token) as response:
                body = self._body(response, token)
                now = self._clock.now()
                return classify(self._service, response.status_code, response.headers, body, now)
        except (RequestException, HTTPError, OSError) as error:
            return _without_answer(error, self._service.timeout_seconds)

    def _open(self, group: CallGroup, key: str, token: str | None) -> requests.Response:
        request = self._service.describe(group)
        by_query = request.method == "GET"
        payload = {"params": query_of(request.body)} if by_query else {"json": request.body}
        headers = {"Connection": "close", "Idempotency-Key": key}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        timeout = self._service.timeout_seconds
        return self._session.request(
            request.method,
            request.url,
            headers=headers,
            timeout=(min(CONNECT_SECONDS, timeout), timeout),
            allow_redirects=False,
            stream=True,
            **payload,
        )

    def _body(self, response: requests.Response, token: str | None) -> str:
        """At most 64 KB of the body, within the service's timeout however slowly it comes."""
        deadline = self._clock.monotonic() + self._service.timeout_seconds
        read = bytearray()
        while len(read) < MAX_BODY_BYTES and self._clock.monotonic() < deadline:
            chunk = response.raw.read1(CHUNK_BYTES, decode_content=True)
            if not chunk:
                break
            read += chunk
        text = read.decode("utf-8", errors="replace")
        return text.replace(token, "[token]") if token else text


def _without_answer(error: Exception, timeout_seconds: float) -> Answer:
    """Whether the service may have been reached, from how the attempt failed."""
    from requests.exceptions import ConnectTimeout, InvalidURL, ReadTimeout, SSLError
    from urllib3.exceptions import NewConnectionError

    root = _root_of(error)
    reason = getattr(root, "reason", None) or root
    if isinstance(error, SSLError):
        return Answer(kind=Kind.NOT_SENT, detail=short(f"TLS failed: {reason}"), stops=True)
    if isinstance(error, ReadTimeout):
        return Answer(kind=Kind.UNKNOWN, detail=f"no answer within {timeout_seconds:g} s")
    if isinstance(error, ConnectTimeout | InvalidURL) or isinstance(root, NewConnectionError):
        return Answer(kind=Kind.NOT_SENT, detail=short(f"cannot connect: {reason}"))
    return Answer(kind=Kind.UNKNOWN, detail=short(f"the connection was lost: {reason}"))


def _root_of(error: BaseException) -> BaseException:
    """The innermost reason that the HTTP libraries wrap."""
    for inner in (getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException):
            return _root_of(inner)
    return error
