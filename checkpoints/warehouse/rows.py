"""The rows of a dataset, for what looks at single values: its own read, of the columns named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from checkpoints.contract.model import Contract
from checkpoints.dates import DateRange
from checkpoints.errors import WarehouseError
from checkpoints.warehouse.bytes import Bytes
from checkpoints.warehouse.engine import ReadOptions, Statement
from checkpoints.warehouse.query import rows_statement
from checkpoints.warehouse.reading import Row, Warehouse, open_warehouse

MOST_ROWS = 2_000_000
"""Of one dataset: they are held in memory, all at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a dataset over a window, oldest date first, or why there are none.

    ``names`` are the columns that were read, ``days`` the dates of the rows, and ``columns`` all
    that the dataset has.
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


def _rows(warehouse: Warehouse, name: str, window: DateRange, words: frozenset[str]) -> Rows:
    if name in warehouse.unreadable:
        return Rows(error=warehouse.unreadable[name])
    source, location, engine = warehouse.sources[name], warehouse.locations[name], warehouse.engine
    try:
        columns = tuple(engine.describe(source.dataset).columns)
        own = {source.dataset.date, *source.dataset.key} | words
        names = tuple(column for column in columns if column in own)
        statement = rows_statement(warehouse.contract, source, names, window, MOST_ROWS + 1)
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
    days, values = [row[0] for row in rows], [row[1:] for row in rows]
    return Rows(names=names, rows=values, days=days, columns=columns)
