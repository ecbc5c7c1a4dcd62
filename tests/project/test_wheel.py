"""The wheel has all that the commands need, and a place that has nothing else can use it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from checkpoints import __version__
from tests.support.warehouses import BASIC, days, fill, write_contract

WINDOW = ("--from", "2025-01-05", "--to", "2025-01-20", "--as-of", "2025-01-22")


def ran(installed: Path, folder: Path, *command: str, code: int = 0, **env: str) -> str:
    """What a program of the wheel says in a folder where nothing of the project is."""
    whole = [installed / command[0], *command[1:]]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        whole, cwd=folder, env={**clean, "COLUMNS": "100", **env}, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_what_the_wheel_asks_for_fits_together(installed: Path, tmp_path: Path) -> None:
    ran(installed, tmp_path, "python", "-m", "pip", "check")


@pytest.mark.parametrize("program", ["checkpoints", "remediation"])
def test_the_programs_say_their_version(installed: Path, tmp_path: Path, program: str) -> None:
    assert ran(installed, tmp_path, program, "--version") == f"{program}, version {__version__}\n"
    with_module = ran(installed, tmp_path, "python", "-m", program, "--version")
    assert with_module == f"{program}, version {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_programs(installed: Path, tmp_path: Path, shell: str) -> None:
    asked = {"_CHECKPOINTS_COMPLETE": f"{shell}_source"}
    assert "_CHECKPOINTS_COMPLETE=" in ran(installed, tmp_path, "checkpoints", **asked)


def test_a_shell_gets_the_commands_that_begin_so(installed: Path, tmp_path: Path) -> None:
    typed = {"COMP_WORDS": "checkpoints hi", "COMP_CWORD": "1"}
    asked = {"_CHECKPOINTS_COMPLETE": "bash_complete", **typed}
    assert ran(installed, tmp_path, "checkpoints", **asked) == "plain,history\n"


def test_an_installed_wheel_checks_plans_and_signs_in_a_folder_of_its_own(
    installed: Path, tmp_path: Path
) -> None:
    games = days("2025-01-01", "2025-01-20")
    fill(tmp_path / "w.duckdb", dict.fromkeys(("schedule", "raw", "summary", "factors"), games))
    (tmp_path / "gx").mkdir()
    write_contract(tmp_path / "gx", BASIC, warehouse="duckdb:///../w.duckdb")
    ran(installed, tmp_path, "checkpoints", "suites")
    said = ran(installed, tmp_path, "checkpoints", "run", *WINDOW)
    assert "COMPLETE" in said
    ran(installed, tmp_path, "remediation", "plan")
    ran(installed, tmp_path, "remediation", "plan", "--format", "sh")
    ran(installed, tmp_path, "checkpoints", "signoff", "--by", "Ada")
    ran(installed, tmp_path, "checkpoints", "docs")
    (page,) = (tmp_path / "gx/uncommitted/data_docs/local_site/signoff").glob("*.html")
    assert "Ada" in page.read_text(encoding="utf-8")


def test_type_checkers_find_the_types(installed: Path) -> None:
    packages = installed.parent.glob("lib/python*/site-packages/*/py.typed")
    assert {path.parent.name for path in packages} == {"checkpoints", "remediation"}
