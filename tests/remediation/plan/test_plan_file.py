"""Plans on disk, their estimates, and what planning may import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checkpoints.contract.model import Contract
from remediation.errors import PlanError
from remediation.ledger.plans import check_fits, newest_plan, read_plan, write_plan
from remediation.plan.estimate import estimates
from remediation.plan.model import Plan
from tests.support.commands import ROOT
from tests.support.reports import SHA, lacking, plan_for
from tests.support.scripted_service import raw_contract
from tests.support.warehouses import contract_of


def test_the_estimate_says_what_it_is_based_on(tmp_path: Path) -> None:
    raw = raw_contract("http://127.0.0.1:1", tmp_path / "w.duckdb", seconds_between_calls=2)
    contract = contract_of(tmp_path, raw).contract
    plan = plan_for(contract, lacking("factors", "2025-01-07", "2025-01-08", "2025-01-09"))
    (guess,) = estimates(plan, contract, {})
    (known,) = estimates(plan, contract, {"four": (12, 30.0)})
    assert (guess.seconds, known.seconds) == (6, 90)
    assert guess.basis == "a minimum: 2 s between calls, no call was timed yet"
    assert known.basis == "12 earlier calls, median 30 s; 2 s between calls"


def a_plan(contract: Contract) -> Plan:
    return plan_for(contract, lacking("factors", "2025-01-07", "2025-01-09"))


def test_a_plan_is_read_back_as_it_was_written(contract: Contract, tmp_path: Path) -> None:
    plan = a_plan(contract)
    path = tmp_path / "uncommitted" / "plans" / "p.json"
    write_plan(plan, path)
    assert read_plan(path) == plan
    raw = raw_contract("http://127.0.0.1:1", tmp_path / "w.duckdb")
    assert newest_plan(contract_of(tmp_path, raw)) == path  # its run is gone: nobody knows whose


def test_the_plan_file_has_not_changed_its_format(contract: Contract) -> None:
    golden = ROOT / "tests" / "golden" / "plan.json"
    assert json.loads(a_plan(contract).model_dump_json()) == json.loads(golden.read_text())


def test_a_plan_changed_by_hand_is_refused(contract: Contract, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    write_plan(a_plan(contract), path)
    path.write_text(path.read_text().replace("2025-01-09", "2025-01-10"))
    with pytest.raises(PlanError, match="changed by hand"):
        read_plan(path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2}', "\x00"])
def test_a_damaged_plan_is_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(PlanError, match="is not a plan of version 1"):
        read_plan(path)


def test_a_plan_of_another_contract_or_warehouse_is_refused(contract: Contract) -> None:
    plan = a_plan(contract)
    check_fits(plan, SHA, "duckdb:///w.duckdb")
    with pytest.raises(PlanError) as refusal:
        check_fits(plan, "c" * 64, "duckdb:///other.duckdb")
    assert len(refusal.value.problems) == 2
    assert "give --warehouse duckdb:///w.duckdb" in refusal.value.problems[1]
