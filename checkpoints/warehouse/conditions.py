"""The conditions of a contract on rows: what a column can be compared with, and the SQL of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators

from checkpoints.errors import DatasetUnreadable
from checkpoints.rules.condition import Condition
from checkpoints.warehouse.engine import Column, ValueKind

OPERATORS: dict[str, Callable[[Any, Any], sa.ColumnElement[bool]]] = {
    "equals": operators.eq,
    "not_equals": operators.ne,
    "one_of": operators.in_op,
    "none_of": operators.not_in_op,
    "like": operators.like_op,
    "not_like": operators.not_like_op,
}
NEGATIVE = ("not_equals", "none_of", "not_like")
PATTERNS = ("like", "not_like")
LISTS = ("one_of", "none_of")

USABLE: Mapping[ValueKind, tuple[Callable[[Any], Any], str]] = {
    "text": (lambda value: _only(str, value), "text: put it in quotes"),
    "uuid": (lambda value: _only(str, value), "text"),
    "integer": (lambda value: _only(int, value), "a whole number, without quotes"),
    "number": (lambda value: _only((int, float), value), "a number, without quotes"),
    "boolean": (lambda value: _only(bool, value), "true or false, without quotes"),
    "date": (lambda value: date.fromisoformat(_only(str, value)), "a date such as 2025-01-31"),
    "datetime": (
        lambda value: datetime.fromisoformat(_only(str, value)),
        "a moment such as 2025-01-31T19:00:00",
    ),
    "timestamp": (
        lambda value: _aware(datetime.fromisoformat(_only(str, value))),
        "a moment with its offset, such as 2025-01-31T19:00:00+00:00",
    ),
}
"""Per kind of column, the value that the engine is given, and what a person writes for it."""


def condition_on(column: sa.ColumnElement[Any], condition: Condition, kind: ValueKind) -> Any:
    """The SQL of a condition.

    NULL is none of the values that a negative condition leaves out, so it stays in: a row without
    a key must be seen to be reported.
    """
    name, values = _operator(condition)
    if name not in PATTERNS:
        values = [_usable(value, kind) for value in values]
    result = OPERATORS[name](column, values if name in LISTS else values[0])
    return sa.or_(column.is_(None), result) if name in NEGATIVE else result


def refuse_unequal(condition: Condition, column: Column) -> None:
    """Refuse what can never equal a value of the column, so that no row is lost to a typing error.

    Raises:
        DatasetUnreadable: naming column, type, value, and what to write.
    """
    name, values = _operator(condition)
    if name in PATTERNS:
        if column.kind not in ("text", "other", "unknown"):
            raise DatasetUnreadable(
                f"column {condition.column!r} is {column.type}, and {name} is for text: "
                "use equals or one_of"
            )
        return
    for value in values:
        try:
            _usable(value, column.kind)
        except (TypeError, ValueError):
            raise DatasetUnreadable(
                f"column {condition.column!r} is {column.type}, which {value!r} (in {name}) "
                f"never equals: write {USABLE[column.kind][1]}"
            ) from None


def _operator(condition: Condition) -> tuple[str, list[Any]]:
    """The operator, and the one or more values that it compares with."""
    ((name, operand),) = condition.operator.items()
    return name, [*operand] if name in LISTS else [operand]


def _usable(value: Any, kind: ValueKind) -> Any:
    return USABLE[kind][0](value) if kind in USABLE else value


def _only(types: type | tuple[type, ...], value: Any) -> Any:
    true_for_one = isinstance(value, bool) and types is not bool
    if true_for_one or not isinstance(value, types):
        raise TypeError
    return value


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError
    return moment
