"""Each contract owns its project; relative paths are those of the contract, not of the shell."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checkpoints.contract.loading import load_contract
from tests.support.commands import command
from tests.support.warehouses import BASIC, D, days, fill, write_contract

WINDOW = ("--from", "2025-01-05", "--to", "2025-01-20", "--as-of", "2025-01-22")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with two contracts in one folder, on a warehouse beside it."""
    games = days("2025-01-01", "2025-01-20")
    lacking = [row for row in games if row[0] != D("2025-01-15")]
    whole = dict.fromkeys(("schedule", "raw", "summary", "factors"), games)
    fill(tmp_path / "w.duckdb", whole)
    fill(tmp_path / "holes.duckdb", whole | {"factors": lacking})
    (tmp_path / "gx").mkdir()
    for name, file in (("orders", "w"), ("nba", "holes")):
        written = write_contract(tmp_path / "gx", BASIC, warehouse=f"duckdb:///../{file}.duckdb")
        written.rename(written.with_name(f"{name}.yml"))
    return tmp_path


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_contracts_side_by_side_each_own_suites_runs_plans_and_sign_offs(shop: Path) -> None:
    orders, nba = str(shop / "gx/orders.yml"), str(shop / "gx/nba.yml")
    for contract in (orders, nba):
        assert command("checkpoints", "suites", "--contract", contract).returncode == 0
    for contract in (orders, nba):
        done = command("checkpoints", "suites", "--check", "--contract", contract)
        assert done.returncode == 0, done.stderr
    assert command("checkpoints", "run", *WINDOW, "--contract", orders).returncode == 0
    theirs = files(shop / "gx/orders")
    assert command("checkpoints", "run", *WINDOW, "--contract", nba).returncode == 1
    assert command("remediation", "plan", "--contract", nba).returncode in (0, 1)
    assert command("checkpoints", "signoff", "--by", "Ada", "--contract", nba).returncode == 2
    assert files(shop / "gx/orders") == theirs
    signed = command("checkpoints", "signoff", "--by", "Ada", "--contract", orders)
    assert signed.returncode == 0, signed.stderr
    assert len(list((shop / "gx/nba/uncommitted/plans").glob("[!.]*.json"))) == 1
    assert not (shop / "gx/orders/uncommitted/plans").exists()
    assert not (shop / "gx/uncommitted").exists()


def test_a_command_typed_in_any_folder_finds_the_tables_of_the_contract(shop: Path) -> None:
    somewhere = shop / "somewhere"
    somewhere.mkdir()
    contract = ("--contract", str(shop / "gx/orders.yml"))
    done = command("checkpoints", "check", *WINDOW, *contract, cwd=somewhere)
    assert done.returncode == 0, done.stderr
    typed = ("--warehouse", "duckdb:///../w.duckdb")
    done = command("checkpoints", "check", *WINDOW, *contract, *typed, cwd=somewhere)
    assert done.returncode == 0, done.stderr


def test_a_path_of_the_environment_is_where_the_command_runs(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_contract(shop / "gx", BASIC, warehouse="${FILE:-duckdb:///../w.duckdb}")
    assert load_contract(path, {}).contract.warehouse == f"duckdb:///{shop / 'w.duckdb'}"
    given = {"FILE": "duckdb:///w.duckdb"}
    assert load_contract(path, given).contract.warehouse == "duckdb:///w.duckdb"


def test_the_folder_of_a_command_is_relative_to_the_contract(tmp_path: Path) -> None:
    def folder_of(cwd: str) -> object:
        (tmp_path / "gx").mkdir(exist_ok=True)
        service = {"kind": "command", "argv": ["make", "{date}"], "cwd": cwd}
        path = write_contract(tmp_path / "gx", BASIC, services={"make": service})
        return load_contract(path, {"JOBS": "jobs"}).contract.services["make"].cwd  # type: ignore[attr-defined]

    assert folder_of("../jobs") == str(tmp_path / "jobs")
    assert folder_of("/srv/jobs") == "/srv/jobs"
    assert folder_of("${JOBS}") == "jobs"


def test_a_state_dir_keeps_everything_and_the_checkout_stays_as_it_is(shop: Path) -> None:
    checkout = shop / "gx"
    before = files(checkout)
    state = ("--state-dir", str(shop / "state"), "--contract", str(checkout / "nba.yml"))
    done = command("checkpoints", "run", *WINDOW, *state)
    assert done.returncode == 1
    assert f"next   python -m remediation plan --contract {checkout / 'nba.yml'}" in done.stdout
    assert f"--state-dir {shop / 'state'}" in done.stdout
    assert command("remediation", "plan", *state).returncode in (0, 1)
    listed = command("checkpoints", "history", *state)
    assert "INCOMPLETE" in listed.stdout + listed.stderr
    assert files(checkout) == before
    assert (shop / "state/nba/uncommitted/runs").is_dir()
    in_environment = {"CHECKPOINTS_STATE_DIR": str(shop / "state")}
    listed = command("checkpoints", "history", *state[2:], **in_environment)
    assert "INCOMPLETE" in listed.stdout + listed.stderr


def test_a_run_writes_what_the_library_needs_where_it_is_missing(shop: Path) -> None:
    contract = ("--contract", str(shop / "gx/orders.yml"))
    assert command("checkpoints", "suites", *contract).returncode == 0
    (shop / "gx/orders/great_expectations.yml").unlink()
    shutil.rmtree(shop / "gx/orders/plugins")
    assert command("checkpoints", "run", *WINDOW, *contract).returncode == 0
    assert (shop / "gx/orders/plugins/cross_layer/__init__.py").is_file()
