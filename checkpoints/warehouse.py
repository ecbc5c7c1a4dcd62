"""The warehouse: opened read-only, described, and read, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError

from checkpoints.contract import Contract, Dataset, DateType
from checkpoints.coverage import Presence, presence_of
from checkpoints.errors import ContractError, WarehouseBusy, WarehouseError
from checkpoints.presence import Source, keys_statement, presence_statement, query_probe
from checkpoints.window import DateRange

URLS = "use duckdb:///path/to/file.duckdb or bigquery://project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """An open connection, and the datasets of the contract as found there.

    ``unreadable`` says for each dataset that cannot be read why, and what exists instead.
    """

    contract: Contract
    connection: sa.Connection
    sources: Mapping[str, Source]
    unreadable: Mapping[str, str]

    def presence(self, ranges: Sequence[DateRange]) -> Presence:
        """Which keys are where on the dates of ``ranges``; one statement.

        Raises:
            WarehouseError: the statement failed.
        """
        if not self.sources:
            return presence_of(self.contract.names, ())
        statement = presence_statement(self.contract, self.sources, ranges)
        return presence_of(self.contract.names, (tuple(r) for r in self._rows(statement)))

    def keys(self, ranges: Sequence[DateRange], limit: int) -> list[tuple[Any, ...]]:
        """``(date, key_1 … key_k, mask)`` of single keys, at most ``limit`` of them.

        Raises:
            WarehouseError: the statement failed.
        """
        if not self.sources or not ranges:
            return []
        statement = keys_statement(self.contract, self.sources, ranges, limit)
        return [tuple(row) for row in self._rows(statement)]

    def _rows(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        def read() -> Sequence[sa.Row[Any]]:
            return self.connection.execute(statement).fetchall()

        # A driver may not notice Ctrl-C until its statement ends, so the main thread only waits.
        with _translated(str(self.connection.engine.url)), ThreadPoolExecutor(1) as reader:
            answer = reader.submit(read)
            try:
                return answer.result()
            except KeyboardInterrupt:
                _cancel(self.connection)
                raise


@contextmanager
def open_warehouse(contract: Contract, url: str) -> Iterator[Warehouse]:
    """Open the warehouse read-only and look up every dataset of the contract.

    Raises:
        ContractError: the URL is not one of a DuckDB file or of BigQuery.
        WarehouseBusy: another process writes to the file.
        WarehouseError: it cannot be opened.
    """
    engine = _engine(url)
    try:
        with _translated(url), engine.connect() as connection:
            sources, unreadable = _describe(contract, connection)
            yield Warehouse(
                contract=contract, connection=connection, sources=sources, unreadable=unreadable
            )
    finally:
        engine.dispose()


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
        if backend == "duckdb":
            _require_file(parsed.database)
            return sa.create_engine(parsed, connect_args={"read_only": True})
        if backend == "bigquery":
            return sa.create_engine(parsed)
    except (SQLAlchemyError, NoSuchModuleError) as error:
        raise ContractError(f"warehouse {url!r} is no database URL ({error}): {URLS}") from error
    raise ContractError(f"warehouse {url!r}: {URLS}")


def _require_file(database: str | None) -> None:
    if not database or database == ":memory:":
        raise ContractError(f"warehouse: a DuckDB warehouse needs a file: {URLS}")
    path = Path(database)
    if not path.is_file():
        raise WarehouseError(
            f"warehouse file {database!r} does not exist: build it (python -m demo build) "
            "or give another with --warehouse"
        )


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Turn driver errors into one sentence that names the warehouse.

    Raises:
        WarehouseBusy: another process holds the file.
        WarehouseError: anything else went wrong.
    """
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


def _cancel(connection: sa.Connection) -> None:
    """Stop the running statement, where the driver can."""
    interrupt = getattr(connection.connection.driver_connection, "interrupt", None)
    if interrupt is not None:
        interrupt()


