"""A job that a service begins is followed to its end; what that says, and what is never asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkpoints.errors import ContractError
from remediation.clock import Clock
from remediation.service.answer import Answer, Kind
from remediation.service.credentials import Tokens
from remediation.service.http_job import same_host
from remediation.service.http_sender import HttpSender
from remediation.service.kind import Access
from tests.remediation.service.test_service_call import CALL, CLOCK, declared
from tests.support.scripted_service import (
    Act,
    ScriptedService,
    answer,
    drop,
    raw_contract,
    scripted_service,
)
from tests.support.warehouses import contract_of

NAME = "projects/p/locations/l/operations/o"
BEGUN = {"name": NAME, "done": False}
JOB = {"url": "$.name", "poll_seconds": 10, "done": "$.done", "failed": "$.error"}
PATH = f"/v2/{NAME}"
SECRET = "s3cret/+ value"


class Time:
    """A clock on which sleeping is all that takes time."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    @property
    def clock(self) -> Clock:
        return Clock(now=CLOCK.now, monotonic=lambda: sum(self.slept), sleep=self.slept.append)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with scripted_service(tmp_path / "none.duckdb") as running:
        yield running


def said(document: Any, status: int = 200, **headers: str) -> Act:
    return answer(status, json.dumps(document), **headers)


def followed(
    service: ScriptedService, first: Act, *polls: Act, path: str = PATH, **changes: Any
) -> tuple[Answer, list[str], list[float]]:
    """The final answer, what was told before, and the waits."""
    service.on("/v2/four", "2025-01-07", first)
    service.jobs[path] = list(polls)
    told: list[Answer] = []
    time, number = Time(), iter(range(1, 100))
    access = Access(
        tokens=Tokens(lambda _: f"token-{next(number)}", lambda: 0.0),
        clock=time.clock,
        environment={"KEY": SECRET},
    )
    asked = {"job": JOB, "settle_seconds": 60, "timeout_seconds": 5, **changes}
    sender = HttpSender(declared(f"{service.url}/v2", **asked), access)
    try:
        got = sender.send(CALL, key="k", tell=told.append)
    finally:
        sender.close()
    assert {one.kind for one in told} <= {Kind.RUNNING}
    return got, [one.detail for one in told], time.slept


def test_a_job_is_followed_until_it_is_done(service: ScriptedService) -> None:
    polls = said(BEGUN), said(BEGUN), said({**BEGUN, "done": True})
    got, told, slept = followed(service, said(BEGUN, 202), *polls)
    assert (got.kind, got.status, got.detail) == (Kind.ACCEPTED, 202, "its job is done")
    assert told == [f"its job is at {service.url}{PATH}"]
    assert slept == [10, 10, 10]
    assert [(p.method, p.path, p.body) for p in service.polls] == [("GET", PATH, None)] * 3


def test_a_job_that_fails_is_rejected_at_once_with_its_reason(service: ScriptedService) -> None:
    failed = {**BEGUN, "done": True, "error": {"code": 5, "message": "no source table"}}
    got, _, slept = followed(service, said(BEGUN), said(failed))
    assert (got.kind, slept) == (Kind.REJECTED, [10])
    assert got.detail.startswith('its job failed: error: {"code": 5, "message": "no source table"}')
    reason = {**JOB, "reason": "$.error.message"}
    got, *_ = followed(service, said(BEGUN), said(failed), job=reason)
    assert got.detail == "its job failed: no source table"
    got, *_ = followed(service, said(BEGUN), said(failed), job={**reason, "reason": "$.why"})
    assert got.detail.startswith("its job failed: error: {")


@pytest.mark.parametrize(
    ("first", "kind", "detail"),
    [
        ({**BEGUN, "done": True}, Kind.ACCEPTED, "its job is done"),
        ({"error": "quota"}, Kind.REJECTED, "its job failed: error: quota"),
        ({"id": 3}, Kind.UNKNOWN, 'HTTP 200 without $.name, its job: {"id": 3}'),
        ({"name": ""}, Kind.UNKNOWN, "HTTP 200 without $.name, its job"),
        ({"name": ["x"]}, Kind.UNKNOWN, "HTTP 200 without $.name, its job"),
        ("text", Kind.UNKNOWN, "HTTP 200 without $.name, its job"),
        ({"name": "https://evil.example/x"}, Kind.ACCEPTED, "its job is on another host, never"),
        ({"name": "//evil.example/x"}, Kind.ACCEPTED, "its job is on another host, never asked"),
        ({"name": "https://127.0.0.1/x"}, Kind.ACCEPTED, "its job is on another host, never"),
        ({"name": "http://[::1"}, Kind.ACCEPTED, "its job is on another host, never asked"),
    ],
)
def test_what_the_first_answer_says_may_be_the_end(
    service: ScriptedService, first: Any, kind: Kind, detail: str
) -> None:
    got, told, slept = followed(service, said(first), answer(500))
    assert (got.kind, told, slept, service.polls) == (kind, [], [], [])
    assert got.detail.startswith(detail)


