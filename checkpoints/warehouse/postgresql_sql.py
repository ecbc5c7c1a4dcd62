"""What a presence query is in PostgreSQL's SQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import GenericTypeCompiler, SQLCompiler

from checkpoints.warehouse import functions
from checkpoints.warehouse.dialect import StandardDialect
from checkpoints.warehouse.functions import BLANK, clauses_of, iso_date_case


class _Types(GenericTypeCompiler):
    def visit_double(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002
        return "DOUBLE PRECISION"

    def visit_datetime(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002
        return "TIMESTAMP"


class _Compiler(SQLCompiler):
    def visit_cast(self, cast: Any, **kw: Any) -> str:
        text: str = super().visit_cast(cast, **kw)  # type: ignore[no-untyped-call]
        return f'{text} COLLATE "C"' if isinstance(cast.type, sa.String) else text

    def visit_sum_func(self, element: Any, **kw: Any) -> str:
        """Only counts are added up, and the sum of whole numbers would be no whole number."""
        return f"CAST(sum{self.function_argspec(element, **kw)} AS BIGINT)"


class PostgreSqlDialect(StandardDialect):
    """The standard, with some names of types and every text compared byte by byte."""

    name = "postgresql"
    type_compiler_cls = _Types
    statement_compiler = _Compiler


@compiles(functions.local_date, "postgresql")
def _local_date(element: functions.local_date, compiler: Any, **kw: Any) -> str:
    column, zone = clauses_of(element, compiler, **kw)
    return f"CAST(timezone({zone}, {column}) AS DATE)"


@compiles(functions.local_moment, "postgresql")
def _local_moment(element: functions.local_moment, compiler: Any, **kw: Any) -> str:
    column, zone = clauses_of(element, compiler, **kw)
    return f"timezone({zone}, {column})"


@compiles(functions.naive_moment, "postgresql")
def _naive_moment(element: functions.naive_moment, compiler: Any, **kw: Any) -> str:
    column, from_zone, zone = clauses_of(element, compiler, **kw)
    return f"timezone({zone}, timezone({from_zone}, {column}))"


@compiles(functions.day_of, "postgresql")
def _day_of(element: functions.day_of, compiler: Any, **kw: Any) -> str:
    (column,) = clauses_of(element, compiler, **kw)
    return f"CAST({column} AS DATE)"


MONTHS = {
    "(01|03|05|07|08|10|12)": "(0[1-9]|[12][0-9]|3[01])",
    "(04|06|09|11)": "(0[1-9]|[12][0-9]|30)",
    "02": "(0[1-9]|1[0-9]|2[0-8])",
}
LEAP_DAY = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29"
REAL_DATE = (
    "^(?!0000)("
    + "|".join(f"[0-9]{{4}}-{month}-{day}" for month, day in MONTHS.items())
    + f"|{LEAP_DAY})"
)
"""How a text that is a date begins: to cast another one is an error, which nothing tries."""


@compiles(functions.iso_date, "postgresql")
def _iso_date(element: functions.iso_date, compiler: Any, **kw: Any) -> str:
    column, zone = clauses_of(element, compiler, **kw)
    text = f"CAST({column} AS TEXT)"
    day = f"CAST(substr({text}, 1, 10) AS DATE)"
    micros = rf"regexp_replace({text}, '([.][0-9]{{6}})[0-9]+', '\1')"  # more would be rounded
    moment = f"CAST(timezone({zone}, CAST({micros} AS TIMESTAMP WITH TIME ZONE)) AS DATE)"
    found = iso_date_case(lambda pattern: f"{text} ~ '^{pattern}$'", day, day, moment)
    return f"CASE WHEN {text} ~ '{REAL_DATE}' THEN {found} END"


@compiles(functions.exact_text, "postgresql")
@compiles(functions.same_text, "postgresql")
def _exact_text(element: functions.exact_text, compiler: Any, **kw: Any) -> str:
    """Padding of CHAR(n) is not part of it, and case is of CITEXT."""
    (column,) = clauses_of(element, compiler, **kw)
    return f'CAST({column} AS TEXT) COLLATE "C"'


@compiles(functions.number_text, "postgresql")
def _number_text(element: functions.number_text, compiler: Any, **kw: Any) -> str:
    """A number with a binary fraction becomes NUMERIC by its text: a cast keeps 15 digits."""
    (column,) = clauses_of(element, compiler, **kw)
    whole = f"CAST(CAST({column} AS BIGINT) AS TEXT)"
    other = f"CAST(trim_scale(CAST(CAST({column} AS TEXT) AS NUMERIC)) AS TEXT)"
    fits = f"{column} = trunc({column}) AND abs({column}) < 9e18"
    return f'(CASE WHEN {fits} THEN {whole} ELSE {other} END) COLLATE "C"'


@compiles(functions.moment_text, "postgresql")
def _moment_text(element: functions.moment_text, compiler: Any, **kw: Any) -> str:
    (moment,) = clauses_of(element, compiler, **kw)
    day = f"CAST({moment} AS DATE)"
    return (
        f"(CASE WHEN {moment} = {day} THEN CAST({day} AS TEXT) "
        f'ELSE CAST({moment} AS TEXT) END) COLLATE "C"'
    )


@compiles(functions.epoch_micros, "postgresql")
def _epoch_micros(element: functions.epoch_micros, compiler: Any, **kw: Any) -> str:
    (moment,) = clauses_of(element, compiler, **kw)
    micros = f"CAST(extract(epoch FROM {moment}) * 1000000 AS BIGINT)"
    return f"CASE WHEN isfinite({moment}) THEN {micros} END"


@compiles(functions.identity, "postgresql")
def _identity(element: functions.identity, compiler: Any, **kw: Any) -> str:
    columns = clauses_of(element, compiler, **kw)
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return f"CASE WHEN {known} THEN ROW({', '.join(columns)}) END"


UNSEEN = (
    r"^[\u0001-\u0020\u007F-\u00A0\u00AD\u0600-\u0605\u061C\u06DD\u070F\u0890-\u0891\u08E2\u1680"
    r"\u180E\u2000-\u200F\u2028-\u202F\u205F-\u2064\u2066-\u206F\u3000\uFEFF\uFFF9-\uFFFB"
    r"\U000110BD\U000110CD\U00013430-\U0001343F\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A"
    r"\U000E0001\U000E0020-\U000E007F]*$"
)
"""What BLANK means: PostgreSQL knows no classes of Unicode."""


@compiles(functions.matches, "postgresql")
def _matches(element: functions.matches, compiler: Any, **kw: Any) -> str:
    text, pattern = clauses_of(element, compiler, **kw)
    return f"{text} ~ {pattern.replace(BLANK, UNSEEN)}"


@compiles(functions.nothing, "postgresql")
def _nothing(element: functions.nothing, compiler: Any, **kw: Any) -> str:
    """Two NULLs of a union that have no type are text, and match no number after them."""
    (type_,) = clauses_of(element, compiler, **kw)
    return f"CAST(NULL AS {type_})"
