"""DuckDB, the embedded warehouse: one file, opened read-only through its own client."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import uuid4

import duckdb
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from checkpoints.contract.model import Dataset, DateType
from checkpoints.errors import ContractError, DatasetUnreadable, WarehouseBusy, WarehouseError
from checkpoints.process import in_background, interruptible
from checkpoints.text import human_bytes
from checkpoints.warehouse import functions
from checkpoints.warehouse.arms import probe
from checkpoints.warehouse.dialect import StandardDialect
from checkpoints.warehouse.duckdb_catalog import A_FILE, Catalog
from checkpoints.warehouse.engine import (
    NOT_ONE_SELECT,
    SPAN,
    Column,
    Description,
    Engine,
    ReadOptions,
    Statement,
    ValueKind,
    unbilled,
)
from checkpoints.warehouse.functions import clauses_of, iso_date_case, number_case
from checkpoints.warehouse.query_dates import NO_ROWS, dated

MB_PER_THREAD = 128
"""Memory that DuckDB takes for each core before it spills to disk."""

SPILL_FOLDER = f"checkpoints-{uuid4().hex}"

OF_THE_PROCESS = (
    duckdb.ConnectionException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.InterruptException,
    duckdb.OutOfMemoryException,
    duckdb.TransactionException,
)
"""Errors that say nothing about what is read; all others are of a statement's data or SQL."""

DATE_TYPES: dict[str, DateType] = {
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "TIMESTAMP": "datetime",
    "TIMESTAMP_S": "datetime",
    "TIMESTAMP_MS": "datetime",
    "TIMESTAMP_NS": "datetime",
    "VARCHAR": "text",
}


SPANS = {
    "TIMESTAMP_NS": (
        datetime(1677, 9, 21, 0, 12, 43, 145225),
        datetime(2262, 4, 11, 23, 47, 16, 854775),
    )
}
"""The first and the last moment of types that hold fewer than Python does."""

KINDS: dict[str, ValueKind] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), "integer"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "integer"),
    **dict.fromkeys(("DOUBLE", "FLOAT", "DECIMAL"), "number"),
    **dict.fromkeys(("VARCHAR", "ENUM"), "text"),
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "datetime"),
    "UUID": "uuid",
    "BOOLEAN": "boolean",
    "BLOB": "bytes",
    '"NULL"': "unknown",
}


def _column(type_: str) -> Column:
    name = type_.partition("(")[0]
    return Column(type_, DATE_TYPES.get(type_), KINDS.get(name, "other"), SPANS.get(type_, SPAN))


class DuckDbDialect(StandardDialect):
    """DuckDB's name for the standard."""

    name = "duckdb"


@compiles(functions.local_date, "duckdb")
def _local_date(element: functions.local_date, compiler: Any, **kw: Any) -> str:
    column, zone = clauses_of(element, compiler, **kw)
    return f"CAST(timezone({zone}, {column}) AS DATE)"


@compiles(functions.naive_moment, "duckdb")
def _naive_moment(element: functions.naive_moment, compiler: Any, **kw: Any) -> str:
    column, from_zone, zone = clauses_of(element, compiler, **kw)
    return f"timezone({zone}, timezone({from_zone}, {column}))"


@compiles(functions.day_of, "duckdb")
def _day_of(element: functions.day_of, compiler: Any, **kw: Any) -> str:
    """A cast rounds nanoseconds up to the next day, and a division does before 1970."""
    (column,) = clauses_of(element, compiler, **kw)
    moment, day = f"epoch_ns({column})", 86_400_000_000_000
    days = f"{moment} // {day} - CAST({moment} % {day} < 0 AS INTEGER)"
    return (
        f"CASE WHEN typeof({column}) = 'TIMESTAMP_NS' "
        f"THEN DATE '1970-01-01' + CAST({days} AS INTEGER) ELSE CAST({column} AS DATE) END"
    )


@compiles(functions.iso_date, "duckdb")
def _iso_date(element: functions.iso_date, compiler: Any, **kw: Any) -> str:
    text, zone = clauses_of(element, compiler, **kw)
    return iso_date_case(
        lambda pattern: f"regexp_full_match({text}, '{pattern}')",
        day=f"TRY_CAST({text} AS DATE)",
        start=f"TRY_CAST(substr({text}, 1, 10) AS DATE)",
        moment=f"CAST(timezone({zone}, TRY_CAST({text} AS TIMESTAMP WITH TIME ZONE)) AS DATE)",
    )


