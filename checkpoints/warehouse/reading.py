"""Read a warehouse: look up its datasets, and ask which key is where on which date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from importlib import import_module
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from checkpoints.contract.checks import pairs_of, tells_keys_apart
from checkpoints.contract.model import Contract, Dataset
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame, Presence, build_frame, presence_of
from checkpoints.coverage.results import KeySample
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import ContractError, DatasetUnreadable, WarehouseError
from checkpoints.records import Record
from checkpoints.rules.evidence import Pair
from checkpoints.text import human_bytes
from checkpoints.warehouse.conditions import refuse_unequal
from checkpoints.warehouse.engine import (
    ENGINES,
    Description,
    Engine,
    ReadOptions,
    Statement,
    instead_of,
)
from checkpoints.warehouse.query import (
    KeyShape,
    Source,
    columns_of,
    incomparable,
    key_shape,
    keys_statement,
    masks_statement,
    presence_statement,
)

DETAILED_DATES = 60
"""Keys are read of the latest 60 partial and orphan dates."""

DETAILED_ROWS = 20_000
"""The limit of the statement that reads those keys, in each location."""

KEYS_SHOWN = 20
"""A sample holds at most 20 keys of each kind."""

TIB = 2**40
DEFAULTS = ReadOptions()

Row = tuple[Any, ...]
Build = Callable[[Contract, Mapping[str, Source], Sequence[DateRange], KeyShape], sa.Select[Any]]


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

    def presence(self, ranges: Sequence[DateRange], *, with_rows: bool = False) -> Presence:
        """Which keys are where on the dates of ``ranges``: one statement per location.

        ``with_rows`` counts the rows of each dataset as well, in the same statements.

        Raises:
            WarehouseError: a statement failed, or more would be read than is allowed.
        """
        names = self.contract.names
        if len(self._by_location()) < 2:
            build = partial(presence_statement, with_rows=with_rows)
            return presence_of(names, self._rows(build, ranges))
        # No query joins tables of two locations: the masks of single keys are merged here.
        found = self._rows(partial(masks_statement, with_rows=with_rows), ranges)
        end = 1 + len(self._shape())
        masks = _merged(row[: end + 1] for row in found)
        keys = [(*at, n) for at, n in Counter((k[0], mask) for k, mask in masks.items()).items()]
        rows = [(row[0], row[end], 0, *row[end + 1 :]) for row in found] if with_rows else []
        return presence_of(names, [*keys, *rows])

    def keys(self, ranges: Sequence[DateRange], limit: int) -> list[Row]:
        """``(date, key_1 … key_k, mask)`` of single keys, by date.

        At most ``limit`` rows are read of each location. Dates of which rows may be lacking for
        that reason are left out as a whole.

        Raises:
            WarehouseError: a statement failed.
        """
        found: list[Row] = []
        end = date.max
        for location, sources in self._by_location().items() if ranges else ():
            statement = keys_statement(self.contract, sources, ranges, limit, self._shape())
            rows = self.engine.rows(statement, location)
            dated = [row for row in rows if row[0] is not None]  # a text may be no date
            if dated and len(rows) == limit:
                end = min(end, dated[-1][0])
            found += dated
        masks = _merged(found)
        return [
            (*key, masks[key])
            for key in sorted(masks, key=lambda k: [*map(str, k)])
            if key[0] < end
        ]

    def incomparable(self) -> dict[Pair, str]:
        """Why keys never match, for the pairs of the contract of which that is known."""
        return {
            pair: f"{pair.dataset!r} and {pair.of!r} cannot be compared: {why}"
            for pair in pairs_of(self.contract)
            if pair.of and tells_keys_apart(self.contract, pair)
            if {pair.dataset, pair.of} <= self.sources.keys()
            if (why := incomparable(self.sources[pair.dataset], self.sources[pair.of]))
        }

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

    def _by_location(self) -> dict[str | None, dict[str, Source]]:
        groups: dict[str | None, dict[str, Source]] = {}
        for name, source in self.sources.items():
            groups.setdefault(self.locations[name], {})[name] = source
        return groups

    def _shape(self) -> KeyShape:
        return key_shape(self.sources.values())

    def _rows(self, build: Build, ranges: Sequence[DateRange]) -> list[Row]:
        """One statement per location; refused before anything is read when it would be too much."""
        shape = self._shape()
        statements = [
            (build(self.contract, sources, ranges, shape), location)
            for location, sources in self._by_location().items()
        ]
        least = self.engine.least_billed
        if self.max_bytes is not None and least is not None:
            total = sum(self.engine.estimate(*statement) for statement in statements)
            total = max(total, least * len(self.sources))
            if total > self.max_bytes:
                raise WarehouseError(
                    f"the statements would read {human_bytes(total)}, "
                    f"{human_bytes(total - self.max_bytes)} more than the "
                    f"{human_bytes(self.max_bytes)} allowed: nothing was read; narrow the window "
                    "or raise --max-bytes"
                )
        return [row for statement in statements for row in self.engine.rows(*statement)]


def _merged(rows: Iterable[Row]) -> dict[Row, int]:
    """``(date, key_1 … key_k)`` of rows that end in a mask, with all bits of its masks."""
    masks: Counter[Row] = Counter()
    for *key, mask in rows:
        masks[tuple(key)] |= mask
    return masks


@contextmanager
def open_warehouse(
    contract: Contract,
    url: str,
    options: ReadOptions = DEFAULTS,
    names: Collection[str] | None = None,
) -> Iterator[Warehouse]:
    """Open the warehouse read-only and look up the datasets of the contract, or those named.

    Raises:
        ContractError: the URL is unusable.
        WarehouseBusy: another process writes to the file.
        WarehouseError: it cannot be opened.
    """
    chosen = replace(options or ReadOptions(), timezone=contract.timezone)
    with _engine(url, chosen) as engine:
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
            except DatasetUnreadable as error:
                unreadable[name] = f"dataset {name!r}: {error}"
        yield Warehouse(
            contract=contract,
            engine=engine,
            sources=sources,
            locations=locations,
            unreadable=unreadable,
            max_bytes=options.max_bytes,
        )


def _engine(url: str, options: ReadOptions) -> AbstractContextManager[Engine]:
    usable = f"use {' or '.join(engine.example for engine in ENGINES.values())}"
    try:
        parsed = sa.make_url(url)
    except (SQLAlchemyError, ValueError) as error:
        raise ContractError(f"the warehouse is no database URL ({error}): {usable}") from error
    name = parsed.get_backend_name()
    if name not in ENGINES:
        shown = parsed.render_as_string(hide_password=True)
        raise ContractError(f"warehouse {shown!r}: {usable}")
    module = import_module(f"checkpoints.warehouse.{name}")
    opened: AbstractContextManager[Engine] = module.open_engine(parsed, options)
    return opened


def _source(dataset: Dataset, found: Description) -> Source:
    absent = [column for column in columns_of(dataset) if column not in found.columns]
    if absent:
        details = "; ".join(f"{c!r}: {instead_of(c, found.columns)}" for c in absent)
        raise DatasetUnreadable(f"it has no column {details}")
    type_, date_type, _ = found.columns[dataset.date]
    if date_type is None:
        raise DatasetUnreadable(
            f"column {dataset.date!r} is {type_}, not a date: "
            "name a DATE, TIMESTAMP, DATETIME or ISO text column"
        )
    if dataset.date_type not in (None, date_type):
        raise DatasetUnreadable(
            f"column {dataset.date!r} is {type_}, but date_type says {dataset.date_type!r}: "
            f"remove date_type, or make it {date_type!r}"
        )
    if dataset.timezone is not None and date_type != "datetime":
        raise DatasetUnreadable(
            f"timezone is for dates with a time and without a zone, and column {dataset.date!r} is "
            f"{type_}: remove it"
        )
    for condition in dataset.where:
        refuse_unequal(condition, found.columns[condition.column])
    keys = [found.columns[column] for column in dataset.key]
    return Source(
        dataset=dataset,
        date_type=date_type,
        key_types=tuple(key.type for key in keys),
        key_kinds=tuple(key.kind for key in keys),
        where_kinds=tuple(found.columns[c.column].kind for c in dataset.where),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The coverage frame, the keys behind its partial and orphan dates, and what was sent."""

    frame: CoverageFrame
    keys: tuple[KeySample, ...]
    statements: tuple[Statement, ...]


