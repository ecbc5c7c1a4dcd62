"""The README cannot rot: its help texts, commands and links are compared with the project."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml
from pydantic import BaseModel

import checkpoints.cli.commands
import demo.__main__
import remediation.cli.commands
from checkpoints.archive.remediation import RemediationRecord
from checkpoints.archive.report import Report
from checkpoints.archive.signoff import SignOff
from checkpoints.cli.shell import LazyGroup
from checkpoints.errors import ExitCode
from checkpoints.explain.summary import Explanation
from checkpoints.output.notify.notification import Notification
from checkpoints.records import schema_of
from tests.support.commands import ROOT, command

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS: dict[str, click.Group] = {
    "checkpoints": checkpoints.cli.commands.cli,
    "remediation": remediation.cli.commands.cli,
}

SCHEMAS: dict[str, type[BaseModel]] = {
    "report": Report,
    "signoff": SignOff,
    "remediation": RemediationRecord,
    "explanation": Explanation,
    "notification": Notification,
}


def help_of(module: str) -> str:
    return command(module, "--help", COLUMNS="90").stdout.rstrip()


@pytest.mark.parametrize("module", COMMANDS)
def test_the_help_in_the_readme_is_what_the_command_prints(module: str) -> None:
    shown = re.search(rf"<!-- help: {module} -->\n```\n(.*?)```", README, re.DOTALL)
    assert shown[1].rstrip() == help_of(module)


def commands(group: click.Group) -> list[click.Command]:
    context = click.Context(group)
    found = [group.get_command(context, name) for name in group.list_commands(context)]
    return [command for command in found if command is not None]


@pytest.mark.parametrize("module", COMMANDS)
def test_the_list_of_commands_says_what_the_help_of_each_begins_with(module: str) -> None:
    group = COMMANDS[module]
    assert isinstance(group, LazyGroup)
    whole = {c.name: (c.help or "").split("\n\n")[0].replace("\n", " ") for c in commands(group)}
    assert {name: lazy.short_help for name, lazy in group.lazy.items()} == whole


def typed() -> list[str]:
    lines = re.findall(r"^\$ python -m (.*)$", README, re.MULTILINE)
    return [line.split("  #")[0].strip() for line in lines]


@pytest.mark.parametrize("line", typed())
def test_every_command_in_the_readme_parses(line: str) -> None:
    module, name, *arguments = shlex.split(line)
    found = COMMANDS[module].get_command(click.Context(COMMANDS[module]), name)
    if isinstance(found, click.Group) and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        found = found.get_command(click.Context(found), name)
    found.make_context(name, arguments)  # raises on an unknown option or a missing value


def options() -> set[str]:
    groups = (*COMMANDS.values(), demo.__main__.cli)
    found = [command for group in groups for command in commands(group)]
    found += [c for group in found if isinstance(group, click.Group) for c in commands(group)]
    return {name for command in found for option in command.params for name in option.opts}


def test_every_option_the_readme_speaks_of_exists() -> None:
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    spoken = {o for code in re.findall(r"`([^`]+)`", prose) for o in re.findall(r"--[a-z-]+", code)}
    assert spoken
    assert spoken - options() == set()


def test_a_workflow_that_calls_ours_gives_inputs_that_it_has() -> None:
    called = yaml.safe_load((ROOT / ".github/workflows/validate.yml").read_text("utf-8"))
    known = called[True]["workflow_call"]["inputs"]  # YAML reads the key `on` as a truth value
    granted = called["jobs"]["checkpoint"]["permissions"]
    for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL):
        for job in (yaml.safe_load(block) or {}).get("jobs", {}).values():
            assert job["uses"].endswith(".github/workflows/validate.yml")
            assert job.get("with", {}).keys() <= known.keys()
            assert job["permissions"] == granted


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_table_of_exit_codes_is_complete() -> None:
    listed = re.findall(r"^\| (\d+) \| ", README, re.MULTILINE)
    assert sorted(map(int, listed)) == sorted(ExitCode)


@pytest.mark.parametrize(("name", "model"), SCHEMAS.items())
def test_the_committed_schema_is_the_one_in_force(name: str, model: type[BaseModel]) -> None:
    committed = Path(ROOT / "checkpoints" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert committed == schema_of(model)
