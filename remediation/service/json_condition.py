"""Conditions on a JSON document: ``$.error``, ``{$.state: [failed, cancelled]}``. Pure."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, JsonValue

PATH = re.compile(r"\$(?:\.[^.\[\]{}]+|\[[0-9]+\])+")
STEP = re.compile(r"\.([^.\[\]{}]+)|\[([0-9]+)\]")


def _is_a_path(path: str) -> str:
    if not PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no path of a value: write $.name or $.list[0].name")
    return path


def _is_a_condition(condition: JsonValue) -> JsonValue:
    match condition:
        case str():
            _is_a_path(condition)
        case list() if condition:
            for one in condition:
                _is_a_condition(one)
        case dict() if condition:
            for path, wanted in condition.items():
                _is_a_path(path)
                if any(isinstance(one, dict | list) for one in _any_of(wanted)):
                    raise ValueError(f"{path} is compared with a value or a list of values")
        case _:
            raise ValueError("is no condition: write $.error or {$.state: [failed, cancelled]}")
    return condition


JsonPath = Annotated[str, AfterValidator(_is_a_path)]
"""A place in a document: names after dots, places in lists from ``[0]``."""

Condition = Annotated[JsonValue, AfterValidator(_is_a_condition)]
"""A path: its value is there and is not null, false, 0 or empty. A mapping: every path has the
value, or one of the list of values. A list: one of its conditions holds."""


def document_of(text: str) -> Any:
    """The JSON of a text; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def value_at(document: Any, path: str) -> Any:
    """The value at a path of a document; None where there is none."""
    for name, place in STEP.findall(path):
        if name:
            document = document.get(name) if isinstance(document, dict) else None
        else:
            inside = isinstance(document, list) and int(place) < len(document)
            document = document[int(place)] if inside else None
    return document


def holds(condition: JsonValue, document: Any) -> bool:
    """Whether a condition is true of a document."""
    if isinstance(condition, str):
        return bool(value_at(document, condition))
    if isinstance(condition, list):
        return any(holds(one, document) for one in condition)
    assert isinstance(condition, dict)
    return all(
        any(_same(value_at(document, path), one) for one in _any_of(wanted))
        for path, wanted in condition.items()
    )


def values_in(condition: JsonValue, document: Any) -> str:
    """What stands at the paths of a condition that holds: ``error.code: 5; state: failed``."""
    if isinstance(condition, list):
        condition = next(one for one in condition if holds(one, document))
    assert isinstance(condition, str | dict)
    paths = [condition] if isinstance(condition, str) else condition
    return "; ".join(f"{path.lstrip('$.')}: {text_of(value_at(document, path))}" for path in paths)


def text_of(value: Any) -> str:
    """A value of a document, for people."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _any_of(wanted: JsonValue) -> list[JsonValue]:
    return wanted if isinstance(wanted, list) else [wanted]


def _same(one: Any, other: Any) -> bool:
    """As in JSON: true is not 1, and "1" is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
