"""Where credentials go, and where they are never found: a service over TLS, and a trap."""

from __future__ import annotations

import base64
import io
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from rich.console import Console

from remediation.backfill.run import Request, run
from remediation.errors import ServiceNotCallable
from remediation.output.json_log import JsonLogReporter
from remediation.output.progress import ConsoleReporter
from remediation.service.credentials import Tokens
from tests.support.backfills import EIGHT, FACTORS, NINE, SEVEN, plan_of, real_now, request_of
from tests.support.certificates import certificate_of
from tests.support.loopback import served
from tests.support.remediation_commands import strict_on_scores, typed
from tests.support.scripted_service import Project, answer, drop, land_and_answer, project, reply

HOST = "processor.example"
SECRET = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0LXRva2Vu"
HOUR = 3600.0


@dataclass
class Trap:
    """A server on plain HTTP; it remembers every header it was ever sent."""

    url: str = ""
    seen: list[str] = field(default_factory=list)


@contextmanager
def trap() -> Iterator[Trap]:
    caught = Trap()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            caught.seen.append(f"{self.command} {self.path} {self.headers}")
            reply(self, 200)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with served(server) as port:
        caught.url = f"http://127.0.0.1:{port}"
        yield caught


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose service is at a name that is not this machine's, and that wants a token."""
    context, certificate = certificate_of(HOST, tmp_path)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    resolve = socket.getaddrinfo
    here: Callable[..., Any] = lambda host, *rest, **options: resolve(  # noqa: E731
        "127.0.0.1" if host == HOST else host, *rest, **options
    )
    monkeypatch.setattr(socket, "getaddrinfo", here)
    with project(tmp_path, FACTORS, tls=context, auth="identity_token") as project_:
        port = project_.service.url.rpartition(":")[2]
        for name in ("three", "four", "five"):
            project_.change_service(name, url=f"https://{HOST}:{port}")
        yield project_


def access_token() -> tuple[str, float | None]:
    return token_of("access"), None


def token_of(audience: str) -> str:
    """A new token for every request of one, so that a renewed one is seen."""
    token_of.number += 1  # type: ignore[attr-defined]
    return f"{SECRET}-{token_of.number}"  # type: ignore[attr-defined]


def backfilled(made: Project, **options: Any) -> str:
    """Run, and return all that anybody was told."""
    told, logged = io.StringIO(), io.StringIO()
    console = Console(file=told, width=200)
    people = ConsoleReporter(console, lambda: 0.0, {})
    log = JsonLogReporter(logged.write, real_now, {})
    token_of.number = 0  # type: ignore[attr-defined]
    request = request_of(made, plan_of(made), tokens=Tokens(token_of, lambda: 0.0, access_token))

    def tell(event: Any) -> None:
        people.report(event)
        log.report(event)

    record, path = run(Request(**{**_fields(request), "tell": tell, **options}))
    people.conclude(record, str(path))
    log.conclude(record, str(path))
    told.write(path.read_text() + repr(request.tokens))
    return told.getvalue() + logged.getvalue()


def _fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in Request.__dataclass_fields__}


def written(made: Project, *, ledger: bool = True) -> bytes:
    files = [p for p in made.folder.rglob("*") if p.is_file() and p.suffix != ".duckdb"]
    assert any(p.name == "ledger.sqlite3" for p in files) or not ledger
    return b"".join(p.read_bytes() for p in files)


def echo(handler: Any, service: Any, path: str, day: Any) -> None:
    """The service repeats what it was sent, in its body and in a header."""
    sent = handler.headers["Authorization"]
    reply(handler, 500, f"you sent {sent}", X_Seen=sent)


