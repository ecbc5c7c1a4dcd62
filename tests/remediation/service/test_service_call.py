"""One attempt at one date: what is sent, where to, and what an answer means."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.model import Contract
from remediation.backfill.sending import (
    LONGEST_WAIT,
    SENDS,
    Attempt,
    Breaker,
    may_be_sent_again,
    wait_before_repeat,
)
from remediation.clock import Clock
from remediation.errors import CredentialsError, ServiceNotCallable
from remediation.ledger.states import State
from remediation.plan.groups import alone
from remediation.plan.model import Call
from remediation.service.answer import Answer, Kind
from remediation.service.credentials import Tokens, expiry_of
from remediation.service.http import HttpService
from remediation.service.http_answer import LONGEST_PAUSE, retry_after
from remediation.service.http_sender import MAX_BODY_BYTES, HttpSender
from remediation.service.kind import Access, check_callable
from tests.support.scripted_service import (
    Act,
    ScriptedService,
    answer,
    drop,
    raw_contract,
    scripted_service,
    silence,
)
from tests.support.warehouses import D, contract_of

CALL = alone(Call(service="four", date=D("2025-01-07"), datasets=("factors",)))
CLOCK = Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=time.sleep)
SECRET = "eyJhbGciOi.SECRET.token"


AUDIENCE = "https://audience"


def tokens_of(asked: list[str]) -> Tokens:
    """The same token for whoever asks."""

    def fetch(audience: str) -> str:
        asked.append(audience)
        return SECRET

    return Tokens(fetch, time.time)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with scripted_service(tmp_path / "none.duckdb") as running:
        yield running


def declared(url: str, **changes: Any) -> HttpService:
    return HttpService.model_validate(
        {
            "url": url,
            "path": "/four",
            "body": {"game_date": "{date}", "list": ["{date}", 1, {"deep": "to {date}"}], "n": 2},
            "timeout_seconds": 0.3,
            **changes,
        }
    )


def unexpected(answer: Answer) -> None:
    raise AssertionError(answer)


def send(url: str, tokens: Tokens | None = None, **changes: Any) -> Answer:
    access = Access(tokens=tokens or tokens_of([]), clock=CLOCK)
    sender = HttpSender(declared(url, **changes), access)
    try:
        return sender.send(CALL, key="k", tell=unexpected)
    finally:
        sender.close()


def test_the_date_is_put_everywhere_in_the_body_and_in_the_path() -> None:
    request = declared("https://host/base/", path="/days/{date}").describe(CALL)
    assert (request.method, request.url) == ("POST", "https://host/base/days/2025-01-07")
    assert request.body == {
        "game_date": "2025-01-07",
        "list": ["2025-01-07", 1, {"deep": "to 2025-01-07"}],
        "n": 2,
    }


def test_the_request_on_the_wire_is_the_one_of_the_dry_run(service: ScriptedService) -> None:
    service.on("/four", "2025-01-07", answer(200))
    send(service.url)
    (call,) = service.calls
    assert call.body == declared(service.url).describe(CALL).body
    assert call.headers["Idempotency-Key"] == "k"
    assert call.headers["Content-Type"] == "application/json"
    assert "Authorization" not in call.headers


NO_LIST = {"results": {"path": "results", "status": "status", "succeeded": ["success"]}}
MIXED = json.dumps(
    {"results": [{"processor": "a", "status": "success"}, {"name": "b", "status": "error"}]}
)


@pytest.mark.parametrize(
    ("act", "changes", "kind", "detail"),
    [
        (answer(200), {}, Kind.ACCEPTED, ""),
        (answer(202, "<html>hello"), {}, Kind.ACCEPTED, ""),
        (answer(200, '{"results": []}'), NO_LIST, Kind.ACCEPTED, ""),
        (answer(200, MIXED), NO_LIST, Kind.FAILED_INSIDE, "b: error"),
        (answer(200, "not json"), NO_LIST, Kind.UNKNOWN, "HTTP 200 without the list 'results'"),
        (answer(200), {"accepted": [202]}, Kind.REJECTED, "HTTP 200: {}"),
        (
            answer(400, "bad\x1b[31m \n day"),
            {},
            Kind.NOTHING_THAT_DAY,
            r"HTTP 400: bad\u001b[31m day",
        ),
        (answer(400), {"nothing_that_day": []}, Kind.REJECTED, "HTTP 400: {}"),
        (answer(401, "who?"), {}, Kind.UNAUTHORIZED, "HTTP 401: who?"),
        (answer(403, ""), {}, Kind.UNAUTHORIZED, "HTTP 403"),
        (answer(409), {}, Kind.UNKNOWN, "HTTP 409: {}"),
        (answer(429, ""), {}, Kind.BUSY, "HTTP 429"),
        (answer(500, "boom"), {}, Kind.REJECTED, "HTTP 500: boom"),
        (answer(408, ""), {}, Kind.UNKNOWN, "HTTP 408"),
        (answer(502, ""), {}, Kind.UNKNOWN, "HTTP 502"),
        (answer(503, ""), {}, Kind.BUSY, "HTTP 503"),
        (answer(504, ""), {}, Kind.UNKNOWN, "HTTP 504"),
        (drop, {}, Kind.UNKNOWN, "the connection was lost"),
        (silence(0.6, lands=False), {}, Kind.UNKNOWN, "no answer within 0.3 s"),
    ],
)
def test_what_an_answer_means(
    service: ScriptedService, act: Act, changes: dict[str, Any], kind: Kind, detail: str
) -> None:
    service.on("/four", "2025-01-07", act)
    got = send(service.url, **changes)
    assert got.kind is kind
    assert got.detail.startswith(detail)
    assert detail or not got.detail
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    ("status", "stops"),
    [(401, True), (403, True), (404, True), (405, True), (422, True), (500, False)],
)
def test_some_refusals_stop_the_service(service: ScriptedService, status: int, stops: bool) -> None:
    service.on("/four", "2025-01-07", answer(status))
    assert send(service.url).stops is stops


def test_a_refused_connection_was_surely_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        got = send(f"http://127.0.0.1:{port}")
    assert got.kind is Kind.NOT_SENT
    assert got.detail.startswith("cannot connect")


def test_a_token_is_sent_as_bearer_and_never_shown(service: ScriptedService) -> None:
    service.on("/four", "2025-01-07", answer(500, f"you sent Bearer {SECRET}!"))
    asked: list[str] = []
    got = send(service.url, tokens_of(asked), audience=AUDIENCE)
    assert service.calls[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert asked == [AUDIENCE]
    assert got.detail == "HTTP 500: you sent Bearer [token]!"


def test_a_token_is_not_shown_in_part_or_from_a_header_either(service: ScriptedService) -> None:
    service.on("/four", "2025-01-07", answer(500, "x" * 280 + SECRET))
    assert SECRET[:5] not in send(service.url, audience=AUDIENCE).detail
    service.on("/four", "2025-01-07", answer(302, Location=f"https://login?t={SECRET}"))
    assert "https://login?t=[token]" in send(service.url, audience=AUDIENCE).detail


def test_credentials_of_the_environment_are_not_used(
    service: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hush\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    service.on("/four", "2025-01-07", answer(200))
    assert send(service.url).kind is Kind.ACCEPTED
    assert "Authorization" not in service.calls[0].headers


def test_a_huge_body_is_read_only_in_part(service: ScriptedService) -> None:
    service.on("/four", "2025-01-07", answer(500, "x" * (50 * MAX_BODY_BYTES)))
    got = send(service.url, timeout_seconds=5)
    assert got.kind is Kind.REJECTED
    assert len(got.detail) < 400


def test_a_token_that_cannot_be_had_sends_nothing(service: ScriptedService) -> None:
    def fetch(audience: str) -> str:
        raise CredentialsError(f"no identity token for {audience!r}")

    got = send(service.url, Tokens(fetch, time.time), audience=AUDIENCE)
    assert (got.kind, got.stops) == (Kind.NOT_SENT, True)
    assert service.calls == []


def jwt(expires: float) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).rstrip(b"=")
    signature = base64.urlsafe_b64encode(f"{expires}".encode()).rstrip(b"=")
    return f"e30.{payload.decode()}.{signature.decode()}"


def test_tokens_are_kept_renewed_before_they_expire_and_on_demand() -> None:
    clock = [1000.0]
    fetched: list[str] = []

    def fetch(audience: str) -> str:
        fetched.append(audience)
        return jwt(clock[0] + 3600)

    tokens = Tokens(fetch, lambda: clock[0])
    first = tokens.token("a")
    clock[0] += 3600 - 301
    assert tokens.token("a") == first
    clock[0] += 2
    assert tokens.token("a") != first
    tokens.token("a", renew=True)
    tokens.token("b")
    assert fetched == ["a", "a", "a", "b"]
    assert first not in repr(tokens)


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "e30.e30.x", "a.bnVsbA.c"])
def test_a_token_without_an_expiry_is_no_error(token: str) -> None:
    assert expiry_of(token) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("${PHASE4_URL}", "environment variable PHASE4_URL is not set: export PHASE4_URL=…"),
        ("http://service.example", "must begin with https://"),
        ("http://127.0.0.1.example", "must begin with https://"),
        ("http://localhost.example:80", "must begin with https://"),
        ("ftp://service.example", "must begin with https://"),
        ("service.example", "is not an address"),
        ("https://", "is not an address"),
        ("https://host:port", "is not an address"),
        ("https://user:pass@host", "user name or password"),
        ("https://host\\@127.0.0.1", "is not an address"),
        ("https://host?x=1", "query or fragment"),
        ("https://service.example/base", ""),
        ("http://127.0.0.1:8080", ""),
        ("http://localhost", ""),
        ("http://[::1]:8080", ""),
    ],
)
def test_only_safe_addresses_are_called(tmp_path: Path, url: str, problem: str) -> None:
    contract = contract_of(tmp_path, raw_contract(url, tmp_path / "w.duckdb")).contract
    if not problem:
        check_callable(contract, ("four",))
        return
    with pytest.raises(ServiceNotCallable) as refusal:
        check_callable(contract, ("three", "four"))
    assert [p.split(":")[0] for p in refusal.value.problems] == ["services.three", "services.four"]
    assert problem in refusal.value.problems[1]


@pytest.mark.parametrize(
    ("url", "auth", "audience", "needed"),
    [
        ("https://service.example", "identity_token", None, True),
        ("https://service.example", "none", None, False),
        ("http://127.0.0.1:8080", "identity_token", None, False),
        ("http://localhost:8080", "identity_token", None, False),
        ("http://localhost:8080", "identity_token", AUDIENCE, True),
        ("http://localhost:8080", "access_token", None, True),
        ("http://localhost:8080", "none", AUDIENCE, False),
    ],
)
def test_a_service_on_this_machine_gets_a_token_only_where_it_is_asked_for(
    url: str, auth: str, audience: str | None, needed: bool
) -> None:
    assert declared(url, auth=auth, audience=audience).needs_token is needed


def test_an_unset_variable_in_the_body_is_found(tmp_path: Path) -> None:
    raw = raw_contract("https://host", tmp_path / "w.duckdb", body={"key": ["${API_KEY}"]})
    contract: Contract = contract_of(tmp_path, raw).contract
    with pytest.raises(ServiceNotCallable, match="API_KEY is not set"):
        check_callable(contract, ("four",))


NOW = datetime(2025, 1, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Tue, 21 Jan 2025 12:01:30 GMT", 90),
        ("Tue, 21 Jan 2025 11:00:00 GMT", 0),
        ("2.5", 2.5),
        ("Tuesday, 21-Jan-25 12:01:30 GMT", 90),
        ("Tue Jan 21 12:01:30 2025", 90),
        ("-5", None),
        ("NaN", None),
        ("inf", None),
        ("1e3", None),
        ("Tue, 21 Jan 99999 12:01:30 GMT", None),
        ("Tue, 21 Jan 2025 12:01:30 +99999999999", None),
        ("soon", None),
        ("", None),
        ("1000000000000", LONGEST_PAUSE),
        ("9" * 5000, LONGEST_PAUSE),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_PAUSE),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(text: str, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds


def tried(number: int = 1, sending: int = 1, *, renew: bool = False) -> Attempt:
    return Attempt(group=CALL, number=number, sending=sending, renew=renew)


def test_only_what_was_surely_not_taken_is_repeated() -> None:
    repeated = {k for k in Kind if wait_before_repeat(Answer(kind=k), tried()) is not None}
    assert repeated == {Kind.NOT_SENT, Kind.BUSY, Kind.UNAUTHORIZED}
    assert wait_before_repeat(Answer(kind=Kind.UNAUTHORIZED), tried(2, renew=True)) is None
    assert wait_before_repeat(Answer(kind=Kind.UNAUTHORIZED), tried(2)) == 0
    assert wait_before_repeat(Answer(kind=Kind.NOT_SENT), tried(5)) is None
    assert wait_before_repeat(Answer(kind=Kind.NOT_SENT, stops=True), tried()) is None


def test_retry_after_is_honoured_within_bounds() -> None:
    assert wait_before_repeat(Answer(kind=Kind.BUSY, retry_after=7), tried()) == 7
    assert wait_before_repeat(Answer(kind=Kind.BUSY, retry_after=LONGEST_WAIT + 1), tried()) is None
    waits = [wait_before_repeat(Answer(kind=Kind.BUSY), tried(n)) for n in (1, 2, 3)]
    assert waits == [0.5, 1, 2]


def test_what_was_lost_is_sent_again_only_after_the_tables_were_seen_to_lack_it() -> None:
    again = {state for state in State if may_be_sent_again(tried(), state)}
    assert again == {State.STILL_MISSING, State.PARTIAL}
    assert not may_be_sent_again(tried(sending=SENDS), State.STILL_MISSING)


def test_the_breaker_opens_after_failures_in_a_row() -> None:
    breaker = Breaker(limit=2)
    for failed in (True, False, True):
        breaker.record(failed=failed)
    assert not breaker.is_open
    breaker.record(failed=True)
    assert breaker.is_open
