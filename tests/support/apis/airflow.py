"""Airflow's stable REST API: DAG runs of version 2 (``/api/v1``) and of version 3 (``/api/v2``)."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any

from checkpoints.dates import DateRange
from tests.support.apis.server import Api, Pipeline, Reply, Request
from tests.support.warehouses import D

DAG = "backfill_features"
FIELDS = {"dag_run_id", "logical_date", "data_interval_start", "data_interval_end", "conf", "note"}


class Airflow(Api):
    """One DAG, which builds the dates from its conf's ``start_date`` to ``end_date``.

    A run is queued, then running, and ends as success or failed; every look moves it on.
    ``credentials`` is the value of ``Authorization`` that is let in.
    """

    def __init__(self, pipeline: Pipeline, credentials: str, version: int = 2) -> None:
        super().__init__()
        self.runs: dict[str, dict[str, Any]] = {}
        self._ends: dict[str, str] = {}
        self._pipeline = pipeline
        self._credentials = credentials
        self._version = version
        self._base = f"/api/v{version - 1}/dags/"

    def answer(self, request: Request) -> Reply:
        given = request.headers.get("Authorization")
        if self._version == 3 and not given:
            return self._problem(401, "", "Not authenticated")
        if given != self._credentials:
            return self._problem(403, "Forbidden", "Invalid JWT token")
        found = re.fullmatch(rf"{self._base}([^/]+)/dagRuns(?:/([^/]+))?", request.path)
        if not found:
            return self._problem(404, "Not Found", "Not Found")
        dag, run = found.groups()
        if dag != DAG:
            return self._problem(404, "DAG not found", f"DAG with dag_id: '{dag}' not found")
        return self._look(run) if run else self._trigger(request.body)

    def _trigger(self, body: dict[str, Any]) -> Reply:
        if self._version == 3 and (wrong := _wrong_fields(body)):
            return Reply(status=422, body={"detail": wrong})
        if unknown := sorted(set(body) - FIELDS):
            return self._problem(400, "Bad Request", f"{{'{unknown[0]}': ['Unknown field.']}}")
        now = datetime.now(UTC).isoformat()
        name = body.get("dag_run_id") or f"manual__{now}"
        if name in self.runs:
            told = f"DAGRun with DAG ID: '{DAG}' and DAGRun ID: '{name}' already exists"
            if self._version == 3:
                why = {"reason": "Unique constraint violation", "statement": "hidden"}
                return Reply(status=409, body={"detail": why})
            return self._problem(409, "Conflict", told)
        when = body.get("logical_date") or (now if self._version == 2 else None)
        self.runs[name] = {
            "conf": body.get("conf", {}), "dag_id": DAG, "dag_run_id": name,
            "end_date": None, "logical_date": when, "note": body.get("note"),
            "run_type": "manual", "start_date": None, "state": "queued",
        }  # fmt: skip
        return Reply(body=self.runs[name])

    def _look(self, name: str) -> Reply:
        if name not in self.runs:
            told = f"DAGRun with DAG ID: '{DAG}' and DagRun ID: '{name}' not found"
            return self._problem(404, "DAGRun not found", told)
        run = self.runs[name]
        if run["state"] == "queued":
            run |= {"state": "running", "start_date": datetime.now(UTC).isoformat()}
            days = DateRange(D(run["conf"]["start_date"]), D(run["conf"]["end_date"])).dates()
            self._pipeline.start(list(days), lambda why: self._end(name, why))
        elif name in self._ends:
            run |= {"state": self._ends[name], "end_date": datetime.now(UTC).isoformat()}
        return Reply(body=run)

    def _end(self, name: str, why: str) -> None:
        self._ends[name] = "failed" if why else "success"

    def _problem(self, status: int, title: str, detail: str) -> Reply:
        if self._version == 3:
            return Reply(status=status, body={"detail": detail})
        docs = "https://airflow.apache.org/docs/apache-airflow/2.10.5/stable-rest-api-ref.html"
        body = {
            "detail": detail,
            "status": status,
            "title": title,
            "type": f"{docs}#section/Errors",
        }
        headers = {"Content-Type": "application/problem+json"}
        return Reply(status=status, body=body, headers=headers)


def _wrong_fields(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What version 3 says of a body without a logical date, or with other fields."""
    missing = [("missing", "logical_date", "Field required")] * ("logical_date" not in body)
    extra = [
        ("extra_forbidden", name, "Extra inputs are not permitted")
        for name in sorted(set(body) - FIELDS)
    ]
    return [{"type": t, "loc": ["body", name], "msg": m} for t, name, m in [*missing, *extra]]


def basic(user: str, password: str) -> str:
    """What stands after ``Basic`` for a user."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()
