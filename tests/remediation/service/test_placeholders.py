"""A service that would be asked for no date, or for a misspelled one, is never called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.model import Contract
from checkpoints.errors import ContractError
from remediation.errors import ServiceNotCallable
from remediation.service.kind import check_callable
from tests.support.scripted_service import raw_contract
from tests.support.warehouses import contract_of


def contract_with(folder: Path, **changes: Any) -> Contract:
    raw = raw_contract("http://127.0.0.1:1", folder / "w.duckdb")
    raw["services"]["four"] |= changes
    return contract_of(folder, raw).contract


@pytest.mark.parametrize(
    "changes",
    [
        {"body": {"days": ["{date}"], "template": "{}"}},
        {"path": "/p?date={date}", "body": {}},
        {"body": {"{date}": True}},
    ],
)
def test_the_date_may_stand_anywhere(tmp_path: Path, changes: dict[str, Any]) -> None:
    check_callable(contract_with(tmp_path, **changes), ("four",))


def test_a_service_that_would_be_asked_for_no_date_cannot_be_called(tmp_path: Path) -> None:
    contract = contract_with(tmp_path, body={"mode": "backfill"})
    with pytest.raises(ServiceNotCallable, match=r"services\.four: no call would name its date"):
        check_callable(contract, ("four",))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"body": {"date": "{Date}"}}, "{Date} is no placeholder: write {date}"),
        ({"body": {"day": "{date}", "from": "{from}"}}, "{from} is no placeholder"),
        ({"body": {"day": "{date:%Y}"}}, "{date:%Y} is no placeholder"),
        ({"body": {"day": "{{date}}"}}, "{{date}} is no placeholder"),
        ({"path": "/p/{day}"}, "{day} is no placeholder"),
        ({"body": {"date": "{date}", "x": float("nan")}}, "which JSON has no word for"),
    ],
)
def test_what_is_no_placeholder_is_refused(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ContractError) as refusal:
        contract_with(tmp_path, **changes)
    assert "services.four" in str(refusal.value)
    assert told in str(refusal.value)
