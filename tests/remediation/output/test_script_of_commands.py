"""The script of a plan whose services run commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from remediation.output.script import shell_script
from tests.remediation.output.test_script import HOSTILE, bash, plan_of
from tests.support.backfills import EIGHT, SEVEN
from tests.support.scripted_service import raw_contract
from tests.support.warehouses import contract_of


def commands(folder: Path, *words: str, **service: Any) -> str:
    """The script of two dates of a service that runs ``sh``; ``$1`` is the date."""
    argv = ["sh", "-c", *words, "{date}"]
    factors = {"kind": "command", "argv": argv, "seconds_between_calls": 0, **service}
    raw = raw_contract("https://four.example", folder / "w.duckdb")
    contract = contract_of(folder, {**raw, "services": {**raw["services"], "four": factors}})
    return shell_script(plan_of(contract.contract, SEVEN, EIGHT), contract.contract)


def test_commands_are_run_in_their_folder_with_their_key_and_words(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    code = 'echo "$1 $2" "$IDEMPOTENCY_KEY" >> seen; cat; exit 3'
    script = commands(tmp_path, code, "sh", HOSTILE, cwd=str(tmp_path / "a b"), accepted=[0, 3])
    ran = bash(script, tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[:2] == ["four/2025-01-07", "four/2025-01-08"]
    keys = re.findall(r"^run four/\S+ '0 3' 0 120 (\S+) ", script, re.MULTILINE)
    assert (tmp_path / "a b" / "seen").read_text() == "".join(
        f"{HOSTILE} {day} {key}\n" for day, key in zip((SEVEN, EIGHT), keys, strict=True)
    )
    assert not list(tmp_path.glob("**/pwned"))


def test_the_script_stops_at_an_exit_code_that_is_not_accepted(tmp_path: Path) -> None:
    code = f"echo $1 >> {tmp_path}/seen; if [ $1 = {EIGHT} ]; then echo why >&2; exit 75; fi"
    script = commands(tmp_path, code, "sh")
    ran = bash(script, tmp_path)
    assert ran.returncode == 1
    said = "four/2025-01-08: exit code 75, which the contract does not accept"
    assert ran.stderr.splitlines() == ["why", said]
    bash(script, tmp_path, START_AT="four/2025-01-08")
    assert (tmp_path / "seen").read_text().split() == [SEVEN, EIGHT, EIGHT]
    gone = commands(tmp_path, "touch ran", "sh", cwd=str(tmp_path / "gone"))
    assert f"no folder {tmp_path}/gone here" in bash(gone, tmp_path).stderr


@pytest.mark.parametrize("can_end", [True, False])
def test_the_script_ends_a_command_that_takes_too_long_where_it_can(
    tmp_path: Path, can_end: bool
) -> None:
    if not can_end:
        (tmp_path / "timeout").write_text("#!/bin/sh\nexit 127\n")
        (tmp_path / "timeout").chmod(0o755)
    script = commands(tmp_path, "exec sleep 1", "sh", timeout_seconds=0.2)
    ran = bash(script, tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    ended = (
        "four/2025-01-07: ended after 0.2 s. It may have done it: look at the tables, then go on\n"
    )
    assert (ran.returncode, ran.stderr) == ((1, ended) if can_end else (0, ""))


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_the_script_of_commands_passes_shellcheck(tmp_path: Path) -> None:
    (tmp_path / "s.sh").write_text(commands(tmp_path, HOSTILE))
    command = ["shellcheck", "--exclude=SC2016", str(tmp_path / "s.sh")]
    found = subprocess.run(command, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")
