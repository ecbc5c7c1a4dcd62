"""The workflows of CI: what they may do, and their shell steps run for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.support.commands import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
COMPLETE = {"from": "2024-12-09", "to": "2024-12-12"}
INCOMPLETE = {"from": "2024-12-03", "to": "2025-01-31"}


def checkpoint_job() -> dict[str, Any]:
    workflow = ROOT / ".github" / "workflows" / "validate.yml"
    return yaml.safe_load(workflow.read_text("utf-8"))["jobs"]["checkpoint"]


def steps(path: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    return [step for found in jobs.values() for step in found["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_script_of_a_workflow_holds_an_expression(path: Path) -> None:
    scripts = [step["run"] for step in steps(path) if "run" in step]
    assert scripts
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
    for step in steps(path):
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])


def value_of(expression: str, context: Mapping[str, Any]) -> Any:
    """What GitHub makes of ``a.b || c == 'd' && 'e'``, the forms that the workflow uses."""
    result: Any = None
    for alternative in expression.split("||"):
        for term in alternative.strip().strip("()").split("&&"):
            result = _term(term.strip(), context)
            if not result:
                break
        if result:
            return result
    return result


def _term(term: str, context: Mapping[str, Any]) -> Any:
    if "==" in term:
        left, right = term.split("==")
        return _term(left.strip(), context) == _term(right.strip(), context)
    if term.startswith("'"):
        return term.strip("'")
    found: Any = context
    for name in term.split("."):
        found = (found or {}).get(name)
    return found


def filled(text: str, context: Mapping[str, Any]) -> str:
    return re.sub(
        r"\$\{\{(.*?)\}\}", lambda found: str(value_of(found[1].strip(), context) or ""), text
    )


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A clean copy of the project with the embedded warehouse, where steps run as on GitHub."""

    folder: Path

    def run(self, **context: Any) -> tuple[int, str]:
        """Exit code of the first step that fails, and all that was printed."""
        job = checkpoint_job()
        said = {"github": {"event_name": "workflow_dispatch"}, "inputs": {}, "vars": {}} | context
        typed = {name: filled(value, said) for name, value in job["env"].items()}
        printed = ""
        for step in job["steps"]:
            if "run" not in step or step["name"] == "Install":
                continue
            script = self.folder.parent / "step.sh"
            script.write_text(step["run"])
            flags = ["-eo", "pipefail"] if step.get("shell") == "bash" else ["-e"]
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", *flags, str(script)],
                cwd=self.folder, env=self.environment() | typed, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
            )  # fmt: skip
            printed += done.stdout
            if done.returncode:
                return done.returncode, printed
        return 0, printed

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k in ("HOME", "LANG", "TMPDIR")}
        return kept | {
            "PATH": f"{self.folder.parent / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(self.folder.parent / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder.parent / "summary.md"),
        }

    def output(self) -> dict[str, str]:
        lines = (self.folder.parent / "output").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    outside = tmp_path_factory.mktemp("runner")
    folder = outside / "project"
    for name in ("checkpoints", "remediation", "gx", "demo"):
        ignored = shutil.ignore_patterns("uncommitted", "__pycache__", "*.duckdb*", "*.log")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    (outside / "bin").mkdir()
    python = outside / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    made = Runner(folder=folder)
    build = ["python", "-m", "demo", "build"]
    subprocess.run(build, cwd=folder, env=made.environment(), check=True)
    return made


@pytest.fixture
def clean(runner: Runner) -> Runner:
    for name in ("output", "summary.md"):
        (runner.folder.parent / name).write_text("")
    for name in ("verdict", "gx/uncommitted"):
        shutil.rmtree(runner.folder / name, ignore_errors=True)
    return runner


