"""PostgreSQL, through psycopg: each statement alone in a transaction that can only read."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg import errors, pq
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import make_conninfo

from checkpoints.contract.model import Dataset, DateType
from checkpoints.errors import ContractError, DatasetUnreadable, WarehouseError
from checkpoints.process import in_background, interruptible
from checkpoints.warehouse.arms import probe
from checkpoints.warehouse.engine import (
    NOT_ONE_SELECT,
    Column,
    Description,
    Engine,
    ReadOptions,
    Statement,
    ValueKind,
    instead_of,
    unbilled,
)
from checkpoints.warehouse.postgresql_sql import PostgreSqlDialect
from checkpoints.warehouse.query_dates import NO_ROWS, dated

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]
Cursor = psycopg.Cursor[tuple[Any, ...]]

OLDEST = 14
"""The first version that has all that is sent here."""

SECONDS_TO_CONNECT = 10
SECONDS_TO_CANCEL = 5.0
SECONDS_OF_GRACE = 10.0
"""After its time is up, the server says so itself; then it is not waited for any longer."""

TIMEOUT = "timeout_seconds"
"""What a URL may say beside libpq's own parameters."""

SECRETS = ("password", "sslpassword")

SETTINGS = {"DateStyle": "ISO", "extra_float_digits": "1", "jit": "off", "work_mem": "64MB"}
"""Texts of values do not depend on how the server is set up, and grouping is done in memory."""

KINDS: dict[str, ValueKind] = {
    **dict.fromkeys(("int2", "int4", "int8"), "integer"),
    **dict.fromkeys(("numeric", "float4", "float8"), "number"),
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext"), "text"),
    "date": "date",
    "timestamp": "datetime",
    "timestamptz": "timestamp",
    "uuid": "uuid",
    "bool": "boolean",
    "bytea": "bytes",
}
DATE_TYPES: dict[ValueKind, DateType] = {
    "date": "date",
    "timestamp": "timestamp",
    "datetime": "datetime",
    "text": "text",
}
ABSENT = (errors.UndefinedTable, errors.InvalidSchemaName, errors.FeatureNotSupported)
MOMENTS = ("date", "timestamp", "timestamptz")
DOCUMENTS = ("json", "jsonb", "xml")

TYPES = """
SELECT format_type(type.oid, modifier), typname, typtype
FROM unnest($1::oid[], $2::integer[]) WITH ORDINALITY AS found (oid, modifier, position)
JOIN pg_type AS type ON type.oid = found.oid ORDER BY position
"""
TABLES = r"""
SELECT nspname, relname, pg_table_is_visible(pg_class.oid)
FROM pg_namespace LEFT JOIN pg_class
  ON relnamespace = pg_namespace.oid AND relkind IN ('r', 'p', 'v', 'm', 'f')
WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
"""
SET = """
SELECT set_config(name, setting, true) FROM unnest($1::text[], $2::text[]) AS s (name, setting)
"""

ADVICE = {
    "no password supplied": "give it by PGPASSWORD or in ~/.pgpass",
    "password authentication failed": "check the user, and PGPASSWORD or ~/.pgpass",
    "pg_hba.conf": "let its administrator allow this user from this machine",
    "does not exist": "correct the URL",
    "SSL": "check sslmode in the URL",
    "sslmode": "correct the URL",
    "timeout expired": "check host and port, and the network between",
    "": "check host and port, and that it runs",
}
"""What to do when there is no connection, by words of the answer: the first that are in it."""


