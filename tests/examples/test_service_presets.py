"""Each service of ``examples/services`` repairs a gap, from finding it to the last table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.loading import load_contract
from tests.support.apis.airflow import DAG, Airflow, basic
from tests.support.apis.cloud_run_jobs import JOB, PLACE, CloudRunJobs
from tests.support.apis.cloud_run_service import CloudRunService
from tests.support.apis.dagster import ASSET, TOKEN, Dagster
from tests.support.apis.google import GoogleTokens
from tests.support.apis.pubsub import TOPIC, PubSub
from tests.support.apis.server import Api, Pipeline, Request, bearer, serving
from tests.support.presets import HOLES, PRESETS, Repair, repair_with
from tests.support.scripted_service import raw_contract
from tests.support.warehouses import write_contract

RANGES = [HOLES[0:1], HOLES[1:4], HOLES[4:5]]
"""The calls of a service that takes ranges: the canary, then what is consecutive."""

COMMAND = """
import argparse, os, sys, time
from datetime import date, timedelta
import duckdb

parser = argparse.ArgumentParser()
parser.add_argument("--start-date", type=date.fromisoformat)
parser.add_argument("--end-date", type=date.fromisoformat)
given = parser.parse_args()
assert os.environ["DB_PASSWORD"]
with open("calls.txt", "a") as calls:
    print(given.start_date, given.end_date, file=calls)
for _ in range(1000):
    try:
        connection = duckdb.connect(os.environ["WAREHOUSE"])
        break
    except duckdb.Error:  # somebody is reading it
        time.sleep(0.01)
day = given.start_date
while day <= given.end_date:
    for table, upstream in (("factors", "summary"), ("cache", "summary")):
        connection.execute(f"DELETE FROM s.{table} WHERE d = ?", [day])
        connection.execute(f"INSERT INTO s.{table} SELECT * FROM s.{upstream} WHERE d = ?", [day])
    print("wrote", day)
    day += timedelta(days=1)
