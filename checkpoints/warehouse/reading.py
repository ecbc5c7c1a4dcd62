"""The warehouse: opened, described, and read where its data is. It is never written to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from checkpoints.contract.model import Contract, Dataset
from checkpoints.coverage.frame import Presence, presence_of
from checkpoints.dates import DateRange
from checkpoints.errors import ContractError
from checkpoints.warehouse.duckdb import open_duckdb
from checkpoints.warehouse.engine import Description, Engine, Reading, nearest, require_bytes
from checkpoints.warehouse.query import (
    KeyShape,
    Source,
    key_shape,
    keys_statement,
    masks_statement,
    presence_statement,
)

LEAST_BILLED = 10 * 2**20
"""BigQuery bills at least so many bytes per table: cloud.google.com/bigquery/pricing."""

Build = Callable[[Contract, Mapping[str, Source], Sequence[DateRange], KeyShape], sa.Select[Any]]

URLS = "use duckdb:///path/to/file.duckdb or bigquery://project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """An open warehouse, and the datasets of the contract as found there.

    ``locations`` says where each readable dataset is; ``unreadable`` says of the others why they
    cannot be read, and what exists instead.
    """

    contract: Contract
    engine: Engine
    sources: Mapping[str, Source]
    locations: Mapping[str, str | None]
    unreadable: Mapping[str, str]
    max_bytes: int | None

    def presence(self, ranges: Sequence[DateRange]) -> Presence:
        """Which keys are where on the dates of ``ranges``: one statement per location.

        Raises:
            WarehouseError: a statement failed, or more would be read than is allowed.
        """
        groups = self._groups()
        if len(groups) > 1:
            return self._merged_presence(groups, ranges)
        statements = self._statements(presence_statement, groups, ranges)
        rows = [row for s, location in statements for row in self.engine.rows(s, location)]
        return presence_of(self.contract.names, rows)

    def keys(self, ranges: Sequence[DateRange], limit: int) -> list[tuple[Any, ...]]:
        """``(date, key_1 … key_k, mask)`` of single keys by date.

        Of each location ``limit`` rows are read; dates that do not fit are left out as a whole.

        Raises:
            WarehouseError: a statement failed.
        """
        groups = self._groups() if ranges else {}
        shape, masks = self._shape(), Counter[tuple[Any, ...]]()
        incomplete: list[date] = []
        for location, sources in groups.items():
            statement = keys_statement(self.contract, sources, ranges, limit, shape)
            rows = self.engine.rows(statement, location)
            dated = [row for row in rows if row[0] is not None]  # a text may be no date
            if dated and len(rows) == limit:
                incomplete.append(dated[-1][0])
            for *key, mask in dated:
                masks[tuple(key)] |= mask
        end = min(incomplete, default=date.max)
        return [(*key, masks[key]) for key in sorted(masks, key=_sortable) if key[0] < end]

    def estimates(self, ranges: Sequence[DateRange]) -> dict[str, int]:
        """Bytes that the presence query would read of each dataset; nothing is read.

        Raises:
            WarehouseError: the engine cannot tell.
        """
        shape = self._shape()
        return {
            name: self.engine.estimate(
                presence_statement(self.contract, {name: source}, ranges, shape),
                self.locations[name],
            )
            for name, source in self.sources.items()
        }

    def _groups(self) -> dict[str | None, dict[str, Source]]:
        groups: dict[str | None, dict[str, Source]] = {}
        for name, source in self.sources.items():
            groups.setdefault(self.locations[name], {})[name] = source
        return groups

    def _shape(self) -> KeyShape:
        return key_shape(self.sources.values())

    def _statements(
        self,
        build: Build,
        groups: Mapping[str | None, Mapping[str, Source]],
        ranges: Sequence[DateRange],
    ) -> list[tuple[sa.Select[Any], str | None]]:
        """One statement per location, refused before reading when they would read too much."""
        shape = self._shape()
        found = [(build(self.contract, s, ranges, shape), where) for where, s in groups.items()]
        if self.max_bytes is not None:
            total = sum(self.engine.estimate(statement, where) for statement, where in found)
            require_bytes(max(total, LEAST_BILLED * len(self.sources)), self.max_bytes)
        return found

    def _merged_presence(
        self, groups: Mapping[str | None, Mapping[str, Source]], ranges: Sequence[DateRange]
    ) -> Presence:
        """No query can join across locations: the masks of single keys are merged here."""
        masks: Counter[tuple[Any, ...]] = Counter()
        for statement, location in self._statements(masks_statement, groups, ranges):
            for *key, mask in self.engine.rows(statement, location):
                masks[tuple(key)] |= mask
        counts = Counter((key[0], mask) for key, mask in masks.items())
        rows = ((day, mask, keys) for (day, mask), keys in counts.items())
        return presence_of(self.contract.names, rows)


def _sortable(key: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(map(str, key))


@contextmanager
def open_warehouse(
    contract: Contract,
    url: str,
    reading: Reading | None = None,
    names: Collection[str] | None = None,
) -> Iterator[Warehouse]:
    """Open the warehouse read-only and look up the datasets of the contract, or those named.

    Raises:
        ContractError: the URL is not one of a DuckDB file or of BigQuery.
        WarehouseBusy: another process writes to the file.
        WarehouseError: it cannot be opened.
    """
    chosen = reading or Reading()
    with _engine(url, chosen) as engine:
        sources, locations, unreadable = _describe(contract, engine, names)
        yield Warehouse(
            contract=contract,
            engine=engine,
            sources=sources,
            locations=locations,
            unreadable=unreadable,
            max_bytes=chosen.max_bytes if engine.bills_bytes else None,
        )


def _engine(url: str, reading: Reading) -> AbstractContextManager[Engine]:
    try:
        parsed = sa.make_url(url)
    except (SQLAlchemyError, ValueError) as error:
        raise ContractError(f"the warehouse is no database URL ({error}): {URLS}") from error
    match parsed.get_backend_name():
        case "duckdb":
            return open_duckdb(parsed)
        case "bigquery":
            from checkpoints.warehouse.bigquery import (
                open_bigquery,  # its client costs half a second
            )

            return open_bigquery(parsed, reading)
    shown = parsed.render_as_string(hide_password=True)
    raise ContractError(f"warehouse {shown!r}: {URLS}")


def _describe(
    contract: Contract, engine: Engine, names: Collection[str] | None
) -> tuple[dict[str, Source], dict[str, str | None], dict[str, str]]:
    sources: dict[str, Source] = {}
    locations: dict[str, str | None] = {}
    unreadable: dict[str, str] = {}
    for name, dataset in contract.datasets.items():
        if names is not None and name not in names:
            continue
        try:
            found = engine.describe(dataset)
            sources[name] = _source(dataset, found)
            locations[name] = dataset.location or found.location
        except LookupError as error:
            unreadable[name] = f"dataset {name!r}: {error.args[0]}"
    return sources, locations, unreadable


def _source(dataset: Dataset, found: Description) -> Source:
    needed = dict.fromkeys([dataset.date, *dataset.key, *(c.column for c in dataset.where)])
    absent = [column for column in needed if column not in found.columns]
    if absent:
        details = "; ".join(f"{c!r}: {nearest(c, list(found.columns))}" for c in absent)
        raise LookupError(f"it has no column {details}")
    type_, date_type = found.columns[dataset.date]
    if date_type is None:
        raise LookupError(
            f"column {dataset.date!r} is {type_}, not a date: "
            "name a DATE, TIMESTAMP, DATETIME or ISO text column"
        )
    if dataset.date_type not in (None, date_type):
        raise LookupError(
            f"column {dataset.date!r} is {type_}, but date_type says {dataset.date_type!r}: "
            f"remove date_type, or make it {date_type!r}"
        )
    key_types = tuple(found.columns[column].type for column in dataset.key)
    return Source(dataset=dataset, date_type=date_type, key_types=key_types)
