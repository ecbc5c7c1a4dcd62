"""``python -m checkpoints`` as a user meets it: answers, exit codes, bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from checkpoints.archive.report import Report
from tests.support.commands import ROOT, command, environment, read
from tests.support.forks import fork
from tests.support.projects import project_of
from tests.support.runs import FULL, GAP, HOLE, SEASON, checked, warehouse
from tests.support.warehouses import BASIC, D, write_contract

STRANGER = (D("2025-01-10"), "stranger")


def report_of(done: subprocess.CompletedProcess[str]) -> Report:
    return Report.model_validate_json(done.stdout)


def without_traceback(done: subprocess.CompletedProcess[str], code: int) -> str:
    """What a command said for people that ended with this exit code."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return read(done)


def test_a_complete_warehouse_is_exit_0(tmp_path: Path) -> None:
    done = checked(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "COMPLETE 13 of 13 evaluated checks passed" in done.stdout


def test_a_hole_is_exit_1_and_its_ranges_are_named(tmp_path: Path) -> None:
    said = without_traceback(checked(tmp_path, factors=HOLE), 1)
    assert "INCOMPLETE 2 of 13 evaluated checks failed" in said
    assert "73.6 %" in said
    assert "2025-01-20 → 2025-01-29" in said


def test_json_on_stdout_is_the_whole_report_and_nothing_else(tmp_path: Path) -> None:
    done = checked(tmp_path, "--json", "-", factors=HOLE)
    report = report_of(done)
    (ratio,) = (c for c in report.checks if c.kind == "conversion_ratio" and c.suite == "L4")
    assert (ratio.matched, ratio.expected, len(ratio.unexpected_dates)) == (56, 76, 10)
    assert report.verdict.exit_code == done.returncode == 1


def test_coverage_names_seasons_datasets_and_missing_ranges(tmp_path: Path) -> None:
    done = checked(tmp_path, "--json", "-", verb="coverage", factors=HOLE)
    found = json.loads(done.stdout)
    (factors,) = (c for c in found["coverage"] if c["dataset"] == "factors")
    assert (factors["season"], factors["matched"], factors["expected"]) == ("2025", 56, 76)
    assert factors["missing_ranges"] == [{"first": "2025-01-20", "last": "2025-01-29"}]
    assert done.returncode == 0


def test_keys_behind_orphans_and_partial_dates_are_in_the_report(tmp_path: Path) -> None:
    rows = [r for r in FULL if r != (D("2025-01-10"), "20250110_0")]
    report = report_of(checked(tmp_path, "--json", "-", factors=[*rows, STRANGER]))
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
        (("--from", "yesterday", "--to", "2025-01-01"), 2, "'yesterday' is no date: write it like"),
        (("--from", "2024-02-30", "--to", "2024-03-01"), 2, "'2024-02-30' is no date: write it"),
        (("--season", "2025", "--as-of", ""), 2, "'' is no date: write it like 2025-01-31"),
        (("--last", "0d"), 2, "'0d' is not a number of days: write it like 7d"),
        (("--as-of", "2030-01-01"), 2, "no season of the contract contains 2030-01-01"),
        (("--from", "2024-07-01", "--to", "2024-07-31"), 5, "NOTHING DUE"),
        (("--season", "2025", "--as-of", "2025-01-01"), 5, "NOTHING DUE"),
        (("--season", "2025", "--checkpoint", "weekly"), 2, "'weekly' is not in the contract"),
        (("--season", "2025", "--max-bytes", "much"), 2, "'much' is not an amount of bytes"),
    ],
)
def test_windows_that_cannot_be_are_refused_and_empty_ones_say_so(
    tmp_path: Path, window: tuple[str, ...], code: int, message: str
) -> None:
    assert message in without_traceback(checked(tmp_path, window=window), code)


def test_a_checkpoint_brings_its_own_default_window(tmp_path: Path) -> None:
    window = ("--checkpoint", "daily", "--as-of", "2025-02-10")
    report = report_of(checked(tmp_path, "--json", "-", window=window))
    assert (report.window.first, report.window.last) == (D("2025-02-04"), D("2025-02-10"))
    assert {c.suite for c in report.checks} == {"L4"}


