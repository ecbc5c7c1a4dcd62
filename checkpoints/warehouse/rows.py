"""The rows of a dataset, for what looks at single values: its own read, of the columns named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from checkpoints.contract.model import Contract
from checkpoints.dates import DateRange
from checkpoints.errors import WarehouseError
from checkpoints.warehouse.arms import rows_read
from checkpoints.warehouse.bytes import Bytes
from checkpoints.warehouse.columns import as_date, written_out
from checkpoints.warehouse.engine import ReadOptions, Statement, ValueKind
from checkpoints.warehouse.functions import local_moment
from checkpoints.warehouse.reading import Row, Warehouse, open_warehouse
from checkpoints.warehouse.source import Source

MOST_ROWS = 2_000_000
"""Of one dataset: they are held in memory, all at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a dataset over a window, oldest date first, or why there are none.

    A row is its date, as in ``days``, and then the columns ``names``; ``columns`` are all that the
    dataset has.
    """

    names: tuple[str, ...] = ()
    rows: Sequence[Row] = ()
    days: Sequence[date] = ()
    columns: tuple[str, ...] = ()
    error: str = ""


def read_rows(
    contract: Contract,
    url: str,
    window: DateRange,
    wanted: Mapping[str, frozenset[str]],
    options: ReadOptions,
) -> tuple[dict[str, Rows], tuple[Statement, ...]]:
    """Read datasets, each with one statement; returns also what was sent.

    ``wanted`` are words by dataset: the columns of which one is the name are read, beside its date
    and key. A dataset that cannot be read says why.

    Raises:
        ContractError: the URL is unusable.
        WarehouseError: the warehouse cannot be opened.
    """
    with open_warehouse(contract, url, options, wanted.keys()) as warehouse:
        found = {name: _rows(warehouse, name, window, words) for name, words in wanted.items()}
        return found, tuple(warehouse.engine.statements)


def _statement(
    contract: Contract, source: Source, columns: Mapping[str, ValueKind], window: DateRange
) -> sa.Select[Any]:
    """``date, column_1 … column_n`` of one row more than may be held, oldest date first.

    Moments of a zone are told in that of the contract.
    """
    dataset = source.dataset
    where = (condition.column for condition in dataset.where)
    names = dict.fromkeys([dataset.date, *dataset.key, *where, *columns])
    relation, read = rows_read(contract, source, names, [window])
    zone = written_out(contract.timezone)
    values = [
        (local_moment(relation.c[name], zone) if kind == "timestamp" else relation.c[name]).label(
            f"column_{n + 1}"
        )
        for n, (name, kind) in enumerate(columns.items())
    ]
    first: sa.ColumnElement[Any] = sa.literal_column("1")  # by the date
    keys = (relation.c[name] for name in dataset.key)
    date_ = as_date(contract, source, relation.c[dataset.date]).label("date")
    found = sa.select(date_, *values).where(*read)
    return found.order_by(first, *keys).limit(MOST_ROWS + 1)


def _rows(warehouse: Warehouse, name: str, window: DateRange, words: frozenset[str]) -> Rows:
    if name in warehouse.unreadable:
        return Rows(error=warehouse.unreadable[name])
    source, location, engine = warehouse.sources[name], warehouse.locations[name], warehouse.engine
    try:
        columns = engine.describe(source.dataset, [*source.columns]).columns
        own = {source.dataset.date, *source.dataset.key} | words
        kinds = {name: column.kind for name, column in columns.items() if name in own}
        statement = _statement(warehouse.contract, source, kinds, window)
        if warehouse.max_bytes is not None and engine.least_billed is not None:
            read = engine.estimate(statement, location)
            if refused := warehouse.refusal({name: Bytes(read, max(read, engine.least_billed))}):
                return Rows(error=f"dataset {name!r}: {refused}")
        rows = engine.rows(statement, location)
    except WarehouseError as error:
        return Rows(error=f"dataset {name!r}: {error}")
    if len(rows) > MOST_ROWS:
        return Rows(
            error=f"dataset {name!r} has more than {MOST_ROWS:,} rows from {window.first} to "
            f"{window.last}, which is the most that expectations are judged on: "
            "run a shorter window, or leave rows out by where"
        )
    days = [row[0] for row in rows]
    return Rows(names=tuple(kinds), rows=rows, days=days, columns=tuple(columns))