@compiles(functions.exact_text, "duckdb")
def _exact_text(element: functions.exact_text, compiler: Any, **kw: Any) -> str:
    (column,) = clauses_of(element, compiler, **kw)
    return f'CAST({column} AS VARCHAR) COLLATE "C"'  # an ENUM has no collation


@compiles(functions.local_moment, "duckdb")
def _local_moment(element: functions.local_moment, compiler: Any, **kw: Any) -> str:
    column, zone = clauses_of(element, compiler, **kw)
    return f"timezone({zone}, {column})"


@compiles(functions.number_text, "duckdb")
def _number_text(element: functions.number_text, compiler: Any, **kw: Any) -> str:
    (column,) = clauses_of(element, compiler, **kw)
    text = f"CAST({column} AS VARCHAR)"
    wide = (f"CAST(TRY_CAST({column} AS {type_}) AS VARCHAR)" for type_ in ("HUGEINT", "UHUGEINT"))
    zero = rf"regexp_replace({text}, '^(-?)\.', '\1' || '0.')"
    return number_case(
        column,
        text,
        lambda pattern: f"regexp_extract({text}, '{pattern}', 1)",
        whole=f"coalesce({', '.join(wide)}, CAST(CAST({column} AS DOUBLE) AS VARCHAR))",
        fraction=rf"regexp_replace({zero}, '(\.[0-9]*[1-9])0+$', '\1')",
    )


@compiles(functions.moment_text, "duckdb")
def _moment_text(element: functions.moment_text, compiler: Any, **kw: Any) -> str:
    (moment,) = clauses_of(element, compiler, **kw)
    day = f"CAST(date_trunc('day', {moment}) AS DATE)"
    return (
        f"CASE WHEN {moment} = {day} THEN CAST({day} AS VARCHAR) ELSE CAST({moment} AS VARCHAR) END"
    )


@compiles(functions.epoch_micros, "duckdb")
def _epoch_micros(element: functions.epoch_micros, compiler: Any, **kw: Any) -> str:
    (moment,) = clauses_of(element, compiler, **kw)
    return f"epoch_us({moment})"


@compiles(functions.identity, "duckdb")
def _identity(element: functions.identity, compiler: Any, **kw: Any) -> str:
    columns = clauses_of(element, compiler, **kw)
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return f"CASE WHEN {known} THEN row({', '.join(columns)}) END"


@compiles(functions.matches, "duckdb")
def _matches(element: functions.matches, compiler: Any, **kw: Any) -> str:
    text, pattern = clauses_of(element, compiler, **kw)
    return f"regexp_matches({text}, {pattern})"


def compiled(statement: sa.Select[Any]) -> tuple[str, list[Any]]:
    """A statement's SQL and its parameters."""
    return DuckDbDialect().compiled(statement)