"""


def all_landed(made: Repair) -> None:
    """Repair, and see that the ledger and the tables agree that everything is there.

    What shows the calls without making them shows no secret either: it is among what is written.
    """
    ran = made.repaired()
    assert (ran.code, made.lacking) == (0, []), ran.err
    assert made.states == dict.fromkeys((day[-2:] for day in HOLES), "landed")
    assert made.typed("remediation", "run", "--json", "-").code == 0
    script = made.typed("remediation", "plan", "--format", "sh").out
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0


def asked(requests: list[Request]) -> list[tuple[str, Any]]:
    return [(request.path, request.body) for request in requests]


@pytest.mark.parametrize("preset", sorted(path.stem for path in PRESETS.glob("*.yml")))
def test_a_preset_stands_in_a_contract_as_it_is(tmp_path: Path, preset: str) -> None:
    raw = raw_contract("", tmp_path / "w.duckdb")
    del raw["services"]
    for dataset in raw["datasets"].values():
        dataset.pop("service", None)
    contract = write_contract(tmp_path, raw)
    before = contract.read_text()
    copied = (PRESETS / f"{preset}.yml").read_text()
    contract.write_text(f"{before}\n{copied}")
    (service,) = load_contract(contract, {}).contract.services.values()
    assert service.kind == ("command" if preset == "command" else "http")
    assert f"{preset}.yml" in (PRESETS / "README.md").read_text()


@pytest.mark.parametrize(("preset", "version"), [("airflow", 2), ("airflow_3", 3)])
def test_a_dag_run_of_airflow_is_started_per_range_and_awaited(
    database: Path, pipeline: Pipeline, preset: str, version: int
) -> None:
    secret = (
        basic("repair", "s3cret-of-airflow") if version == 2 else "eyJhbGciOi.s3cret-of-airflow"
    )
    api = Airflow(pipeline, f"{'Basic' if version == 2 else 'Bearer'} {secret}", version)
    with serving(api):
        name = "AIRFLOW_BASIC" if version == 2 else "AIRFLOW_TOKEN"
        made = repair_with(
            preset, database, {"AIRFLOW_URL": api.url, "AIRFLOW_DAG": DAG, name: secret}
        )
        made.validated()
        all_landed(made)
    path = f"/api/v{version - 1}/dags/{DAG}/dagRuns"
    more = {} if version == 2 else {"logical_date": None}
    assert asked(api.sent("POST")) == [
        (path, {**more, "conf": {"start_date": dates[0], "end_date": dates[-1]}})
        for dates in RANGES
    ]
    looked_at = [request.path for request in api.sent("GET")]
    assert set(looked_at) == {f"{path}/{run}" for run in api.runs}
    assert made.holds([secret]) == []


def test_an_execution_of_a_cloud_run_job_is_started_per_range_and_awaited(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = CloudRunJobs(tokens, pipeline)
    with serving(api):
        variables = {"CLOUD_RUN_API": api.url, "CLOUD_RUN_REGION": "us-west2", "CLOUD_RUN_JOB": JOB}
        made = repair_with("cloud_run_job", database, google | variables)
        made.validated()
        all_landed(made)
    assert asked(api.sent("POST")) == [
        (
            f"/v2/{PLACE}/jobs/{JOB}:run",
            {
                "overrides": {
                    "containerOverrides": [
                        {"args": ["--start-date", dates[0], "--end-date", dates[-1]]}
                    ]
                }
            },
        )
        for dates in RANGES
    ]
    looked_at = [request.path for request in api.sent("GET")]
    assert set(looked_at) == {f"/v2/{name}" for name in api.operations}
    assert len(tokens.issued) == 1
    assert made.holds([*tokens.issued, tokens.pem]) == []


def test_a_message_is_published_to_pubsub_per_date(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = PubSub(tokens, pipeline)
    with serving(api):
        variables = {"PUBSUB_API": api.url, "BACKFILL_TOPIC": "backfill-requests"}
        made = repair_with("pubsub", database, google | variables)
        made.validated()
        all_landed(made)
    assert [request.path for request in api.requests] == [f"/v1/{TOPIC}:publish"] * len(HOLES)
    assert api.messages == [
        ({"game_date": day, "triggered_by": "remediation"}, {"source": "remediation"})
        for day in HOLES
    ]
    assert made.holds([*tokens.issued, tokens.pem]) == []


def test_a_backfill_of_dagster_is_launched_for_a_list_of_partitions_and_awaited(
    database: Path, pipeline: Pipeline
) -> None:
    api = Dagster(pipeline, "user:s3cret-of-dagster")
    with serving(api):
        made = repair_with("dagster", database, dagster(api))
        made.validated()
        all_landed(made)
    launched = [r.body for r in api.requests if r.body["query"].startswith("mutation Launch")]
    assert [body["variables"]["params"] for body in launched] == [
        {
            "assetSelection": [{"path": [ASSET]}],
            "partitionNames": [*dates],
            "tags": [{"key": "source", "value": "remediation"}],
        }
        for dates in (HOLES[:1], HOLES[1:])
    ]
    polled = [r.body["variables"] for r in api.requests if r.body not in launched]
    assert {body["id"] for body in polled} == set(api.backfills)
    assert {request.headers[TOKEN] for request in api.requests} == {"user:s3cret-of-dagster"}
    assert made.holds(["s3cret-of-dagster"]) == []


def dagster(api: Api) -> dict[str, str]:
    return {
        "DAGSTER_URL": api.url,
        "DAGSTER_ASSET": ASSET,
        "DAGSTER_TOKEN": "user:s3cret-of-dagster",
    }


def test_a_cloud_run_service_is_called_per_date_with_an_identity_token(
    database: Path, pipeline: Pipeline, tokens: GoogleTokens, google: dict[str, str]
) -> None:
    api = CloudRunService(tokens, pipeline)
    with serving(api):
        made = repair_with("cloud_run_service", database, {**google, "PROCESSOR_URL": api.url})
        made.validated()
        all_landed(made)
    assert asked(api.requests) == [("/process", {"game_date": day}) for day in HOLES]
    assert {bearer(request) for request in api.requests} == set(tokens.issued)
    assert made.holds([*tokens.issued, tokens.pem]) == []


def test_a_command_is_run_per_range(database: Path, tmp_path: Path) -> None:
    made = repair_with("command", database, command(tmp_path, database, COMMAND))
    made.validated()
    all_landed(made)
    calls = (tmp_path / "jobs" / "calls.txt").read_text().splitlines()
    assert calls == [f"{dates[0]} {dates[-1]}" for dates in RANGES]
    (record,) = made.folder.glob("uncommitted/runs/*/remediation-*.json")
    assert "wrote 2025-01-12 | wrote 2025-01-13" in record.read_text()
    assert made.holds(["s3cret-of-the-database"]) == []


def command(folder: Path, database: Path, text: str) -> dict[str, str]:
    """A repository with the script that a preset names; the variables to run it."""
    script = folder / "jobs" / "backfill_jobs" / "player_features.py"
    script.parent.mkdir(parents=True)
    script.write_text(
        f"WAREHOUSE = {str(database)!r}\n{text}".replace('os.environ["WAREHOUSE"]', "WAREHOUSE")
    )
    return {
        "BACKFILL_REPOSITORY": str(folder / "jobs"),
        "DB_PASSWORD": "s3cret-of-the-database",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
