"""To add a kind of service call takes one file, ``remediation/service/<kind>.py``, and one line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import duckdb
import pytest

from tests.support.commands import command
from tests.support.scratch import edit, scratch_copy
from tests.support.warehouses import BASIC, D, days, fill, write_contract

KIND_FILE = '''
"""Command: a program is run once for each date, without a shell."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from checkpoints.text import one_line
from remediation.service.answer import DETAIL_LENGTH, Answer, Kind
from remediation.service.kind import ServiceKind, ServiceRequest, with_date

if TYPE_CHECKING:
    from remediation.clock import Clock
    from remediation.plan.model import Call
    from remediation.service.credentials import Tokens


class CommandRequest(ServiceRequest):
    """A program and its arguments."""

    command: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(self.command)


class CommandService(ServiceKind):
    """In ``command``, ``{date}`` stands for the date as YYYY-MM-DD."""

    command: Annotated[tuple[str, ...], Field(min_length=1)]

    def describe(self, call: Call) -> CommandRequest:
        """The command line of a date."""
        words = tuple(with_date(self.command, call.date))
        return CommandRequest(service=call.service, date=call.date, command=words)

    def script_line(self, call: Call, key: str) -> list[str]:
        """``run ID PACE COMMAND...``."""
        return ["run", call.id, f"{self.seconds_between_calls:g}", *self.describe(call).command]

    @contextmanager
    def open_sender(self, tokens: Tokens, clock: Clock) -> Iterator[CommandSender]:
        """Nothing has to be opened."""
        yield CommandSender(self)


KIND = CommandService


class CommandSender:
    """Runs the command of a date, and waits for its end."""

    def __init__(self, service: CommandService) -> None:
        self._service = service

    def send(self, call: Call, *, key: str, renew: bool = False) -> Answer:
        """Run it once; its exit code is the answer."""
        command = self._service.describe(call).command
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=self._service.timeout_seconds
            )
        except subprocess.TimeoutExpired as error:
            return Answer(kind=Kind.UNKNOWN, detail=f"no end within {error.timeout:g} s")
        except OSError as error:
            return Answer(kind=Kind.NOT_SENT, detail=str(error), stops=True)
        if done.returncode == 0:
            return Answer(kind=Kind.ACCEPTED)
        detail = one_line(f"exit code {done.returncode}: {done.stderr}", DETAIL_LENGTH)
        return Answer(kind=Kind.REJECTED, detail=detail)
'''
REBUILD = """
import sys
import duckdb
open("rebuilt.txt", "a").write(sys.argv[1] + "\\n")
with duckdb.connect("warehouse.duckdb") as connection:
    connection.execute("INSERT INTO s.factors SELECT * FROM s.summary WHERE d = ?", [sys.argv[1]])
"""
MISSING = [D("2025-01-07"), D("2025-01-08"), D("2025-01-15")]
WINDOW = ("--from", "2025-01-01", "--to", "2025-01-20", "--as-of", "2025-01-22")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the kind ``command``, and a run that found three dates missing."""
    root = scratch_copy(tmp_path_factory.mktemp("checked"))
    (root / "remediation/service/command.py").write_text(KIND_FILE)
    http = '"http": "remediation.service.http"'
    both = f'{http}, "command": "remediation.service.command"'
    edit(root / "checkpoints/contract/model.py", f"KINDS = {{{http}}}", f"KINDS = {{{both}}}")
    (root / "rebuild.py").write_text(REBUILD)
    games = days("2025-01-01", "2025-01-20")
    factors = [row for row in games if row[0] >= D("2025-01-04") and row[0] not in MISSING]
    tables = {"schedule": games, "raw": games, "summary": games, "factors": factors}
    fill(root / "warehouse.duckdb", tables)
    declare(root)
    in_copy(root, "checkpoints", "suites", code=0)
    in_copy(root, "checkpoints", "run", *WINDOW, code=1)
    return root


@pytest.fixture
def copy(checked: Path, tmp_path: Path) -> Path:
    return shutil.copytree(checked, tmp_path / "copy")


def declare(root: Path, **more: Any) -> None:
    """Write the contract; ``more`` are further parameters of the service."""
    rebuild = {
        "kind": "command", "command": [sys.executable, "rebuild.py", "{date}"],
        "seconds_between_calls": 0, "settle_seconds": 5, "poll_seconds": 0.1, **more,
    }  # fmt: skip
    factors = {**BASIC["datasets"]["factors"], "service": "rebuild"}
    write_contract(
        root / "gx",
        BASIC,
        warehouse="duckdb:///warehouse.duckdb",
        datasets={**BASIC["datasets"], "factors": factors},
        services={"rebuild": rebuild, "web": {"url": "https://web.example", "path": "/{date}"}},
    )


def in_copy(root: Path, *arguments: str, code: int) -> CompletedProcess[str]:
    done = command(*arguments, cwd=root)
    assert done.returncode == code, done.stderr
    return done


def dates_of(root: Path) -> set[Any]:
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as connection:
        return {row[0] for row in connection.execute("SELECT d FROM s.factors").fetchall()}


def test_a_kind_of_one_file_and_one_line_is_planned_shown_run_and_lands(copy: Path) -> None:
    in_copy(copy, "remediation", "plan", code=0)
    shown = in_copy(copy, "remediation", "run", "--json", "-", code=0)
    rebuild = [sys.executable, "rebuild.py"]
    assert json.loads(shown.stdout)["requests"] == [
        {"service": "rebuild", "date": str(day), "command": [*rebuild, str(day)]} for day in MISSING
    ]
    assert f"{sys.executable} rebuild.py 2025-01-07" in shown.stderr
    ran = in_copy(copy, "remediation", "run", "--yes", code=0)
    assert "COMPLETE 3 of 3 calls landed" in ran.stderr
    assert (copy / "rebuilt.txt").read_text().split() == [str(day) for day in MISSING]
    assert dates_of(copy).issuperset(MISSING)


def test_a_command_that_fails_is_reported_with_its_own_words(copy: Path) -> None:
    (copy / "rebuild.py").write_text("raise SystemExit('no source for that date')")
    in_copy(copy, "remediation", "plan", code=0)
    ran = in_copy(copy, "remediation", "run", "--yes", code=4)
    assert "rebuild  2025-01-07  rejected: exit code 1: no source for that date" in ran.stderr


def test_its_calls_are_a_script_as_well(copy: Path) -> None:
    script = in_copy(copy, "remediation", "plan", "--format", "sh", code=0).stdout
    (copy / "calls.sh").write_text(script)
    bash = ["bash", "calls.sh"]
    ran = subprocess.run(bash, cwd=copy, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[:3] == [f"rebuild/{day}" for day in MISSING]
    assert dates_of(copy).issuperset(MISSING)


def test_every_mistake_in_its_parameters_is_said_at_once_with_its_place(copy: Path) -> None:
    declare(copy, command=[], xyz=1, timeout_seconds=-1)
    said = in_copy(copy, "checkpoints", "check", *WINDOW, code=2).stderr
    assert "services.rebuild.command: is empty: give at least one" in said
    assert "services.rebuild.xyz: unknown key: remove it or correct its spelling" in said
    assert "services.rebuild.timeout_seconds: Input should be greater than 0" in said
    declare(copy, kind="carrier_pigeon")
    said = in_copy(copy, "checkpoints", "check", *WINDOW, code=2).stderr
    known = "Input should be 'http' or 'command', got 'carrier_pigeon'"
    assert f"services.rebuild.kind: {known}" in said
