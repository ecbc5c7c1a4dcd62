"""What a presence query is in BigQuery's SQL.

Statements are compiled by sqlalchemy-bigquery's dialect, with named query parameters.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from google.cloud import bigquery
from sqlalchemy.ext.compiler import compiles
from sqlalchemy_bigquery import BigQueryDialect
from sqlalchemy_bigquery.base import BigQueryCompiler

from checkpoints.warehouse import functions
from checkpoints.warehouse.functions import clauses_of, iso_date_case, number_case

PARAMETER_TYPES = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING", date: "DATE"}


@compiles(functions.local_date, "bigquery")
def _local_date(element: functions.local_date, compiler: Any, **kw: Any) -> str:
    column, zone = clauses_of(element, compiler, **kw)
    return f"DATE({column}, {zone})"


@compiles(functions.naive_moment, "bigquery")
def _naive_moment(element: functions.naive_moment, compiler: Any, **kw: Any) -> str:
    column, from_zone, zone = clauses_of(element, compiler, **kw)
    return f"DATETIME(TIMESTAMP({column}, {from_zone}), {zone})"


@compiles(functions.day_of, "bigquery")
def _day_of(element: functions.day_of, compiler: Any, **kw: Any) -> str:
    (column,) = clauses_of(element, compiler, **kw)
    return f"CAST({column} AS DATE)"


@compiles(functions.iso_date, "bigquery")
def _iso_date(element: functions.iso_date, compiler: Any, **kw: Any) -> str:
    text, zone = clauses_of(element, compiler, **kw)
    return iso_date_case(
        lambda pattern: f"REGEXP_CONTAINS({text}, r'^{pattern}$')",
        day=f"SAFE_CAST({text} AS DATE)",
        start=f"SAFE_CAST(SUBSTR({text}, 1, 10) AS DATE)",
        moment=f"DATE(SAFE_CAST({text} AS TIMESTAMP), {zone})",
    )


@compiles(functions.exact_text, "bigquery")
def _exact_text(element: functions.exact_text, compiler: Any, **kw: Any) -> str:
    """Text is compared byte by byte unless its column has a collation, which is left alone."""
    (column,) = clauses_of(element, compiler, **kw)
    return column


@compiles(functions.local_moment, "bigquery")
def _local_moment(element: functions.local_moment, compiler: Any, **kw: Any) -> str:
    column, zone = clauses_of(element, compiler, **kw)
    return f"DATETIME({column}, {zone})"


@compiles(functions.number_text, "bigquery")
def _number_text(element: functions.number_text, compiler: Any, **kw: Any) -> str:
    (column,) = clauses_of(element, compiler, **kw)
    text, wide = f"CAST({column} AS STRING)", f"CAST(SAFE_CAST({column} AS BIGNUMERIC) AS STRING)"
    return number_case(
        column,
        text,
        lambda pattern: f"REGEXP_EXTRACT({text}, r'{pattern}')",
        whole=rf"REGEXP_REPLACE(COALESCE({wide}, {text}), r'\.0+$', '')",
        fraction=rf"REGEXP_REPLACE({text}, r'(\.[0-9]*[1-9])0+$', r'\1')",
    )


@compiles(functions.moment_text, "bigquery")
def _moment_text(element: functions.moment_text, compiler: Any, **kw: Any) -> str:
    (moment,) = clauses_of(element, compiler, **kw)
    day = f"CAST({moment} AS DATE)"
    return (
        f"IF({moment} = CAST({day} AS DATETIME), CAST({day} AS STRING), CAST({moment} AS STRING))"
    )


@compiles(functions.epoch_micros, "bigquery")
def _epoch_micros(element: functions.epoch_micros, compiler: Any, **kw: Any) -> str:
    (moment,) = clauses_of(element, compiler, **kw)
    return f"UNIX_MICROS(TIMESTAMP({moment}))"


@compiles(functions.identity, "bigquery")
def _identity(element: functions.identity, compiler: Any, **kw: Any) -> str:
    columns = clauses_of(element, compiler, **kw)
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return f"CASE WHEN {known} THEN TO_JSON_STRING(STRUCT({', '.join(columns)})) END"


@compiles(functions.matches, "bigquery")
def _matches(element: functions.matches, compiler: Any, **kw: Any) -> str:
    text, pattern = clauses_of(element, compiler, **kw)
    return f"REGEXP_CONTAINS({text}, r{pattern})"


class _Compiler(BigQueryCompiler):  # type: ignore[misc]
    """Renders parameters as ``@name``, the form that the client takes."""

    # SQLAlchemy sets these two when it compiles, to the form of one of DB-API's styles; none of
    # them is BigQuery's, so they are properties that keep their value.
    def _template(self) -> str:
        return "@%(name)s"

    def _ignore(self, _template: str) -> None:
        pass

    bindtemplate = property(_template, _ignore)
    compilation_bindtemplate = property(_template, _ignore)

    def visit_bindparam(self, bindparam: Any, *args: Any, **kw: Any) -> Any:
        # Not the dialect's own: it appends types in a form that only its DB-API reads.
        return super(BigQueryCompiler, self).visit_bindparam(bindparam, *args, **kw)


class _Dialect(BigQueryDialect):  # type: ignore[misc]
    """The dialect without its DB-API."""

    statement_compiler = _Compiler
    supports_statement_cache = False


def compiled(statement: sa.Select[Any]) -> tuple[str, list[bigquery.ScalarQueryParameter]]:
    """A statement's SQL and its query parameters."""
    dialect = _Dialect(paramstyle="named")
    found = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    parameters = [
        bigquery.ScalarQueryParameter(name, _parameter_type(value), value)
        for name, value in found.params.items()
    ]
    return str(found), parameters


def _parameter_type(value: object) -> str:
    if isinstance(value, datetime):
        return "TIMESTAMP" if value.tzinfo else "DATETIME"
    return PARAMETER_TYPES[type(value)]
