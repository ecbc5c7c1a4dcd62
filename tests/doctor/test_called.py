"""Services and notifiers are looked at without being called."""

from __future__ import annotations

import http.server
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from checkpoints.doctor import called
from checkpoints.doctor.finding import State
from tests.doctor.examined import examined, of_area, project
from tests.support.certificates import certificate_of
from tests.support.listening import listening, nobody
from tests.support.loopback import served

WEB = {"body": {"date": "{date}"}}


def told(folder: Path, service: dict[str, Any], **environment: str) -> list[tuple[State, str]]:
    """What is found of one service."""
    found = examined(project(folder, services={"web": service}).path, environment)
    return [(one.state, str(one)) for one in of_area(found, "services")]


def test_a_service_that_listens_is_ok_and_hears_no_request(tmp_path: Path) -> None:
    with listening() as room:
        found = told(tmp_path, {**WEB, "url": room.url})
        assert found == [(State.OK, f"'web': {room.address} takes connections")]
        assert (room.messages, room.headers) == ([], [])


def test_nobody_listens(tmp_path: Path) -> None:
    port = nobody()
    ((state, text),) = told(tmp_path, {**WEB, "url": f"http://127.0.0.1:{port}"})
    assert state is State.PROBLEM
    assert text == (
        f"'web': 127.0.0.1:{port}: nothing listens there: start the service, or correct "
        "services.web in the contract"
    )


def test_a_name_without_an_address(tmp_path: Path) -> None:
    found = told(tmp_path, {**WEB, "url": "https://nowhere.invalid", "auth": "none"})
    ((state, text),) = found
    assert state is State.PROBLEM
    assert "'web': nowhere.invalid:443: no address is known for that name" in text
    assert "see whether this machine's DNS works" in text


def test_a_secret_that_is_not_set_does_not_hide_that_nobody_listens(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{nobody()}"
    service = {**WEB, "url": url, "auth": "api_key", "api_key": "${KEY}"}
    texts = [text for _, text in told(tmp_path, service)]
    assert texts[0] == "'web': environment variable KEY is not set: export KEY=…"
    assert "nothing listens there" in texts[1]


def test_no_value_of_a_variable_is_shown(tmp_path: Path) -> None:
    with listening() as room:
        service = {**WEB, "url": room.url, "auth": "api_key", "api_key": "${KEY}"}
        assert [s for s, _ in told(tmp_path, service, KEY="s3cr3t-value")] == [State.OK]
    notify = [{"webhook": {"url": "${ALERTS}"}}]
    other = tmp_path / "other"
    other.mkdir()
    path = project(other, notify=notify).path
    secret = {"ALERTS": f"http://127.0.0.1:{nobody()}/s3cr3t-value"}
    (only,) = of_area(examined(path, secret), "notifiers")
    assert str(only).startswith("'webhook': its address: nothing listens there")
    assert "s3cr3t" not in str(only)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_is_accepted_or_said_not_to_be(tmp_path: Path, trusted: bool) -> None:
    context, pem = certificate_of("localhost", tmp_path)
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), http.server.BaseHTTPRequestHandler, bind_and_activate=True
    )
    server.socket = context.wrap_socket(server.socket, server_side=True)
    environment = {"REQUESTS_CA_BUNDLE": str(pem)} if trusted else {}
    with served(server) as port:
        service = {**WEB, "url": f"https://localhost:{port}", "auth": "none"}
        ((state, text),) = told(tmp_path, service, **environment)
    if trusted:
        assert (state, text) == (State.OK, f"'web': localhost:{port} takes connections, by TLS")
    else:
        assert state is State.PROBLEM
        assert "its certificate is not accepted (self-signed certificate)" in text


def test_a_server_that_does_not_speak_tls(tmp_path: Path) -> None:
    with listening() as room:
        url = room.url.replace("http:", "https:").replace("127.0.0.1", "localhost")
        ((state, text),) = told(tmp_path, {**WEB, "url": url, "auth": "none"})
    assert state is State.PROBLEM
    assert "does not speak TLS" in text


def test_services_that_do_not_answer_are_waited_for_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(called, "SECONDS", 1.0)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(8)
        port = mute.getsockname()[1]
        one = {**WEB, "url": f"https://localhost:{port}", "auth": "none"}
        file = project(tmp_path, services={f"s{n}": one for n in range(6)})
        started = time.monotonic()
        found = of_area(examined(file.path), "services")
        assert time.monotonic() - started < 5
    assert [one.state for one in found] == [State.PROBLEM] * 6
    assert f"localhost:{port}: does not answer within 1 s" in str(found[0]) or (
        "there was no answer within 1 s" in str(found[0])
    )


def test_a_token_that_cannot_be_had_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with listening() as room:
        service = {**WEB, "url": room.url, "audience": "https://web.example.com"}
        (host, token) = told(tmp_path, service)
    assert host[0] is State.OK
    assert token[0] is State.PROBLEM
    assert "'web': no identity token for 'https://web.example.com': set GOOGLE_APP" in token[1]


def test_a_program_is_there_may_not_be_run_or_is_not_there(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    program = jobs / "backfill"
    service = {"kind": "command", "argv": ["./backfill", "{date}"], "cwd": str(jobs)}
    (absent,) = told(tmp_path, service)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    path = tmp_path / "gx" / "pipeline.yml"
    (not_yet,) = of_area(examined(path), "services")
    program.chmod(0o755)
    (there,) = of_area(examined(path), "services")
    assert absent[0] is State.PROBLEM
    assert f"there is no program '{program}'" in absent[1]
    assert not_yet.state is State.PROBLEM
    assert str(not_yet).endswith(f"may not be run: chmod +x {program}")
    assert there.state is State.OK


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"argv": ["no-such-program", "{date}"]}, "no program 'no-such-program' in PATH: install"),
        ({"argv": ["sh", "{date}"], "cwd": "no/such/folder"}, "is no folder: make "),
        ({"argv": ["sh", "{date}"], "env": ["TOKEN"]}, "TOKEN is not set: export TOKEN=…"),
    ],
)
def test_a_command_that_lacks_something(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    found = told(tmp_path, {"kind": "command", **changes}, PATH="/usr/bin:/bin")
    assert any(state is State.PROBLEM and said in text for state, text in found), found