def _reason(error: SQLAlchemyError) -> str:
    """The first line of the driver's message."""
    origin = getattr(error, "orig", None) or error
    return next(iter(str(origin).strip().splitlines()), type(origin).__name__)


def _describe(
    contract: Contract, connection: sa.Connection
) -> tuple[dict[str, Source], dict[str, str]]:
    inspector = sa.inspect(connection)
    sources: dict[str, Source] = {}
    unreadable: dict[str, str] = {}
    for name, dataset in contract.datasets.items():
        try:
            columns = _columns(connection, inspector, dataset)
            sources[name] = _source(name, dataset, columns)
        except LookupError as error:
            unreadable[name] = str(error.args[0])
        except SQLAlchemyError as error:
            unreadable[name] = f"dataset {name!r} cannot be read: {_reason(error)}"
    return sources, unreadable


def _columns(
    connection: sa.Connection, inspector: sa.Inspector, dataset: Dataset
) -> dict[str, sa.types.TypeEngine[Any]]:
    if dataset.query is not None:
        return _query_columns(connection, dataset.query)
    *parts, table = dataset.path
    schema = ".".join(parts) or None
    try:
        found = inspector.get_columns(table, schema=schema)
    except NoSuchTableError as error:
        raise LookupError(_no_table(inspector, table, schema)) from error
    if not found:
        raise LookupError(_no_table(inspector, table, schema))
    return {column["name"]: column["type"] for column in found}


def _no_table(inspector: sa.Inspector, table: str, schema: str | None) -> str:
    where = f"schema {schema!r}" if schema else "the warehouse"
    tables = [*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)]
    return f"table {table!r} is not in {where}: {_nearest(table, tables)}"


def _nearest(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=3)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return f"it has {', '.join(sorted(known)[:12]) or 'none'}"


def _query_columns(connection: sa.Connection, query: str) -> dict[str, sa.types.TypeEngine[Any]]:
    """Types of a query's columns, from an empty answer of it."""
    result = connection.execute(query_probe(query))
    description = result.cursor.description if result.cursor is not None else []
    return {column[0]: _driver_type(str(column[1])) for column in description}


def _driver_type(name: str) -> sa.types.TypeEngine[Any]:
    upper = name.upper()
    if "TIME ZONE" in upper:
        return sa.TIMESTAMP(timezone=True)
    if upper.startswith(("TIMESTAMP", "DATETIME")):
        return sa.TIMESTAMP(timezone=False)
    if upper.startswith("DATE"):
        return sa.Date()
    return sa.String() if upper.startswith(("VARCHAR", "STRING")) else sa.types.NullType()


def _source(name: str, dataset: Dataset, columns: Mapping[str, sa.types.TypeEngine[Any]]) -> Source:
    needed = [dataset.date, *dataset.key, *(c.column for c in dataset.where)]
    absent = [column for column in needed if column not in columns]
    if absent:
        details = "; ".join(f"{c!r}: {_nearest(c, list(columns))}" for c in absent)
        raise LookupError(f"dataset {name!r} has no column {details}")
    return Source(
        dataset=dataset,
        date_type=dataset.date_type or _date_type(name, dataset.date, columns[dataset.date]),
        key_types=tuple(columns[column] for column in dataset.key),
    )


def _date_type(name: str, column: str, type_: sa.types.TypeEngine[Any]) -> DateType:
    match type_:
        case sa.Date():
            return "date"
        case sa.TIMESTAMP():
            # BigQuery's TIMESTAMP is an instant; elsewhere only with a time zone.
            aware = type_.timezone or type(type_).__module__.startswith("sqlalchemy_bigquery")
            return "timestamp" if aware else "datetime"
        case sa.DateTime():
            return "timestamp" if type_.timezone else "datetime"
        case sa.String():
            return "text"
    raise LookupError(
        f"dataset {name!r}: column {column!r} is {type_}, not a date: "
        "name a DATE, TIMESTAMP, DATETIME or ISO text column"
    )