def test_a_job_that_runs_longer_than_dates_take_to_settle_is_unknown(
    service: ScriptedService,
) -> None:
    got, _, slept = followed(service, said(BEGUN), said(BEGUN), settle_seconds=25)
    assert (got.kind, got.detail) == (Kind.UNKNOWN, "its job was still running after 25 s")
    assert slept == [10, 10, 5]


@pytest.mark.parametrize(
    "failure",
    [answer(500), answer(502), answer(503), answer(429), answer(408), drop, answer(200, "<html>"),
     answer(404)],
)  # fmt: skip
def test_a_poll_that_fails_is_tried_again(service: ScriptedService, failure: Act) -> None:
    got, _, slept = followed(service, said(BEGUN), failure, failure, said({"done": True}))
    assert (got.kind, got.detail, slept) == (Kind.ACCEPTED, "its job is done", [10, 10, 10])


def test_a_pause_that_a_poll_is_asked_for_is_kept(service: ScriptedService) -> None:
    polls = answer(429, Retry_After="25"), answer(503, Retry_After="3"), said({"done": True})
    _, _, slept = followed(service, said(BEGUN, 202, Retry_After="15"), *polls)
    assert slept == [15, 25, 10]


@pytest.mark.parametrize(("status", "asked"), [(404, 5), (400, 1), (302, 1), (403, 2), (401, 2)])
def test_a_job_that_cannot_be_followed_was_accepted_all_the_same(
    service: ScriptedService, status: int, asked: int
) -> None:
    got, *_ = followed(service, said(BEGUN), answer(status, "no such"))
    assert got.kind is Kind.ACCEPTED
    assert got.detail == f"its job could not be followed: HTTP {status}: no such"
    assert len(service.polls) == asked


def test_polls_carry_headers_and_credentials_and_renew_them_once(service: ScriptedService) -> None:
    got, *_ = followed(
        service, said(BEGUN), answer(401), said({"done": True}),
        headers={"X-Key": "${KEY}"}, query={"key": "${KEY}", "day": "{date}"}, audience="https://a",
    )  # fmt: skip
    assert got.detail == "its job is done"
    tokens = [call.headers["Authorization"] for call in [*service.calls, *service.polls]]
    assert tokens == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    assert {call.headers["X-Key"] for call in service.polls} == {SECRET}
    assert service.polls[0].query == [("key", SECRET)]
    assert "Idempotency-Key" not in service.polls[0].headers


def test_a_template_takes_values_as_one_segment(service: ScriptedService) -> None:
    run = "manual__2025-01-07T00:00:00+00:00"
    job = {
        "url": "/dags/{$.dag[0]}/runs/{$.run_id}?on={date}",
        "done": {"$.state": "success"},
        "failed": {"$.state": ["failed", "cancelled"]},
    }
    path = "/v2/dags/a%20b%3F/runs/manual__2025-01-07T00%3A00%3A00%2B00%3A00"
    begun = said({"dag": ["a b?"], "run_id": run, "state": "queued"})
    polls = said({"state": "running"}), said({"state": "success"})
    got, told, _ = followed(service, begun, *polls, path=path, job=job)
    assert got.detail == "its job is done"
    assert told == [f"its job is at {service.url}{path}"]
    assert service.polls[0].query == [("on", "2025-01-07")]


@pytest.mark.parametrize("url", ["/runs/{date}", "/v2/runs/{date}", "URL/v2/runs/{date}"])
def test_a_job_may_be_named_by_its_date(service: ScriptedService, url: str) -> None:
    job = {**JOB, "url": url.replace("URL", service.url)}
    begun, done = answer(202, ""), said({"done": True})
    got, *_ = followed(service, begun, done, path="/v2/runs/2025-01-07", job=job)
    assert got.detail == "its job is done"


def test_slashes_of_a_name_stay_in_a_template(service: ScriptedService) -> None:
    got, *_ = followed(service, said(BEGUN), said({"done": True}), job={**JOB, "url": "/{$.name}"})
    assert (got.detail, service.polls[0].path) == ("its job is done", PATH)