def gather(
    contract: Contract,
    url: str,
    window: Window,
    as_of: date,
    options: ReadOptions = DEFAULTS,
    *,
    with_keys: bool = True,
) -> Evidence:
    """Read every dataset of the contract over the window, each table once.

    ``with_keys`` reads the latest partial and orphan dates a second time, for their keys.

    Raises:
        ContractError: the URL is unusable.
        WarehouseError: the warehouse cannot be opened or read.
    """
    with open_warehouse(contract, url, options) as warehouse:
        presence = warehouse.presence([window.range])
        frame = build_frame(
            contract,
            presence,
            window,
            as_of,
            pairs_of(contract),
            warehouse.unreadable,
            warehouse.incomparable(),
        )
        keys = tuple(_key_samples(contract, warehouse, frame)) if with_keys else ()
        return Evidence(frame=frame, keys=keys, statements=tuple(warehouse.engine.statements))


def _key_samples(
    contract: Contract, warehouse: Warehouse, frame: CoverageFrame
) -> Iterator[KeySample]:
    wanted = dict(_detailed(contract, frame))
    dates = sorted({day for days in wanted.values() for day in days})[-DETAILED_DATES:]
    by_date: dict[date, list[Row]] = {}
    for row in warehouse.keys(ranges_of(dates), DETAILED_ROWS):
        by_date.setdefault(row[0], []).append(row)
    for pair, days in wanted.items():
        yield from (_sample(contract.names, pair, d, by_date[d]) for d in days if d in by_date)


