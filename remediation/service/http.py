"""HTTP: the parameters of a service, and the request that they make for a call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from ipaddress import ip_address
from operator import not_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from urllib.parse import quote_plus, urlsplit

from pydantic import (
    Field,
    JsonValue,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from checkpoints.contract.loading import VARIABLE
from checkpoints.contract.needs import Host, Needs
from checkpoints.contract.secrets import filled
from remediation.service.http_answer import ResultsList
from remediation.service.http_job import Job
from remediation.service.http_sender import CONNECT_SECONDS, TRUSTED, HttpSender, trusted_by
from remediation.service.json_condition import Condition
from remediation.service.kind import Access, ServiceKind, ServiceRequest
from remediation.service.placeholders import (
    ENCODED,
    has_variables,
    in_text,
    refuse_placeholders,
    unnamed_dates,
    with_dates,
)

if TYPE_CHECKING:
    from remediation.plan.groups import CallGroup

NAMED_IN = "path, query, headers or body"

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"(?![ \t])[\t\x20-\x7e\xa0-\xff]*(?<![ \t])")
SET_BY_CLIENT = frozenset(
    (
        "host", "connection", "content-length", "transfer-encoding", "idempotency-key", "expect",
        "keep-alive", "te", "trailer", "upgrade", "proxy-authorization", "proxy-connection",
    )
)  # fmt: skip
MEANINGS = ("accepted", "refused", "busy", "nothing_that_day")

HeaderText = Annotated[
    str, Field(coerce_numbers_to_str=True), WithJsonSchema({"type": ["string", "number"]})
]


class HttpRequest(ServiceRequest):
    """``body`` is sent as JSON, or in the query of a GET; every ``${NAME}`` is a secret."""

    method: str
    url: str
    query: Annotated[dict[str, Any], Field(default_factory=dict, exclude_if=not_)]
    headers: Annotated[dict[str, str], Field(default_factory=dict, exclude_if=not_)]
    body: dict[str, Any]

    def __str__(self) -> str:
        url = with_query(self.url, query_of(self.query), encoded_around_variables)
        headers = "".join(f" {name}: {value}" for name, value in self.headers.items())
        return f"{self.method} {url} {json.dumps(self.body)}{headers}"

    @property
    def payload(self) -> dict[str, Any] | None:
        """What is sent as JSON."""
        return None if self.method == "GET" else self.body

    @property
    def shown_url(self) -> str:
        """The whole URL, in which secrets stand as ``${NAME}``."""
        return with_query(self.url, self._fields, encoded_around_variables)

    def sent_url(self, environment: Mapping[str, str]) -> str:
        """The whole URL, with its secrets."""
        fields = [(filled(n, environment), filled(v, environment)) for n, v in self._fields]
        return with_query(self.url, fields, quote_plus)

    def sent_headers(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The headers that the contract names, with their secrets; none that is empty."""
        headers = {name: filled(value, environment) for name, value in self.headers.items()}
        return {name: value for name, value in headers.items() if value}

    def with_secrets(self, url: str, environment: Mapping[str, str]) -> str:
        """A URL with those fields of the query that hold a secret."""
        fields = [field for field in query_of(self.query) if VARIABLE.search("".join(field))]
        return with_query(url, [(n, filled(v, environment)) for n, v in fields], quote_plus)

    @property
    def _fields(self) -> list[tuple[str, str]]:
        return query_of(self.query) + (query_of(self.body) if self.method == "GET" else [])