def test_a_missing_table_or_column_errs_its_checks_and_names_what_exists(tmp_path: Path) -> None:
    datasets = dict(BASIC["datasets"])
    datasets["summary"] = {**datasets["summary"], "table": "s.sumary"}
    datasets["factors"] = {**datasets["factors"], "key": "game"}
    write_contract(tmp_path, BASIC, datasets=datasets)
    done = checked(tmp_path, "--json", "-")
    report = report_of(done)
    assert done.returncode == 3
    assert "table 'sumary' is not in schema 's': did you mean 'summary'?" in str(report.unreadable)
    assert "no column 'game': it has d, k" in str(report.unreadable)
    assert {c.outcome for c in report.checks if c.suite in ("reference", "L1")} == {"PASSED"}
    assert {c.outcome for c in report.checks if c.suite in ("L3", "L4")} == {"ERRORED"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.yml", None, "none.yml: cannot read the contract (No such file or directory): give"),
        ("folder.yml", "a folder", "folder.yml: cannot read the contract (Is a directory): give"),
        ("file/x.yml", None, "file/x.yml: cannot read the contract (Not a directory): give its"),
        ("loop.yml", "a loop", "loop.yml: cannot read the contract (Too many levels of symbolic"),
        ("empty.yml", b"", "empty.yml: is not a mapping: start with 'version: 1'"),
        ("list.yml", b"- a\n- b\n", "list.yml: is not a mapping: start with 'version: 1'"),
        ("binary.yml", b"\x89PNG\r\n\x1a\n", "binary.yml: is not UTF-8 text (byte 0): save it as"),
        ("zero.yml", b"\0\1\2", "zero.yml: malformed YAML: unacceptable character #x0000"),
    ],
)
def test_what_is_no_contract_is_refused_by_every_command(
    tmp_path: Path, name: str, content: bytes | str | None, said: str
) -> None:
    path = tmp_path / name
    (tmp_path / "file").write_text("")
    if content == "a folder":
        path.mkdir()
    elif content == "a loop":
        path.symlink_to(path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    for words in ("checkpoints check", "checkpoints signoff --by Ada", "remediation status"):
        assert said in without_traceback(command(*words.split(), "--contract", str(path)), 2)
    if not path.is_file():
        for words in ("checkpoints history", "checkpoints signoff --verify x"):
            done = command(*words.split(), "--contract", str(path))
            assert f"{name}: there is no contract: give its path" in without_traceback(done, 2)


def test_where_nothing_is_set_up_every_command_says_what_it_needs(tmp_path: Path) -> None:
    verbs = ("check", "run", "coverage", "estimate", "docs", "suites", "history")
    for words in (*(("checkpoints", verb) for verb in verbs), ("remediation", "plan")):
        said = without_traceback(command(*words, cwd=tmp_path), 2)
        assert "gx/pipeline.yml: " in said
        assert "give its path with --contract" in said
    assert list(tmp_path.iterdir()) == []


URLS = ["mysql://x", "nonsense", "duckdb://", "duckdb:///:memory:", "duckdb://:memory:",
        "postgresql://u:secret@h/db"]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "code", "message"),
    [
        ("duckdb:///none.duckdb", 3, "none.duckdb' does not exist"),
        (f"duckdb:///{__file__}", 3, "error: "),
        ("", 2, "Invalid value for '--warehouse': it is empty: give one, or leave the option out"),
        *((url, 2, "duckdb:///path") for url in URLS),
    ],
)
def test_what_is_no_warehouse_is_refused_without_its_password(
    tmp_path: Path, url: str, code: int, message: str
) -> None:
    said = without_traceback(checked(tmp_path, "--warehouse", url), code)
    assert message in said
    assert "secret" not in said


