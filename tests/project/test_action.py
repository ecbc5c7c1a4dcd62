"""The action of this repository, as a workflow of another one uses it: its scripts run for real."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from checkpoints import __version__
from tests.support.commands import ROOT
from tests.support.github import ACTION, Runner, all_filled, steps
from tests.support.warehouses import BASIC, days, fill

WINDOW = {"from": "2025-01-05", "to": "2025-01-20", "as-of": "2025-01-22"}
HOSTILE = "x\"; touch ran; $(touch ran) `touch ran` ' --json=ran\nverdict=complete\n::error::no"
INPUTS = yaml.safe_load(ACTION.read_text("utf-8"))["inputs"]


@pytest.fixture
def runner(tmp_path: Path, installed: Path) -> Runner:
    """A checkout of somebody's repository with two contracts on one warehouse, short of dates."""
    folder = tmp_path / "checkout"
    (folder / "gx").mkdir(parents=True)
    games = days("2025-01-01", "2025-01-20")
    held = dict.fromkeys(("schedule", "raw", "summary"), games)
    fill(tmp_path / "w.duckdb", {**held, "factors": games[:-4]})
    for name, warehouse in (("nba", "duckdb:///../../w.duckdb"), ("pipeline", "${WAREHOUSE}")):
        text = yaml.safe_dump({**BASIC, "warehouse": warehouse}, sort_keys=False)
        (folder / f"gx/{name}.yml").write_text(text, encoding="utf-8")
    return Runner(folder=folder, installed=installed).started()


def test_what_the_action_installs_is_the_project_as_locked(runner: Runner, installed: Path) -> None:
    """The installed things of this environment stand in for a registry."""
    (runner.outside / "checkpoints").unlink()
    (step,) = (step for step in steps(ACTION) if step.get("name") == "Install")
    assert step["env"] == {"PYTHON": "${{ steps.python.outputs.python-path }}"}
    no_registry = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "false"}
    code, printed = runner.script(
        replace_env(step, PYTHON=sys.executable), {},
        GITHUB_ACTION_PATH=str(installed.parents[1] / "source"),
        PYTHONPATH=sysconfig.get_path("purelib"), **no_registry,
    )  # fmt: skip
    assert code == 0, printed
    program = {"run": '"$RUNNER_TEMP/checkpoints/bin/checkpoints" --version', "env": {}}
    said = runner.script({**program, "shell": "bash"}, {}, PYTHONPATH=sysconfig.get_path("purelib"))
    assert said == (0, f"checkpoints, version {__version__}\n")


def replace_env(step: dict[str, object], **env: str) -> dict[str, object]:
    return {**step, "env": env}


def test_a_contract_of_another_repository_is_judged_and_what_is_known_is_handed_on(
    runner: Runner,
) -> None:
    before = sorted(runner.folder.rglob("*"))
    given = {"contract": "gx/nba.yml", "state-dir": str(runner.outside / "state"), **WINDOW}
    code, printed = runner.action({**given, "files": str(runner.outside / "kept")})
    assert code == 1, printed
    assert "::error title=factors%3A daily_conversion_ratio" in printed
    assert "**INCOMPLETE" in runner.summary
    said = runner.output()
    assert (said["verdict"], said["exit-code"]) == ("incomplete", "1")
    assert said["report"] == str(runner.outside / "kept/report.json")
    assert said["run-id"] in Path(said["report"]).read_text(encoding="utf-8")
    assert (runner.outside / "kept/junit.xml").is_file()
    assert Path(said["page"]).name == f"{said['run-id']}.html"
    assert Path(said["page"]).is_file()
    assert Path(said["page"]).is_relative_to(said["pages"])
    assert (Path(said["pages"]) / "index.html").is_file()
    assert Path(said["pages"]).is_relative_to(runner.outside / "state/nba")
    assert sorted(runner.folder.rglob("*")) == before


def test_without_inputs_the_command_decides_and_a_contracts_variables_are_its_own(
    runner: Runner,
) -> None:
    """The state folder of the job holds as well."""
    state = str(runner.outside / "state")
    variables = {"WAREHOUSE": "duckdb:///../w.duckdb", "CHECKPOINTS_STATE_DIR": state}
    code, printed = runner.action({"contract": "", "files": "", "as-of": "2025-02-01"}, **variables)
    assert code == 1, printed
    assert (runner.folder / "verdict/report.json").is_file()
    assert runner.output()["pages"].startswith(state)


def test_an_earlier_verdict_is_no_answer_to_what_could_not_be_told(runner: Runner) -> None:
    given = {"contract": "gx/nba.yml", "state-dir": "../state", **WINDOW}
    runner.action(given)
    assert runner.started().action({**given, "warehouse": "duckdb:///no.duckdb"})[0] == 3
    assert runner.output()["verdict"] == "could-not-tell"
    assert runner.started().action({**given, "checkpoint": "dayly"})[0] == 2
    assert runner.output() == {"verdict": "usage", "exit-code": "2"}
    assert not (runner.folder / "verdict/report.json").exists()


@pytest.mark.parametrize("name", sorted(INPUTS.keys() - {"python-version", "files"}))
def test_what_is_given_to_the_action_cannot_become_a_command(runner: Runner, name: str) -> None:
    given = {"contract": "gx/nba.yml", "state-dir": "../state", **WINDOW, name: HOSTILE}
    code, printed = runner.action(given)
    assert code in (2, 3), printed
    assert "Traceback" not in printed
    assert not [path for path in runner.folder.rglob("ran*") if path.name == "ran"]
    assert runner.output()["verdict"] in ("usage", "could-not-tell")


def test_a_folder_with_a_strange_name_is_a_folder(runner: Runner) -> None:
    given = {"contract": "gx/nba.yml", "state-dir": "../state", **WINDOW, "files": HOSTILE}
    code, printed = runner.action(given)
    assert code == 1, printed
    assert runner.output()["verdict"] == "incomplete"
    assert not (runner.folder / "ran").exists()


def test_every_input_reaches_the_script_by_a_variable_of_its_own() -> None:
    (step,) = (step for step in steps(ACTION) if step.get("id") == "checkpoint")
    given = {name: f"<{name}>" for name in INPUTS.keys() - {"python-version"}}
    typed = all_filled(step["env"], {"inputs": given})
    assert sorted(typed.values()) == sorted(given.values())
    assert all(variable.startswith("INPUT_") for variable in typed)


def test_the_documentation_names_every_input_and_output() -> None:
    text = (ROOT / "docs/installing.md").read_text(encoding="utf-8")
    outputs = yaml.safe_load(ACTION.read_text("utf-8"))["outputs"]
    assert [name for name in (*INPUTS, *outputs) if f"`{name}`" not in text] == []
