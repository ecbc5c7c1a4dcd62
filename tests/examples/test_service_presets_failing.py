"""What a service refuses, or says and does not do, is told by the commands at once."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.examples.test_service_presets import all_landed, command, dagster
from tests.support.apis.airflow import DAG, Airflow, basic
from tests.support.apis.cloud_run_jobs import JOB, CloudRunJobs
from tests.support.apis.cloud_run_service import CloudRunService
from tests.support.apis.dagster import Dagster
from tests.support.apis.google import GoogleTokens, refusal
from tests.support.apis.pubsub import PubSub
from tests.support.apis.server import Api, Pipeline, Reply, Request, bearer, serving
from tests.support.presets import HOLES, Repair, repair_with

PATIENT = {"settle_seconds": 3000}
"""A job that ended is not waited for: the test would not end in time."""

CREDENTIALS = basic("repair", "s3cret-of-airflow")


def airflow(api: Api, password: str = CREDENTIALS) -> dict[str, str]:
    return {"AIRFLOW_URL": api.url, "AIRFLOW_DAG": DAG, "AIRFLOW_BASIC": password}


def cloud_run(api: Api, job: str = JOB) -> dict[str, str]:
    return {"CLOUD_RUN_API": api.url, "CLOUD_RUN_REGION": "us-west2", "CLOUD_RUN_JOB": job}


def left(made: Repair, *said: str) -> dict[str, str]:
    """The states of the dates that a repair leaves missing, which says why."""
    made.judged()
    ran = made.repaired()
    assert ran.code == 4
    shown = made.typed("remediation", "status", "-v")
    for words in said:
        assert words in " ".join((ran.err + ran.out).split())
        assert words in " ".join(shown.out.split())
    return made.states


def test_a_dag_run_that_failed_is_rejected_at_once_and_what_it_wrote_counts(
    database: Path, pipeline: Pipeline
) -> None:
    pipeline.broken["2025-01-12"] = "a task failed"
    api = Airflow(pipeline, f"Basic {CREDENTIALS}")
    with serving(api):
        made = repair_with("airflow", database, airflow(api), **PATIENT)
        states = left(made, "state: failed")
    assert states == {
        "10": "landed", "11": "landed", "12": "rejected", "13": "rejected", "15": "landed",
    }  # fmt: skip
    assert made.lacking == ["2025-01-12", "2025-01-13"]
    assert len(api.sent("POST")) == 3


NAMED = {
    "body": {
        "dag_run_id": "repair_{from}_{to}",
        "conf": {"start_date": "{from}", "end_date": "{to}"},
    },
    "accepted": [200, 409],
    "job": {
        "url": f"/api/v1/dags/{DAG}/dagRuns/repair_{{from}}_{{to}}",
        "poll_seconds": 0.05,
        "done": {"$.state": "success"},
        "failed": {"$.state": "failed"},
    },
}
"""As the last lines of airflow.yml say."""


def test_a_dag_run_with_a_name_is_followed_where_it_is_there_already(
    database: Path, pipeline: Pipeline
) -> None:
    api = Airflow(pipeline, f"Basic {CREDENTIALS}")
    conf = {"start_date": HOLES[0], "end_date": HOLES[0]}
    api.runs[f"repair_{HOLES[0]}_{HOLES[0]}"] = {"state": "queued", "conf": conf}
    api.runs[f"repair_{HOLES[4]}_{HOLES[4]}"] = {"state": "failed"}
    with serving(api):
        made = repair_with("airflow", database, airflow(api), **NAMED, **PATIENT)
        states = left(made, "its job failed: state: failed")
    assert list(states.values()) == ["landed"] * 4 + ["rejected"]
    assert len(api.runs) == len(api.sent("POST")) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_dag_run_that_goes_on_when_the_command_has_ended_is_not_started_again(
    database: Path, pipeline: Pipeline, number: int
) -> None:
    api = Airflow(pipeline, f"Basic {CREDENTIALS}")
    pipeline.may_begin.clear()
    with serving(api):
        made = repair_with("airflow", database, airflow(api))
        made.judged()
        assert made.typed("remediation", "plan").code == 0
        running = made.started("remediation", "run", "--yes")
        while len(api.sent("GET")) < 3:
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(number)
        running.communicate(timeout=20)
        pipeline.may_begin.set()
        assert made.typed("remediation", "run", "--yes").code == 0
    assert made.lacking == []
    confs = [run["conf"] for run in api.runs.values()]
    asked = [(conf["start_date"], conf["end_date"]) for conf in confs]
    first, canary, begin, end, last = HOLES
    assert asked == [(first, first), (canary, canary), (begin, end), (last, last)]


def test_a_name_that_airflow_knows_is_a_doubt_where_nothing_else_is_said(
    database: Path, pipeline: Pipeline
) -> None:
    api = Airflow(pipeline, f"Basic {CREDENTIALS}")
    api.runs[f"repair_{HOLES[0]}_{HOLES[0]}"] = {"state": "failed"}
    with serving(api):
        made = repair_with(
            "airflow", database, airflow(api), body=NAMED["body"], settle_seconds=0.2
        )
        states = left(made, "HTTP 409", "already exists")
    assert list(states.values()) == ["still missing"] + ["blocked"] * 4
    assert api.sent("GET") == []


@pytest.mark.parametrize(
    ("preset", "version", "said"), [("airflow", 2, "Forbidden"), ("airflow_3", 3, "Invalid JWT")]
)
def test_airflow_lets_nobody_in_with_another_secret(
    database: Path, pipeline: Pipeline, preset: str, version: int, said: str
) -> None:
    api = Airflow(pipeline, f"Basic {CREDENTIALS}", version)
    wrong = "czNjcmV0OnMzY3JldA"
    with serving(api):
        made = repair_with(preset, database, {**airflow(api, wrong), "AIRFLOW_TOKEN": wrong})
        states = left(made, "HTTP 403", said)
    assert list(states.values()) == ["rejected"] + ["blocked"] * 4
    assert len(api.requests) == 1
    assert made.holds([wrong]) == []


def test_an_unknown_dag_and_a_missing_variable_are_told(database: Path, pipeline: Pipeline) -> None:
    api = Airflow(pipeline, f"Basic {CREDENTIALS}")
    with serving(api):
        variables = {**airflow(api), "AIRFLOW_DAG": "backfil"}
        made = repair_with("airflow", database, variables)
        left(made, "HTTP 404", "DAG with dag_id: 'backfil' not found")
    assert len(api.requests) == 1
    del variables["AIRFLOW_BASIC"]
    ran = Repair(folder=made.folder, database=database, name="airflow", variables=variables).typed(
        "remediation", "run", "--yes"
    )
    assert ran.code == 2
    assert "environment variable AIRFLOW_BASIC is not set" in ran.err


def test_an_execution_that_failed_is_rejected_with_the_reason_of_its_operation(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    pipeline.broken["2025-01-10"] = "The container exited with an error."
    api = CloudRunJobs(tokens, pipeline)
    with serving(api):
        made = repair_with("cloud_run_job", database, google | cloud_run(api), **PATIENT)
        states = left(made, "failed with message: The container exited with an error.")
    assert list(states.values()) == ["rejected"] + ["blocked"] * 4
    assert len(api.sent("POST")) == 1


def test_a_busy_api_is_asked_again_and_an_access_token_is_renewed_once(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = CloudRunJobs(tokens, pipeline)
    busy = replace(refusal(503, "The service is unavailable."), headers={"Retry-After": "0"})
    api.instead = [refusal(401, "Request had invalid authentication credentials."), busy]
    with serving(api):
        made = repair_with("cloud_run_job", database, google | cloud_run(api))
        made.judged()
        all_landed(made)
    assert len(api.sent("POST")) == 5
    assert len(tokens.issued) == 2
    assert made.holds([*tokens.issued, tokens.pem]) == []


def test_a_message_that_nobody_works_on_is_no_success(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    pipeline.lost.update(HOLES)
    api = PubSub(tokens, pipeline)
    with serving(api):
        variables = {**google, "PUBSUB_API": api.url, "BACKFILL_TOPIC": "backfill-requests"}
        made = repair_with("pubsub", database, variables, settle_seconds=0.4)
        states = left(made, "factors has 0 of 2")
    assert len(api.messages) == 1
    assert list(states.values()) == ["still missing"] + ["blocked"] * 4
    assert made.lacking == [*HOLES]


def test_a_topic_that_is_not_there_is_told(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = PubSub(tokens, pipeline)
    with serving(api):
        variables = {**google, "PUBSUB_API": api.url, "BACKFILL_TOPIC": "backfills"}
        made = repair_with("pubsub", database, variables)
        left(made, "HTTP 404", "Resource not found (resource=backfills).")


@pytest.mark.parametrize(
    ("kind", "message", "status"),
    [
        ("UnauthorizedError", "Authorization failed", 200),
        ("PythonError", "KeyError: AssetKey(['player_features'])", 500),
    ],
)
def test_what_dagster_refuses_in_its_answer_is_rejected(
    database: Path, pipeline: Pipeline, kind: str, message: str, status: int
) -> None:
    api = Dagster(pipeline, "user:s3cret-of-dagster")
    api.refuses = (kind, message)
    with serving(api):
        made = repair_with("dagster", database, dagster(api), **PATIENT)
        states = left(made, f"HTTP {status}", message)
    assert list(states.values()) == ["rejected"] + ["blocked"] * 4
    assert len(api.requests) == 1
    assert api.backfills == {}


@pytest.mark.parametrize(
    ("fails", "said"), [(False, "COMPLETED_FAILED"), (True, "DagsterUserCodeUnreachableError")]
)
def test_a_backfill_of_dagster_that_failed_is_rejected_with_its_reason(
    database: Path, pipeline: Pipeline, fails: bool, said: str
) -> None:
    pipeline.broken["2025-01-13"] = "DagsterUserCodeUnreachableError"
    api = Dagster(pipeline, "user:s3cret-of-dagster")
    api.fails = fails
    with serving(api):
        made = repair_with("dagster", database, dagster(api), **PATIENT)
        states = left(made, "its job failed", said)
    assert states == {
        "10": "landed", "11": "landed", "12": "landed", "13": "rejected", "15": "rejected",
    }  # fmt: skip


class Revoking(CloudRunService):
    """At its third call, no token is valid any more that was given before."""

    def answer(self, request: Request) -> Reply:
        if len(self.requests) == 3:
            self._tokens.revoke()
        return super().answer(request)


def test_an_identity_token_that_is_refused_is_renewed_in_the_middle(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = Revoking(tokens, pipeline)
    with serving(api):
        made = repair_with("cloud_run_service", database, {**google, "PROCESSOR_URL": api.url})
        made.judged()
        all_landed(made)
    given = [bearer(request) for request in api.requests]
    assert given == [tokens.issued[0]] * 3 + [tokens.issued[1]] * 3
    assert [request.body["game_date"][-2:] for request in api.requests] == [
        "10", "11", "12", "12", "13", "15",
    ]  # fmt: skip
    assert made.holds([*tokens.issued, tokens.pem]) == []


def test_an_identity_token_for_another_audience_is_refused(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = CloudRunService(tokens, pipeline)
    with serving(api):
        made = repair_with(
            "cloud_run_service",
            database,
            {**google, "PROCESSOR_URL": api.url},
            audience="https://another.a.run.app",
        )
        states = left(made, "HTTP 401")
    assert states["10"] == "rejected"
    assert len(api.requests) == 2
    assert made.lacking == [*HOLES]
    assert made.holds([*tokens.issued, tokens.pem]) == []


def test_a_command_that_fails_is_told_with_its_last_line(database: Path, tmp_path: Path) -> None:
    text = 'import sys; print("no such table: x"); sys.exit(1)'
    made = repair_with("command", database, command(tmp_path, database, text))
    states = left(made, "exit code 1: no such table: x")
    assert list(states.values()) == ["rejected"] + ["blocked"] * 4
