"""``python -m checkpoints`` as a user meets it: answers, exit codes, bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checkpoints.archive.report import Report
from tests.support.commands import ROOT, command, environment
from tests.support.forks import fork
from tests.support.projects import project_of
from tests.support.warehouses import BASIC, D, days, fill, write_contract

SEASON = ("--season", "2025", "--as-of", "2025-02-20")
FULL = days("2025-01-01", "2025-02-10")
HOLE = [
    r for r in FULL if D("2025-01-04") <= r[0] and not D("2025-01-20") <= r[0] <= D("2025-01-29")
]


def warehouse(folder: Path, **tables: Any) -> str:
    return fill(folder / "w.duckdb", {**dict.fromkeys(BASIC["datasets"], FULL), **tables})


@pytest.fixture
def contract(tmp_path: Path) -> str:
    return str(write_contract(tmp_path, BASIC))


def check(
    contract: str, url: str, *more: str, name: str = "check"
) -> subprocess.CompletedProcess[str]:
    return command("checkpoints", name, "--contract", contract, "--warehouse", url, *more)


def test_a_complete_warehouse_is_exit_0(tmp_path: Path, contract: str) -> None:
    done = check(contract, warehouse(tmp_path), *SEASON)
    assert (done.returncode, done.stdout) == (0, "")
    assert "COMPLETE 12 of 12 evaluated checks passed" in done.stderr


def test_a_hole_is_exit_1_and_its_ranges_are_named(tmp_path: Path, contract: str) -> None:
    done = check(contract, warehouse(tmp_path, factors=HOLE), *SEASON)
    assert done.returncode == 1
    assert "INCOMPLETE 2 of 12 evaluated checks failed" in done.stderr
    assert "73.6 %" in done.stderr
    assert "2025-01-20 → 2025-01-29" in done.stderr


def test_json_on_stdout_is_the_whole_report_and_nothing_else(tmp_path: Path, contract: str) -> None:
    done = check(contract, warehouse(tmp_path, factors=HOLE), *SEASON, "--json", "-")
    report = Report.model_validate_json(done.stdout)
    (ratio,) = (c for c in report.checks if c.kind == "conversion_ratio" and c.suite == "L4")
    assert (ratio.matched, ratio.expected, len(ratio.unexpected_dates)) == (56, 76, 10)
    assert report.verdict.exit_code == done.returncode == 1


def test_coverage_names_seasons_datasets_and_missing_ranges(tmp_path: Path, contract: str) -> None:
    done = check(
        contract, warehouse(tmp_path, factors=HOLE), *SEASON, "--json", "-", name="coverage"
    )
    found = json.loads(done.stdout)
    (factors,) = (c for c in found["coverage"] if c["dataset"] == "factors")
    assert (factors["season"], factors["matched"], factors["expected"]) == ("2025", 56, 76)
    assert factors["missing_ranges"] == [{"first": "2025-01-20", "last": "2025-01-29"}]
    assert done.returncode == 0


def test_warnings_fail_only_when_asked(tmp_path: Path, contract: str) -> None:
    url = warehouse(tmp_path, factors=[*FULL, (D("2025-01-10"), "stranger")])
    done = check(contract, url, *SEASON)
    assert done.returncode == 0
    assert "warning" in done.stderr
    assert check(contract, url, *SEASON, "--fail-on", "warning").returncode == 1


def test_keys_behind_orphans_and_partial_dates_are_in_the_report(
    tmp_path: Path, contract: str
) -> None:
    rows = [r for r in FULL if r != (D("2025-01-10"), "20250110_0")]
    url = warehouse(tmp_path, factors=[*rows, (D("2025-01-10"), "stranger")])
    report = Report.model_validate_json(check(contract, url, *SEASON, "--json", "-").stdout)
    samples = {
        (k.of, k.date): (k.missing, k.orphans) for k in report.keys if k.dataset == "factors"
    }
    expected = ((("20250110_0",),), (("stranger",),))
    assert samples["summary", D("2025-01-10")] == expected


@pytest.mark.parametrize(
    ("window", "code", "message"),
    [
        (("--season", "1999"), 2, "'1999' is not in the contract, which has: 2025"),
        (("--from", "2025-02-01", "--to", "2025-01-01"), 2, "is after --to 2025-01-01"),
        (("--from", "2025-02-01"), 2, "--from and --to go together"),
        (("--season", "2025", "--last", "7d"), 2, "not several"),
        (("--from", "2025-01-01", "--to", "9999-12-31"), 2, "dates must lie between"),
        (("--last", "7w"), 2, "'7w' is not a number of days"),
        (("--from", "yesterday", "--to", "2025-01-01"), 2, "yesterday"),
        (("--as-of", "2030-01-01"), 2, "no season of the contract contains 2030-01-01"),
        (("--from", "2024-07-01", "--to", "2024-07-31"), 5, "NOTHING DUE"),
        (("--season", "2025", "--as-of", "2025-01-01"), 5, "NOTHING DUE"),
        (("--season", "2025", "--checkpoint", "weekly"), 2, "'weekly' is not in the contract"),
        (("--season", "2025", "--max-bytes", "much"), 2, "'much' is not an amount of bytes"),
    ],
)
def test_windows_that_cannot_be_are_refused_and_empty_ones_say_so(
    tmp_path: Path, contract: str, window: tuple[str, ...], code: int, message: str
) -> None:
    done = check(contract, warehouse(tmp_path), *window)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_checkpoint_brings_its_own_default_window(tmp_path: Path, contract: str) -> None:
    url = warehouse(tmp_path)
    done = check(contract, url, "--checkpoint", "daily", "--as-of", "2025-02-10", "--json", "-")
    report = Report.model_validate_json(done.stdout)
    assert (report.window.first, report.window.last) == (D("2025-02-04"), D("2025-02-10"))
    assert {c.suite for c in report.checks} == {"L4"}


def test_a_missing_table_or_column_errs_its_checks_and_names_what_exists(tmp_path: Path) -> None:
    datasets = dict(BASIC["datasets"])
    datasets["summary"] = {**datasets["summary"], "table": "s.sumary"}
    datasets["factors"] = {**datasets["factors"], "key": "game"}
    path = str(write_contract(tmp_path, BASIC, datasets=datasets))
    done = check(path, warehouse(tmp_path), *SEASON, "--json", "-")
    report = Report.model_validate_json(done.stdout)
    assert done.returncode == 3
    assert "table 'sumary' is not in schema 's': did you mean 'summary'?" in str(report.unreadable)
    assert "no column 'game': it has d, k" in str(report.unreadable)
    assert {c.outcome for c in report.checks if c.suite in ("reference", "L1")} == {"PASSED"}
    assert {c.outcome for c in report.checks if c.suite in ("L3", "L4")} == {"ERRORED"}


def test_a_warehouse_that_is_not_there_is_exit_3(tmp_path: Path, contract: str) -> None:
    done = check(contract, f"duckdb:///{tmp_path}/none.duckdb", *SEASON)
    assert done.returncode == 3
    assert "none.duckdb' does not exist" in done.stderr


def test_a_file_that_is_no_warehouse_is_exit_3(tmp_path: Path, contract: str) -> None:
    (tmp_path / "w.duckdb").write_text("not a database")
    done = check(contract, f"duckdb:///{tmp_path}/w.duckdb", *SEASON)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_a_warehouse_that_is_being_written_is_exit_3_and_says_so(
    tmp_path: Path, contract: str
) -> None:
    url = warehouse(tmp_path)
    with duckdb.connect(str(tmp_path / "w.duckdb")):
        done = check(contract, url, *SEASON)
    assert done.returncode == 3
    assert "another process is writing to it" in done.stderr


@pytest.mark.parametrize(
    "url", ["mysql://x", "nonsense", "duckdb://", "duckdb:///:memory:", "duckdb://:memory:"]
)
def test_a_url_of_no_known_warehouse_is_exit_2(contract: str, url: str) -> None:
    done = check(contract, url, *SEASON)
    assert done.returncode == 2
    assert "duckdb:///path" in done.stderr


def test_every_problem_of_a_contract_is_shown_with_exit_2(tmp_path: Path) -> None:
    path = str(write_contract(tmp_path, BASIC, grace_days=-1, colour="red"))
    done = check(path, "duckdb:///x", *SEASON)
    assert done.returncode == 2
    assert "grace_days" in done.stderr
    assert "colour: unknown key" in done.stderr


def test_an_answer_that_cannot_be_written_is_an_error(tmp_path: Path, contract: str) -> None:
    (tmp_path / "file").write_text("")
    done = check(
        contract, warehouse(tmp_path), *SEASON, "--json", str(tmp_path / "file" / "x.json")
    )
    assert done.returncode == 3
    assert "cannot write" in done.stderr


def test_a_pipe_or_link_is_written_to_and_not_replaced(tmp_path: Path, contract: str) -> None:
    url = warehouse(tmp_path)
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    link.symlink_to(tmp_path / "target.json")
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        assert check(contract, url, *SEASON, "--json", str(pipe)).returncode == 0
        assert Report.model_validate_json(reader.communicate(timeout=10)[0]).verdict.passed
    assert pipe.is_fifo()
    assert check(contract, url, *SEASON, "--json", str(link)).returncode == 0
    assert link.is_symlink()
    assert (tmp_path / "target.json").is_file()


def test_a_reader_that_leaves_does_not_change_the_verdict(tmp_path: Path, contract: str) -> None:
    arguments = ["check", "--contract", contract, "--warehouse", warehouse(tmp_path), *SEASON]
    running = fork("checkpoints", *arguments, env=environment(), stdout=subprocess.DEVNULL)
    assert running.stderr is not None
    running.stderr.close()
    assert running.wait(timeout=30) == 0


def test_an_answer_that_a_program_stops_reading_is_exit_3(tmp_path: Path, contract: str) -> None:
    arguments = ["check", "--contract", contract, "--warehouse", warehouse(tmp_path), *SEASON]
    running = subprocess.Popen(
        [sys.executable, "-m", "checkpoints", *arguments, "--json", "-"],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    told = running.stderr.read().splitlines()
    assert running.wait(timeout=30) == 3
    assert told[-1] == "error: standard output was closed before the answer was written in full"


def test_the_password_of_a_warehouse_is_not_shown(contract: str) -> None:
    done = check(contract, "postgresql://u:secret@h/db", *SEASON)
    assert done.returncode == 2
    assert "secret" not in done.stderr


def test_coverage_with_nothing_due_is_exit_5_and_known_gaps_are_shown(tmp_path: Path) -> None:
    gap = {"dataset": "factors", "from": D("2025-01-01"), "to": D("2025-02-10"), "owner": "me"}
    gaps = [{**gap, "until": D("2025-12-31"), "reason": "lost"}]
    path = str(write_contract(tmp_path, BASIC, known_gaps=gaps))
    url = warehouse(tmp_path, factors=[])
    done = check(path, url, *SEASON, name="coverage")
    assert done.returncode == 0
    assert "known gap: 38 dates of factors in 2025 are not counted" in done.stderr
    empty = check(path, url, "--from", "2024-07-01", "--to", "2024-07-31", name="coverage")
    assert empty.returncode == 5


def test_an_interrupt_ends_in_130(tmp_path: Path, contract: str) -> None:
    datasets = {**BASIC["datasets"]}
    slow = (
        "SELECT d, k FROM s.raw WHERE (SELECT count(*) FROM range(100000) a, range(10000000) b) > 0"
    )
    datasets["raw"] = {
        "layer": "L1",
        "query": slow,
        "date": "d",
        "key": "k",
        "upstream": "schedule",
    }
    path = str(write_contract(tmp_path, BASIC, datasets=datasets))
    arguments = ["checkpoints", "check", "--contract", path, "--warehouse", warehouse(tmp_path)]
    running = fork(*arguments, *SEASON, env=environment(), stdout=subprocess.DEVNULL)
    time.sleep(1)
    assert running.poll() is None, "the query was meant to be slow"
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=20)
    assert (running.returncode, "Traceback" in errors) == (130, False)


def test_suites_are_written_once_and_stale_ones_are_refused(tmp_path: Path) -> None:
    contract = str(project_of(tmp_path).path)
    assert command("checkpoints", "suites", "--check", "--contract", contract).returncode == 0
    looser = {**BASIC["datasets"]["raw"], "rules": [{"rule": "conversion_ratio", "at_least": 0.5}]}
    write_contract(tmp_path / "gx", BASIC, datasets={**BASIC["datasets"], "raw": looser})
    stale = command("checkpoints", "suites", "--check", "--contract", contract)
    assert stale.returncode == 2
    assert "L1.json" in stale.stderr
    refused = check(contract, warehouse(tmp_path), *SEASON, name="run")
    assert refused.returncode == 2
    assert "python -m checkpoints suites" in refused.stderr


def test_a_run_without_its_plugin_is_exit_3_and_stores_nothing(tmp_path: Path) -> None:
    contract = project_of(tmp_path).path
    for path in (contract.parent / "plugins" / "cross_layer").glob("*.py"):
        path.unlink()
    done = check(str(contract), warehouse(tmp_path), *SEASON, name="run")
    assert done.returncode == 3
    assert not (contract.parent / "uncommitted" / "runs").exists()


def test_run_and_check_say_the_same_and_run_stores_it(tmp_path: Path) -> None:
    contract = str(project_of(tmp_path).path)
    url = warehouse(tmp_path, factors=HOLE)
    fast = Report.model_validate_json(check(contract, url, *SEASON, "--json", "-").stdout)
    done = check(contract, url, *SEASON, "--json", "-", name="run")
    slow = Report.model_validate_json(done.stdout)
    assert slow.checks == fast.checks
    assert slow.judge == "great_expectations"
    stored = tmp_path / "gx" / "uncommitted" / "runs" / slow.run_id / "report.json"
    assert Report.model_validate_json(stored.read_text()) == slow
    assert "python -m remediation plan" in done.stderr


def test_hostile_names_and_values_go_through_a_whole_run(tmp_path: Path) -> None:
    name = """fac"tors'; -- <script>alert(1)</script>"""
    datasets = {**BASIC["datasets"], name: {**BASIC["datasets"]["factors"], "table": "s.factors"}}
    del datasets["factors"]
    contract = str(project_of(tmp_path, datasets=datasets).path)
    url = warehouse(tmp_path, factors=[*HOLE, (D("2025-01-10"), "</td><script>alert(2)</script>")])
    done = check(contract, url, *SEASON, "--json", "-", name="run")
    report = Report.model_validate_json(done.stdout)
    assert done.returncode == 1
    assert name in {c.dataset for c in report.checks if c.outcome == "FAILED"}
    pages = list((tmp_path / "gx" / "uncommitted" / "data_docs").rglob("*.html"))
    assert len(pages) > 5
    for page in pages:
        assert "<script>alert" not in page.read_text()


@pytest.mark.parametrize("arguments", [("--help",), ("coverage", *SEASON), ("check", *SEASON)])
def test_commands_without_the_library_do_not_import_it(
    tmp_path: Path, contract: str, arguments: tuple[str, ...]
) -> None:
    more = (
        ()
        if arguments == ("--help",)
        else ("--contract", contract, "--warehouse", warehouse(tmp_path))
    )
    script = (
        "import runpy, sys; sys.argv = ['checkpoints', *sys.argv[1:]]\n"
        "try: runpy.run_module('checkpoints', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments, *more],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert "checkpoints.cli.shell" in loaded
    assert not loaded & {"great_expectations", "pandas", "requests", "google.cloud.bigquery"}
