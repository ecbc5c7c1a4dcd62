"""A service that would be asked for no date, or for a misspelled one, is never called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.loading import load_contract
from checkpoints.contract.model import Contract
from checkpoints.errors import ContractError
from remediation.errors import ServiceNotCallable
from remediation.plan.groups import CallGroup, alone
from remediation.plan.model import Call
from remediation.service.http import query_of
from remediation.service.kind import check_callable, service_of
from tests.support.scripted_service import raw_contract
from tests.support.warehouses import D, contract_of, write_contract


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
        {"body": {"a": [{"b": [["from {date} on"]]}], "price": "$5", "sql": "{'a': 1}"}},
        {"body": {"query": 'mutation {\n launch(days: ["{date}"]) {...on Run{id} name}\n}'}},
        {"body": {"query": "query($id: ID!) { run(id: $id) { date } }", "day": "{date}"}},
    ],
)
def test_the_date_may_stand_anywhere_and_is_named_there(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    contract = contract_with(tmp_path, **changes)
    check_callable(contract, ("four",))
    call = Call(service="four", date=D("2025-01-08"), datasets=("factors",))
    request = str(service_of(contract, "four").describe(alone(call)))
    assert "2025-01-08" in request
    assert "{date}" not in request


def test_beside_the_dates_of_a_list_its_ends_may_name_a_job(tmp_path: Path) -> None:
    body = {"conf": {"dates": "{dates}"}, "id": "repair_{from}_{to}"}
    service = service_of(contract_with(tmp_path, body=body, dates_per_call="list"), "four")
    days = [
        Call(service="four", date=D(day), datasets=("a",)) for day in ("2025-01-07", "2025-01-10")
    ]
    request = service.describe(CallGroup(tuple(days)))
    sent = {"conf": {"dates": ["2025-01-07", "2025-01-10"]}, "id": "repair_2025-01-07_2025-01-10"}
    assert request.model_dump()["body"] == sent
    with pytest.raises(ContractError, match=r"\{from\} and \{to\} cannot name several dates"):
        contract_with(tmp_path, body={"id": body["id"]}, dates_per_call="list")


def test_a_service_that_would_be_asked_for_no_date_cannot_be_called(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"services\.four\.body: no call would name its date"):
        contract_with(tmp_path, body={"mode": "backfill"})
    with pytest.raises(ContractError, match=r"services\.four\.body: no call would name its date"):
        contract_with(tmp_path, body={})
    contract = contract_with(tmp_path, path="/${A_PATH_THAT_IS_NOT_SET}", body={})
    with pytest.raises(ServiceNotCallable, match=r"services\.four: no call would name its date"):
        check_callable(contract, ("four",))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"body": {"date": "{Date}"}}, "{Date} is no placeholder: write {date}"),
        ({"body": {"day": "{date}", "from": "{From}"}}, "{From} is no placeholder"),
        ({"body": {"day": "{date:%Y}"}}, "{date:%Y} is no placeholder"),
        ({"body": {"day": "{{date}}"}}, "{{date}} is no placeholder"),
        ({"body": {"day": "{ date }"}}, "{ date } is no placeholder"),
        ({"body": {"day": "{date}", "n": [{"m": ["{days}"]}]}}, "{days} is no placeholder"),
        ({"body": {"day": "{date}", "n": {"{Date}": 1}}}, "{Date} is no placeholder"),
        ({"body": {"day": "{date", "at": "{date}"}}, "{date is no placeholder"),
        ({"body": {"day": "{date}", "n": "${DAY-x}"}}, "${DAY-x} is no variable: write ${NAME}"),
        ({"body": {"day": "{date}", "n": "${ DAY }"}}, "${ DAY } is no variable: write ${NAME}"),
        ({"path": "/p/{day}"}, "{day} is no placeholder"),
        ({"body": {"text": '{"at": "{date}", "day": "{day}"}'}}, "{day} is no placeholder"),
        ({"body": {"day": "{date}", "at": "{date of {day"}}, "{date of  is no placeholder"),
        ({"body": {"query": "{ run(day: {date}) { ${ DAY } } }"}}, "${ DAY } is no variable"),
        ({"path": "/p#{date}", "body": {}}, "has a fragment, which is never sent"),
        ({"body": {"day": "{date}", "n": {"m": 1}}, "method": "GET"}, "'n' is nested"),
        ({"body": {"day": "{date}", "n": [[1]]}, "method": "GET"}, "'n' is nested"),
        ({"body": {"date": "{date}", "x": float("nan")}}, "which JSON has no word for"),
        ({"body": {"date": "{date}", "x": [[float("-inf")]]}}, "which JSON has no word for"),
    ],
)
def test_what_is_no_placeholder_is_refused(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ContractError) as refusal:
        contract_with(tmp_path, **changes)
    assert f"services.four.{next(iter(changes))}: " in str(refusal.value)
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("2021-10-19", '"2021-10-19"'),
        ("12:30", '"12:30"'),
        ("no", '"no"'),
        ("{on: 1, off: 2, n: {yes: 1}}", '{"on": 1, "off": 2, "n": {"yes": 1}}'),
        ("{2024-01-01: a}", '{"2024-01-01": "a"}'),
        ("0123", "123"),
        ("~", "null"),
        ("[1.5, true]", "[1.5, true]"),
    ],
)
def test_what_is_written_is_sent_as_yaml_1_2_reads_it(
    tmp_path: Path, written: str, sent: str
) -> None:
    contract = load_contract(with_value(tmp_path, written), {}).contract
    call = Call(service="four", date=D("2025-01-08"), datasets=("factors",))
    request = str(service_of(contract, "four").describe(alone(call)))
    assert request.endswith(f'/four {{"day": "2025-01-08", "x": {sent}}}')


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("!!binary aGk=", "binary is not supported: write the value as text"),
        ("!!timestamp 2024-01-01", "timestamp is not supported"),
        ("!!set {a, b}", "set is not supported"),
        (".nan", "services.four.body: holds .nan or .inf"),
        ("[-.inf]", "services.four.body: holds .nan or .inf"),
        ("1e400", "services.four.body: holds .nan or .inf"),
        ("{1: a}", "key 1 is not text: put it in quotes"),
        ("{true: a}", "key True is not text"),
        ("[{null: a}]", "key None is not text"),
        ("{? [1] : a}", "is not text"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_place(
    tmp_path: Path, written: str, told: str
) -> None:
    with pytest.raises(ContractError) as refusal:
        load_contract(with_value(tmp_path, written), {})
    (problem,) = refusal.value.problems
    assert told in problem
    assert re.search(r"pipeline\.yml: (line \d+, column \d+|services\.four\.body): ", problem)


def with_value(folder: Path, written: str) -> Path:
    """A contract whose body holds a value as a user writes it."""
    raw = raw_contract("http://127.0.0.1:1", folder / "w.duckdb")
    raw["services"]["four"]["body"] = {"day": "{date}", "x": "WRITTEN"}
    path = write_contract(folder, raw)
    path.write_text(path.read_text().replace("WRITTEN", written))
    return path


def test_the_body_of_a_get_is_a_query_that_says_true_as_json_does() -> None:
    body = {"day": "2025-01-08", "force": True, "n": [1, None, 2.5], "none": None, "empty": []}
    expected = [("day", "2025-01-08"), ("force", "true"), ("n", "1"), ("n", "2.5")]
    assert query_of(body) == expected
