"""A recording proxy in front of the emulator: it adds what the emulator lacks, and faults.

It also plays the metadata server of a virtual machine, which hands out access tokens.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.bigquery import google_errors as errors
from tests.bigquery.google_errors import GoogleError
from tests.bigquery.recording import Call, Proxy, Started
from tests.bigquery.service import InvalidValue, Outcome, Query, query_of
from tests.support.loopback import served

API = r"^(?:/upload)?/bigquery/v2/projects/(?P<project>[^/]+)"
START = re.compile(API + r"/(?:jobs|queries)$")
STARTED = re.compile(API + r"/(?P<what>jobs|queries)/(?P<id>[^/]+)(?P<cancel>/cancel)?$")
DATASET = re.compile(API + r"/datasets/(?P<dataset>[^/:]+)(?:/tables(?:/(?P<table>[^/:]+))?)?$")
IMPERSONATE = re.compile(
    r"^/v1/projects/-/serviceAccounts/(?P<account>[^/:]+):generateAccessToken$"
)
IAM = "iamcredentials.googleapis.com"
METADATA = "/computeMetadata/v1/"
ACCOUNT = "proj.svc.id.goog"  # as workload identity names it; google-auth looks up nothing about it
ASSUMED_WAIT_MS = 10_000
HOP_HEADERS = {"connection", "transfer-encoding", "content-length", "date", "server"}


@contextmanager
def proxy_before(upstream: str) -> Iterator[Proxy]:
    """A proxy on a free port, in front of the emulator at ``upstream``."""
    proxy = Proxy(upstream)
    handler = type("ProxyHandler", (Handler,), {"proxy": proxy})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    with served(server):
        try:
            yield proxy
        finally:
            for started in proxy.started.values():
                started.ended.set()


class Handler(BaseHTTPRequestHandler):
    """One connection of a client, with one of its own to the emulator."""

    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream: HTTPConnection | None = None

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def do_CONNECT(self) -> None:
        """The way to a host of the internet: one of them is played here, the others are shut."""
        self.proxy.connects.append(self.path)
        if self.proxy.tls is None or not self.path.startswith(f"{IAM}:"):
            return self.send_error(403)
        self.send_response(200)
        self.end_headers()
        self.connection = self.proxy.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False
        return None

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        self.route = parts.path
        self.parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.body = self._json(self.raw)
        self.token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
        if self.route == "/" or self.route.startswith(METADATA):
            return self._metadata()
        if match := IMPERSONATE.match(self.route):
            return self._impersonate(match["account"])
        fault = self.proxy.fault_for(self.command, self.route)
        if fault is None and self.token not in self.proxy.tokens:
            fault = errors.unauthenticated()
        if fault is not None:
            return self._fail(fault)
        try:
            return self._answer()
        except InvalidValue as error:
            return self._fail(errors.invalid(str(error)))
        except OSError:
            raise  # the client or the emulator hung up
        except Exception as error:  # noqa: BLE001
            # Without an answer the client would try again for ten minutes.
            self.proxy.crashes.append(error)
            return self._fail(errors.internal(repr(error)))

    def _json(self, raw: bytes) -> dict[str, Any]:
        try:
            found = json.loads(raw)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    # ---------------------------------------------------------------- answering

    def _answer(self) -> None:
        if self.command == "POST" and (match := START.match(self.route)):
            query = query_of(match["project"], self.body)
            return self._start(query) if query else self._pass_on()
        if match := STARTED.match(self.route):
            return self._started(match)
        if match := DATASET.match(self.route):
            return self._described(match)
        return self._pass_on()

    def _start(self, query: Query) -> None:
        outcome = self.proxy.service.judge(query)
        self.proxy.queries.append(query)
        if self.proxy.spoiled and not query.dry_run:
            outcome = replace(outcome, error=self.proxy.spoiled.pop(0) or outcome.error)
        started = Started(query=query, outcome=outcome, error=outcome.error)
        inserted = "configuration" in self.body
        if outcome.error and (query.dry_run or not inserted or not self.proxy.service.may_query):
            return self._fail(outcome.error)
        if query.query_id and not query.dry_run:
            self.proxy.started[query.query_id] = started
        if not outcome.error and not query.dry_run and self.proxy.take_hang():
            started.hangs = True
        if outcome.error or started.hangs:
            if outcome.error:
                started.ended.set()
            return self._send(200, self._resource(started) if inserted else self._rows(started))
        status, answer = self._ask()
        return self._send(status, _priced(answer, outcome, dry=query.dry_run))

    def _started(self, match: re.Match[str]) -> None:
        started = self.proxy.started.get(match["id"])
        if started is None:
            return self._pass_on()
        location = started.outcome.location
        given = self.parameters.get("location", "US")
        if given.lower() != location.lower() and location not in ("US", "EU"):
            return self._fail(errors.no_query(match["project"], match["id"]))
        if match["cancel"]:
            self.proxy.cancelled.append(match["id"])
            if started.hangs and not started.ended.is_set():
                started.error = errors.cancelled()
                started.ended.set()
        if not started.hangs and started.error is None:
            status, answer = self._ask()
            return self._send(status, _priced(answer, started.outcome))
        if match["what"] == "queries":
            return self._results(started)
        resource = self._resource(started)
        return self._send(200, {"job": resource} if match["cancel"] else resource)

    def _results(self, started: Started) -> None:
        wait = int(self.parameters.get("timeoutMs", ASSUMED_WAIT_MS)) / 1000
        self._wait(started, wait)
        if started.ended.is_set() and started.error:
            return self._fail(started.error)
        return self._send(200, self._rows(started))

    def _wait(self, started: Started, seconds: float) -> None:
        limit = started.query.timeout_ms
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not started.ended.wait(0.02):
            if limit is not None and time.monotonic() >= deadline - seconds + limit / 1000:
                started.error = errors.cancelled(f"Job timed out after {limit / 1000:g}s")
                started.ended.set()

    def _reference(self, started: Started) -> dict[str, Any]:
        query = started.query
        place = started.outcome.location
        return {"projectId": query.project, "jobId": query.query_id, "location": place}

    def _rows(self, started: Started) -> dict[str, Any]:
        return {"jobReference": self._reference(started), "jobComplete": False}

    def _resource(self, started: Started) -> dict[str, Any]:
        query, done = started.query, started.ended.is_set()
        status: dict[str, Any] = {"state": "DONE" if done else "RUNNING"}
        if done and started.error:
            status |= {"errorResult": started.error.proto, "errors": [started.error.proto]}
        now = str(int(time.time() * 1000))
        return {
            "kind": "bigquery#job",
            "id": f"{query.project}:{started.outcome.location}.{query.query_id}",
            "jobReference": self._reference(started),
            "configuration": {"jobType": "QUERY", "query": {"query": query.sql}},
            "status": status,
            "statistics": {"creationTime": now, "startTime": now, "query": {}},
        }

    def _described(self, match: re.Match[str]) -> None:
        project, dataset, table = match["project"], match["dataset"], match["table"]
        if dataset in self.proxy.service.denied:
            return self._fail(
                errors.table_denied(project, dataset, table, querying=False)
                if table
                else errors.dataset_denied(project, dataset)
            )
        status, answer = self._ask()
        if status == 200 and ("datasetReference" in answer or "tableReference" in answer):
            answer["location"] = self.proxy.service.location_of(dataset)
            answer |= self.proxy.service.partitions_of(f"{dataset}.{table}")
        return self._send(status, answer)

    def _impersonate(self, account: str) -> None:
        """A token of another service account, for whoever has one of the machine's."""
        if self.token not in self.proxy.tokens:
            return self._fail(errors.unauthenticated())
        fault = self.proxy.fault_for(self.command, self.route)
        if fault is not None:
            return self._fail(fault)
        with self.proxy.lock:
            self.proxy.impersonated.append(account)
            self.proxy.tokens.append(f"ya29.{account}")
        expiry = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return self._send(200, {"accessToken": self.proxy.tokens[-1], "expireTime": expiry})

    def _metadata(self) -> None:
        """Of a virtual machine with one service account."""
        what = self.route.removeprefix(METADATA)
        if what == "project/project-id":
            return self._send(200, "proj")
        if what.endswith("/token"):
            with self.proxy.lock:
                self.proxy.tokens.append(f"ya29.token-{len(self.proxy.tokens) + 1}")
            token = {"access_token": self.proxy.tokens[-1], "token_type": "Bearer"}
            return self._send(200, {**token, "expires_in": 3599})
        if what.startswith("instance/service-accounts/"):
            return self._send(200, {"email": ACCOUNT, "aliases": ["default"], "scopes": []})
        return self._send(200 if self.route == "/" else 404, "")

    # ---------------------------------------------------------------- the wire

    def _ask(self) -> tuple[int, dict[str, Any]]:
        status, _, raw = self._forward()
        return status, self._json(raw)

    def _pass_on(self) -> None:
        status, headers, raw = self._forward()
        self._write(status, headers, raw)

    def _forward(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """The emulator's own answer."""
        if self.upstream is None:
            self.upstream = HTTPConnection(urlsplit(self.proxy.upstream).netloc, timeout=120)
        dropped = {"accept-encoding", "connection", "authorization"}
        headers = {k: v for k, v in self.headers.items() if k.lower() not in dropped}
        self.upstream.request(self.command, self.path, self.raw, headers)
        answer = self.upstream.getresponse()
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP_HEADERS]
        return answer.status, kept, answer.read()

    def _fail(self, error: GoogleError) -> None:
        self._send(error.code, error.body)

    def _send(self, status: int, answer: dict[str, Any] | str) -> None:
        text = answer if isinstance(answer, str) else json.dumps(answer)
        kind = "application/text" if isinstance(answer, str) else "application/json; charset=UTF-8"
        headers = [("Content-Type", kind), ("Metadata-Flavor", "Google")]
        self._write(status, headers, text.encode())

    def _write(self, status: int, headers: list[tuple[str, str]], raw: bytes) -> None:
        request = {"method": self.command, "path": self.route, "parameters": self.parameters}
        self.proxy.calls.append(Call(**request, body=self.body, token=self.token, status=status))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _priced(answer: dict[str, Any], outcome: Outcome, *, dry: bool = False) -> dict[str, Any]:
    """The emulator's answer with location and statistics as the real service gives them."""
    if "error" in answer:
        return answer
    processed, billed = str(outcome.processed), str(outcome.billed)
    if isinstance(answer.get("jobReference"), dict):
        answer["jobReference"]["location"] = outcome.location
    if "location" in answer:
        answer["location"] = outcome.location
    if isinstance(answer.get("statistics"), dict):
        answer["statistics"]["totalBytesProcessed"] = processed
        query = answer["statistics"].setdefault("query", {})
        query |= {"totalBytesProcessed": processed, "totalBytesBilled": billed}
        query["cacheHit"] = outcome.cache_hit
        if dry:
            query["totalBytesProcessedAccuracy"] = "PRECISE"
    if "totalBytesProcessed" in answer or "jobComplete" in answer:
        answer |= {"totalBytesProcessed": processed, "cacheHit": outcome.cache_hit}
    if "totalBytesBilled" in answer:
        answer["totalBytesBilled"] = billed
    return answer
