"""``checkpoints doctor`` on real files: every fault alone, and several at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from checkpoints.archive.calls import ledger_path
from checkpoints.archive.runs import runs_folder
from checkpoints.doctor import machine
from checkpoints.doctor.finding import State
from checkpoints.doctor.project import archive_findings
from remediation.ledger.ledger import open_ledger
from remediation.ledger.lock import only_run
from tests.doctor.examined import examined, of_area, project, with_dataset, wrong
from tests.support.commands import ROOT, command
from tests.support.listening import nobody
from tests.support.warehouses import BASIC, write_contract

NOTIFIER = {"webhook": {"url": "${ALERTS}"}}


def test_where_all_is_there_every_area_is_a_line_and_the_exit_code_is_0(tmp_path: Path) -> None:
    file = project(tmp_path)
    found = examined(file.path)
    assert (found.exit_code, wrong(found)) == (0, [])
    assert [one.area for one in found.findings] == [
        "contract", "warehouse", "tables", "columns", "keys", "cost", "clock", "suites",
        "great expectations", "archive", "ledger", "time zones", "versions",
    ]  # fmt: skip
    told = {one.area: one.what for one in found.findings}
    assert "4 datasets, 13 checks, 2 checkpoints" in told["contract"]
    assert file.sha256[:12] in told["contract"]
    assert f"opened read-only by DuckDB {duckdb.__version__}" in told["warehouse"]
    assert not (file.project / "uncommitted").exists()


@pytest.mark.parametrize(
    ("area", "changes", "said"),
    [
        (
            "tables",
            {"table": "s.sumary"},
            "problem dataset 'summary' (datasets.summary.table in pipeline.yml): table 'sumary' "
            "is not in schema 's': did you mean 'summary'?",
        ),
        ("tables", {"table": "t.summary"}, "schema 't' is not in the warehouse: it has "),
        ("columns", {"key": "game"}, "it has no column 'game': it has d, k"),
        ("columns", {"date": "k", "date_type": "date"}, "but date_type says 'date': remove"),
        ("columns", {"written_at": "k"}, "written_at 'k' is VARCHAR, which tells no moment"),
        ("columns", {"where": [{"column": "d", "equals": "soon"}]}, "'soon' (in equals) never"),
        ("keys", {"key": "d"}, "key 'd' is DATE and key 'n' is INTEGER: they never match"),
    ],
)
def test_a_dataset_that_does_not_fit_is_told_with_its_place(
    tmp_path: Path, area: str, changes: dict[str, Any], said: str
) -> None:
    datasets = with_dataset("summary", **changes)
    if area == "keys":
        datasets["raw"] = {**datasets["raw"], "query": "SELECT d, 7 AS n FROM s.raw", "key": "n"}
        del datasets["raw"]["table"]
        datasets["schedule"] = {**datasets["schedule"], "query": "SELECT d, 7 AS k FROM s.raw"}
        del datasets["schedule"]["table"]
        datasets["factors"] = {**datasets["factors"], "key": "d"}
    found = examined(project(tmp_path, datasets=datasets).path)
    assert found.exit_code == 3
    problems = [f"{state} {text}" for state, of, text in wrong(found) if of == area]
    assert any(said in text for text in problems), wrong(found)
    assert {of for _, of, _ in wrong(found)} == {area}


def test_all_that_is_wrong_with_one_dataset_is_told_at_once(tmp_path: Path) -> None:
    changes = {"date_type": "text", "key": "game", "where": [{"column": "k", ">": 3}]}
    found = examined(project(tmp_path, datasets=with_dataset("summary", **changes)).path)
    told = [text for _, area, text in wrong(found) if area == "columns"]
    for said, text in zip(
        ("no column 'game'", "date_type says 'text'", "'k' is VARCHAR"), told, strict=True
    ):
        assert said in text


def test_a_warehouse_that_is_not_there_leaves_the_rest_to_be_told(tmp_path: Path) -> None:
    file = project(tmp_path, notify=[NOTIFIER])
    found = examined(file.path, url="duckdb:///nowhere.duckdb")
    (warehouse, notifier) = wrong(found)
    assert warehouse[:2] == ("problem", "warehouse")
    assert "'nowhere.duckdb' does not exist: build it" in warehouse[2]
    assert notifier == (
        "problem",
        "notifiers",
        "'webhook': environment variable ALERTS is not set: export ALERTS=…",
    )
    assert of_area(found, "archive")[0].state is State.OK


def test_a_file_that_is_no_warehouse_and_one_that_is_being_written_say_what_to_do(
    tmp_path: Path,
) -> None:
    file = project(tmp_path)
    garbage = tmp_path / "garbage.duckdb"
    garbage.write_bytes(b"no warehouse")
    (only,) = wrong(examined(file.path, url=f"duckdb:///{garbage}"))
    assert "it is not a valid DuckDB database file!: correct the URL or the file" in only[2]
    program = "import duckdb, sys\nc = duckdb.connect(sys.argv[1])\nprint(1, flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "w.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"1\n"
        (only,) = wrong(examined(file.path))
        writer.communicate(b"\n")
    assert only[:2] == ("problem", "warehouse")
    assert "another process is writing to it" in only[2]
    assert only[2].endswith("wait until it is done, then try again")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"grace_day": 1}, "grace_day: unknown key: did you mean 'grace_days'"),
        ({"datasets": {}}, "datasets: "),
        ({"reference": "shedule"}, "shedule"),
    ],
)
def test_a_contract_that_cannot_be_loaded_is_a_line_and_exit_3(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = write_contract(tmp_path, BASIC, **changes)
    found = examined(path)
    assert found.exit_code == 3
    assert {area for _, area, _ in wrong(found)} == {"contract"}
    assert any(said in text for _, _, text in wrong(found))
    assert {one.area for one in found.findings} >= {"versions", "time zones"}


def test_a_contract_that_is_not_there_is_a_line(tmp_path: Path) -> None:
    found = examined(tmp_path / "none.yml")
    (only,) = wrong(found)
    assert only[:2] == ("problem", "contract")
    assert "none.yml" in only[2]


def test_a_variable_without_value_does_not_hide_a_missing_table(tmp_path: Path) -> None:
    datasets = with_dataset("summary", table="s.sumary")
    path = project(tmp_path, datasets=datasets).path
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    raw["layers"]["L4"] = "${WORDS}"
    raw["warehouse"] = "${URL}"
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    without = wrong(examined(path))
    assert [area for _, area, _ in without] == ["contract", "contract", "suites"]
    assert "layers.L4: environment variable WORDS is not set: export WORDS=…" in without[0][2]
    assert "warehouse: environment variable URL is not set: export URL=…" in without[1][2]
    url = f"duckdb:///{tmp_path / 'w.duckdb'}"
    assert [area for _, area, _ in wrong(examined(path, url=url))] == [
        "contract", "tables", "suites",
    ]  # fmt: skip


def test_checkpoints_without_a_window_today_are_named_once(tmp_path: Path) -> None:
    season = [{"name": "2025", "from": "2025-01-01", "to": "2025-03-31"}]
    (only,) = wrong(examined(project(tmp_path, seasons=season).path))
    assert only[:2] == ("warning", "contract")
    assert "a run without dates of 'after_backfill': no season of the contract" in only[2]


def test_suites_that_are_not_those_of_the_contract_are_counted(tmp_path: Path) -> None:
    file = project(tmp_path)
    for path in [*file.project.glob("expectations/*.json")]:
        path.write_text("{}", encoding="utf-8")
    (only,) = wrong(examined(file.path))
    assert only[:2] == ("problem", "suites")
    assert "expectations/L1.json, expectations/L3.json" in only[2]
    assert "and 1 more are not as the contract generates: a run refuses" in only[2]
    assert only[2].endswith("python -m checkpoints suites")


@pytest.mark.parametrize("name", ["great_expectations.yml", "plugins/cross_layer/__init__.py"])
def test_a_file_that_great_expectations_reads_is_missed(tmp_path: Path, name: str) -> None:
    file = project(tmp_path)
    (file.project / name).unlink()
    (only,) = wrong(examined(file.path))
    assert only[:2] == ("warning", "great expectations")
    assert f"{name} is missing" in only[2]


def test_our_plugin_is_looked_for_where_a_project_has_its_own(tmp_path: Path) -> None:
    file = project(tmp_path)
    configuration = file.project / "great_expectations.yml"
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(text.replace(": plugins/", ": ours/"), encoding="utf-8")
    assert "ours/cross_layer/__init__.py is missing" in wrong(examined(file.path))[0][2]
    (file.project / "plugins").rename(file.project / "ours")
    assert wrong(examined(file.path)) == []


def test_a_configuration_that_a_run_refuses_or_completes_is_told(tmp_path: Path) -> None:
    file = project(tmp_path)
    configuration = file.project / "great_expectations.yml"
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(text.partition("fluent_datasources:")[0], encoding="utf-8")
    (only,) = wrong(examined(file.path))
    assert only[:2] == ("warning", "great expectations")
    assert "great_expectations.yml lacks entries of ours" in only[2]
    elsewhere = text.replace("base_directory: expectations/", "base_directory: suites/")
    configuration.write_text(elsewhere, encoding="utf-8")
    (only,) = wrong(examined(file.path))
    assert only[:2] == ("problem", "great expectations")
    assert "expectations_store is in 'suites/'" in only[2]


def test_an_archive_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    file = project(tmp_path)
    (file.project / "uncommitted").write_text("in the way", encoding="utf-8")
    state, area, text = wrong(examined(file.path))[0]
    assert (state, area) == ("problem", "archive")
    assert "nothing can be stored" in text
    assert "make it a folder that you may write" in text


@pytest.mark.parametrize(
    ("free", "state"), [(99 * 10**6, "problem"), (999 * 10**6, "warning"), (10**10, "ok")]
)
def test_the_room_on_the_disk_is_told(tmp_path: Path, free: int, state: str) -> None:
    (only,) = archive_findings(project(tmp_path), datetime.now(UTC), lambda _: free)
    assert only.state == state
    assert " MB free" in only.what or " GB free" in only.what


def test_a_ledger_is_of_a_version_damaged_held_or_left_by_a_run_that_died(tmp_path: Path) -> None:
    file = project(tmp_path)
    path = ledger_path(file.project)
    with open_ledger(path, lambda: datetime.now(UTC)):
        pass
    (only,) = of_area(examined(file.path), "ledger")
    assert (only.state, only.what) == (State.OK, f"{path}: version 4")
    with only_run(path, "ann@host (process 7)", "2025-01-21T12:00:00+00:00"):
        (held,) = wrong(examined(file.path))
    assert held[:2] == ("warning", "ledger")
    assert "a backfill is at work (ann@host (process 7), since 2025-01-21T12" in held[2]
    note = path.with_suffix(".holder.json")
    note.write_text('{"who": "ann", "since": "noon"}', encoding="utf-8")
    (died,) = wrong(examined(file.path))
    assert "did not come to its end (ann, since noon): python -m remediation resume" in died[2]
    note.unlink()
    path.write_bytes(b"no ledger" * 100)
    (damaged,) = wrong(examined(file.path))
    assert damaged[:2] == ("problem", "ledger")
    assert "the ledger cannot be read" in damaged[2]


@pytest.mark.parametrize(("minutes", "side"), [(-7, "behind"), (7, "ahead of")])
def test_a_clock_that_is_not_the_warehouse_s_is_a_problem(
    tmp_path: Path, minutes: int, side: str
) -> None:
    off = timedelta(minutes=minutes)
    found = examined(project(tmp_path).path, now=lambda: datetime.now(UTC) + off)
    (only,) = wrong(found)
    assert only[:2] == ("problem", "clock")
    assert f"which is 7 min {side} the warehouse's: set it" in only[2]


def test_an_archive_of_the_future_says_that_the_clock_was_set_back(tmp_path: Path) -> None:
    file = project(tmp_path)
    (runs_folder(file.project) / "a-run").mkdir(parents=True)
    early = datetime.now(UTC) - timedelta(hours=3)
    told = [one for one in archive_findings(file, early) if one.state is State.PROBLEM]
    assert "its newest file is 3 h 00 min in the future" in told[0].what


def test_a_library_outside_its_range_is_told_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(machine.RANGES, "great-expectations", ">=9,<10")
    told = [one for one in machine.version_findings() if one.state is State.PROBLEM]
    assert str(told[0]).startswith("great-expectations is 1.24")
    assert told[0].advice == 'pip install "great-expectations>=9,<10"'


def test_the_ranges_are_those_that_are_installed() -> None:
    declared = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert {f"{name}{wanted}" for name, wanted in machine.RANGES.items()} <= set(declared)
    assert f'requires-python = ">={".".join(map(str, machine.OLDEST_PYTHON))}"' in (
        ROOT / "pyproject.toml"
    ).read_text(encoding="utf-8")


def test_a_machine_without_time_zones_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "SOME_ZONES", ("UTC", "Nowhere/Land"))
    (only,) = machine.zone_findings()
    assert "does not know the time zone 'Nowhere/Land'" in only.what


def test_several_faults_are_all_told_in_one_go_and_quickly(tmp_path: Path) -> None:
    service = {"kind": "command", "argv": ["no-such-program", "{date}"]}
    web = {"url": f"http://127.0.0.1:{nobody()}", "body": {"date": "{date}"}}
    file = project(
        tmp_path,
        datasets=with_dataset("summary", table="s.sumary", service="jobs"),
        services={"jobs": service, "web": web, "unset": {**web, "url": "${NO_URL}"}},
        notify=[NOTIFIER],
    )
    (file.project / "great_expectations.yml").unlink()
    (file.project / "expectations/L4.json").unlink()
    started = time.monotonic()
    url = f"duckdb:///{tmp_path / 'w.duckdb'}"
    done = command(
        "checkpoints", "doctor", "--contract", str(file.path), "--warehouse", url, "--json", "-"
    )
    assert time.monotonic() - started < 60
    assert done.returncode == 3, done.stderr
    found = json.loads(done.stdout)
    assert (found["schema_version"], found["exit_code"]) == (1, 3)
    problems = [one for one in found["findings"] if one["state"] == "problem"]
    assert sorted(one["area"] for one in problems) == [
        "notifiers", "services", "services", "services", "suites", "tables",
    ]  # fmt: skip
    assert all(one["advice"] for one in problems)
    commands = {one["advice"] for one in problems if one["area"] == "suites"}
    assert commands == {f"run python -m checkpoints suites --contract {file.path}"}
    assert "6 problems, 1 warning" in done.stderr
    assert "Traceback" not in done.stderr