class DuckDbEngine:
    """An open file."""

    least_billed: int | None = None

    def __init__(self, connection: duckdb.DuckDBPyConnection, url: sa.URL) -> None:
        self.connection = connection
        self.url = url
        self.statements: list[Statement] = []

    def about(self) -> str:
        """The file, its size, and what reads it."""
        path = Path(self.url.database or "")
        size = human_bytes(path.stat().st_size)
        return f"file {str(path)!r} of {size}, opened read-only by DuckDB {duckdb.__version__}"

    def describe(self, dataset: Dataset, columns: Sequence[str]) -> Description:  # noqa: ARG002
        """Look up the columns of a table or query, from an empty answer of it."""
        path = dataset.path
        try:
            if dataset.query is not None:
                self._refuse_other_than_select(dated(dataset.query, NO_ROWS))
            self._refuse_file(path)
            found = self.connection.execute(*compiled(probe(dataset))).description or []
        except duckdb.Error as error:
            raise DatasetUnreadable(self._reason(path, error)) from error
        types = {name: str(type_) for name, type_, *_ in found}
        return Description(
            columns={name: _column(type_) for name, type_ in types.items()}, location=None
        )

    def _refuse_file(self, path: tuple[str, ...]) -> None:
        """A file that has the name would be read, but its columns do not bear a table's name."""
        if A_FILE.search(".".join(path)) and (absent := Catalog(self.connection).instead_of(path)):
            raise DatasetUnreadable(absent)

    def _refuse_other_than_select(self, query: str) -> None:
        """A query is one SELECT: by itself, not only within the parentheses it is put in."""
        found = self.connection.extract_statements(query)
        if [statement.type for statement in found] != [duckdb.StatementType.SELECT]:
            raise DatasetUnreadable(NOT_ONE_SELECT)
        if names := sorted(found[0].named_parameters):
            raise DatasetUnreadable(
                f"its query has a parameter (? or ${names[0]}), and nothing is given to a query: "
                "write the value in its place"
            )

    def rows(self, statement: sa.Select[Any], location: str | None) -> list[tuple[Any, ...]]:
        """Run a statement; Ctrl-C stops it."""
        started = time.monotonic()
        sql, parameters = compiled(statement)
        # The driver may not notice Ctrl-C until its statement ends: the main thread only waits.
        answer = in_background(lambda: self.connection.execute(sql, parameters).fetchall())
        try:
            with interruptible():
                rows = answer.result()
        except KeyboardInterrupt:
            self.connection.interrupt()
            wait([answer])  # the connection must not be closed while it is in use
            raise
        except OF_THE_PROCESS as error:
            raise WarehouseError(f"warehouse {self.url}: {_first_line(error)}") from error
        except duckdb.Error as error:
            raise DatasetUnreadable(_unreadable(error)) from error
        self.statements.append(unbilled(location, len(rows), time.monotonic() - started))
        return rows

    def estimate(self, _statement: sa.Select[Any], _location: str | None) -> int:
        """Always an error: DuckDB does not tell what a statement reads."""
        raise WarehouseError("bytes are estimated on BigQuery only: give --warehouse bigquery://…")

    def _reason(self, path: tuple[str, ...], error: duckdb.Error) -> str:
        """Why a table, a view or a query cannot be described."""
        if not path:
            return _unreadable(error)
        catalog = Catalog(self.connection)
        view = catalog.is_view(path)
        return catalog.instead_of(path) or _unreadable(
            error, f"view {'.'.join(path)!r}" if view else "it"
        )


@contextmanager
def open_engine(url: sa.URL, options: ReadOptions) -> Iterator[Engine]:
    """Open a file read-only. What follows a ``?`` in the URL is DuckDB's configuration.

    Raises:
        ContractError: the URL names no file.
        WarehouseBusy: another process writes to it.
        WarehouseError: it cannot be opened or read.
    """
    path = _existing(url)
    config: dict[str, Any] = {**_spilling(), **url.query, "access_mode": "READ_ONLY"}
    with _translated(url), duckdb.connect(path, read_only=True, config=config) as connection:
        connection.execute("SET enable_progress_bar = false")  # it is drawn on standard output
        connection.execute("SET TimeZone = $1", [options.timezone])  # never the machine's
        # A table that is not there must not be looked for among the variables of this program.
        connection.execute("SET python_enable_replacements = false")
        yield DuckDbEngine(connection, url)


def _spilling() -> dict[str, str]:
    """Settings to group in little memory and spill the rest to disk.

    That is as fast, and faster where keys are many. DuckDB makes the folder when it needs it. Its
    name differs from process to process, as two must not spill to the same files, and stays the
    same within one, which must open a file with the same settings each time.
    """
    threads = os.cpu_count() or 1
    return {
        "memory_limit": f"{MB_PER_THREAD * threads}MB",
        "temp_directory": str(Path(gettempdir()) / SPILL_FOLDER),
    }


def _existing(url: sa.URL) -> str:
    path = url.database
    if not path or path == ":memory:":
        raise ContractError("warehouse: DuckDB needs a file: use duckdb:///path/to/file.duckdb")
    if url.host:
        raise ContractError(f"warehouse {url}: use three slashes, as in duckdb:///{path}")
    if not Path(path).is_file():
        raise WarehouseError(
            f"warehouse file {path!r} does not exist: build it (python -m demo build) "
            "or give another with --warehouse"
        )
    return path


@contextmanager
def _translated(url: sa.URL) -> Iterator[None]:
    """Turn DuckDB's errors into one sentence that names the warehouse."""
    try:
        yield
    except duckdb.Error as error:
        detail = _first_line(error)
        if "lock on file" in detail:
            raise WarehouseBusy(
                f"warehouse {url}: another process is writing to it ({detail}): "
                "wait until it is done, then try again"
            ) from error
        raise WarehouseError(
            f"warehouse {url}: {detail}: correct the URL or the file, or give another "
            "with --warehouse"
        ) from error


def _unreadable(error: duckdb.Error, what: str = "it") -> str:
    return f"{what} cannot be read: {_first_line(error)}"


def _first_line(error: duckdb.Error) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
