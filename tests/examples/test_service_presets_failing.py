"""What a service refuses, or says and does not do, is told by the commands at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.test_service_presets import COMMAND, all_landed, command, dagster
from tests.support.apis.airflow import DAG, Airflow, basic
from tests.support.apis.cloud_run_jobs import JOB, CloudRunJobs
from tests.support.apis.cloud_run_service import CloudRunService
from tests.support.apis.dagster import Dagster
from tests.support.apis.google import GoogleTokens, refusal
from tests.support.apis.pubsub import PubSub
from tests.support.apis.server import Api, Pipeline, Reply, bearer, served
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
        assert words in " ".join(ran.err.split())
        assert words in " ".join(shown.err.split())
    return made.states


def test_a_dag_run_that_failed_is_rejected_at_once_and_what_it_wrote_counts(
    database: Path, pipeline: Pipeline
) -> None:
    pipeline.broken["2025-01-12"] = "a task failed"
    api = Airflow(pipeline, f"Basic {CREDENTIALS}")
    with served(api):
        made = repair_with("airflow", database, airflow(api), **PATIENT)
        states = left(made, "state: failed")
    assert states == {
        "10": "landed", "11": "landed", "12": "rejected", "13": "rejected", "15": "landed",
    }  # fmt: skip
    assert made.lacking == ["2025-01-12", "2025-01-13"]
    assert len(api.sent("POST")) == 3


def test_a_second_run_of_the_same_name_is_refused_by_airflow_and_the_tables_decide(
    database: Path, pipeline: Pipeline
) -> None:
    api = Airflow(pipeline, f"Basic {CREDENTIALS}")
    body = {
        "dag_run_id": "repair_{from}_{to}",
        "conf": {"start_date": "{from}", "end_date": "{to}"},
    }
    with served(api):
        made = repair_with("airflow", database, airflow(api), body=body, settle_seconds=0.5)
        api.runs[f"repair_{HOLES[0]}_{HOLES[0]}"] = {"state": "failed"}
        states = left(made, "HTTP 409", "already exists")
    assert states["10"] == "still missing"
    assert set(list(states.values())[1:]) == {"blocked"}
    assert api.sent("GET") == []


def test_airflow_lets_nobody_in_with_another_password(database: Path, pipeline: Pipeline) -> None:
    api = Airflow(pipeline, f"Basic {CREDENTIALS}")
    wrong = basic("repair", "s3cret-of-another")
    with served(api):
        made = repair_with("airflow", database, airflow(api, wrong))
        states = left(made, "HTTP 401")
    assert states["10"] == "rejected"
    assert pipeline.build([]) == ""
    assert len(api.requests) <= 2
    assert made.holds([wrong]) == []


def test_an_unknown_dag_and_a_missing_variable_are_told(database: Path, pipeline: Pipeline) -> None:
    api = Airflow(pipeline, f"Basic {CREDENTIALS}")
    with served(api):
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
    with served(api):
        made = repair_with("cloud_run_job", database, google | cloud_run(api), **PATIENT)
        states = left(made, "failed with message: The container exited with an error.")
    assert states["10"] == "rejected"
    assert set(list(states.values())[1:]) == {"blocked"}
    assert len(api.sent("POST")) == 1


def test_a_busy_api_is_asked_again_and_an_access_token_is_renewed_once(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = CloudRunJobs(tokens, pipeline)
    busy = Reply(
        **{**vars_of(refusal(503, "The service is unavailable.")), "headers": {"Retry-After": "0"}}
    )
    api.instead = [refusal(401, "Request had invalid authentication credentials."), busy]
    with served(api):
        made = repair_with("cloud_run_job", database, google | cloud_run(api))
        all_landed(made)
    assert len(api.sent("POST")) == 5
    assert len(tokens.issued) == 2
    assert made.holds([*tokens.issued, tokens.pem]) == []


def vars_of(reply: Reply) -> dict[str, object]:
    return {"status": reply.status, "body": reply.body}


def test_a_job_that_is_not_there_is_told(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = CloudRunJobs(tokens, pipeline)
    with served(api):
        made = repair_with("cloud_run_job", database, google | cloud_run(api, "feature"))
        left(made, "HTTP 404", "Resource 'feature:run' of kind 'JOB' does not exist.")
    assert len(api.requests) == 1


def test_a_message_that_nobody_works_on_is_no_success(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    pipeline.lost.update(HOLES)
    api = PubSub(tokens, pipeline)
    with served(api):
        variables = {**google, "PUBSUB_API": api.url, "BACKFILL_TOPIC": "backfill-requests"}
        made = repair_with("pubsub", database, variables, settle_seconds=0.4)
        states = left(made, "factors has 0 of 2")
    assert len(api.messages) == 1
    assert states["10"] == "still missing"
    assert set(list(states.values())[1:]) == {"blocked"}
    assert made.lacking == [*HOLES]


def test_a_topic_that_is_not_there_is_told(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = PubSub(tokens, pipeline)
    with served(api):
        variables = {**google, "PUBSUB_API": api.url, "BACKFILL_TOPIC": "backfills"}
        made = repair_with("pubsub", database, variables)
        left(made, "HTTP 404", "Resource not found (resource=backfills).")


def test_what_dagster_refuses_with_http_200_is_rejected(database: Path, pipeline: Pipeline) -> None:
    api = Dagster(pipeline, "user:s3cret-of-dagster")
    api.refuses = (
        "PartitionKeysNotFoundError",
        "Partition keys `['2025-01-10']` could not be found",
    )
    with served(api):
        made = repair_with("dagster", database, dagster(api), **PATIENT)
        states = left(made, "Partition keys `['2025-01-10']` could not be found")
    assert states["10"] == "rejected"
    assert len(api.requests) == 1
    assert api.backfills == {}


def test_a_backfill_of_dagster_that_failed_is_rejected_with_its_reason(
    database: Path, pipeline: Pipeline
) -> None:
    pipeline.broken["2025-01-13"] = "DagsterExecutionStepExecutionError: op failed"
    api = Dagster(pipeline, "user:s3cret-of-dagster")
    with served(api):
        made = repair_with("dagster", database, dagster(api), **PATIENT)
        states = left(made, "DagsterExecutionStepExecutionError: op failed")
    assert states == {
        "10": "landed", "11": "landed", "12": "landed", "13": "rejected", "15": "rejected",
    }  # fmt: skip


def test_dagster_lets_nobody_in_with_another_token(database: Path, pipeline: Pipeline) -> None:
    api = Dagster(pipeline, "user:s3cret-of-dagster")
    with served(api):
        variables = {**dagster(api), "DAGSTER_TOKEN": "user:s3cret-of-another"}
        made = repair_with("dagster", database, variables)
        left(made, "HTTP 401")
    assert made.holds(["s3cret-of-another"]) == []


class Revoking(CloudRunService):
    """Lets the tokens that were given until now be valid for one more call only, once."""

    def answer(self, request):  # type: ignore[no-untyped-def]
        if len(self.requests) == 3:
            self._tokens.revoke()
        return super().answer(request)


def test_an_identity_token_that_is_refused_is_renewed_in_the_middle(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = Revoking(tokens, pipeline)
    with served(api):
        made = repair_with("cloud_run_service", database, {**google, "PROCESSOR_URL": api.url})
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
    with served(api):
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


@pytest.mark.parametrize(
    ("text", "state", "said"),
    [
        ('import sys; print("no such table: x"); sys.exit(1)', "rejected", "no such table: x"),
        ('print("nothing to do")', "still missing", "factors has 0 of 2"),
    ],
)
def test_a_command_that_fails_or_does_nothing_is_no_success(
    database: Path, tmp_path: Path, text: str, state: str, said: str
) -> None:
    made = repair_with("command", database, command(tmp_path, database, text))
    states = left(made, said)
    assert states["10"] == state
    assert set(list(states.values())[1:]) == {"blocked"}


def test_a_command_that_is_busy_is_started_again(database: Path, tmp_path: Path) -> None:
    busy = (
        "import pathlib, sys\n"
        "once = pathlib.Path('once.txt')\n"
        "if not once.exists():\n"
        "    once.touch()\n"
        "    sys.exit(75)\n"
    )
    made = repair_with("command", database, command(tmp_path, database, busy + COMMAND))
    all_landed(made)