class PostgreSqlEngine:
    """An open connection, and how it reads. ``seconds`` are those of one statement."""

    least_billed: int | None = None

    def __init__(self, connection: Connection, place: str, seconds: float, timezone: str) -> None:
        self.connection = connection
        self.place = place
        self.statements: list[Statement] = []
        self._seconds = seconds
        milliseconds = min(round(seconds * 1000), 2**31 - 1)
        self._settings = {
            **SETTINGS,
            "TimeZone": timezone,  # never the machine's
            "statement_timeout": str(milliseconds),
        }

    def about(self) -> str:
        """The server, its version, and who reads."""
        version, user = self.connection.info.server_version // 10_000, self.connection.info.user
        return f"PostgreSQL {version}, {self.place}, read as {user!r} in read-only transactions"

    def describe(self, dataset: Dataset, columns: Sequence[str]) -> Description:  # noqa: ARG002
        """Look up the columns of a table or query, from an empty answer of it."""
        try:
            if dataset.query is not None:
                self._refuse_other_than_select(dated(dataset.query, NO_ROWS))
            found = self._ask(lambda cursor: _columns(cursor, dataset))
        except ABSENT as error:
            raise DatasetUnreadable(self._instead_of(dataset.path) or _unreadable(error)) from error
        except psycopg.Error as error:
            raise self._said(error) from error
        for name in dataset.key:
            type_ = found[name].type if name in found else ""
            if type_.endswith("[]") or type_ in DOCUMENTS:
                raise DatasetUnreadable(
                    f"key {name!r} is {type_}, and a list or a document is no key: "
                    "take a single value of it, in a query"
                )
        return Description(columns=found, location=None)

    def _refuse_other_than_select(self, query: str) -> None:
        """A query is one SELECT: by itself, and within the parentheses it is put in."""
        query = query.strip().rstrip(";")
        try:
            parameters = self._ask(lambda cursor: _parameters(cursor, query))
        except errors.SyntaxError as error:
            if error.diag.source_function == "exec_parse_message":  # several statements
                raise DatasetUnreadable(NOT_ONE_SELECT) from error
            raise
        if parameters:
            raise DatasetUnreadable(
                "its query has a parameter ($1), and nothing is given to a query: "
                "write the value in its place"
            )
        try:
            self._ask(lambda cursor: _parameters(cursor, f"SELECT FROM ({query}\n) AS probe"))
        except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:
            raise DatasetUnreadable(NOT_ONE_SELECT) from error

    def rows(self, statement: sa.Select[Any], location: str | None) -> list[tuple[Any, ...]]:
        """Run a statement; Ctrl-C and the timeout cancel it."""
        started = time.monotonic()
        sql, parameters = PostgreSqlDialect().compiled(statement)
        try:
            rows = self._ask(lambda cursor: cursor.execute(sql.encode(), parameters).fetchall())
        except psycopg.Error as error:
            raise self._said(error) from error
        self.statements.append(unbilled(location, len(rows), time.monotonic() - started))
        return rows

    def estimate(self, _statement: sa.Select[Any], _location: str | None) -> int:
        """Always an error: PostgreSQL does not tell what a statement reads."""
        raise WarehouseError(
            "PostgreSQL does not report how many bytes a statement reads, and bills none: "
            "bytes are estimated on BigQuery only"
        )

    def _ask(self, work: Callable[[Cursor], T]) -> T:
        """What a server answers in a transaction of its own, which can only read.

        Nothing is set for longer: a pool of connections may give the next one to somebody else.
        """

        def within() -> T:
            with self.connection.transaction(), self.connection.cursor() as cursor:
                cursor.execute(SET, [[*self._settings], [*self._settings.values()]])
                return work(cursor)

        answer = in_background(within)
        try:
            with interruptible():
                return answer.result(self._seconds + SECONDS_OF_GRACE)
        except (KeyboardInterrupt, TimeoutError) as error:
            with suppress(psycopg.Error):
                self.connection.cancel_safe(timeout=SECONDS_TO_CANCEL)
            wait([answer], SECONDS_TO_CANCEL)  # it is closed only when nobody uses it any more
            if isinstance(error, KeyboardInterrupt):
                raise
            late = f"it did not answer within {self._seconds:g} s"
            raise WarehouseError(f"{self.place}: {late}: try again") from error

    def _said(self, error: psycopg.Error) -> WarehouseError:
        """An error of a statement in one sentence: a dataset's own, but for those of the server."""
        words = _words(error)
        if isinstance(error, errors.QueryCanceled):
            return WarehouseError(
                f"{self.place}: {words} (one may take {self._seconds:g} s): try again, "
                f"narrow the window, or end the URL in ?{TIMEOUT}=…"
            )
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return WarehouseError(f"{self.place}: {words}: try again")
        advice = ""
        if isinstance(error, errors.InsufficientPrivilege):
            user = self.connection.info.user
            advice = f": grant USAGE on its schema and SELECT on it to {user!r}"
        return DatasetUnreadable(_unreadable(error) + advice)

    def _instead_of(self, path: Sequence[str]) -> str:
        """What there is in place of a table that does not exist; empty when it does."""
        if not path:
            return ""
        *outer, table = path
        own = self.connection.info.dbname
        if outer[:-1] not in ([], [own]):
            return (
                f"table {'.'.join(path)!r} is in another database, and one connection reads one, "
                f"here {own!r}: name it schema.table"
            )
        found = self._ask(lambda cursor: cursor.execute(TABLES).fetchall())
        if outer and outer[-1] not in {schema for schema, *_ in found}:
            schemas = {schema for schema, *_ in found}
            return f"schema {outer[-1]!r} is not in the warehouse: {instead_of(outer[-1], schemas)}"
        here = {name for s, name, seen in found if name and (s == outer[-1] if outer else seen)}
        if table in here:
            return ""
        if elsewhere := sorted(schema for schema, name, _ in found if name == table):
            return f"table {table!r} is in schema {elsewhere[0]!r}: write {elsewhere[0]}.{table}"
        where = f"schema {outer[-1]!r}" if outer else "the schemas that are searched"
        return f"table {table!r} is not in {where}: {instead_of(table, here)}"