def _detailed(contract: Contract, frame: CoverageFrame) -> Iterator[tuple[Pair, list[date]]]:
    """Dates on which single keys matter, for every pair that is compared by key."""
    for pair, cells in frame.cells.items():
        if pair.of is not None and tells_keys_apart(contract, pair):
            yield pair, [c.date for c in cells if c.orphans or 0 < c.matched < c.expected]


def _sample(names: Sequence[str], pair: Pair, day: date, rows: Iterable[Row]) -> KeySample:
    down = 1 << names.index(pair.dataset)
    up = 1 << names.index(pair.of or pair.dataset)
    keys = [(tuple(str(k) for k in row[1:-1] if k is not None), row[-1]) for row in rows]
    return KeySample(
        dataset=pair.dataset,
        of=pair.of or pair.dataset,
        date=day,
        missing=tuple(k for k, mask in keys if mask & up and not mask & down)[:KEYS_SHOWN],
        orphans=tuple(k for k, mask in keys if mask & down and not mask & up)[:KEYS_SHOWN],
    )


class DatasetEstimate(Record):
    """Bytes of the date and key columns of one dataset in the window."""

    dataset: str
    location: str | None
    bytes: int


class Estimate(Record):
    """The whole answer of ``checkpoints estimate``; ``cost`` is ``total_bytes`` at list price.

    A run reads partial and orphan dates a second time for their keys, which is not in it, and
    BigQuery bills at least 10 MB per table and statement.
    """

    schema_version: Literal[1] = 1
    window: DateRange
    datasets: tuple[DatasetEstimate, ...]
    total_bytes: int
    price_per_tib: float
    currency: str
    cost: float
    unreadable: dict[str, str]


def estimate_window(
    contract: Contract,
    url: str,
    window: Window,
    options: ReadOptions,
    price_per_tib: float | None,
) -> Estimate:
    """What the presence query would read of the window and cost, by dry runs; nothing is read.

    ``price_per_tib`` replaces the contract's.

    Raises:
        ContractError: the URL is unusable.
        WarehouseError: the warehouse cannot tell.
    """
    with open_warehouse(contract, url, options.labelled(tool="checkpoints")) as warehouse:
        found = warehouse.estimates([window.range])
    total, declared = sum(found.values()), contract.bigquery
    price = declared.price_per_tib if price_per_tib is None else price_per_tib
    return Estimate(
        window=window.range,
        datasets=tuple(
            DatasetEstimate(dataset=name, location=warehouse.locations[name], bytes=size)
            for name, size in found.items()
        ),
        total_bytes=total,
        price_per_tib=price,
        currency=declared.currency,
        cost=total / TIB * price,
        unreadable=dict(warehouse.unreadable),
    )
