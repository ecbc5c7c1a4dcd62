"""What leaves over HTTP: headers, query, dates, credentials; and what a contract cannot ask."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from checkpoints.contract.loading import load_contract
from checkpoints.errors import ContractError
from remediation.errors import CredentialsError, ServiceNotCallable
from remediation.plan.groups import CallGroup
from remediation.plan.model import Call
from remediation.service import credentials
from remediation.service.answer import Answer, Kind
from remediation.service.credentials import Tokens, fetch_access_token
from remediation.service.http_sender import HttpSender
from remediation.service.kind import Access, check_callable, service_of
from tests.remediation.service.test_service_call import CLOCK, declared, unexpected
from tests.support.scripted_service import ScriptedService, answer, raw_contract, scripted_service
from tests.support.warehouses import D, contract_of, write_contract

KEY, SECRET = "PHASE4_KEY", "s3cret/+ value"


def calls(*days: str) -> CallGroup:
    return CallGroup(tuple(Call(service="four", date=D(d), datasets=("f",)) for d in days))


ONE = calls("2025-01-07")
THREE = calls("2025-01-07", "2025-01-08", "2025-01-10")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with scripted_service(tmp_path / "none.duckdb") as running:
        for day in ("2025-01-07", "0001-01-01"):
            running.on("/four", day, answer(200), answer(200))
        yield running


def no_identity(audience: str) -> str:
    raise AssertionError(audience)


def send(
    service: ScriptedService,
    group: CallGroup = ONE,
    environment: dict[str, str] | None = None,
    tokens: Tokens | None = None,
    renew: bool = False,
    **changes: Any,
) -> Answer:
    access = Access(
        tokens=tokens or Tokens(no_identity, time.time),
        clock=CLOCK,
        environment=environment or {},
    )
    sender = HttpSender(declared(service.url, timeout_seconds=5, **changes), access)
    try:
        return sender.send(group, key="k", tell=unexpected, renew=renew)
    finally:
        sender.close()


def test_headers_and_query_carry_secrets_and_dates(service: ScriptedService) -> None:
    got = send(
        service,
        environment={KEY: SECRET},
        headers={"X-API-Key": "Key ${PHASE4_KEY}", "X-Day": "{date}", "X-Version": 2},
        query={"key": "${PHASE4_KEY}", "day": "{date}", "mode": "${MODE:-full run}", "force": True},
    )
    assert got.kind is Kind.ACCEPTED
    (call,) = service.calls
    assert call.headers["X-API-Key"] == f"Key {SECRET}"
    assert (call.headers["X-Day"], call.headers["X-Version"]) == ("2025-01-07", "2")
    expected = [("key", SECRET), ("day", "2025-01-07"), ("mode", "full run"), ("force", "true")]
    assert call.query == expected
    assert call.body["game_date"] == "2025-01-07"


def test_a_query_follows_the_one_of_the_path_and_comes_before_the_body_of_a_get(
    service: ScriptedService,
) -> None:
    asked: dict[str, Any] = {"path": "/four?a=1", "query": {"b": "{to}"}, "body": {"c": "{dates}"}}
    send(service, THREE, method="GET", dates_per_call="range", **asked)
    (call,) = service.calls
    days = [("c", "2025-01-07"), ("c", "2025-01-08"), ("c", "2025-01-10")]
    assert call.query == [("a", "1"), ("b", "2025-01-10"), *days]
    assert (call.method, call.body) == ("GET", None)


def test_a_header_with_nothing_in_it_is_left_out(service: ScriptedService) -> None:
    send(service, headers={"X-Flag": "${FLAG:-}"})
    assert "X-Flag" not in service.calls[0].headers


def test_a_header_of_the_contract_takes_precedence_over_the_type_of_the_body(
    service: ScriptedService,
) -> None:
    send(service, headers={"content-type": "application/vnd.api+json"})
    assert service.calls[0].headers["content-type"] == "application/vnd.api+json"
    assert "Content-Type" not in service.calls[0].headers


def test_a_body_is_encoded_for_a_topic(service: ScriptedService) -> None:
    message = {"game_dates": "{dates}", "from": "{from}", "to": "{to}"}
    body = {"messages": [{"data": {"base64": message}, "attributes": {"day": "{from}"}}]}
    send(service, THREE, body=body, dates_per_call="range")
    (sent,) = service.calls[0].body["messages"]
    assert sent["attributes"] == {"day": "2025-01-07"}
    assert json.loads(base64.b64decode(sent["data"])) == {
        "game_dates": ["2025-01-07", "2025-01-08", "2025-01-10"],
        "from": "2025-01-07",
        "to": "2025-01-10",
    }


def test_a_list_of_dates_and_a_graphql_query_go_over_the_wire(service: ScriptedService) -> None:
    query = "mutation Run($days: [String!]!) {\n  launch(days: $days) { id ... on Bad { error } } }"
    body = {"query": query, "variables": {"days": "{dates}", "said": "for {dates}"}}
    send(service, THREE, body=body, dates_per_call="list")
    assert service.calls[0].body == {
        "query": query,
        "variables": {
            "days": ["2025-01-07", "2025-01-08", "2025-01-10"],
            "said": "for 2025-01-07,2025-01-08,2025-01-10",
        },
    }


def test_a_variable_may_have_the_name_of_a_placeholder(service: ScriptedService) -> None:
    send(service, environment={"date": SECRET}, headers={"X-Key": "${date} {date}"})
    assert service.calls[0].headers["X-Key"] == f"{SECRET} 2025-01-07"


@pytest.mark.parametrize(
    ("header", "text", "sent"),
    [
        (None, "${PHASE4_KEY}", ("X-API-Key", SECRET)),
        ("Authorization", "Basic ${PHASE4_KEY}", ("Authorization", f"Basic {SECRET}")),
    ],
)
def test_an_api_key_is_sent_in_its_header(
    service: ScriptedService, header: str | None, text: str, sent: tuple[str, str]
) -> None:
    where: dict[str, Any] = {"api_key_header": header} if header else {}
    send(service, environment={KEY: SECRET}, auth="api_key", api_key=text, **where)
    assert service.calls[0].headers[sent[0]] == sent[1]


def test_an_api_key_cannot_be_renewed(service: ScriptedService) -> None:
    service.on("/four", "2025-01-07", answer(401, f"bad key {SECRET}"))
    got = send(service, environment={KEY: SECRET}, auth="api_key", api_key="${PHASE4_KEY}")
    assert (got.kind, got.stops) == (Kind.UNAUTHORIZED, True)
    assert got.detail == "HTTP 401: bad key [PHASE4_KEY]"


def test_an_access_token_is_sent_and_renewed_in_time_and_on_demand(
    service: ScriptedService,
) -> None:
    clock, fetched = [1000.0], [0]

    def fetch() -> tuple[str, float | None]:
        fetched[0] += 1
        return f"ya29.{fetched[0]}", clock[0] + 3600

    tokens = Tokens(no_identity, lambda: clock[0], fetch)
    service.on("/four", "2025-01-07", *[answer(200)] * 4)
    send(service, tokens=tokens, auth="access_token")
    clock[0] += 3600 - 301
    send(service, tokens=tokens, auth="access_token")
    clock[0] += 2
    send(service, tokens=tokens, auth="access_token")
    send(service, tokens=tokens, auth="access_token", renew=True)
    sent = [call.headers["Authorization"] for call in service.calls]
    assert sent == ["Bearer ya29.1", "Bearer ya29.1", "Bearer ya29.2", "Bearer ya29.3"]
    assert "ya29" not in repr(tokens)


def test_an_access_token_of_the_default_credentials_says_when_it_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: ScriptedService
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    account = {
        "type": "service_account",
        "project_id": "p",
        "client_email": "robot@p.iam.gserviceaccount.com",
        "token_uri": f"{service.url}/token",
        "private_key": key.private_bytes(serialization.Encoding.PEM, *plain).decode(),
    }
    path = tmp_path / "account.json"
    path.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    given = {"access_token": "ya29.real", "expires_in": 1800, "token_type": "Bearer"}
    service.forms["/token"] = json.dumps(given)
    token, expires = fetch_access_token()
    assert token == "ya29.real"
    assert expires == pytest.approx(time.time() + 1800, abs=30)


def test_an_access_token_comes_from_gcloud_where_the_library_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "CLOUDSDK_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(CredentialsError, match="no access token: set GOOGLE_APPLICATION_CRED"):
        fetch_access_token()
    gcloud = tmp_path / "gcloud"
    gcloud.write_text('#!/bin/sh\necho "ya29 $*"\n')
    gcloud.chmod(0o755)
    assert fetch_access_token() == ("ya29 auth print-access-token --quiet", None)


def test_a_token_that_cannot_be_had_is_named_by_its_kind(service: ScriptedService) -> None:
    def fetch() -> tuple[str, float | None]:
        raise CredentialsError(f"no access token: {credentials.HOW}")

    got = send(service, tokens=Tokens(no_identity, time.time, fetch), auth="access_token")
    assert (got.kind, got.stops) == (Kind.NOT_SENT, True)
    assert got.detail.startswith("no access token: set GOOGLE_APPLICATION_CREDENTIALS")
    assert service.calls == []


SECRETS = {"headers": {"X-Key": "${PHASE4_KEY}"}, "query": {"key": ["${PHASE4_KEY}", "a b"]}}


def test_variables_of_secrets_stay_in_the_contract_whatever_the_service_is_called(
    tmp_path: Path,
) -> None:
    raw = raw_contract("https://host", tmp_path / "w.duckdb")
    body = {"day": "{date}", "headers": "${PHASE4_KEY}", "query": {"api_key": "${PHASE4_KEY}"}}
    key = {"auth": "api_key", "api_key": "${PHASE4_KEY}"}
    for name in ("four", "a.b", "x.headers", "headers"):
        raw["services"][name] = {**raw["services"]["three"], **SECRETS, **key, "body": body}
    path = write_contract(tmp_path, raw)
    contract = load_contract(path, {KEY: SECRET}).contract
    for name in ("four", "a.b", "x.headers", "headers"):
        text = contract.services[name].model_dump()
        assert {field: text[field] for field in SECRETS} == SECRETS
        assert text["api_key"] == "${PHASE4_KEY}"
        assert text["body"] == {
            "day": "{date}", "headers": SECRET, "query": {"api_key": SECRET},
        }  # fmt: skip


def test_a_dry_run_names_the_variable_and_shows_no_value(tmp_path: Path) -> None:
    raw = raw_contract("https://host", tmp_path / "w.duckdb")
    raw["services"]["four"] |= {**SECRETS, "auth": "api_key", "api_key": "Basic ${K:-x}"}
    path = write_contract(tmp_path, raw)
    four = service_of(load_contract(path, {KEY: SECRET, "K": SECRET}).contract, "four")
    request = four.describe(ONE)
    assert request.model_dump(mode="json") == {
        "service": "four",
        "date": "2025-01-07",
        "method": "POST",
        "url": "https://host/four",
        "query": {"key": ["${PHASE4_KEY}", "a b"]},
        "headers": {"X-Key": "${PHASE4_KEY}", "X-API-Key": "Basic ${K:-x}"},
        "body": {"game_date": "2025-01-07", "nested": [{"again": "on 2025-01-07"}], "n": 3},
    }
    shown = str(request)
    assert shown.startswith("POST https://host/four?key=${PHASE4_KEY}&key=a+b {")
    assert shown.endswith("} X-Key: ${PHASE4_KEY} X-API-Key: Basic ${K:-x}")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"auth": "api_key"}, "four.api_key: with auth: api_key write where it is found"),
        ({"auth": "api_key", "api_key": "literal"}, "four.api_key: with auth: api_key write"),
        ({"auth": "none", "api_key": "${K}"}, "four.api_key: is not sent with auth: none"),
        ({"auth": "api_key", "api_key": "${K"}, "${K is no variable"),
        ({"headers": {"X-Key": "${K-x}"}}, "four.headers: ${K-x} is no variable"),
        ({"headers": {"X-Day": "{Date}"}}, "four.headers: {Date} is no placeholder"),
        ({"query": {"day": "{Date}"}}, "four.query: {Date} is no placeholder"),
        ({"query": {"day": {"a": 1}}}, "four.query: 'day' is nested"),
        ({"headers": {"X Key": "a"}}, "four.headers: 'X Key' is no name of a header"),
        ({"headers": {"": "a"}}, "four.headers: '' is no name of a header"),
        ({"headers": {"Clé": "a"}}, "is no name of a header"),
        ({"headers": {"X-A": "a", "x-a": "b"}}, "four.headers: 'x-a' is there twice"),
        ({"headers": {"X-A": None}}, "four.headers.X-A: Input should be a valid string"),
        *(
            ({"headers": {name: "a"}}, f"four.headers: {name!r} is set by the client itself")
            for name in ("Host", "content-length", "Connection", "Transfer-Encoding",
                         "Idempotency-Key")
        ),
        *(
            ({"headers": {"authorization": "a"}, "auth": auth}, f"is set by auth: {auth}")
            for auth in ("identity_token", "access_token")
        ),
        (
            {"headers": {"x-api-key": "a"}, "auth": "api_key", "api_key": "${K}"},
            "'x-api-key' is set by auth: api_key",
        ),
        ({"auth": "api_key", "api_key": "${K}", "api_key_header": "Host"}, "'Host' is set by"),
        ({"refused": [503], "busy": [429, 503]}, "503 is in refused and in busy: leave it in one"),
        ({"accepted": [200], "nothing_that_day": [200]}, "200 is in accepted and in nothing_that"),
        ({"failed": "error"}, "four.failed: 'error' is no path of a value"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_or_means_two_things_is_refused_in_the_contract(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    raw = raw_contract("https://host", tmp_path / "w.duckdb")
    raw["services"]["four"] |= changes
    with pytest.raises(ContractError) as refusal:
        contract_of(tmp_path, raw)
    assert told in str(refusal.value)


def test_authorization_may_be_set_where_nothing_else_sets_it(service: ScriptedService) -> None:
    send(
        service,
        environment={KEY: SECRET},
        auth="none",
        headers={"Authorization": "T ${PHASE4_KEY}"},
    )
    assert service.calls[0].headers["Authorization"] == f"T {SECRET}"


@pytest.mark.parametrize(
    "value",
    [
        f"{SECRET}\nX-Admin: 1",
        f"{SECRET}\r",
        f" {SECRET}",
        f"{SECRET}\t",
        f"{SECRET}\x00",
        f"{SECRET}€",
    ],
)
def test_a_value_that_http_does_not_allow_is_told_without_showing_it(
    tmp_path: Path, value: str
) -> None:
    raw = raw_contract("https://host", tmp_path / "w.duckdb")
    raw["services"]["four"] |= {"headers": {"X-Key": "${PHASE4_KEY}"}, "auth": "none"}
    contract = contract_of(tmp_path, raw).contract
    with pytest.raises(ServiceNotCallable) as refusal:
        check_callable(contract, ("four",), {KEY: value})
    (problem,) = refusal.value.problems
    assert problem.startswith("services.four: header 'X-Key' would hold a line break")
    assert problem.endswith("correct it in PHASE4_KEY")
    assert "s3cret" not in problem


def test_a_value_that_is_no_text_is_told_without_showing_it(tmp_path: Path) -> None:
    raw = raw_contract("https://host", tmp_path / "w.duckdb")
    raw["services"]["four"]["query"] = {"key": "${PHASE4_KEY}"}
    contract = contract_of(tmp_path, raw).contract
    with pytest.raises(ServiceNotCallable) as refusal:
        check_callable(contract, ("four",), {KEY: b"s3cret\xff".decode(errors="surrogateescape")})
    problem = "services.four: environment variable PHASE4_KEY is not text in UTF-8: set it anew"
    assert refusal.value.problems == (problem,)


def test_the_variable_of_a_secret_that_is_not_set_is_named_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    raw = raw_contract("https://host", tmp_path / "w.duckdb")
    raw["services"]["four"] |= {
        "auth": "api_key",
        "api_key": "${PHASE4_KEY}",
        "query": {"k": "${Q}"},
    }
    contract = contract_of(tmp_path, raw).contract
    check_callable(contract, ("four",))
    with pytest.raises(ServiceNotCallable) as refusal:
        check_callable(contract, ("four",), {"Q": ""})
    assert refusal.value.problems == (
        "services.four: environment variable PHASE4_KEY is not set: export PHASE4_KEY=…",
        "services.four: environment variable Q is not set: export Q=…",
    )


def test_the_dates_may_be_named_in_the_query_or_a_header_alone(service: ScriptedService) -> None:
    send(service, body={}, query={"date": "{date}"}, method="GET")
    send(service, body={}, headers={"X-Day": "{date}"}, method="GET")
    assert service.calls[0].query == [("date", "2025-01-07")]
    assert service.calls[1].headers["X-Day"] == "2025-01-07"