@pytest.mark.parametrize("status", [200, 401, 403, 429, 500])
def test_a_token_reaches_its_service_and_no_log_report_or_ledger(
    made: Project, status: int
) -> None:
    made.service.on("/four", SEVEN, land_and_answer(200))
    made.service.on("/four", EIGHT, answer(status, Retry_After="0"))
    made.service.on("/four", NINE, echo)
    told = backfilled(made)
    sent = [call.headers["Authorization"] for call in made.service.calls]
    assert sent[0] == f"Bearer {SECRET}-1"
    assert (f"Bearer {SECRET}-2" in sent) == (status in (401, 403))
    assert SECRET not in told
    assert SECRET.encode() not in written(made)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_token_does_not_cross_a_redirect(made: Project, status: int) -> None:
    with trap() as caught:
        made.service.on("/four", SEVEN, answer(status, Location=f"{caught.url}/login"))
        told = backfilled(made)
        assert caught.seen == []
        assert len(made.service.calls) == 1
        assert f"redirects to {caught.url}/login, which is never followed" in told
        assert SECRET not in told


def test_a_token_is_in_no_traceback(made: Project) -> None:
    made.service.on("/four", SEVEN, drop)
    shown = ""

    def look_away(_: Any) -> None:
        raise RuntimeError("whoever watches failed")

    try:
        backfilled(made, tell=look_away)
    except RuntimeError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown = "".join(told.format())
    assert "whoever watches failed" in shown
    assert SECRET not in shown


@pytest.mark.parametrize("url", ["http://processor.example", "http://10.0.0.7", "ftp://x.example"])
def test_no_token_is_asked_for_where_it_would_travel_in_the_clear(made: Project, url: str) -> None:
    made.change_service("four", url=url)
    with pytest.raises(ServiceNotCallable, match="must begin with https://"):
        backfilled(made)
    assert token_of.number == 0  # type: ignore[attr-defined]


def test_a_certificate_that_is_not_trusted_gets_no_token(
    made: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, other = certificate_of(HOST, tmp_path_factory.mktemp("other"))
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(other))
    told = backfilled(made)
    assert made.service.calls == []
    assert "TLS failed" in told
    assert "export REQUESTS_CA_BUNDLE=FILE" in told
    assert SECRET not in told


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_authority_of_one_s_own_is_trusted_where_the_environment_names_it(
    made: Project,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    variable: str,
) -> None:
    _, other = certificate_of(HOST, tmp_path_factory.mktemp("other"))
    own = str(made.folder / "certificate.pem")
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(other))
    backfilled(made, environment={variable: own})
    assert len(made.service.calls) == 3


def test_a_file_of_certificates_that_is_not_there_is_named_before_anything_is_sent(
    made: Project,
) -> None:
    with pytest.raises(ServiceNotCallable, match=r"'/nowhere/own\.pem' is not there"):
        backfilled(made, environment={"REQUESTS_CA_BUNDLE": "/nowhere/own.pem"})


KEY, BASIC = "k3y/+= of mine", "dXNlcjpwYXNz"
ENVIRONMENT = {"FOUR_KEY": KEY, "FOUR_BASIC": BASIC}
EVERYWHERE = {
    "headers": {"X-Key": "Key ${FOUR_KEY}"},
    "query": {"key": "${FOUR_KEY}", "day": "{date}"},
}
AUTHS: list[dict[str, Any]] = [
    {"auth": "identity_token"},
    {"auth": "access_token"},
    {"auth": "api_key", "api_key": "Basic ${FOUR_BASIC}", "api_key_header": "Authorization"},
]