def test_a_job_may_be_asked_for_with_a_body(service: ScriptedService) -> None:
    job = {
        "url": "/graphql",
        "method": "POST",
        "body": {
            "query": "query B($id: String!) { backfill(id: $id) { status } }",
            "variables": {"id": "{$.data.launch.id}", "n": "{$.n}", "said": "{$.n} on {date}"},
        },
        "done": {"$.data.backfill.status": "COMPLETED"},
    }
    begun = said({"data": {"launch": {"id": "xyz"}}, "n": 3})
    done = said({"data": {"backfill": {"status": "COMPLETED"}}})
    got, *_ = followed(service, begun, done, path="/v2/graphql", job=job)
    assert got.detail == "its job is done"
    (poll,) = service.polls
    assert (poll.method, poll.body["query"]) == ("POST", job["body"]["query"])  # type: ignore[index]
    assert poll.body["variables"] == {"id": "xyz", "n": 3, "said": "3 on 2025-01-07"}


@pytest.mark.parametrize("name", [f"/v2/{NAME}", f"URL/v2/{NAME}", f"URL/v2/{NAME}#x", NAME])
def test_an_address_of_a_job_may_be_whole_or_a_path(service: ScriptedService, name: str) -> None:
    begun = {"name": name.replace("URL", service.url)}
    got, *_ = followed(service, said(begun), said({"done": True}))
    assert (got.detail, service.polls[0].path) == ("its job is done", PATH)


def test_what_a_job_repeats_of_a_secret_is_masked(service: ScriptedService) -> None:
    begun = {"name": f"jobs/{SECRET.replace(' ', '')}?key={SECRET}"}
    failed = {"error": {"message": f"bad key {SECRET}"}}
    path = "/v2/jobs/s3cret/+value"
    got, told, _ = followed(
        service, said(begun), said(failed), path=path, headers={"X-Key": "${KEY}"}
    )
    assert "key=" not in told[0]
    assert "s3cret/+ value" not in got.detail
    assert "bad key [KEY]" in got.detail


@pytest.mark.parametrize(
    ("document", "kind", "detail"),
    [
        ({"errors": [{"message": "bad"}]}, Kind.REJECTED, 'errors: [{"message": "bad"}]'),
        ({"data": {"type": "PythonError"}}, Kind.REJECTED, "data.type: PythonError"),
        ({"errors": [], "data": {"type": "Success"}}, Kind.ACCEPTED, ""),
    ],
)
def test_an_accepted_answer_may_say_that_it_failed(
    service: ScriptedService, document: Any, kind: Kind, detail: str
) -> None:
    failed = ["$.errors", {"$.data.type": ["PythonError", "Unauthorized"]}]
    got, *_ = followed(service, said(document), failed=failed, job=None)
    assert got.kind is kind
    assert got.detail == (f"HTTP 200: {detail}" if detail else "")


def test_an_accepted_answer_that_should_be_json_and_is_not_is_unknown(
    service: ScriptedService,
) -> None:
    got, *_ = followed(service, answer(200, "<html>login"), failed="$.errors", job=None)
    assert (got.kind, got.detail) == (Kind.UNKNOWN, "HTTP 200 without JSON: <html>login")
    got, *_ = followed(service, answer(202, ""), failed="$.errors", job=None)
    assert got.kind is Kind.ACCEPTED


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://host/x", True),
        ("https://HOST:443/x", True),
        ("https://host:8443/x", False),
        ("http://host/x", False),
        ("https://host.evil/x", False),
        ("https://host@evil/x", False),
        ("https://user@host/x", False),
        ("https://evil\\@host/x", False),
        ("https://host:port/x", False),
        ("/x", False),
    ],
)
def test_a_job_is_asked_for_only_where_its_service_is(url: str, same: bool) -> None:
    assert same_host(url, "https://host/v2") is same


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"url": "$name"}, "job.url: '$name' is no path of a value"),
        ({"url": "/jobs/{$name}"}, "job.body: {$name} is no path of a value"),
        ({"url": "/jobs"}, "job.body: no request would name its job"),
        ({"url": "/jobs/{id}"}, "job.url: {id} is no placeholder"),
        ({"body": {"id": "{$.name}"}}, "job.body: is not sent with a GET: write method: POST"),
        ({"done": "done"}, "job.done: 'done' is no path"),
        ({"failed": {}}, "job.failed: is no condition"),
        ({"reason": "message"}, "job.reason: 'message' is no path"),
        ({"poll_seconds": 0}, "job.poll_seconds: Input should be greater than 0"),
        ({"until": "$.x"}, "job.until: unknown key"),
    ],
)
def test_what_is_no_job_is_refused_in_the_contract(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    raw = raw_contract("https://host", tmp_path / "w.duckdb")
    raw["services"]["four"]["job"] = {**JOB, **changes}
    with pytest.raises(ContractError) as refusal:
        contract_of(tmp_path, raw)
    assert f"services.four.{told}" in str(refusal.value)
