"""The image: what goes into it, and the commands in a container that can write nearly nothing."""

from __future__ import annotations

import fnmatch
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from checkpoints import __version__
from tests.support.commands import ROOT
from tests.support.container import Container, needs_containers
from tests.support.dockerfile import command_of, stages
from tests.support.warehouses import BASIC, days, fill, write_contract

WINDOW = ("--from", "2025-01-05", "--to", "2025-01-20", "--as-of", "2025-01-22")
PROGRAMS = {"checkpoints", "remediation"}
LISTS = {"requirements.txt", "requirements.lock", "pyproject.toml", "README.md", "LICENSE"}


@pytest.fixture
def container(installed: Path, tmp_path: Path) -> Container:
    """A contract and its warehouse, both read-only, and a state folder of the image's user."""
    needs_containers()
    games = days("2025-01-01", "2025-01-20")
    for name in ("gx", "data", "state"):
        (tmp_path / name).mkdir()
    held = dict.fromkeys(("schedule", "raw", "summary"), games)
    fill(tmp_path / "data/w.duckdb", {**held, "factors": games[:-4]})
    write_contract(tmp_path / "gx", BASIC, warehouse="duckdb:////data/w.duckdb")
    (user,) = stages()[-1].of("USER")
    uid, gid = map(int, user.split(":"))
    os.chown(tmp_path / "state", uid, gid)
    return Container(
        installed=installed,
        reads={"/contract/gx": tmp_path / "gx", "/data": tmp_path / "data"},
        writes={"/state": tmp_path / "state"},
    )


def ran(container: Container, *command: str, code: int = 0) -> str:
    done = container.run(*command)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_only_what_the_wheel_is_made_of_is_copied() -> None:
    build, image = stages()
    assert set(build.copied) == PROGRAMS | LISTS
    assert all((ROOT / name).exists() for name in build.copied)
    assert image.of("COPY") == ["--from=build /venv /venv"]
    assert build.base.removesuffix(" AS build") == image.base


def test_what_is_sent_to_the_builder_is_what_is_copied() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == PROGRAMS | LISTS
    last = [rule for rule in rules if rule.startswith("**/")]
    assert rules[-len(last) :] == last
    for name in ("__pycache__", "coverage.cpython-313.pyc"):
        assert any(fnmatch.fnmatch(name, rule.removeprefix("**/")) for rule in last)


def test_the_image_has_a_user_of_its_own_and_the_commands_of_the_wheel() -> None:
    image = stages()[-1]
    (made,) = image.of("RUN")
    (user,) = image.of("USER")
    uid, gid = user.split(":")
    assert int(uid) >= 10000
    assert f"--uid {uid} " in made
    assert f"--owner={uid} --group={gid} {image.environment['CHECKPOINTS_STATE_DIR']}" in made
    assert image.of("ENTRYPOINT") == []
    assert image.of("STOPSIGNAL") == ["SIGINT"]
    assert command_of(image)[0] in PROGRAMS


def test_the_lists_are_installed_as_locked() -> None:
    """The builder's own command, with what is installed here in the place of a registry."""
    asked, _ = (text for text in stages()[0].of("RUN") if "/venv/bin/pip install" in text)
    pip = [sys.executable, "-m", "pip", *asked.split()[1:], "--dry-run", "--no-index"]
    done = subprocess.run(pip, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_container_checks_plans_and_signs_and_writes_its_state_alone(
    container: Container,
) -> None:
    contract = container.reads["/contract/gx"]
    before = sorted(contract.rglob("*"))
    assert "INCOMPLETE" in ran(container, "checkpoints", "run", *WINDOW, code=1)
    assert "2025-01-19" in ran(container, "remediation", "plan")
    fill(
        container.reads["/data"] / "w.duckdb",
        {"factors": days("2025-01-01", "2025-01-20")},
    )
    ran(container, "checkpoints", "run", *WINDOW)
    ran(container, "checkpoints", "signoff", "--by", "Ada")
    assert sorted(contract.rglob("*")) == before
    kept = container.writes["/state"]
    assert len(list(kept.glob("uncommitted/runs/*/report.json"))) == 2
    assert list(kept.glob("uncommitted/data_docs/local_site/index.html"))


def test_a_container_is_nobodys_root_and_its_files_cannot_be_changed(container: Container) -> None:
    assert ran(container, "id", "-u") == "10001\n"
    for place in ("/new", "/contract/gx/new", "/data/new", "/venv/new"):
        assert "Read-only file system" in ran(container, "touch", place, code=1)
    ran(container, "touch", "/tmp/new", "/state/new")
    program, version = command_of(stages()[-1])[0], f"version {__version__}\n"
    assert ran(container, program, "--version") == f"{program}, {version}"


def test_without_a_state_to_write_a_container_says_so(container: Container) -> None:
    stateless = replace(container, writes={})
    said = ran(stateless, "checkpoints", "run", *WINDOW, code=2)
    assert said.startswith("error: /state: cannot write")
    assert said.count("\n") == 1
