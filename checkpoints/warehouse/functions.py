"""The SQL functions of the presence query: what each means, while each engine says what it is.

An engine's module gives every one of them its SQL with ``sqlalchemy.ext.compiler.compiles``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.functions import GenericFunction

ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
ISO_TIME = "[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
ISO_OFFSET = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
"""Of a date and time as text, by regular expressions that every engine takes."""


class local_date(GenericFunction[Any]):
    """``local_date(column, zone)``: the calendar date of an instant in a time zone."""

    type = sa.Date()
    inherit_cache = True


class naive_date(GenericFunction[Any]):
    """``naive_date(column, from_zone, zone)``: that of a moment written without its zone."""

    type = sa.Date()
    inherit_cache = True


class day_of(GenericFunction[Any]):
    """``day_of(column)``: the calendar date of a date and time, whatever its precision."""

    type = sa.Date()
    inherit_cache = True


class iso_date(GenericFunction[Any]):
    """``iso_date(column, zone)``: the date of an ISO 8601 text; NULL where it is none.

    ``2024-01-05``, also with a time; with an offset or ``Z`` it is the date in the zone.
    """

    type = sa.Date()
    inherit_cache = True


class exact_text(GenericFunction[Any]):
    """``exact_text(column)``: a text that is compared byte by byte, whatever its collation."""

    type = sa.String()
    inherit_cache = True


class local_moment(GenericFunction[Any]):
    """``local_moment(column, zone)``: an instant as the date and time in a zone."""

    type = sa.DateTime()
    inherit_cache = True


class number_text(GenericFunction[Any]):
    """``number_text(column)``: a number without trailing zeros."""

    type = sa.String()
    inherit_cache = True


class moment_text(GenericFunction[Any]):
    """``moment_text(column)``: a date and time, or only the date at midnight."""

    type = sa.String()
    inherit_cache = True


class uuid_text(GenericFunction[Any]):
    """``uuid_text(column)``: a text, in the form that UUIDs have where it is one."""

    type = sa.String()
    inherit_cache = True


def clauses_of(element: Any, compiler: Any, **kw: Any) -> list[str]:
    """The arguments of a function as SQL."""
    return [compiler.process(clause, **kw) for clause in element.clauses]


def iso_date_case(matches: Callable[[str], str], day: str, start: str, moment: str) -> str:
    """The SQL of ``iso_date``: what the text is as a date, by its start, and as an instant.

    ``matches`` says in SQL whether the whole text matches a regular expression.
    """
    return (
        f"CASE WHEN {matches(ISO_DATE)} THEN {day} "
        f"WHEN {matches(ISO_DATE + ISO_TIME)} THEN {start} "
        f"WHEN {matches(ISO_DATE + ISO_TIME + ISO_OFFSET)} THEN {moment} END"
    )
