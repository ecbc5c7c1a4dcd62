"""A new notification is one file and one line: tried on a copy of the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.support.commands import command
from tests.support.runs import FULL, HOLE, checked
from tests.support.scratch import edit, scratch_copy

WEBHOOK = '''"""Tell a chat room of a command that failed."""

from collections.abc import Sequence

from checkpoints.errors import CheckpointsError
from checkpoints.output.findings import Findings, Section
from checkpoints.output.publisher import Given, Option, Publisher


def _notify(found: Findings, _: Sequence[Section], given: Given) -> None:
    url = given.options.get("--webhook") or given.environ.get("CHECKPOINTS_WEBHOOK")
    failed = [finding.name for finding in found.findings if finding.is_error]
    if not (url and failed):
        return
    import requests

    try:
        requests.post(url, json={"text": found.verdict, "failed": failed}, timeout=5)
    except requests.RequestException as error:
        raise CheckpointsError(f"cannot notify {url!r}: {type(error).__name__}") from error


PUBLISHER = Publisher(
    publish=_notify,
    options=(Option(flag="--webhook", metavar="URL", help="Post to this address on failure."),),
    variables=("CHECKPOINTS_WEBHOOK",),
    required=False,
)
'''


@pytest.fixture
def room() -> Iterator[ThreadingHTTPServer]:
    """A server that keeps what is posted to it, in ``messages``."""

    class Room(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            messages.append(json.loads(content))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    messages: list[Any] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Room)
    server.messages = messages
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project with the notification: one file and one line."""
    found = scratch_copy(tmp_path)
    (found / "checkpoints/output/webhook.py").write_text(WEBHOOK)
    publishers = found / "checkpoints/output/publisher.py"
    edit(publishers, '    "github",\n', '    "github",\n    "webhook",\n')
    return found


def check(copy: Path, rows: Any, *options: str, **changes: str) -> Any:
    return checked(copy.parent, *options, factors=rows, cwd=copy, **changes)


def test_a_notification_is_one_file_and_one_line(copy: Path, room: Any) -> None:
    url = f"http://127.0.0.1:{room.server_port}/"
    assert check(copy, FULL, "--webhook", url).returncode == 0
    assert room.messages == []

    assert check(copy, HOLE, "--webhook", url).returncode == 1
    failed = ["factors: conversion_ratio of raw", "factors: daily_conversion_ratio of summary"]
    text = "INCOMPLETE: 2 of 13 evaluated checks failed"
    assert room.messages == [{"text": text, "failed": failed}]
    assert check(copy, HOLE, CHECKPOINTS_WEBHOOK=url).returncode == 1
    assert len(room.messages) == 2
    assert "--webhook URL" in command("checkpoints", "check", "--help", cwd=copy).stdout
    gone = ("--warehouse", "duckdb:///none.duckdb")
    assert check(copy, HOLE, *gone, "--webhook", url).returncode == 3
    assert room.messages[-1]["failed"] == ["the command ends with a verdict"]


def test_a_dead_server_is_reported_and_changes_nothing_else(copy: Path, room: Any) -> None:
    url = f"http://127.0.0.1:{room.server_port}/"
    room.shutdown()
    room.server_close()
    junit = copy.parent / "junit.xml"

    done = check(copy, HOLE, "--webhook", url, "--junit", str(junit))

    assert done.returncode == 1
    assert "INCOMPLETE 2 of 13 evaluated checks failed" in done.stderr
    assert f"warning: cannot notify {url!r}: ConnectionError" in done.stderr
    assert junit.read_text().count("<failure") == 2
