"""The forms of services that stand in comments of the shipped contract can be taken as they are."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.loading import load_contract
from remediation.clock import Clock
from remediation.plan.groups import CallGroup
from remediation.plan.model import Call
from remediation.service.answer import Answer, Kind
from remediation.service.credentials import Tokens
from remediation.service.kind import Access, ServiceKind, service_of
from tests.support.backfills import EIGHT, SEVEN, real_now
from tests.support.commands import ROOT
from tests.support.loopback import served
from tests.support.warehouses import D

SHIPPED = (ROOT / "gx" / "pipeline.yml").read_text()
FORMS = re.findall(r"^  # phase4:\n(?:  #   .*\n)+", SHIPPED, re.MULTILINE)
ACTIVE = re.compile(r"^  phase4:\n(?:    .*\n)+", re.MULTILINE)
SAID = {
    "/process-date": {"results": [{"processor": "factors", "status": "success"}]},
    "/start": {"run_id": "run-7"},
    "/status/run-7": {"state": "done"},
}
RANGE = {"start_date": SEVEN, "end_date": EIGHT}
SENT: dict[str, list[tuple[str, Any]]] = {
    "/process-date": [
        (
            "POST /process-date",
            {"analysis_date": SEVEN, "backfill_mode": True, "processors": []},
        )
    ],
    "/process-date-range": [("POST /process-date-range", {**RANGE, "backfill_mode": True})],
    "/start": [("POST /start", RANGE), ("GET /status/run-7", None)],
    "/grade-date": [(f"GET /grade-date?date={SEVEN}", None)],
}


def form(path: str) -> str:
    """The form of a path, or of a kind, without its comment signs."""
    (found,) = (f for f in FORMS if re.search(rf"(path|kind): {re.escape(path)}\n", f))
    return re.sub(r"^  # ", "  ", found, flags=re.MULTILINE)


def taken(folder: Path, path: str, url: str = "http://127.0.0.1:1") -> ServiceKind:
    """The service ``phase4`` of the shipped contract, in that form."""
    file = folder / "pipeline.yml"
    file.write_text(ACTIVE.sub(lambda _: form(path), SHIPPED, count=1))
    contract = load_contract(file, {"PHASE4_URL": url}).contract
    service = service_of(contract, "phase4")
    assert not service.problems({})
    return service


@contextmanager
def recording() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """A service that takes everything, its URL, and what it was sent."""
    sent: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent.append((f"{self.command} {self.path}", json.loads(body) if body else None))
            data = json.dumps(SAID.get(self.path, {})).encode()
            self.send_response(202 if self.path == "/start" else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with served(server) as port:
        yield f"http://127.0.0.1:{port}", sent


def no_token(_: str) -> str:
    raise AssertionError("no token is sent to this machine")


def test_every_form_is_tried() -> None:
    assert len(FORMS) == len(SENT) + 1


@pytest.mark.parametrize("path", SENT)
def test_a_form_that_is_taken_sends_exactly_its_request(path: str, tmp_path: Path) -> None:
    with recording() as (url, sent):
        service = taken(tmp_path, path, url)
        days = (SEVEN, EIGHT) if service.dates_per_call == "range" else (SEVEN,)
        group = CallGroup(
            tuple(Call(service="phase4", date=D(day), datasets=("factors",)) for day in days)
        )
        clock = Clock(now=real_now, monotonic=time.monotonic, sleep=lambda _: None)
        access = Access(tokens=Tokens(no_token, time.time), clock=clock)
        told: list[Answer] = []
        with service.open_sender(access) as sender:
            found = sender.send(group, key="key", tell=told.append)
    assert (found.kind, sent) == (Kind.ACCEPTED, SENT[path])
    assert len(told) == (path == "/start")


def test_the_command_names_both_ends_of_its_range(tmp_path: Path) -> None:
    service = taken(tmp_path, "command")
    calls = (Call(service="phase4", date=D(day), datasets=("factors",)) for day in (SEVEN, EIGHT))
    assert str(service.describe(CallGroup(tuple(calls)))) == (
        f"python backfill_jobs/precompute.py --start-date {SEVEN} --end-date {EIGHT}"
    )
