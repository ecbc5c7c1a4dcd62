"""Which checkpoint is meant where ``--checkpoint`` is not given."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checkpoints import ContractError, check, load_contract
from tests.support.commands import command
from tests.support.runs import warehouse
from tests.support.warehouses import BASIC, write_contract

SUITES = {"suites": ["L3"]}
DAY = date(2025, 2, 10)


def judged(folder: Path, **changes: Any) -> str:
    """The name of the checkpoint that is run."""
    file = load_contract(write_contract(folder, BASIC, warehouse=warehouse(folder), **changes))
    return check(file, as_of=DAY).checkpoint


def test_the_only_checkpoint_needs_no_name(tmp_path: Path) -> None:
    assert judged(tmp_path, checkpoints={"nightly": SUITES}) == "nightly"


def test_of_several_the_contract_says_which(tmp_path: Path) -> None:
    several = {"after_backfill": SUITES, "nightly": SUITES}
    assert judged(tmp_path, checkpoints=several) == "after_backfill"
    assert judged(tmp_path, checkpoints=several, default_checkpoint="nightly") == "nightly"


def test_without_a_default_the_message_lists_them(tmp_path: Path) -> None:
    file = write_contract(
        tmp_path, BASIC, warehouse=warehouse(tmp_path),
        checkpoints={"nightly": SUITES, "weekly": SUITES},
    )  # fmt: skip
    for name in ("check", "run"):
        done = command("checkpoints", name, "--contract", str(file))
        assert done.returncode == 2
        assert "--checkpoint is missing: the contract has several (nightly, weekly)" in done.stderr
        assert "default_checkpoint: NAME" in done.stderr
    done = command("checkpoints", "check", "--contract", str(file), "--checkpoint", "nightli")
    assert "which has: nightly, weekly: did you mean 'nightly'?" in done.stderr
    coverage = command("checkpoints", "coverage", "--contract", str(file), "--as-of", str(DAY))
    assert coverage.returncode == 0


def test_a_default_that_is_not_declared_is_refused(tmp_path: Path) -> None:
    file = write_contract(tmp_path, BASIC, default_checkpoint="nightly")
    with pytest.raises(ContractError, match="default_checkpoint: unknown checkpoint 'nightly'"):
        load_contract(file)
