"""The examples for schedulers, run by the scheduler itself where it can be had, on the demo."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.commands import ROOT
from tests.support.rehearsals import serving
from tests.support.unattended import COMPLETE, INCOMPLETE, NOTHING_DUE, PLAN, Project, project_in

EXAMPLES = ROOT / "examples" / "unattended"
HOME = "/srv/checkpoints"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """The project, and services that repair it."""
    made = project_in(tmp_path / "checkpoints")
    with serving(tmp_path, made.warehouse) as urls:
        paces = {name.replace("_URL", "_PACE"): "0" for name in urls}
        yield replace(made, variables=urls | paces)


def crontab() -> tuple[dict[str, str], list[str]]:
    """Its assignments, and the commands of its lines."""
    lines = [
        line
        for line in (EXAMPLES / "cron.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assigned = dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))
    timed = [line for line in lines if not re.match(r"\w+=", line)]
    for line in timed:
        assert re.match(r"([\d*/,-]+\s+){5}cd ", line)
    return assigned, [line.split(maxsplit=5)[5] for line in timed]


def mailed(project: Project, number: int) -> str:
    """What a line of the crontab would send."""
    command = crontab()[1][number].replace(HOME, str(project.folder))
    return project.run("sh", "-c", command).stdout


def test_cron_is_silent_until_data_is_incomplete_and_repairs_what_was_approved(
    project: Project,
) -> None:
    assert mailed(project.on(NOTHING_DUE), 0) == ""
    assert mailed(project.on(COMPLETE), 0) == ""
    assert mailed(project, 1) == ""

    told = mailed(project.on(INCOMPLETE), 0)
    assert told.startswith("exit code 1\n")
    assert "INCOMPLETE 12 of 73 evaluated checks failed" in told
    plan = PLAN.search(told)[1]
    assert mailed(project, 1) == ""

    (project.folder / "gx/uncommitted/approved").write_text(f"{plan}\n")
    assert "COMPLETE 4 of 4 calls landed" in mailed(project, 1)
    assert mailed(project, 1) == ""
    assert mailed(project, 0) == ""


def test_cron_says_that_yesterdays_run_is_still_at_work(project: Project) -> None:
    command = crontab()[1][0].replace(HOME, str(project.folder))
    held = project.run("flock", ".daily.lock", "sh", "-c", command)
    assert held.stdout.startswith("exit code 75\n")
    assert project.runs() == []


def test_cron_says_that_a_plan_which_was_approved_is_not_there(project: Project) -> None:
    approved = project.folder / "gx/uncommitted/approved"
    approved.parent.mkdir()
    approved.write_text("7e6114cb9830\n")
    told = mailed(project, 1)
    assert "7e6114cb9830.json" in told
    assert told.endswith("exit code 2\n")


def test_a_crontab_names_what_the_contract_needs_and_holds_nothing_that_cron_takes_apart() -> None:
    assigned, commands = crontab()
    assert {"WAREHOUSE_URL", "PHASE3_URL", "PHASE4_URL", "PHASE5_URL"} <= assigned.keys()
    assert [value for value in assigned.values() if "$" in value or "#" in value] == []
    for command in commands:
        assert "%" not in command
        assert len(command) < 900


def test_the_job_of_cloud_run_fails_where_data_is_incomplete_and_not_where_nothing_is_due(
    project: Project,
) -> None:
    job = yaml.safe_load((EXAMPLES / "cloud_run_job.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("run.googleapis.com/v1", "Job")
    task = job["spec"]["template"]["spec"]["template"]["spec"]
    (container,) = task["containers"]
    assert task["maxRetries"] == 0
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in task["volumes"]}

    ends = {day: project.on(day).run(*container["command"]) for day in (NOTHING_DUE, INCOMPLETE)}
    assert [done.returncode for done in ends.values()] == [0, 1]
    assert PLAN.search(ends[INCOMPLETE].stdout)


def python_of(tool: str) -> Path:
    """The interpreter of the venv that has a tool; the test is skipped, or fails, without one."""
    python = ROOT / f".venv-{tool}" / "bin" / "python"
    if not python.exists():
        reason = f"{tool} is not installed: make test-unattended"
        (pytest.fail if os.environ.get("UNATTENDED_REQUIRED") else pytest.skip)(reason)
    return python


AIRFLOW = """
import json, sys
from airflow.dag_processing.dagbag import DagBag

bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
run = bag.dags[sys.argv[2]].test(run_conf=json.loads(sys.argv[3]))
states = [task.state for task in run.get_task_instances()]
print("STATES", json.dumps([run.state, *states]))
"""


def airflow(project: Project, dag: str, **conf: str) -> tuple[list[str], str]:
    """The states of a run of a DAG and of its tasks, and what was logged."""
    dags = str(project.folder / "examples/unattended")
    variables = {
        "AIRFLOW_HOME": str(project.folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": dags,
        "CHECKPOINTS_HOME": str(project.folder),
    }
    python = python_of("airflow")
    if not (project.folder / "airflow").exists():
        migrated = project.run(python, "-m", "airflow", "db", "migrate", **variables)
        assert migrated.returncode == 0, migrated.stdout
    file = f"{dags}/airflow_dag.py"
    done = project.run(python, "-c", AIRFLOW, file, dag, json.dumps(conf), **variables)
    found = re.search(r"^STATES (.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return json.loads(found[1]), done.stdout


def test_airflow_fails_with_a_plan_and_carries_it_out_when_a_person_triggers_it(
    project: Project,
) -> None:
    python_of("airflow")
    states, _ = airflow(project.on(NOTHING_DUE), "checkpoints_daily")
    assert states[1:] == ["skipped"]

    states, logged = airflow(project.on(INCOMPLETE), "checkpoints_daily")
    assert states == ["failed", "failed"]
    assert PLAN.search(logged)[1] == project.approvable()

    states, logged = airflow(project, "checkpoints_repair", plan=project.approvable())
    assert states == ["success", "success"]
    assert "COMPLETE 4 of 4 calls landed" in logged

    assert airflow(project, "checkpoints_daily")[0] == ["success", "success"]


DAGSTER = """
import importlib.util, json, sys
import dagster as dg

spec = importlib.util.spec_from_file_location("checks", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
with dg.DagsterInstance.ephemeral() as instance:
    job = module.defs.resolve_job_def(sys.argv[2])
    run = job.execute_in_process(
        instance=instance, run_config=json.loads(sys.argv[3]), raise_on_error=False
    )
    checks = {
        e.asset_key.to_user_string(): [e.passed, e.severity.value, e.metadata["dates"].value]
        for e in run.get_asset_check_evaluations()
    }
print("ANSWER", json.dumps([run.success, checks]))
"""


def dagster(project: Project, job: str, **config: Any) -> tuple[bool, dict[str, Any]]:
    """Whether a job succeeded, and per dataset whether its check passed, severity and dates."""
    file = project.folder / "examples/unattended/dagster_checks.py"
    variables = {"CHECKPOINTS_HOME": str(project.folder)}
    python = python_of("dagster")
    done = project.run(python, "-c", DAGSTER, file, job, json.dumps(config), **variables)
    found = re.search(r"^ANSWER (.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout
    success, checks = json.loads(found[1])
    return success, checks


def test_dagster_has_a_check_per_dataset_and_repairs_what_a_person_launches(
    project: Project,
) -> None:
    python_of("dagster")
    success, checks = dagster(project.on(INCOMPLETE), "checkpoints_daily")
    assert success
    lost = ["2024-11-06", "2024-11-07"]
    assert checks["player_composite_factors"] == [False, "ERROR", lost]
    assert checks["player_game_summary"][0]
    assert len(checks) == 10

    plan = {"ops": {"carry_out": {"config": {"plan": project.approvable()}}}}
    assert dagster(project, "checkpoints_repair", **plan) == (True, {})

    _, checks = dagster(project, "checkpoints_daily")
    assert [name for name, (passed, *_) in checks.items() if not passed] == []

    (project.folder / "gx/pipeline.yml").open("a").write("nonsense: 1\n")
    assert dagster(project, "checkpoints_daily") == (False, {})