def test_a_warehouse_that_is_being_written_is_exit_3_and_says_so(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")):
        said = without_traceback(checked(tmp_path), 3)
    assert "another process is writing to it" in said


def test_every_problem_of_a_contract_is_shown_with_exit_2(tmp_path: Path) -> None:
    write_contract(tmp_path, BASIC, grace_days=-1, colour="red")
    said = without_traceback(checked(tmp_path), 2)
    assert "grace_days" in said
    assert "colour: unknown key" in said


def test_a_pipe_or_link_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    link.symlink_to(tmp_path / "target.json")
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        assert checked(tmp_path, "--json", str(pipe)).returncode == 0
        assert Report.model_validate_json(reader.communicate(timeout=10)[0]).verdict.passed
    assert pipe.is_fifo()
    assert checked(tmp_path, "--json", str(link)).returncode == 0
    assert link.is_symlink()
    assert (tmp_path / "target.json").is_file()


@pytest.fixture
def check(tmp_path: Path) -> list[str]:
    """A check that passes, to be started by hand."""
    contract = str(write_contract(tmp_path, BASIC))
    return ["checkpoints", "check", "--contract", contract, "--warehouse", warehouse(tmp_path),
            *SEASON]  # fmt: skip


def test_coverage_with_nothing_due_is_exit_5_and_known_gaps_are_shown(tmp_path: Path) -> None:
    gap = {**GAP, "from": D("2025-01-01"), "to": D("2025-02-10")}
    write_contract(tmp_path, BASIC, known_gaps=[gap])
    said = without_traceback(checked(tmp_path, verb="coverage", factors=[]), 0)
    assert "known gap: 38 dates of factors in 2025 are not counted" in said
    summer = ("--from", "2024-07-01", "--to", "2024-07-31")
    assert checked(tmp_path, verb="coverage", window=summer, factors=[]).returncode == 5


def test_an_interrupt_ends_in_130(tmp_path: Path, check: list[str]) -> None:
    slow = "SELECT d, k FROM s.raw WHERE (SELECT count(*) FROM range(100000) a, range(10000000) b)"
    keyed = {"date": "d", "key": "k", "upstream": "schedule"}
    raw = {"layer": "L1", "query": f"{slow} > 0", **keyed}
    write_contract(tmp_path, BASIC, datasets={**BASIC["datasets"], "raw": raw})
    running = fork(*check, env=environment(), stdout=subprocess.DEVNULL)
    time.sleep(1)
    assert running.poll() is None, "the query was meant to be slow"
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=20)
    assert (running.returncode, "Traceback" in errors) == (130, False)


def test_suites_are_written_once_and_stale_ones_are_refused(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    suites = ("checkpoints", "suites", "--check", "--contract", str(file.path))
    assert command(*suites).returncode == 0
    looser = {**BASIC["datasets"]["raw"], "rules": [{"rule": "conversion_ratio", "at_least": 0.5}]}
    write_contract(file.project, BASIC, datasets={**BASIC["datasets"], "raw": looser})
    assert "L1.json" in without_traceback(command(*suites), 2)
    said = without_traceback(checked(file.project, verb="run"), 2)
    assert "python -m checkpoints suites" in said


def test_run_and_check_say_the_same_and_run_stores_it(tmp_path: Path) -> None:
    project = project_of(tmp_path).project
    fast = report_of(checked(project, "--json", "-", factors=HOLE))
    done = checked(project, "--json", "-", verb="run", factors=HOLE)
    slow = report_of(done)
    assert slow.checks == fast.checks
    assert slow.judge == "great_expectations"
    stored = project / "uncommitted" / "runs" / slow.run_id / "report.json"
    assert Report.model_validate_json(stored.read_text()) == slow
    assert "python -m remediation plan" in done.stderr


def test_hostile_names_and_values_go_through_a_whole_run(tmp_path: Path) -> None:
    name = """fac"tors'; -- <script>alert(1)</script>"""
    datasets = {**BASIC["datasets"], name: {**BASIC["datasets"]["factors"], "table": "s.factors"}}
    del datasets["factors"]
    project = project_of(tmp_path, datasets=datasets).project
    rows = [*HOLE, (D("2025-01-10"), "</td><script>alert(2)</script>")]
    done = checked(project, "--json", "-", verb="run", factors=rows)
    assert done.returncode == 1
    assert name in {c.dataset for c in report_of(done).checks if c.outcome == "FAILED"}
    pages = list((project / "uncommitted" / "data_docs").rglob("*.html"))
    assert len(pages) > 5
    for page in pages:
        assert "<script>alert" not in page.read_text()


@pytest.mark.parametrize("verb", ["--help", "coverage", "check"])
def test_commands_without_the_library_do_not_import_it(check: list[str], verb: str) -> None:
    script = (
        "import runpy, sys; sys.argv = ['checkpoints', *sys.argv[1:]]\n"
        "try: runpy.run_module('checkpoints', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    more = [] if verb == "--help" else check[2:]
    done = subprocess.run(
        [sys.executable, "-c", script, verb, *more],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert "checkpoints.cli.shell" in loaded
    assert not loaded & {"great_expectations", "pandas", "requests", "google.cloud.bigquery"}