def echo_all(handler: Any, *_: Any) -> None:
    """Whatever was sent comes back, as it was and encoded, in every part of the answer."""
    sent = f"{handler.path} {dict(handler.headers)}"
    encoded = base64.b64encode(f"?{KEY}:{BASIC}".encode()).decode()
    where = f"https://login?{quote(sent)}"
    reply(handler, 429, f"{sent} {encoded}", Retry_After=KEY, Location=where, X_Seen=sent)


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Every logger says all that it has to say."""
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.mark.parametrize("auth", AUTHS)
def test_secrets_reach_their_service_and_no_file_log_report_or_ledger(
    made: Project, loud: pytest.LogCaptureFixture, auth: dict[str, Any]
) -> None:
    made.change_service("four", **EVERYWHERE, **auth)
    made.service.on("/four", SEVEN, echo_all, land_and_answer(200))
    made.service.on("/four", EIGHT, redirected_with_all, land_and_answer(200))
    made.service.on("/four", NINE, echo_all, echo)
    told = backfilled(made, environment=ENVIRONMENT)
    call = made.service.calls[0]
    assert call.headers["X-Key"] == f"Key {KEY}"
    assert call.query == [("key", KEY), ("day", SEVEN)]
    credential = call.headers["Authorization"]
    assert credential == (f"Basic {BASIC}" if "api_key" in auth else f"Bearer {SECRET}-1")
    assert "[FOUR_KEY]" in told
    found = f"{told} {loud.text} {written(made)!r}"
    for secret in (KEY, quote(KEY), quote(KEY, safe=""), BASIC, SECRET, "k3y"):
        assert secret not in found


def redirected_with_all(handler: Any, *_: Any) -> None:
    sent = f"{handler.path} {dict(handler.headers)}"
    reply(handler, 500, sent, Retry_After="0", X_Seen=sent)


@pytest.mark.parametrize("auth", AUTHS)
def test_secrets_do_not_cross_a_redirect_or_follow_a_job_elsewhere(
    made: Project, auth: dict[str, Any]
) -> None:
    job = {"url": "$.name", "done": "$.done"}
    with trap() as caught:
        made.change_service("four", **EVERYWHERE, **auth, job=job)
        begun = f'{{"name": "{caught.url}/jobs/1"}}'
        made.service.on("/four", SEVEN, landed_with(begun))
        made.service.on("/four", EIGHT, answer(307, Location=f"{caught.url}/login"))
        told = backfilled(made, environment=ENVIRONMENT)
        assert caught.seen == []
        assert len(made.service.calls) == 2
        assert f"redirects to {caught.url}/login, which is never followed" in told


def landed_with(body: str) -> Any:
    return land_and_answer(200, body)


def test_secrets_are_in_no_error_of_the_connection(made: Project) -> None:
    made.change_service("four", **EVERYWHERE, timeout_seconds=0.5)
    made.service.on("/four", SEVEN, drop, drop, drop)
    told = backfilled(made, environment=ENVIRONMENT)
    assert "the connection was lost" in told
    assert "k3y" not in told
    assert b"k3y" not in written(made)


@pytest.mark.parametrize("url", ["http://processor.example", "http://10.0.0.7"])
def test_no_secret_travels_in_the_clear(made: Project, url: str) -> None:
    made.change_service("four", **EVERYWHERE, auth="none", url=url)
    with pytest.raises(ServiceNotCallable, match="must begin with https://"):
        backfilled(made, environment=ENVIRONMENT)
    assert made.service.calls == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--format", "sh"),
        ("plan", "--json", "-"),
        ("run", "--json", "-"),
        ("run", "-v"),
    ],
)
def test_secrets_are_in_nothing_that_a_plan_is_written_as(
    made: Project, arguments: tuple[str, ...]
) -> None:
    made.change_service("four", **EVERYWHERE, **AUTHS[2])
    strict_on_scores(made)
    made.check()
    assert typed(made, "plan", **ENVIRONMENT)[0] == 0
    code, out, err = typed(made, *arguments, **ENVIRONMENT)
    assert code == 0
    assert ("${FOUR_KEY}" in out + err) == (arguments != ("plan", "--json", "-"))
    for secret in ("k3y", BASIC):
        assert secret not in out + err
        assert secret.encode() not in written(made, ledger=False)


def test_secrets_are_in_nothing_that_a_run_tells_or_writes(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS, breaker_after=9) as made:
        made.change_service("four", **EVERYWHERE, **AUTHS[2])
        made.service.on("/four", SEVEN, redirected_with_all)
        made.service.on("/four", EIGHT, echo_all, land_and_answer(200))
        plan_of(made)
        assert typed(made, "plan")[0] == 0
        files = [str(tmp_path / name) for name in ("j.xml", "m.md", "r.json")]
        options = ("--junit", files[0], "--markdown", files[1], "--json", files[2])
        ran = typed(made, "run", "--yes", "--log-json", "-v", *options, **ENVIRONMENT)
        told = f"{ran} {typed(made, 'status', '-v')} {typed(made, 'status', '--json', '-')}"
        assert "[FOUR_KEY]" in told
        assert all(Path(name).is_file() for name in files)
        for secret in ("k3y", BASIC):
            assert secret not in told
            assert secret.encode() not in written(made)
