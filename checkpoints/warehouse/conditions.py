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
from checkpoints.warehouse.functions import exact_text, same_text

OPERATORS: dict[str, Callable[[Any, Any], sa.ColumnElement[bool]]] = {
    "equals": operators.eq,
    "not_equals": operators.ne,
    "one_of": operators.in_op,
    "none_of": operators.not_in_op,
    "like": operators.like_op,
    "not_like": operators.not_like_op,
    ">": operators.gt,
    ">=": operators.ge,
    "<": operators.lt,
    "<=": operators.le,
    "is_null": lambda column, _: column.is_(None),
    "not_null": lambda column, _: column.is_not(None),
}
NEGATIVE = ("not_equals", "none_of", "not_like")
PATTERNS = ("like", "not_like")
LISTS = ("one_of", "none_of")
VALUES = ("equals", "not_equals", *LISTS)
ORDER = (">", ">=", "<", "<=")
ORDERED = ("integer", "number", "text", "date", "datetime", "timestamp", "unknown")
"""The kinds of columns whose values have an order that every engine knows alike."""

INFINITY = sa.cast(sa.literal_column("'inf'"), sa.Float())
"""What is not a number is above it on some engines, and above nothing on others."""

USABLE: Mapping[ValueKind, tuple[Callable[[Any], Any], str]] = {
    "text": (lambda value: _only(str, value), "text: put it in quotes"),
    "uuid": (lambda value: _only(str, value), "text"),
    "integer": (lambda value: _only(int, value), "a whole number, without quotes"),
    "number": (lambda value: _only((int, float), value), "a number, without quotes"),
    "boolean": (lambda value: _only(bool, value), "true or false, without quotes"),
    "date": (lambda value: date.fromisoformat(_only(str, value)), "a date such as 2025-01-31"),
    "datetime": (
        lambda value: _moment(value, aware=False),
        "a moment without an offset, such as 2025-01-31T19:00:00",
    ),
    "timestamp": (
        lambda value: _moment(value, aware=True),
        "a moment with its offset, such as 2025-01-31T19:00:00+00:00",
    ),
}
"""Per kind of column, the value that the engine is given, and what a person writes for it."""


def condition_on(column: sa.ColumnElement[Any], condition: Condition, kind: ValueKind) -> Any:
    """The SQL of a condition.

    NULL is none of the values that a negative condition leaves out, so it stays in: a row without
    a key must be seen to be reported. Every other condition but ``is_null`` leaves it out.
    """
    name, values = _operator(condition)
    if name in (*ORDER, *VALUES):
        values = [_usable(value, _kind_for(name, kind)) for value in values]
    compared = column
    if kind == "text" and name in (*ORDER, *VALUES, *PATTERNS):
        compared = exact_text(column) if name in ORDER else same_text(column)
    result = OPERATORS[name](compared, values if name in LISTS else values[0])
    if name in (">", ">=") and kind == "number":
        result = sa.and_(result, column <= INFINITY)
    return sa.or_(column.is_(None), result) if name in NEGATIVE else result


def refuse_unusable(condition: Condition, column: Column) -> None:
    """Refuse what no value of the column can equal or be compared with, a typing error.

    Raises:
        DatasetUnreadable: naming column, type, value, and what to write.
    """
    name, values = _operator(condition)
    typed = f"column {condition.column!r} is {column.type}"
    if name in PATTERNS and column.kind not in ("text", "other", "unknown"):
        raise DatasetUnreadable(f"{typed}, and {name} is for text: use equals or one_of")
    if name in ORDER and column.kind not in ORDERED:
        raise DatasetUnreadable(
            f'{typed}, which has no order that "{name}" could compare by: '
            "use equals or one_of, or convert it in a query"
        )
    if name not in (*ORDER, *VALUES):
        return
    kind = _kind_for(name, column.kind)
    for value in values:
        try:
            _usable(value, kind)
        except (TypeError, ValueError):
            never = (
                f'cannot be compared with {value!r} (in "{name}")'
                if name in ORDER
                else f"{value!r} (in {name}) never equals"
            )
            raise DatasetUnreadable(f"{typed}, which {never}: write {USABLE[kind][1]}") from None


def _kind_for(name: str, kind: ValueKind) -> ValueKind:
    """A whole number may be above a fraction, which it never equals."""
    return "number" if name in ORDER and kind == "integer" else kind


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


def _moment(value: Any, *, aware: bool) -> datetime:
    moment = datetime.fromisoformat(_only(str, value))
    if (moment.tzinfo is not None) != aware:
        raise ValueError
    return moment
