"""README and docs cannot rot: help texts, commands, contracts, links are those of the project."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import date
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

import checkpoints.cli.commands
import demo.__main__
import remediation.cli.commands
from checkpoints.archive.remediation import RemediationRecord
from checkpoints.archive.report import Report
from checkpoints.archive.signoff import SignOff
from checkpoints.cli.shell import LazyGroup
from checkpoints.contract.loading import load_contract
from checkpoints.contract.model import AnyService
from checkpoints.errors import ExitCode
from checkpoints.explain.summary import Explanation
from checkpoints.output.notify.notification import Notification
from checkpoints.records import schema_of
from checkpoints.rules.registry import RULES, AnyRule
from tests.support.commands import ROOT, command

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
"""What a user reads, by path."""

HELP = "docs/commands.md"
"""The page that shows the help texts."""

COMMANDS: dict[str, click.Group] = {
    "checkpoints": checkpoints.cli.commands.cli,
    "remediation": remediation.cli.commands.cli,
}

GROUPS = {**COMMANDS, "demo": demo.__main__.cli}

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
def test_the_help_that_is_shown_is_what_the_command_prints(module: str) -> None:
    shown = re.search(rf"<!-- help: {module} -->\n```\n(.*?)```", PAGES[HELP], re.DOTALL)
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


def typed() -> Iterator[tuple[str, str]]:
    """Each command that is typed, with its page: both ``checkpoints`` and ``python -m …``."""
    for page, text in PAGES.items():
        whole = text.replace("\\\n", " ")
        for line in re.findall(r"^\$ (?:python -m )?(\w+ .*)$", whole, re.MULTILINE):
            if line.split()[0] in GROUPS:
                yield page, re.split(r"\s# ", line)[0].strip()


def words(line: str) -> Iterator[str]:
    """Up to where the shell takes over: ``|``, ``>``, ``&``."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|>&")
    lexer.whitespace_split, lexer.commenters = True, ""
    return takewhile(lambda word: not set(word) <= set("|>&"), lexer)


def test_every_page_with_commands_is_seen() -> None:
    pages = [page for page, _ in typed()]
    assert len(pages) > 80
    assert {"README.md", "docs/index.md", "docs/runbook.md", "docs/services.md"} <= {*pages}


@pytest.mark.parametrize(("page", "line"), [*typed()])
def test_every_command_that_is_typed_parses(page: str, line: str) -> None:
    module, name, *arguments = words(line)
    if name == "--version":
        assert not arguments
        return
    found = GROUPS[module].get_command(click.Context(GROUPS[module]), name)
    assert found is not None, f"{module} has no command {name}"
    if isinstance(found, click.Group) and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        found = found.get_command(click.Context(found), name)
    try:
        found.make_context(name, arguments)  # raises on an unknown option or a missing value
    except click.BadParameter as error:  # a file of the reader's is not here
        if "does not exist" not in error.message:
            raise


def options() -> set[str]:
    found = [command for group in GROUPS.values() for command in commands(group)]
    found += [c for group in found if isinstance(group, click.Group) for c in commands(group)]
    return {name for command in found for option in command.params for name in option.opts}


@pytest.mark.parametrize("page", PAGES)
def test_every_option_that_is_spoken_of_exists(page: str) -> None:
    spoken = {o for code in inline(page) for o in re.findall(r"--[a-z-]+", code)}
    assert spoken - options() == set()


def inline(page: str) -> list[str]:
    prose = re.sub(r"```.*?```", "", PAGES[page], flags=re.DOTALL)
    return re.findall(r"`([^`]+)`", prose)


def test_options_are_spoken_of() -> None:
    codes = {code for page in PAGES for code in inline(page)}
    assert {"--max-bytes", "--fail-on warning", "--junit"} <= codes


def test_a_workflow_that_calls_ours_gives_inputs_that_it_has() -> None:
    called = yaml.safe_load((ROOT / ".github/workflows/validate.yml").read_text("utf-8"))
    known = called[True]["workflow_call"]["inputs"]  # YAML reads the key `on` as a truth value
    granted = called["jobs"]["checkpoint"]["permissions"]
    jobs = [
        job for block in yaml_blocks() if isinstance(block, dict) and "jobs" in block
        for job in block["jobs"].values() if "uses" in job
    ]  # fmt: skip
    assert jobs
    for job in jobs:
        assert job["uses"].endswith(".github/workflows/validate.yml")
        assert job.get("with", {}).keys() <= known.keys()
        assert job["permissions"] == granted


