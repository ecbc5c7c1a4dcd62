"""The SQL functions of the presence query: what each means, while each engine says what it is.

An engine's module gives every one of them its SQL with ``sqlalchemy.ext.compiler.compiles``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
ISO_TIME = "[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?"
ISO_OFFSET = "(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))"
"""Of a date and time as text, by regular expressions that every engine takes."""

UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
BLANK = r"^[\pZ\p{Cc}\p{Cf}]*$"
"""Nothing that can be seen: spaces, control characters, and those without a width."""


class local_date(GenericFunction[Any]):
    """``local_date(column, zone)``: the calendar date of an instant in a time zone."""

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


class same_text(GenericFunction[Any]):
    """``same_text(column)``: a text that equals only itself, also where its type says otherwise.

    Left as it is by an engine that has no such types: statistics of a column are used then.
    """

    type = sa.String()
    inherit_cache = True


class local_moment(GenericFunction[Any]):
    """``local_moment(column, zone)``: an instant as the date and time in a zone."""

    type = sa.DateTime()
    inherit_cache = True


class naive_moment(GenericFunction[Any]):
    """``naive_moment(column, from_zone, zone)``: a date and time of one zone in another."""

    type = sa.DateTime()
    inherit_cache = True


class epoch_micros(GenericFunction[Any]):
    """``epoch_micros(moment)``: microseconds since 1970, of an instant or a moment of UTC."""

    type = sa.BigInteger()
    inherit_cache = True


class identity(GenericFunction[Any]):
    """``identity(column, …)``: one value for several; NULL where any of them is NULL."""

    type = sa.String()
    inherit_cache = True


class number_text(GenericFunction[Any]):
    """``number_text(column)``: a number in plain digits, the same for every type that has it."""

    type = sa.String()
    inherit_cache = True


class moment_text(GenericFunction[Any]):
    """``moment_text(column)``: a date and time, or only the date at midnight."""

    type = sa.String()
    inherit_cache = True


class nothing(GenericFunction[Any]):
    """``nothing(type)``: NULL, of a type where an engine does not find that out by itself.

    The type is of standard SQL, or as the engine tells it of a column.
    """

    inherit_cache = True


@compiles(nothing)
def _nothing(_element: nothing, _compiler: Any, **_kw: Any) -> str:
    return "NULL"


@compiles(same_text)
def _same_text(element: same_text, compiler: Any, **kw: Any) -> str:
    return clauses_of(element, compiler, **kw)[0]


class matches(GenericFunction[Any]):
    """``matches(text, pattern)``: whether a regular expression, written out, matches."""

    type = sa.Boolean()
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


def number_case(
    column: str, text: str, part: Callable[[str], str], whole: str, fraction: str
) -> str:
    """The SQL of ``number_text``: of ``whole`` numbers, of small ones, and of a ``fraction``.

    ``text`` is how the engine writes the number; ``part`` is what a regular expression finds in
    it. A small one is written with a power of ten (``1.5e-05``), and becomes ``0.000015``.
    """
    sign = f"CASE WHEN {column} < 0 THEN '-0.' ELSE '0.' END"
    zeros = f"repeat('0', CAST({part('e-([0-9]+)$')} AS INTEGER) - 1)"
    digits = f"replace({part('([0-9.]+)e')}, '.', '')"
    return (
        f"CASE WHEN {column} = trunc({column}) THEN {whole} "
        f"WHEN strpos({text}, 'e-') > 0 THEN concat({sign}, {zeros}, {digits}) "
        f"ELSE {fraction} END"
    )
