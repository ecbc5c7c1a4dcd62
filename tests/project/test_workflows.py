"""The workflows of CI: what they may do, and their shell steps run for real."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.support.commands import ROOT
from tests.support.github import ACTION, HERE, VALIDATE, Runner, filled, steps

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
COMPLETE = {"from": "2024-12-09", "to": "2024-12-12"}
INCOMPLETE = {"from": "2024-12-03", "to": "2025-01-31"}


def test_no_script_of_a_workflow_or_of_the_action_holds_an_expression() -> None:
    scripts = [s["run"] for path in (ACTION, *WORKFLOWS) for s in steps(path) if "run" in s]
    assert len(scripts) >= 5
    assert [script for script in scripts if "${{" in script] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_ask_for_little_end_in_time_and_pin_what_they_use(path: Path) -> None:
    found = yaml.safe_load(path.read_text("utf-8"))
    assert found["permissions"] in ({}, {"contents": "read"})
    for job in found["jobs"].values():
        assert job["timeout-minutes"] <= 30
        granted = {"contents": "read", "id-token": "write"}
        assert job.get("permissions", {}).items() <= granted.items()
        assert "concurrency" in job or "concurrency" in found
    for step in (*steps(path), *steps(ACTION)):
        if "uses" in step:
            assert step["uses"] == HERE or re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Runner:
    folder = tmp_path_factory.mktemp("runner") / "project"
    for name in ("gx", "demo"):
        ignored = shutil.ignore_patterns("uncommitted", "__pycache__", "*.duckdb*", "*.log")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    build = [installed / "python", "-m", "demo", "build"]
    made = Runner(folder=folder, installed=installed)
    subprocess.run(build, cwd=folder, env=made.environment(), check=True)
    return made


@pytest.fixture
def clean(runner: Runner) -> Runner:
    for name in ("verdict", "gx/uncommitted"):
        shutil.rmtree(runner.folder / name, ignore_errors=True)
    return runner.started()


def kept(runner: Runner) -> set[str]:
    return {folder.name for folder in runner.artifacts()}


def test_the_gate_is_open_after_a_complete_backfill(clean: Runner) -> None:
    code, printed = clean.workflow(inputs=COMPLETE)
    assert (code, clean.output()["exit-code"]) == (0, "0"), printed
    assert "COMPLETE" in printed
    assert "::error" not in printed
    assert "**COMPLETE" in clean.summary
    assert kept(clean) == {"verdict", "data_docs", "runs"}


def test_the_gate_is_closed_after_an_incomplete_one_and_everything_is_kept(clean: Runner) -> None:
    code, printed = clean.workflow(inputs=INCOMPLETE)
    assert (code, clean.output()["exit-code"]) == (1, "1"), printed
    shown = [line for line in printed.splitlines() if line.startswith("::error ")]
    assert 0 < len(shown) <= 10
    assert any("player_composite_factors%3A conversion_ratio" in line for line in shown)
    assert "**INCOMPLETE" in clean.summary
    report = json.loads((clean.folder / "verdict" / "report.json").read_text())
    assert clean.output()["run-id"] == report["run_id"]
    root = ElementTree.parse(clean.folder / "verdict" / "junit.xml").getroot()
    assert int(root.attrib["failures"]) > 0
    assert kept(clean) == {"verdict", "data_docs", "runs"}


def dispatched(payload: dict[str, str]) -> dict[str, Any]:
    return {"event_name": "repository_dispatch", "event": {"client_payload": payload}}


def test_what_comes_with_an_event_cannot_become_a_command(clean: Runner) -> None:
    hostile = '2024-25"; touch ran; $(touch ran) `touch ran` --warehouse=duckdb:///other'
    code, printed = clean.workflow(github=dispatched({"season": hostile}))
    assert code == 2
    assert "is not in the contract" in printed
    assert not (clean.folder / "ran").exists()


def test_an_orchestrator_may_say_which_dates(clean: Runner) -> None:
    code, _ = clean.workflow(github=dispatched({**COMPLETE, "fail-on": "warning"}))
    report = json.loads((clean.folder / "verdict" / "report.json").read_text())
    assert (report["window"]["first"], report["verdict"]["fail_on"]) == ("2024-12-09", "warning")
    assert code == report["verdict"]["exit_code"]


def test_every_morning_it_is_the_daily_checkpoint() -> None:
    (step,) = (step for step in steps(VALIDATE) if step.get("uses") == HERE)
    typed = step["with"]["checkpoint"]
    for event, checkpoint in (("schedule", "daily"), ("repository_dispatch", "after_backfill")):
        assert filled(typed, {"github": {"event_name": event}}) == checkpoint


def test_without_a_warehouse_the_gate_says_why_it_cannot_tell(clean: Runner) -> None:
    code, printed = clean.workflow(inputs=COMPLETE, vars={"WAREHOUSE_URL": "duckdb:///no.duckdb"})
    assert code == 3
    assert "::error title=the command ends with a verdict::warehouse file 'no.duckdb'" in printed
    assert "**COULD NOT TELL" in clean.summary
    assert (clean.folder / "verdict" / "junit.xml").exists()
