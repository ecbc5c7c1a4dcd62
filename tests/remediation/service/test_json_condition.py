"""Conditions on the JSON of an answer: what holds, and what is refused in a contract."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from remediation.service.json_condition import Condition, document_of, holds, value_at, values_in

DOCUMENT = {
    "state": "failed",
    "done": True,
    "count": 1,
    "none": None,
    "empty": {"text": "", "list": [], "zero": 0, "false": False},
    "error": {"code": 5, "details": [{"message": "no disk"}]},
    "a b": ["x", ["y"]],
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("$.error", True),
        ("$.done", True),
        ("$.error.details[0].message", True),
        ("$.a b[1][0]", True),
        ("$.error.details[1].message", False),
        ("$.error[0]", False),
        ("$.state.x", False),
        ("$.none", False),
        ("$.absent", False),
        ("$.empty.text", False),
        ("$.empty.list", False),
        ("$.empty.zero", False),
        ("$.empty.false", False),
        ({"$.state": "failed"}, True),
        ({"$.state": ["cancelled", "failed"]}, True),
        ({"$.state": "failed", "$.done": True}, True),
        ({"$.state": "failed", "$.done": False}, False),
        ({"$.count": 1.0}, True),
        ({"$.count": True}, False),
        ({"$.count": "1"}, False),
        ({"$.done": 1}, False),
        ({"$.none": None}, True),
        ({"$.absent": None}, True),
        (["$.absent", {"$.state": "failed"}], True),
        (["$.absent", {"$.state": "done"}], False),
    ],
)
def test_a_condition_holds_where_the_document_says_so(condition: Any, expected: bool) -> None:
    assert holds(TypeAdapter(Condition).validate_python(condition), DOCUMENT) is expected


@pytest.mark.parametrize("document", [None, "text", 3, [], document_of("<html>"), document_of("")])
def test_nothing_holds_of_what_is_no_mapping(document: Any) -> None:
    assert not holds("$.error", document)
    assert not holds({"$.state": "failed"}, document)
    assert value_at(document, "$.a.b[0]") is None


def test_a_list_may_be_the_whole_document() -> None:
    assert holds({"$[1].state": "failed"}, [{}, {"state": "failed"}])


def test_a_document_too_deep_to_be_read_is_none() -> None:
    assert document_of("[" * 100_000) is None


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("$.error.code", "error.code: 5"),
        ({"$.state": "failed", "$.done": True}, "state: failed; done: true"),
        (["$.absent", "$.error.details[0]"], 'error.details[0]: {"message": "no disk"}'),
    ],
)
def test_what_made_a_condition_hold_is_said(condition: Any, said: str) -> None:
    assert values_in(condition, DOCUMENT) == said


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("error", "'error' is no path of a value: write $.name"),
        ("$", "'$' is no path"),
        ("$.a..b", "is no path"),
        ("$.a[x]", "is no path"),
        ("$.a[0", "is no path"),
        ({"state": "failed"}, "'state' is no path"),
        ({"$.state": {"is": "failed"}}, "$.state is compared with a value or a list of values"),
        ({"$.state": [["failed"]]}, "$.state is compared with"),
        ({}, "is no condition: write $.error"),
        ([], "is no condition"),
        (True, "is no condition"),
        ([{"x": 1}], "'x' is no path"),
    ],
)
def test_what_is_no_condition_is_refused(condition: Any, told: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(Condition).validate_python(condition)
    assert told in str(refusal.value)