def texts_in_yaml() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", "\n".join(PAGES.values()), re.DOTALL)


def yaml_blocks() -> list[Any]:
    return [yaml.safe_load(text) for text in texts_in_yaml()]


def found_under(key: str, value: Any) -> Iterator[Any]:
    """What stands under a key, at whatever depth."""
    if isinstance(value, dict):
        yield from ([value[key]] if key in value else [])
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from found_under(key, inner)


def contracts() -> list[str]:
    return [text for text in texts_in_yaml() if re.search(r"^version: 1$", text, re.MULTILINE)]


def test_a_contract_is_shown() -> None:
    assert contracts()


@pytest.mark.parametrize("text", contracts())
def test_every_contract_that_is_shown_loads(tmp_path: Path, text: str) -> None:
    (tmp_path / "pipeline.yml").write_text(text, encoding="utf-8")
    assert load_contract(tmp_path / "pipeline.yml", {}).contract.checkpoints


def test_every_rule_and_service_that_is_shown_is_valid() -> None:
    rules = [rule for rule in rules_shown() if "rule" in rule]
    assert {rule["rule"] for rule in rules} == {*RULES}
    for rule in rules:
        TypeAdapter(AnyRule).validate_python(rule)
    services = [named for block in yaml_blocks() for named in found_under("services", block)]
    assert services
    for named in services:
        TypeAdapter(dict[str, AnyService]).validate_python(named)


def rules_shown() -> Iterator[dict[str, Any]]:
    """Those of a contract, and those that stand in a block by themselves."""
    for block in yaml_blocks():
        listed = [block] if isinstance(block, list) else found_under("rules", block)
        yield from (rule for rules in listed for rule in rules if isinstance(rule, dict))


def test_the_readme_is_two_screens() -> None:
    assert len(README.splitlines()) <= 120


def test_the_contract_of_the_readme_is_twenty_lines_that_find_a_lost_date(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(version: 1\n.*?)```", README, re.DOTALL)
    assert len(text.splitlines()) <= 20
    (tmp_path / "gx").mkdir()
    (tmp_path / "gx" / "pipeline.yml").write_text(text, encoding="utf-8")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("CREATE SCHEMA raw; CREATE SCHEMA marts")
        connection.execute(
            "CREATE TABLE raw.orders AS SELECT DATE '2024-03-01' + CAST(n AS INT) AS order_date, "
            "'berlin' AS shop, n AS order_id FROM range(5) t(n)"
        )
        connection.execute("CREATE TABLE marts.order_facts AS FROM raw.orders WHERE order_id <> 3")
    found = command(
        "checkpoints", "check", "--from", "2024-03-01", "--to", "2024-03-05", "--json", "-",
        "--warehouse", f"duckdb:///{tmp_path}/warehouse.duckdb", cwd=tmp_path,
    )  # fmt: skip
    assert found.returncode == ExitCode.INCOMPLETE, found.stderr
    failed = {
        c.kind: c for c in Report.model_validate_json(found.stdout).checks if c.outcome == "FAILED"
    }
    assert failed["daily_conversion_ratio"].unexpected_dates == (date(2024, 3, 4),)


def documents() -> list[Path]:
    folders = [folder.rglob("*.md") for folder in (ROOT / "examples", ROOT / "benchmarks")]
    return [*(ROOT / page for page in PAGES), *(path for found in folders for path in found)]


def anchors(path: Path) -> set[str]:
    """The headings as GitHub names them in addresses."""
    prose = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_linked_file_and_heading_exists(path: Path) -> None:
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", path.read_text("utf-8")):
        name, _, heading = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not heading or heading in anchors(target), link


def test_the_readme_leads_to_every_page_of_the_docs_by_way_of_the_start_page() -> None:
    links = {
        link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGES["docs/index.md"])
    }
    assert {f"docs/{link}" for link in links} >= PAGES.keys() - {"README.md", "docs/index.md"}
    assert "](docs/index.md)" in README


@pytest.mark.parametrize("page", ["README.md", HELP])
def test_the_table_of_exit_codes_is_complete(page: str) -> None:
    listed = re.findall(r"^\| (\d+) \| ", PAGES[page], re.MULTILINE)
    assert sorted(map(int, listed)) == sorted(ExitCode)


@pytest.mark.parametrize(("name", "model"), SCHEMAS.items())
def test_the_committed_schema_is_the_one_in_force(name: str, model: type[BaseModel]) -> None:
    committed = Path(ROOT / "checkpoints" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert committed == schema_of(model)
