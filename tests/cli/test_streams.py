"""Where answers go: files, standard output, and streams that are closed, full or no longer read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from checkpoints.archive.report import Report
from tests.output.test_ci_outputs import assert_is_junit
from tests.support.commands import ROOT, environment
from tests.support.forks import fork
from tests.support.remediation_commands import states, typed
from tests.support.runs import FULL, HOLE, SEASON, checked, stored, warehouse
from tests.support.scripted_service import Project

ANSWERS = (
    ("checkpoints --help", 0),
    ("checkpoints check --help", 0),
    ("checkpoints check", 1),
    ("checkpoints coverage", 0),
    ("checkpoints history", 0),
    ("checkpoints explain", 0),
    ("remediation plan", 0),
    ("remediation status", 0),
    ("checkpoints check --json -", 1),
    ("checkpoints check --junit -", 1),
    ("checkpoints coverage --json -", 0),
    ("checkpoints history --json -", 0),
    ("remediation --help", 0),
    ("remediation plan --json -", 0),
    ("remediation plan --format sh", 0),
    ("remediation status --json -", 0),
)
"""What they write to standard output, where a run with a hole is stored; their exit codes."""


@pytest.fixture
def words(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """A command in full, after a run with a hole."""
    words: list[str] = request.param.split()
    stored(tmp_path, factors=HOLE)
    if "--help" not in words:
        words += ["--contract", str(tmp_path / "pipeline.yml")]
    if words[1] in ("check", "coverage", "explain") and "--help" not in words:
        words += [*SEASON, "--warehouse", warehouse(tmp_path, factors=HOLE)]
    return words


def ended(words: list[str], stdout: int) -> tuple[int, str]:
    """Exit code and standard error of a command whose standard output is that file."""
    running = fork(*words, env=environment(), stdout=stdout)
    os.close(stdout)
    _, errors = running.communicate(timeout=60)
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    return running.wait(), errors


@pytest.mark.parametrize(("words", "code"), ANSWERS, indirect=["words"])
def test_a_reader_who_leaves_has_read_enough(words: list[str], code: int) -> None:
    theirs, ours = os.pipe()
    os.close(theirs)
    ended_with, errors = ended(words, ours)
    assert ended_with == code
    assert "error" not in errors


@pytest.mark.parametrize(("words", "code"), ANSWERS, indirect=["words"])
def test_a_full_disk_loses_the_answer_and_says_so_with_exit_3(words: list[str], code: int) -> None:
    ended_with, errors = ended(words, os.open("/dev/full", os.O_WRONLY))
    assert ended_with == 3
    assert errors.splitlines()[-1] == (
        "error: standard output did not take the whole answer (No space left on device): "
        f"make room, or write it to a file; without that the exit code is {code}"
    )


CLOSED = [
    ("checkpoints --help", ">&-", 3),
    ("checkpoints check --json -", ">&-", 3),
    ("checkpoints check --json -", "<&- >&-", 3),
    ("checkpoints check", ">&-", 3),
    ("checkpoints check", "2>&-", 1),
    ("checkpoints check", "<&- >&- 2>&-", 3),
    ("checkpoints run", ">&- 2>&-", 2),
    ("remediation plan --json -", ">&-", 3),
    ("remediation status", ">&- 2>&-", 3),
]


@pytest.mark.parametrize(("words", "closed", "code"), CLOSED, indirect=["words"])
def test_a_closed_stream_matters_only_to_what_is_written_there(
    words: list[str], closed: str, code: int
) -> None:
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", *words]
    done = subprocess.run(
        shell, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, bool(done.stdout)) == (code, ">&-" not in closed.split())
    assert ("(Bad file descriptor)" in done.stderr) is (code == 3 and "2>&-" not in closed)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_notes_may_be_lost_without_changing_the_verdict(tmp_path: Path) -> None:
    stored(tmp_path, factors=HOLE)
    contract, url = str(tmp_path / "pipeline.yml"), warehouse(tmp_path, factors=HOLE)
    for lost in ("/dev/full", "a pipe"):
        theirs, ours = os.pipe()
        os.close(theirs)
        errors = os.open(lost, os.O_WRONLY) if lost == "/dev/full" else ours
        asked = ("--contract", contract, "--warehouse", url, *SEASON)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        check = ("checkpoints", "check", "--json", "-", *asked)
        running = fork(*check, env=environment(), stdout=nowhere, stderr=errors)
        assert running.wait(timeout=30) == 1


def test_a_backfill_goes_on_when_nothing_can_be_said_any_more(made: Project) -> None:
    typed(made, "plan")
    full = os.open("/dev/full", os.O_WRONLY)
    contract = ("--contract", str(made.folder / "pipeline.yml"))
    env = {**os.environ, "COLUMNS": "120"}
    running = fork("remediation", "run", "--yes", *contract, env=env, stderr=full)
    assert running.wait(timeout=60) == 0
    assert set(states(made).values()) == {"landed"}


# ------------------------------------------------ ``-`` and files


def test_junit_and_markdown_go_to_standard_output_alone(tmp_path: Path) -> None:
    on_github = {"GITHUB_ACTIONS": "true"}
    done = checked(tmp_path, "--junit", "-", factors=HOLE, **on_github)
    root = ElementTree.fromstring(done.stdout)
    assert_is_junit(root)
    assert len(list(root.iter("failure"))) == 2
    assert done.stderr.count("::error ") == 2
    summary = checked(tmp_path, "--markdown", "-", factors=HOLE, PYTHONIOENCODING="ascii")
    assert summary.stdout.startswith("### after_backfill\n")
    none = checked(tmp_path, "--junit", "-", "--warehouse", "duckdb:///none.duckdb")
    assert_is_junit(ElementTree.fromstring(none.stdout))
    assert not (ROOT / "-").exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--json", "-", "--junit", "-"),
        ("--junit", "-", "--markdown", "-"),
        ("--json", "-", "--junit", "-", "--markdown", "-"),
    ],
)
def test_standard_output_is_for_one_answer(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = checked(tmp_path, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert "- need standard output: name a file for all but one" in done.stderr


def test_a_plan_is_a_file(tmp_path: Path, made: Project) -> None:
    for path, said in (("-", "to see the plan, give --json -"), (str(tmp_path), "is a directory")):
        code, out, err = typed(made, "plan", "--out", path)
        assert (code, out) == (2, "")
        assert said in err


@pytest.mark.parametrize("option", ["--json", "--junit", "--markdown"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "'': is a directory: name another file"),
        (".", "'.': is a directory: name another file"),
        ("pipeline.yml/x/y", "pipeline.yml' is no directory: name another file"),
    ],
)
def test_where_no_file_can_be_written_the_command_does_not_begin(
    tmp_path: Path, option: str, path: str, said: str
) -> None:
    gone = ("--warehouse", "duckdb:///none.duckdb")
    done = checked(tmp_path, *gone, option, str(tmp_path / path) if "x" in path else path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Invalid value for '{option}': " in done.stderr
    assert said in done.stderr


def test_a_folder_without_permission_is_found_before_anything_is_read(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    if os.access(closed, os.W_OK):
        pytest.skip("this user may write everywhere")
    done = checked(tmp_path, "--json", str(closed / "new" / "report.json"))
    assert done.returncode == 2
    assert f"'{closed}' may not be written: name another file" in done.stderr


def test_an_answer_that_a_file_does_not_take_is_exit_3_and_the_others_have_it(
    tmp_path: Path,
) -> None:
    found = tmp_path / "report.json"
    done = checked(tmp_path, "--junit", "/dev/full", "--json", str(found), factors=HOLE)
    assert done.returncode == 3
    assert "error: cannot write '/dev/full' (No space left on device)" in done.stderr
    assert Report.model_validate_json(found.read_text()).verdict.exit_code == 1
    done = checked(tmp_path, "--json", "/dev/full", "--junit", "-", factors=HOLE)
    assert done.returncode == 3
    assert len(list(ElementTree.fromstring(done.stdout).iter("failure"))) == 2


def test_standard_output_has_a_name_too(tmp_path: Path) -> None:
    done = checked(tmp_path, "--json", "/dev/stdout", factors=HOLE)
    assert Report.model_validate_json(done.stdout).verdict.exit_code == done.returncode == 1


# ------------------------------------------------ the answer, and what is said beside it


def test_the_answer_is_on_standard_output_as_wide_as_it_needs(tmp_path: Path) -> None:
    holes = [row for row in FULL if row[0].day % 2]  # more ranges than a line of 80 columns holds
    plain = {"NO_COLOR": "", "TERM": "xterm-256color", "COLUMNS": ""}
    for verb in ("check", "coverage"):
        done = checked(tmp_path, verb=verb, factors=holes, **plain)
        assert done.stderr == ""
        assert "\x1b" not in done.stdout
        (line,) = [line for line in done.stdout.splitlines() if "2025-01-06" in line]
        assert "factors" in line
        assert "2025-02-10" in line
        narrow = checked(tmp_path, verb=verb, factors=holes, COLUMNS="80")
        assert max(map(len, narrow.stdout.splitlines())) < len(line)


def test_what_an_answer_lacks_is_an_error_beside_it(tmp_path: Path) -> None:
    for verb in ("coverage", "explain"):
        done = checked(tmp_path, verb=verb, factors=None)
        assert (done.returncode, "error" in done.stdout, done.stdout != "") == (3, False, True)
        assert done.stderr.startswith("error: dataset 'factors': ")


def test_notes_of_a_backfill_are_beside_its_answer(made: Project) -> None:
    code, planned, beside = typed(made, "plan")
    assert (code, beside) == (0, "")
    assert "next   python -m remediation run" in planned
    code, out, err = typed(made, "run", "--yes")
    assert code == 0
    assert out.startswith("COMPLETE 3 of 3 calls landed")
    assert "settled" not in out
    assert "four  3/3 settled, 3 landed" in err
    assert "next   " in out


def test_where_a_program_gets_standard_output_people_read_on_the_other(made: Project) -> None:
    for program in (("--format", "sh"), ("--format", "csv"), ("--json", "-")):
        _, out, err = typed(made, "plan", *program)
        assert err.startswith("Plan ")
        assert "Plan" not in out.splitlines()[0]
