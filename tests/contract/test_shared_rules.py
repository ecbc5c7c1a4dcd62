"""Rules that hold for every dataset, what takes precedence over them, and who is exempt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkpoints.contract.checks import checks_of
from checkpoints.contract.model import Contract
from tests.support.runs import FULL, checked, page_of
from tests.support.warehouses import BASIC, contract_of, write_contract

DAILY = {"rule": "daily_conversion_ratio", "at_least": 0.8}
WEEKLY = {"rule": "daily_conversion_ratio", "reason": "the source publishes <weekly>"}
NULLS = {"rule": "no_null_keys", "reason": "keys come later"}


def changed(name: str, **changes: Any) -> dict[str, Any]:
    return {**BASIC["datasets"], name: {**BASIC["datasets"][name], **changes}}


def judged_by(contract: Contract, kind: str) -> dict[str, float]:
    """The thresholds of a kind of rule, by dataset."""
    return {c.dataset: c.rule.threshold for c in checks_of(contract) if c.kind == kind}


def test_a_rule_for_all_holds_with_and_without_a_key_and_the_closer_rule_takes_precedence(
    tmp_path: Path,
) -> None:
    datasets = changed("factors", rules=[{**DAILY, "at_least": 0.5}])
    datasets["summary"] = {**datasets["summary"], "key": []}
    contract = contract_of(tmp_path, datasets=datasets, rules_for_all=[DAILY]).contract
    found = judged_by(contract, "daily_conversion_ratio")
    assert found == {"raw": 0.8, "summary": 0.8, "factors": 0.5}


def test_the_reference_has_of_the_rules_for_all_those_that_compare_nothing(tmp_path: Path) -> None:
    rules = [DAILY, {"rule": "up_to_date", "days": 4}]
    contract = contract_of(tmp_path, rules_for_all=rules).contract
    assert "schedule" not in judged_by(contract, "daily_conversion_ratio")
    assert judged_by(contract, "up_to_date") == dict.fromkeys(BASIC["datasets"], 4)


def test_a_rule_for_keyed_datasets_takes_precedence_where_there_is_a_key(tmp_path: Path) -> None:
    keyed = [{**DAILY, "at_least": 0.9}]
    datasets = changed("factors", key=[], rules=[])
    contract = contract_of(
        tmp_path, datasets=datasets, rules_for_all=[DAILY], rules_for_keyed=keyed
    ).contract
    found = judged_by(contract, "daily_conversion_ratio")
    assert found == {"raw": 0.9, "summary": 0.9, "factors": 0.8}


def test_an_exempt_dataset_is_not_judged_and_everybody_reads_why(tmp_path: Path) -> None:
    datasets = changed("summary", exempt=[WEEKLY, NULLS])
    summary = [row for row in FULL if row[0].isoformat() != "2025-01-20"]
    file = contract_of(tmp_path, datasets=datasets, rules_for_all=[DAILY])
    assert set(judged_by(file.contract, "daily_conversion_ratio")) == {"raw", "factors"}
    assert set(judged_by(file.contract, "no_null_keys")) == {"schedule", "raw", "factors"}
    page = page_of(tmp_path, file, summary=summary)
    assert (
        "summary is not judged by daily_conversion_ratio: the source publishes &lt;weekly" in page
    )
    write_contract(tmp_path, BASIC, datasets=datasets, rules_for_all=[DAILY])
    told = "summary is not judged by no_null_keys: keys come later"
    found = checked(tmp_path, "--verbose", "--markdown", str(tmp_path / "found.md"))
    assert told in found.stdout
    assert told not in checked(tmp_path).stdout
    assert told in (tmp_path / "found.md").read_text()