class HttpService(ServiceKind):
    """How a service is called over HTTP, and what its answers mean."""

    late: ClassVar[frozenset[str]] = frozenset({"query", "headers", "api_key"})

    url: str
    method: Literal["POST", "PUT", "GET"] = "POST"
    path: str = "/process"
    auth: Literal["identity_token", "access_token", "api_key", "none"] = "identity_token"
    audience: str | None = None
    api_key: str | None = Field(default=None, validate_default=True)
    api_key_header: str = "X-API-Key"
    query: dict[str, JsonValue] = Field(default_factory=dict)
    headers: dict[str, HeaderText] = Field(default_factory=dict)
    body: dict[str, JsonValue] = Field(default_factory=dict, validate_default=True)
    accepted: tuple[int, ...] = (200, 202)
    refused: tuple[int, ...] = ()
    busy: tuple[int, ...] = (429, 503)
    nothing_that_day: tuple[int, ...] = (400,)
    failed: Condition | None = None
    results: ResultsList | None = None
    job: Job | None = None

    @field_validator("path", "query", "headers", "body", "api_key", mode="after")
    @classmethod
    def _has_known_placeholders(cls, value: Any, info: ValidationInfo) -> Any:
        refuse_placeholders(value)
        if info.field_name == "path" and "#" in value:
            raise ValueError(
                f"{value!r} has a fragment, which is never sent: leave out # and after"
            )
        return value

    @field_validator("api_key", mode="after")
    @classmethod
    def _is_a_secret(cls, api_key: str | None, info: ValidationInfo) -> str | None:
        auth = info.data.get("auth")
        if auth == "api_key" and not VARIABLE.search(api_key or ""):
            raise ValueError("with auth: api_key write where it is found: api_key: ${NAME}")
        if auth in ("identity_token", "access_token", "none") and api_key is not None:
            raise ValueError(f"is not sent with auth: {auth}: write auth: api_key, or leave it out")
        return api_key

    @field_validator("api_key_header", mode="after")
    @classmethod
    def _is_a_header(cls, name: str) -> str:
        _refuse_header(name)
        return name

    @field_validator("headers", mode="after")
    @classmethod
    def _may_be_set(cls, headers: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        """None is twice there, or set by the client."""
        auth = info.data.get("auth", "none")
        by_auth = info.data.get("api_key_header") if auth == "api_key" else "Authorization"
        taken = {} if auth == "none" else {str(by_auth).lower(): f"set by auth: {auth}"}
        for name in headers:
            _refuse_header(name)
            if why := taken.get(name.lower()):
                raise ValueError(f"{name!r} is {why}: leave it out")
            taken[name.lower()] = "there twice"
        return headers

    @field_validator("query", mode="after")
    @classmethod
    def _is_a_query(cls, query: dict[str, Any]) -> dict[str, Any]:
        query_of(query)
        return query

    @field_validator("body", mode="after")
    @classmethod
    def _can_be_asked(cls, body: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """It names its date, where no variable is left that may hold it, and fits a query."""
        if info.data.get("method") == "GET":
            query_of(body)
        places = [info.data.get(name) for name in ("query", "headers")]
        path = info.data.get("path", "{date}")
        dates_per_call = info.data.get("dates_per_call", 1)
        problem = unnamed_dates(dates_per_call, NAMED_IN, path, body, *places)
        if problem and not has_variables(path, body):
            raise ValueError(problem)
        return body

    @field_validator("query", "body", mode="after")
    @classmethod
    def _is_json(cls, body: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(body, allow_nan=False)
        except ValueError as error:
            raise ValueError("holds .nan or .inf, which JSON has no word for") from error
        return body

    @model_validator(mode="after")
    def _says_one_thing_of_a_status(self) -> HttpService:
        given = [name for name in MEANINGS if name in self.model_fields_set]
        for status in dict.fromkeys(status for name in given for status in getattr(self, name)):
            lists = [name for name in given if status in getattr(self, name)]
            if len(lists) > 1:
                raise ValueError(f"{status} is in {' and in '.join(lists)}: leave it in one")
        return self

    @property
    def needs_token(self) -> bool:
        """Whether a call carries a token.

        This machine gets an identity token only where its audience is named.
        """
        if self.auth == "identity_token":
            return self.audience is not None or not is_loopback(urlsplit(self.url).hostname)
        return self.auth == "access_token"

    @property
    def address(self) -> str:
        """The host and port."""
        return urlsplit(self.url).netloc.rpartition("@")[2].lower()

    @property
    def token_audience(self) -> str:
        """Whom the identity token is for."""
        return self.audience or self.url.rstrip("/")

    def meaning_of(self, status: int) -> str:
        """Which list a status is in; one that the contract names takes precedence over a default.

        Empty where it is in none.
        """
        lists = [name for name in MEANINGS if status in getattr(self, name)]
        return next((name for name in lists if name in self.model_fields_set), *lists[:1] or [""])

    def problems(self, environment: Mapping[str, str] | None = None) -> list[str]:
        """Variables that are not set, or else what is wrong with the address and the request."""
        problems = super().problems(environment)
        if not problems:
            problems = [*_address_problems(self.url), *self._unsendable(environment)]
        places = (self.path, self.body, self.query, self.headers)
        unnamed = unnamed_dates(self.dates_per_call, NAMED_IN, *places)
        return [*problems, unnamed] if unnamed else problems

    def needs(self, environment: Mapping[str, str]) -> Needs:
        """A host that can be connected with, and the token that a call carries."""
        from remediation.service.credentials import fetch_access_token, fetch_identity_token

        problems = tuple(self.problems(environment))
        if has_variables(self.url) or [*_address_problems(self.url)]:
            return Needs(problems=problems)
        url = urlsplit(self.url)
        tls = url.scheme == "https"
        port = url.port or (443 if tls else 80)
        name, trusted = url.hostname or "", trusted_by(environment) or ""
        host = Host(name=name, port=port, tls=tls, shown=f"{name}:{port}", trusted=trusted)
        token = partial(fetch_identity_token, self.token_audience)
        fetch = fetch_access_token if self.auth == "access_token" else token
        return Needs(problems=problems, host=host, credentials=fetch if self.needs_token else None)

    def _unsendable(self, environment: Mapping[str, str] | None) -> Iterator[str]:
        """Values that HTTP does not allow, which are not shown; a file that is not there."""
        trusted = trusted_by(environment or {})
        if trusted and not Path(trusted).exists():
            names = " or ".join(TRUSTED)
            yield f"the file of certificates {trusted!r} is not there: correct {names}"
        for name, value in self.secrets(environment or {}).items():
            if re.search(r"[\ud800-\udfff]", value):
                yield f"environment variable {name} is not text in UTF-8: set it anew"
        for name, text in self._all_headers.items():
            value = text if environment is None else filled(text, environment)
            source = " and ".join(found[1] for found in VARIABLE.finditer(text)) or "the contract"
            if not HEADER_VALUE.fullmatch(value):
                yield (
                    f"header {name!r} would hold a line break, a space at an end or another "
                    f"character that HTTP does not allow: correct it in {source}"
                )
            elif not value and self.api_key and name == self.api_key_header:
                yield f"header {name!r} would be empty: set {source}"

    @property
    def _all_headers(self) -> dict[str, str]:
        key = {self.api_key_header: self.api_key} if self.api_key else {}
        return {**self.headers, **key}

    def describe(self, group: CallGroup) -> HttpRequest:
        """The request that asks for the dates of calls."""
        return HttpRequest(
            service=group.service,
            date=group.first,
            dates=group.dates if len(group.dates) > 1 else (),
            method=self.method,
            url=f"{self.url.rstrip('/')}/{in_text(self.path, group).lstrip('/')}",
            query=with_dates(self.query, group),
            headers={name: in_text(value, group) for name, value in self._all_headers.items()},
            body=with_dates(self.body, group),
        )

    def script_line(self, group: CallGroup, key: str) -> list[str]:
        """``call ID ACCEPTED PACE TOKEN SECRETS CURL-OPTIONS...``.

        SECRETS are lines such as ``header X-API-Key: ${NAME}``, which the script fills in.
        """
        accepted = [str(s) for s in self.accepted if self.meaning_of(s) == "accepted"]
        token = ""
        if self.needs_token:
            audience = f" {self.token_audience}" if self.auth == "identity_token" else ""
            token = self.auth + audience
        pace = f"{self.seconds_between_calls:g}"
        return ["call", group.id, " ".join(accepted), pace, token, *self._curl(group, key)]

    def _curl(self, group: CallGroup, key: str) -> list[str]:
        """The secrets, then options that follow no redirect and expand nothing in the URL."""
        request = self.describe(group)
        limits = f"--connect-timeout {CONNECT_SECONDS:g} --max-time {self.timeout_seconds:g}"
        options = ["--silent", "--show-error", "--globoff", *limits.split()]
        options += ["--request", request.method, "--header", f"Idempotency-Key: {key}"]
        headers = dict(request.headers)
        if request.payload is not None:
            options += ["--data-raw", json.dumps(request.payload)]
            if "content-type" not in map(str.lower, headers):
                headers["Content-Type"] = "application/json"
        given = [("header", f"{name}: {value}") for name, value in headers.items()]
        given.append(("url", request.shown_url))
        for option, text in given:
            if not VARIABLE.search(text):
                options += ["--" + option, text]
        secrets = [f"{option} {text}" for option, text in given if VARIABLE.search(text)]
        return ["\n".join(secrets), *options]

    @contextmanager
    def open_sender(self, access: Access) -> Iterator[HttpSender]:
        """A sender that holds its first token, if it needs one.

        Raises:
            CredentialsError: it cannot be had.
        """
        with closing(HttpSender(self, access)) as sender:
            sender.authenticate()
            yield sender


KIND = HttpService


def _refuse_header(name: str) -> None:
    if not HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header")
    if name.lower() in SET_BY_CLIENT:
        raise ValueError(f"{name!r} is set by the client itself: leave it out")


def with_query(url: str, fields: list[tuple[str, str]], encode: Callable[[str], str]) -> str:
    """A URL with further fields of its query."""
    given = "&".join(f"{encode(name)}={encode(value)}" for name, value in fields)
    mark = "&" if "?" in url else "?"
    return url + (mark + given if given else "")


def encoded_around_variables(text: str) -> str:
    """Percent-encoded, but every ``${NAME}`` as it is."""
    end, parts = 0, []
    for found in VARIABLE.finditer(text):
        parts += [quote_plus(text[end : found.start()]), found[0]]
        end = found.end()
    return "".join([*parts, quote_plus(text[end:])])


def query_of(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The body of a GET as the fields of a query: a list's values one by one, null is left out.

    Raises:
        ValueError: a value holds names of its own, which a query cannot say.
    """
    fields = []
    for name, given in body.items():
        for value in given if isinstance(given, list) else [given]:
            if isinstance(value, list) or (isinstance(value, dict) and [*value] != [ENCODED]):
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