def _columns(cursor: Cursor, dataset: Dataset) -> dict[str, Column]:
    """The columns of an empty answer; of a domain, its own type is told."""
    sql, parameters = PostgreSqlDialect().compiled(probe(dataset))
    cursor.execute(sql.encode(), parameters)
    result, names = cursor.pgresult, [column.name for column in cursor.description or ()]
    assert result is not None, "a statement was executed"
    numbers = range(len(names))
    oids, sizes = [result.ftype(n) for n in numbers], [result.fmod(n) for n in numbers]
    found = cursor.execute(TYPES, [oids, sizes]).fetchall()
    return {name: _column(*type_) for name, type_ in zip(names, found, strict=True)}


def _column(type_: str, name: str, sort: str) -> Column:
    kind: ValueKind = "text" if sort == "e" else KINDS.get(name, "other")
    return Column(type_, None if sort == "e" else DATE_TYPES.get(kind), kind)


def _parameters(cursor: Cursor, sql: str) -> int:
    """How many parameters a single statement has; it is parsed, and never run."""
    server = cursor.connection.pgconn
    for result in (server.prepare(b"", sql.encode()), server.describe_prepared(b"")):
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result)
    return result.nparams


def _words(error: psycopg.Error) -> str:
    """The server's own words, without those of the client around them."""
    said = error.diag.message_primary or _first_line(error)
    return said.rpartition("failed: ")[2].removeprefix("FATAL:").strip()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _unreadable(error: psycopg.Error) -> str:
    return f"it cannot be read: {_words(error)}"


@contextmanager
def open_engine(url: sa.URL, options: ReadOptions) -> Iterator[Engine]:
    """Connect. What follows a ``?`` in the URL are libpq's parameters, and ``timeout_seconds``.

    Raises:
        ContractError: the URL has a parameter that is not known, or a password among them.
        WarehouseError: there is no connection, or the server is too old.
    """
    place = f"warehouse {url.set(query={}).render_as_string(hide_password=True)}"
    parameters = dict(url.query)
    for name, value in parameters.items():
        if name in SECRETS:
            raise ContractError(f"{place}: take {name} out of it: use PGPASSWORD or ~/.pgpass")
        if not isinstance(value, str):
            raise ContractError(f"{place}: {name} is given {len(value)} times: give it once")
    seconds = parameters.pop(TIMEOUT, str(options.timeout_seconds))
    if not re.fullmatch(r"(?=.*[1-9])[0-9]{1,6}([.][0-9]+)?", str(seconds)):
        raise ContractError(f"{place}: {TIMEOUT} is {seconds!r}: write a number such as 600")
    try:
        connection = _connected(place, _conninfo(url, parameters))
    except psycopg.ProgrammingError as error:
        raise ContractError(f"{place}: {_first_line(error)}") from error
    try:
        yield PostgreSqlEngine(connection, place, float(str(seconds)), options.timezone)
    finally:
        connection.close()


def _conninfo(url: sa.URL, parameters: Mapping[str, Any]) -> str:
    """Keepalives tell after a minute that the server is gone."""
    given = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    own = {
        "fallback_application_name": "checkpoints",
        "connect_timeout": SECONDS_TO_CONNECT,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }
    named = {name: value for name, value in given.items() if value is not None}
    return make_conninfo(**{**own, **named, **parameters, "client_encoding": "utf8"})


def _connected(place: str, conninfo: str) -> Connection:
    answer = in_background(
        lambda: psycopg.connect(
            conninfo,
            autocommit=True,  # a transaction is begun for each statement
            prepare_threshold=None,
            cursor_factory=psycopg.RawCursor,
        )
    )
    try:
        with interruptible():
            connection = answer.result()
    except psycopg.OperationalError as error:
        words = _words(error)
        advice = next((told for said, told in ADVICE.items() if said in words), ADVICE[""])
        raise WarehouseError(f"{place}: there is no connection ({words}): {advice}") from error
    connection.read_only = True
    version = connection.info.server_version
    if version < OLDEST * 10_000:
        connection.close()
        raise WarehouseError(
            f"{place}: it is version {version // 10_000}, and {OLDEST} is the first that is read"
        )
    for name in MOMENTS:
        _as_text_where_it_must(connection, name)
    return connection


def _as_text_where_it_must(connection: Connection, name: str) -> None:
    """Moments that Python has no value for, such as ``infinity``, are told as the server does."""
    oid = connection.adapters.types[name].oid
    known = connection.adapters.get_loader(oid, pq.Format.TEXT)
    assert known is not None, "psycopg loads dates"
    loader = known

    class AsItCan(Loader):
        def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
            super().__init__(oid, context)
            self._loader = loader(oid, context)

        def load(self, data: Buffer) -> Any:
            try:
                return self._loader.load(data)
            except psycopg.DataError:
                return bytes(data).decode()

    connection.adapters.register_loader(oid, AsItCan)
