"""DuckDB, the embedded warehouse: one file, opened read-only through SQLAlchemy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from checkpoints.contract import Dataset, DateType
from checkpoints.errors import ContractError, WarehouseBusy, WarehouseError
from checkpoints.interrupts import raising
from checkpoints.presence import probe
from checkpoints.reading import Column, Description, nearest
from checkpoints.report import StatementRecord

DATE_TYPES: dict[str, DateType] = {
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "TIMESTAMP": "datetime",
    "TIMESTAMP_S": "datetime",
    "TIMESTAMP_MS": "datetime",
    "TIMESTAMP_NS": "datetime",
    "VARCHAR": "text",
}


class DuckDbEngine:
    """An open file."""

    bills_bytes = False

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.statements: list[StatementRecord] = []

    def describe(self, dataset: Dataset) -> Description:
        """Look up the columns of a table or query, from an empty answer of it."""
        try:
            result = self.connection.execute(probe(dataset))
        except DBAPIError as error:
            self.connection.rollback()  # the failed statement ended its transaction
            if type(error.orig).__name__ == "CatalogException" and dataset.path:
                raise LookupError(self._no_table(*dataset.path)) from error
            raise LookupError(f"it cannot be read: {_reason(error)}") from error
        found = result.cursor.description if result.cursor is not None else []
        types = {name: str(type_) for name, type_, *_ in found}
        columns = {name: Column(type_, DATE_TYPES.get(type_)) for name, type_ in types.items()}
        return Description(columns=columns, location=None)

    def rows(self, statement: sa.Select[Any], location: str | None) -> list[tuple[Any, ...]]:
        """Run a statement; Ctrl-C stops it."""
        started = time.monotonic()
        # The driver may not notice Ctrl-C until its statement ends: the main thread only waits.
        with ThreadPoolExecutor(1) as reader:
            answer = reader.submit(lambda: self.connection.execute(statement).fetchall())
            try:
                with raising():
                    rows = [tuple(row) for row in answer.result()]
            except KeyboardInterrupt:
                self.connection.connection.driver_connection.interrupt()  # type: ignore[union-attr]
                raise
        self.statements.append(
            StatementRecord(
                location=location,
                job_id=None,
                bytes_processed=None,
                bytes_billed=None,
                cached=None,
                rows=len(rows),
                seconds=round(time.monotonic() - started, 3),
            )
        )
        return rows

    def estimate(self, _statement: sa.Select[Any], _location: str | None) -> int:
        """DuckDB does not tell what a statement reads."""
        raise WarehouseError("bytes are estimated on BigQuery only: give --warehouse bigquery://…")

    def _no_table(self, *path: str) -> str:
        *parts, table = path
        schema = ".".join(parts) or None
        inspector = sa.inspect(self.connection)
        known = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
        where = f"schema {schema!r}" if schema else "the warehouse"
        return f"table {table!r} is not in {where}: {nearest(table, known)}"


@contextmanager
def open_duckdb(url: sa.URL) -> Iterator[DuckDbEngine]:
    """Open a file read-only.

    Raises:
        ContractError: the URL names no file.
        WarehouseBusy: another process writes to it.
        WarehouseError: it cannot be opened or read.
    """
    _require_file(url.database)
    with _translated(url):
        engine = sa.create_engine(url, connect_args={"read_only": True})
        try:
            with engine.connect() as connection:
                yield DuckDbEngine(connection)
        finally:
            engine.dispose()


def _require_file(database: str | None) -> None:
    if not database or database == ":memory:":
        raise ContractError("warehouse: DuckDB needs a file: use duckdb:///path/to/file.duckdb")
    if not Path(database).is_file():
        raise WarehouseError(
            f"warehouse file {database!r} does not exist: build it (python -m demo build) "
            "or give another with --warehouse"
        )


@contextmanager
def _translated(url: sa.URL) -> Iterator[None]:
    """Turn driver errors into one sentence that names the warehouse."""
    try:
        yield
    except DBAPIError as error:
        detail = _reason(error)
        if "lock on file" in detail:
            raise WarehouseBusy(
                f"warehouse {url}: another process is writing to it ({detail}): "
                "wait until it is done, then try again"
            ) from error
        raise WarehouseError(f"warehouse {url}: {detail}") from error
    except SQLAlchemyError as error:
        raise WarehouseError(f"warehouse {url}: {error}") from error
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # DuckDB's word for Ctrl-C
            raise KeyboardInterrupt from error
        raise


def _reason(error: DBAPIError) -> str:
    """The first line of the driver's message."""
    return next(iter(str(error.orig).strip().splitlines()), type(error.orig).__name__)
