"""To add a kind of service call takes one file, ``remediation/service/<kind>.py``, and one line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import duckdb
import pytest

from tests.support.commands import command
from tests.support.scratch import edit, scratch_copy
from tests.support.warehouses import BASIC, D, days, fill, write_contract

KIND_FILE = '''
"""Drop file: a file with the dates of a call is put into a folder that somebody empties."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints.records import Name
from remediation.service.answer import Answer, Kind
from remediation.service.kind import Access, ServiceKind, ServiceRequest

if TYPE_CHECKING:
    from remediation.plan.groups import CallGroup


class DropRequest(ServiceRequest):
    """The file, and the line that it holds."""

    file: str
    line: str

    def __str__(self) -> str:
        return f"{self.line} in {shlex.quote(self.file)}"


class DropService(ServiceKind):
    """``folder`` is where the files are put."""

    folder: Name

    def problems(self, environment: Mapping[str, str] | None = None) -> list[str]:
        """Variables that are not set, or a folder that is not there."""
        missing = [] if Path(self.folder).is_dir() else [f"there is no folder {self.folder!r}"]
        return super().problems(environment) or missing

    def describe(self, group: CallGroup) -> DropRequest:
        """The file for the dates of calls."""
        return DropRequest(
            service=group.service,
            date=group.first,
            dates=group.dates if len(group.dates) > 1 else (),
            file=f"{self.folder}/{group.first}.txt",
            line=",".join(map(str, group.dates)),
        )

    def script_line(self, group: CallGroup, key: str) -> list[str]:
        """A command that writes the file."""
        request, pace = self.describe(group), f"{self.seconds_between_calls:g}"
        write = ["sh", "-c", 'echo "$1" > "$2.new"; mv "$2.new" "$2"', "sh"]
        return ["run", group.id, "0", pace, "9", key, ".", *write, request.line, request.file]

    @contextmanager
    def open_sender(self, access: Access) -> Iterator[DropSender]:
        """Nothing has to be opened."""
        yield DropSender(self)


KIND = DropService


class DropSender:
    """Writes the file of a call."""

    def __init__(self, service: DropService) -> None:
        self._service = service

    def stop(self) -> bool:
        """Whoever took the file works on."""
        return False

    def send(
        self, group: CallGroup, *, key: str, tell: Callable[[Answer], None], renew: bool = False
    ) -> Answer:
        """Write it once, as a whole."""
        request = self._service.describe(group)
        new = Path(f"{request.file}.new")
        try:
            new.write_text(request.line)
            new.rename(request.file)
        except OSError as error:
            return Answer(kind=Kind.NOT_SENT, detail=str(error), stops=True)
        return Answer(kind=Kind.ACCEPTED)
'''
WATCHER = """
import pathlib, sys, time
import duckdb
print("ready", flush=True)
while True:
    for file in sorted(pathlib.Path("inbox").glob("*.txt")):
        dates = file.read_text().strip()
        try:
            connection = duckdb.connect("warehouse.duckdb")
        except duckdb.Error:  # somebody is reading it
            break
        with connection:
            for day in dates.split(","):
                connection.execute("INSERT INTO s.factors FROM s.summary WHERE d = ?", [day])
        file.rename(f"{file}.done")
        open("rebuilt.txt", "a").write(dates + "\\n")
    time.sleep(0.02)
"""
MISSING = [D("2025-01-07"), D("2025-01-08"), D("2025-01-15")]
WINDOW = ("--from", "2025-01-01", "--to", "2025-01-20", "--as-of", "2025-01-22")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the kind ``drop_file``; its run found three dates missing."""
    root = scratch_copy(tmp_path_factory.mktemp("checked"))
    (root / "remediation/service/drop_file.py").write_text(KIND_FILE)
    both = '"command": "remediation.service.command"'
    more = f'{both}, "drop_file": "remediation.service.drop_file"'
    edit(root / "checkpoints/contract/model.py", both, more)
    (root / "watcher.py").write_text(WATCHER)
    (root / "inbox").mkdir()
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
        "kind": "drop_file", "folder": "inbox", "dates_per_call": "list",
        "seconds_between_calls": 0, "settle_seconds": 5, "poll_seconds": 0.1, **more,
    }  # fmt: skip
    factors = {**BASIC["datasets"]["factors"], "service": "rebuild"}
    write_contract(
        root / "gx",
        BASIC,
        warehouse="duckdb:///../warehouse.duckdb",
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


@pytest.fixture
def watched(copy: Path) -> Iterator[Path]:
    """The copy, with a process that does what the files in the folder ask for."""
    watch = [sys.executable, "watcher.py"]
    with subprocess.Popen(watch, cwd=copy, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "ready\n"
        yield copy
        watcher.kill()


def test_a_kind_of_one_file_and_one_line_is_planned_shown_run_and_lands(watched: Path) -> None:
    in_copy(watched, "remediation", "plan", code=0)
    shown = in_copy(watched, "remediation", "run", "--json", "-", code=0)
    first, others = "2025-01-07", "2025-01-08,2025-01-15"
    one = {"service": "rebuild", "date": first, "file": f"inbox/{first}.txt", "line": first}
    file = {"file": "inbox/2025-01-08.txt", "line": others}
    two = {"service": "rebuild", "date": "2025-01-08", "dates": others.split(","), **file}
    assert json.loads(shown.stdout)["requests"] == [one, two]
    assert f"{others} in inbox/2025-01-08.txt" in shown.stderr
    ran = in_copy(watched, "remediation", "run", "--yes", code=0)
    assert "COMPLETE 3 of 3 " in ran.stdout
    assert (watched / "rebuilt.txt").read_text().split() == [first, others]
    assert dates_of(watched).issuperset(MISSING)


def test_what_its_service_lacks_is_said_in_its_own_words(copy: Path) -> None:
    (copy / "inbox").rmdir()
    in_copy(copy, "remediation", "plan", code=0)
    ran = in_copy(copy, "remediation", "run", "--yes", code=2)
    assert "services.rebuild: there is no folder 'inbox'" in ran.stderr


def test_its_calls_are_a_script_as_well(copy: Path) -> None:
    script = in_copy(copy, "remediation", "plan", "--format", "sh", code=0).stdout
    (copy / "calls.sh").write_text(script)
    bash = ["bash", "calls.sh"]
    ran = subprocess.run(bash, cwd=copy, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[:2] == [
        "rebuild/2025-01-07", "rebuild/2025-01-08,2025-01-15",
    ]  # fmt: skip
    files = sorted((copy / "inbox").iterdir())
    assert [file.read_text() for file in files] == ["2025-01-07\n", "2025-01-08,2025-01-15\n"]


def test_every_mistake_in_its_parameters_is_said_at_once_with_its_place(copy: Path) -> None:
    declare(copy, folder="", xyz=1, timeout_seconds=-1)
    said = in_copy(copy, "checkpoints", "check", *WINDOW, code=2).stderr
    assert "services.rebuild.folder: String should have at least 1 character" in said
    assert "services.rebuild.xyz: unknown key: remove it or correct its spelling" in said
    assert "services.rebuild.timeout_seconds: Input should be greater than 0" in said
    declare(copy, kind="carrier_pigeon")
    said = in_copy(copy, "checkpoints", "check", *WINDOW, code=2).stderr
    known = "Input should be 'http' or 'command' or 'drop_file', got 'carrier_pigeon'"
    assert f"services.rebuild.kind: {known}" in said
