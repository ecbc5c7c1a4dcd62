"""``run`` keeps incidents, ``incidents`` lists them, ``incidents ack`` says who knows."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.loading import ContractFile
from tests.support.commands import command
from tests.support.projects import project_of
from tests.support.warehouses import BASIC, D, days, fill

HOLE = (D("2025-01-08"), D("2025-01-09"))
FULL = days("2025-01-01", "2025-01-20")
ID = "summary-missing-2025-01-08"
WARNINGS: list[dict[str, Any]] = [{"rule": "no_orphan_keys", "severity": "warning"}]


@pytest.fixture
def made(tmp_path: Path) -> ContractFile:
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(BASIC["datasets"], FULL))
    return project_of(tmp_path, warehouse=url, rules_for_keyed=WARNINGS)


def lose(made: ContractFile, *names: str) -> None:
    rows = [row for row in FULL if row[0] not in HOLE]
    tables = {name: rows if name in names else FULL for name in BASIC["datasets"]}
    fill(Path(made.contract.warehouse.removeprefix("duckdb:///")), tables)


def run(made: ContractFile, *options: str) -> subprocess.CompletedProcess[str]:
    window = ("--from", "2025-01-01", "--to", "2025-01-20", "--as-of", "2025-01-25")
    return command("checkpoints", "run", "--contract", str(made.path), *window, *options)


def incidents(made: ContractFile, *options: str) -> subprocess.CompletedProcess[str]:
    return command("checkpoints", "incidents", *options, "--contract", str(made.path))


def told(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("incident ")]


def test_a_hole_is_told_at_its_root_then_acknowledged_then_has_recovered(
    made: ContractFile,
) -> None:
    assert (told(run(made).stdout), incidents(made).stdout) == ([], "no incident is open\n")
    lose(made, "summary", "factors")
    first = run(made)
    lacks = f"incident {ID}: summary lacks 2 dates (2025-01-08 → 2025-01-09), below it: factors"
    assert (told(first.stdout), first.returncode) == ([f"{lacks}; told (opened)"], 1)
    today = "2025-01-25"
    assert told(run(made).stdout) == [f"{lacks}; told on {today}"]

    noted = incidents(made, "ack", ID, "--by", "Ada", "--until", "2099-01-31", "--note", "asked")
    assert noted.returncode == 0
    assert noted.stdout.splitlines() == [
        f"{ID} · opened · since {today} · critical",
        f"  {lacks.removeprefix(f'incident {ID}: ')}",
        f"  told on {today}, quiet until 2099-01-31 (acknowledged by Ada): asked",
    ]
    assert told(run(made).stdout) == [
        f"{lacks}; told on {today}, quiet until 2099-01-31 (acknowledged by Ada)"
    ]
    (one,) = json.loads(incidents(made, "--json", "-").stdout)["incidents"]
    assert (one["id"], one["kind"], one["dates"]) == (ID, "missing", list(map(str, HOLE)))
    assert one["below"] == [{"dataset": "factors", "dates": list(map(str, HOLE))}]

    lose(made)
    last = run(made)
    assert (told(last.stdout), last.returncode) == ([f"{lacks}; recovered"], 0)
    assert incidents(made).stdout == "no incident is open\n"
    assert f"{ID} · recovered · {today} to {today} · critical" in incidents(made, "--all").stdout
    assert "has recovered" in incidents(
        made, "ack", ID, "--by", "Ada", "--until", "2099-01-31"
    ).stderr  # fmt: skip


def test_what_cannot_be_acknowledged_says_why(made: ContractFile) -> None:
    lose(made, "factors")
    run(made)
    known = "factors-missing-2025-01-08"
    for arguments, said in (
        (("factors-missing-2025-01-07", "2099-01-31"), f"did you mean '{known}'?"),
        (("another", "2099-01-31"), "python -m checkpoints incidents --contract"),
        ((known, "2025-01-31"), "--until 2025-01-31 is before today"),
    ):
        id, until = arguments
        failed = incidents(made, "ack", id, "--by", "Ada", "--until", until)
        assert said in failed.stderr
        assert failed.returncode == 2
    empty = incidents(made, "ack", known, "--by", " ", "--until", "2099-01-31")
    assert ("--by" in empty.stderr, empty.returncode) == (True, 2)


def test_the_contracts_of_a_project_each_have_their_own(made: ContractFile) -> None:
    lose(made, "factors")
    run(made)
    other = Path(shutil.copy(made.path, made.path.with_name("pipeline.yaml")))
    assert command("checkpoints", "incidents", "--contract", str(other)).stdout == (
        "no incident is open\n"
    )
    group = ("incidents", "--contract", str(other), "ack", "factors-missing-2025-01-08")
    failed = command("checkpoints", *group, "--by", "Ada", "--until", "2099-01-31")
    assert "is of 'pipeline.yml', not of 'pipeline.yaml'" in failed.stderr


def test_the_verdict_stands_where_incidents_cannot_be_kept(made: ContractFile) -> None:
    kept = made.project / "uncommitted" / "incidents.json"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("{")
    ran = run(made)
    assert ran.returncode == 0
    assert f"warning: the incidents are not brought up to date: {kept}: is not" in ran.stderr
    assert kept.read_text() == "{"
    assert incidents(made).returncode == 2


def test_check_keeps_nothing(made: ContractFile) -> None:
    lose(made, "factors")
    command("checkpoints", "check", "--contract", str(made.path), "--season", "2025")
    assert not (made.project / "uncommitted" / "incidents.json").exists()