def test_what_is_installed_is_what_is_locked(runner: Runner) -> None:
    pytest.importorskip("pip")
    (install,) = (s for s in steps(WORKFLOWS[-1]) if s.get("name") == "Install")
    shutil.copy(ROOT / "requirements.lock", runner.folder)
    bash = ["bash", "-e", "-c", install["run"]]
    variables = runner.environment() | {"PIP_DRY_RUN": "1", "PIP_NO_INDEX": "1"}
    done = subprocess.run(bash, cwd=runner.folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_gate_is_open_after_a_complete_backfill(clean: Runner) -> None:
    code, printed = clean.run(inputs=COMPLETE)
    assert (code, clean.output()["exit-code"]) == (0, "0"), printed
    assert "COMPLETE" in printed
    assert "::error" not in printed
    assert "**COMPLETE" in (clean.folder.parent / "summary.md").read_text()
    assert artifacts(clean) == {"verdict", "data_docs", "runs"}


def test_the_gate_is_closed_after_an_incomplete_one_and_everything_is_kept(clean: Runner) -> None:
    code, printed = clean.run(inputs=INCOMPLETE)
    assert (code, clean.output()["exit-code"]) == (1, "1"), printed
    shown = [line for line in printed.splitlines() if line.startswith("::error ")]
    assert 0 < len(shown) <= 10
    assert any("player_composite_factors%3A conversion_ratio" in line for line in shown)
    assert "**INCOMPLETE" in (clean.folder.parent / "summary.md").read_text()
    report = json.loads((clean.folder / "verdict" / "report.json").read_text())
    assert clean.output()["run-id"] == report["run_id"]
    root = ElementTree.parse(clean.folder / "verdict" / "junit.xml").getroot()
    assert int(root.attrib["failures"]) > 0
    assert artifacts(clean) == {"verdict", "data_docs", "runs"}


def artifacts(runner: Runner) -> set[str]:
    """The folders of the upload that hold a file, by their last name."""
    (upload,) = (s for s in steps(WORKFLOWS[-1]) if s.get("uses", "").startswith("actions/upload"))
    assert upload["if"] == "${{ !cancelled() }}"
    folders = [runner.folder / path for path in upload["with"]["path"].split()]
    return {f.name for f in folders if any(found.is_file() for found in f.rglob("*"))}


def dispatched(payload: dict[str, str]) -> dict[str, Any]:
    return {"event_name": "repository_dispatch", "event": {"client_payload": payload}}


def test_what_comes_with_an_event_cannot_become_a_command(clean: Runner) -> None:
    hostile = '2024-25"; touch ran; $(touch ran) `touch ran` --warehouse=duckdb:///other'
    code, printed = clean.run(github=dispatched({"season": hostile}))
    assert code == 2
    assert "is not in the contract" in printed
    assert not (clean.folder / "ran").exists()


def test_an_orchestrator_may_say_which_dates(clean: Runner) -> None:
    code, _ = clean.run(github=dispatched({**COMPLETE, "fail-on": "warning"}))
    report = json.loads((clean.folder / "verdict" / "report.json").read_text())
    assert (report["window"]["first"], report["verdict"]["fail_on"]) == ("2024-12-09", "warning")
    assert code == report["verdict"]["exit_code"]


def test_every_morning_it_is_the_daily_checkpoint() -> None:
    typed = checkpoint_job()["env"]["CHECKPOINT"]
    for event, checkpoint in (("schedule", "daily"), ("repository_dispatch", "after_backfill")):
        assert filled(typed, {"github": {"event_name": event}}) == checkpoint


def test_without_a_warehouse_the_gate_says_why_it_cannot_tell(clean: Runner) -> None:
    code, printed = clean.run(inputs=COMPLETE, vars={"WAREHOUSE_URL": "duckdb:///no.duckdb"})
    assert code == 3
    assert "::error title=the command ends with a verdict::warehouse file 'no.duckdb'" in printed
    assert "**COULD NOT TELL" in (clean.folder.parent / "summary.md").read_text()
    assert (clean.folder / "verdict" / "junit.xml").exists()
