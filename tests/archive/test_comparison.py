"""Two stored runs compared: ``checkpoints diff``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from checkpoints.contract.loading import ContractFile
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from tests.support.commands import command
from tests.support.runs import FULL, GAP, HOLE, judged, stored, warehouse
from tests.support.warehouses import BASIC, D, contract_of


def diff(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command("checkpoints", "diff", *arguments, "--contract", str(folder / "pipeline.yml"))


def changes(done: subprocess.CompletedProcess[str], of: str) -> dict[str, dict[str, Any]]:
    return {each.get("id", each["dataset"]): each for each in json.loads(done.stdout)[of]}


def test_what_was_repaired_is_better_and_nothing_is_worse(tmp_path: Path) -> None:
    first = stored(tmp_path, factors=HOLE)
    second = stored(tmp_path, minute=1)
    done = diff(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "better: 10 dates of 1 dataset are there now, 2 checks; worse: nothing"
    assert f"before  {first.run_id} · " in lines[1]
    assert "INCOMPLETE" in lines[1]
    assert f"after   {second.run_id} · " in lines[2]
    assert "L4  factors  there now  10 dates  2025-01-20 → 2025-01-29" in done.stdout
    assert "failed → passed" in done.stdout
    assert "11 checks unchanged" in done.stdout
    assert diff(tmp_path, "-q").stdout == f"{lines[0]}\n"
    assert diff(tmp_path, first.run_id).stdout == done.stdout
    assert diff(tmp_path, first.run_id, second.run_id).stdout == done.stdout


def test_what_was_lost_is_worse_and_exit_1(tmp_path: Path) -> None:
    stored(tmp_path)
    stored(tmp_path, minute=1, factors=HOLE)
    done = diff(tmp_path, "--json", "-")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "better: nothing; worse: 10 dates of 1 dataset are lacking now, 2 checks\n"
    )
    found = changes(done, "datasets")
    assert {name: each["direction"] for name, each in found.items()} == {
        "raw": "unchanged", "summary": "unchanged", "factors": "worse", "schedule": "unchanged",
    }  # fmt: skip
    assert found["factors"]["lost"][0] == "2025-01-20"
    assert len(found["factors"]["lost"]) == 10
    worse = [c for c in changes(done, "checks").values() if c["direction"] == "worse"]
    assert {(c["before"], c["after"]) for c in worse} == {("PASSED", "FAILED")}
    assert all(len(c["new_dates"]) == 10 for c in worse if c["name"] != "date_gap")


def test_dates_that_lack_less_or_more_than_before_are_told_apart(tmp_path: Path) -> None:
    two = [*FULL, *((row[0], "second") for row in FULL)]
    days = D("2025-01-20"), D("2025-01-21"), D("2025-01-22")
    above = {"raw": two, "summary": two}
    lacks_first = [r for r in two if r[0] != days[0] and r != (days[1], "second")]
    stored(tmp_path, factors=lacks_first, **above)
    lacks_then = [r for r in two if r != (days[0], "second") and r[0] != days[1]]
    stored(tmp_path, minute=1, factors=lacks_then, **above)
    found = changes(diff(tmp_path, "--json", "-"), "datasets")["factors"]
    assert (found["fewer"], found["more"]) == (["2025-01-20"], ["2025-01-21"])
    assert (found["there"], found["lost"], found["direction"]) == ([], [], "worse")


def test_a_known_gap_is_no_repair_and_a_changed_contract_is_said(tmp_path: Path) -> None:
    stored(tmp_path, factors=HOLE)
    stored(tmp_path, contract_of(tmp_path, BASIC, known_gaps=[GAP]), minute=1, factors=HOLE)
    done = diff(tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("better: 2 checks; worse: nothing\n")
    assert "factors  does not count any more  10 dates  2025-01-20 → 2025-01-29" in done.stdout
    assert "the contract was changed in between (SHA-256 " in done.stdout


def over(file: ContractFile, first: str, last: str, **tables: Any) -> None:
    warehouse(file.project, **tables)
    window = Window(range=DateRange(D(first), D(last)), label=f"{first} to {last}")
    judged(file, window, D("2025-02-20"))


def test_dates_that_only_one_run_looked_at_are_compared_with_nothing(tmp_path: Path) -> None:
    file = contract_of(tmp_path, BASIC, warehouse=warehouse(tmp_path))
    over(file, "2025-01-06", "2025-01-15")
    over(file, "2025-01-10", "2025-01-25", factors=HOLE)
    done = diff(tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "better: nothing; worse: nothing")
    assert "the windows differ: only the dates of 2025-01-10 → 2025-01-15 are compared" in (
        done.stdout
    )
    over(file, "2025-01-22", "2025-01-28")
    assert diff(tmp_path).stdout.startswith("better: 4 dates of 1 dataset are there now, ")
    over(file, "2025-02-01", "2025-02-02")
    apart = diff(tmp_path)
    assert (apart.returncode, apart.stdout) == (2, "")
    assert "they have no date in common: name two runs that have" in apart.stderr


def test_a_dataset_that_cannot_be_read_is_worse_and_one_that_can_again_is_better(
    tmp_path: Path,
) -> None:
    without = stored(tmp_path, factors=None)
    whole = stored(tmp_path, minute=1)
    done = diff(tmp_path)
    assert done.returncode == 0
    assert ", factors: it can be read again; worse: nothing" in done.stdout.splitlines()[0]
    back = diff(tmp_path, whole.run_id, without.run_id)
    assert back.returncode == 1
    assert "factors: it cannot be read: dataset 'factors': " in back.stdout.splitlines()[0]


def test_runs_that_cannot_be_compared_are_refused_with_exit_2(tmp_path: Path) -> None:
    only = stored(tmp_path)
    for arguments, said in (
        ((), "there is no run of 'pipeline.yml' before "),
        (("2025", only.run_id), "run '2025' is not stored: did you mean "),
        (("a", "b", "c"), "two runs are compared, and these are 3"),
    ):
        done = diff(tmp_path, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
