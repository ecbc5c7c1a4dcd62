"""What an engine is, which there are, and the records they share.

An engine is one module of this package, named after the backend of its URLs. It has

- ``open_engine(url, options)``, a context manager that yields an ``Engine``, and
- its own SQL for the functions of the presence query that its columns need, by ``@compiles``.

A module is imported when a URL chooses it. To add one, write it and add its line to ``ENGINES``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from checkpoints.contract.model import Contract, Dataset, DateType
from checkpoints.records import Record
from checkpoints.text import did_you_mean, parse_bytes

if TYPE_CHECKING:
    import sqlalchemy as sa


class Registered(NamedTuple):
    """An engine: a URL as users write it, and the libraries whose versions a report names.

    ``also`` are other words that its URLs begin with.
    """

    example: str
    libraries: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


ENGINES: dict[str, Registered] = {
    "duckdb": Registered("duckdb:///path/to/file.duckdb", ("duckdb",)),
    "bigquery": Registered("bigquery://project", ("google-cloud-bigquery", "sqlalchemy-bigquery")),
    "postgresql": Registered("postgresql://user@host/database", ("psycopg",), ("postgres",)),
}
"""Every engine by the backend of its URLs, which is the name of its module too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How to read; an engine takes from it what applies to it.

    ``labels`` are put on every statement. ``fresh`` answers never come from a cache of queries.
    ``max_bytes`` is the most that the statements of one read may bill together.
    ``timeout_seconds`` is for one statement. ``impersonate`` is a service account's address.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False
    max_bytes: int | None = None
    timeout_seconds: float = 600
    impersonate: str | None = None
    timezone: str = "UTC"

    def labelled(self, **labels: str) -> ReadOptions:
        """The same options with more labels."""
        return replace(self, labels={**self.labels, **labels})


ValueKind = Literal[
    "integer",
    "number",
    "text",
    "date",
    "datetime",
    "timestamp",
    "uuid",
    "boolean",
    "bytes",
    "other",
    "unknown",
]
"""What a column holds, whatever an engine calls its type: a type of no other kind is ``other``,
and one that the engine does not tell ``unknown``."""


SPAN = (datetime.min, datetime.max)
"""The first and the last moment that are told in four digits of a year."""


class Column(NamedTuple):
    """A column as the warehouse has it; ``date_type`` is None where it holds no dates.

    ``span`` is the first and the last moment that it can be compared with.
    """

    type: str
    date_type: DateType | None
    kind: ValueKind = "other"
    span: tuple[datetime, datetime] = SPAN


class Partition(NamedTuple):
    """By which column a table is partitioned, and whether it is only read filtered by that."""

    column: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The columns of a table or query by name.

    ``location`` says where its data is; None where a warehouse has only one place. ``partition``
    is None where a table is not partitioned, or the engine does not tell.
    """

    columns: Mapping[str, Column]
    location: str | None
    partition: Partition | None = None


class Statement(Record):
    """One statement that was sent: where, what it read, and how long it took.

    ``bytes_processed`` and ``bytes_billed`` are None where the engine does not say.
    """

    location: str | None
    job_id: str | None
    bytes_processed: int | None
    bytes_billed: int | None
    cached: bool | None
    rows: int
    seconds: float


def unbilled(location: str | None, rows: int, seconds: float) -> Statement:
    """A statement of an engine that neither names its jobs nor bills what they read."""
    return Statement(
        location=location,
        job_id=None,
        bytes_processed=None,
        bytes_billed=None,
        cached=None,
        rows=rows,
        seconds=round(seconds, 3),
    )


class Engine(Protocol):
    """An open warehouse that can be described and read. It is never written to.

    ``least_billed``: the bytes that are billed at least for each table of a statement; None where
    reading costs nothing, so that ``max_bytes`` does not apply. ``statements`` are those sent.
    """

    least_billed: int | None
    statements: list[Statement]

    def about(self) -> str:
        """Which warehouse it is and who reads it, in a line for people."""
        ...

    def describe(self, dataset: Dataset, columns: Sequence[str]) -> Description:
        """Look up a dataset's columns; ``columns`` are those that the contract names.

        Raises:
            DatasetUnreadable: it cannot be read; the message says why and what exists instead.
            WarehouseError: nothing can be looked up.
        """
        ...

    def rows(self, statement: sa.Select[Any], location: str | None) -> list[tuple[Any, ...]]:
        """Run a statement where its data is; dates come as ``date``, numbers as ``int``.

        Raises:
            DatasetUnreadable: it failed for its data or its SQL, which is a dataset's own.
            WarehouseError: it failed for any other reason.
        """
        ...

    def estimate(self, statement: sa.Select[Any], location: str | None) -> int:
        """How many bytes a statement would read; nothing is read.

        Raises:
            DatasetUnreadable: it cannot be run, which is a dataset's own.
            WarehouseError: the engine cannot tell.
        """
        ...


NOT_ONE_SELECT = "its query is not one SELECT statement: nothing else is run"
"""Why an engine refuses a query, by its own parser."""


def instead_of(name: str, known: Iterable[str]) -> str:
    """What a table or schema has in place of a column or table that does not exist."""
    names = sorted(known)
    return did_you_mean(name, names) or f"it has {', '.join(names[:12]) or 'none'}"


def reading_of(contract: Contract, max_bytes: str | None, impersonate: str | None) -> ReadOptions:
    """How a contract's warehouse is to be read; ``max_bytes`` takes precedence over its own.

    Raises:
        ContractError: ``max_bytes`` is no amount of bytes.
    """
    return ReadOptions(
        max_bytes=parse_bytes(max_bytes) if max_bytes else contract.bigquery.max_bytes,
        timeout_seconds=contract.bigquery.timeout_seconds,
        impersonate=impersonate,
    )
