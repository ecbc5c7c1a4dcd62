"""Read a warehouse: look up its datasets, and ask which key is where on which date."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from checkpoints.contract.checks import pairs_of, tells_keys_apart
from checkpoints.contract.model import Contract, Dataset
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame, Presence, build_frame, presence_of
from checkpoints.coverage.results import KeySample
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import (
    ContractError,
    DatasetsUnreadable,
    DatasetUnreadable,
    WarehouseError,
)
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

LOGGER = logging.getLogger(__name__)

DETAILED_DATES = 60
"""Keys are read of the latest 60 partial and orphan dates."""

DETAILED_ROWS = 20_000
"""The limit of the statement that reads those keys, in each location."""

KEYS_SHOWN = 20
"""A sample holds at most 20 keys of each kind."""

DEFAULTS = ReadOptions()

T = TypeVar("T")
Row = tuple[Any, ...]
Build = Callable[[Contract, Mapping[str, Source], Sequence[DateRange], KeyShape], sa.Select[Any]]
Of = Callable[[Mapping[str, Source]], sa.Select[Any]]


class Bytes(NamedTuple):
    """What is read of a dataset, and what is billed for that at least."""

    read: int
    billed: int


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
            DatasetsUnreadable: datasets that fail also when each is read alone.
            WarehouseError: a statement failed, or more would be read than is allowed.
        """
        if len(self._by_location()) < 2:
            return presence_of(self.contract.names, self._rows(presence_statement, ranges))
        # No query joins tables of two locations: the masks of single keys are merged here.
        masks = _merged(self._rows(masks_statement, ranges))
        counts = Counter((key[0], mask) for key, mask in masks.items())
        return presence_of(self.contract.names, ((*at, keys) for at, keys in counts.items()))

    def keys(self, ranges: Sequence[DateRange], limit: int) -> list[Row]:
        """``(date, key_1 … key_k, mask)`` of single keys, by date.

        At most ``limit`` rows are read of each location. Dates of which rows may be lacking for
        that reason are left out as a whole.

        Raises:
            DatasetsUnreadable: datasets that fail also when each is read alone.
            WarehouseError: a statement failed.
        """
        shape = self._shape()

        def build(sources: Mapping[str, Source]) -> sa.Select[Any]:
            return keys_statement(self.contract, sources, ranges, limit, shape)

        found: list[Row] = []
        end = date.max
        for location, sources in self._by_location().items() if ranges else ():
            rows = self._rows_of(sources, location, build)
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

    def estimates(self, ranges: Sequence[DateRange]) -> dict[str, Bytes]:
        """What the presence query would read of each dataset; nothing is read.

        Raises:
            DatasetsUnreadable: datasets whose query cannot be run.
            WarehouseError: the engine cannot tell.
        """
        shape, least = self._shape(), self.engine.least_billed or 0

        def size_of(name: str) -> Bytes:
            sources = {name: self.sources[name]}
            statement = presence_statement(self.contract, sources, ranges, shape)
            read = self.engine.estimate(statement, self.locations[name])
            return Bytes(read, max(read, least))

        return self._each(self.sources, size_of)

    def refusal(self, sizes: Mapping[str, Bytes]) -> str:
        """Why datasets of these sizes are not read; empty when they may be.

        What was billed before, by this warehouse, counts as well.
        """
        total = sum(size.billed for size in sizes.values())
        before = sum(statement.bytes_billed or 0 for statement in self.engine.statements)
        if self.max_bytes is None or total + before <= self.max_bytes:
            return ""
        read = human_bytes(sum(size.read for size in sizes.values()))
        again = f" after {human_bytes(before)} that were billed before" if before else ""
        return (
            f"a read would be billed {human_bytes(total)}{again} (it reads {read}, and each table "
            f"is billed at least {(self.engine.least_billed or 0) / 2**20:g} MiB), "
            f"{human_bytes(total + before - self.max_bytes)} more than the "
            f"{human_bytes(self.max_bytes)} allowed: nothing was read; narrow the window or raise "
            "--max-bytes"
        )

    def without(self, unreadable: Mapping[str, str]) -> Warehouse:
        """The same without datasets that cannot be read after all, and why, by name."""
        sources = {name: s for name, s in self.sources.items() if name not in unreadable}
        return replace(self, sources=sources, unreadable={**self.unreadable, **unreadable})

    def _each(self, names: Iterable[str], read: Callable[[str], T]) -> dict[str, T]:
        """What is read of single datasets; those that cannot be read are told together."""
        found: dict[str, T] = {}
        reasons: dict[str, str] = {}
        for name in names:
            try:
                found[name] = read(name)
            except DatasetUnreadable as error:
                reasons[name] = f"dataset {name!r}: {error}"
        if reasons:
            raise DatasetsUnreadable(reasons)
        return found

    def _rows_of(self, sources: Mapping[str, Source], location: str | None, build: Of) -> list[Row]:
        """The rows of one statement; when it fails, it is found out which dataset is to blame."""
        try:
            return self.engine.rows(build(sources), location)
        except DatasetUnreadable as error:
            self._each(sources, lambda n: self.engine.rows(build({n: sources[n]}), location))
            raise WarehouseError(
                f"all datasets together: {error}; each of them can be read alone: try again"
            ) from error

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
        limited = self.max_bytes is not None and self.engine.least_billed is not None
        if limited and (refusal := self.refusal(self.estimates(ranges))):
            raise WarehouseError(f"{refusal}; see python -m checkpoints estimate")
        return [
            row
            for location, sources in self._by_location().items()
            for row in self._rows_of(
                sources, location, lambda these: build(self.contract, these, ranges, shape)
            )
        ]


def read_on(warehouse: Warehouse, read: Callable[[Warehouse], T]) -> tuple[Warehouse, T]:
    """What is read of a warehouse, without the datasets that turn out to be unreadable."""
    while True:
        try:
            return warehouse, read(warehouse)
        except DatasetsUnreadable as error:
            warehouse = warehouse.without(error.reasons)


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
    type_, date_type, _, span = found.columns[dataset.date]
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
        span=span,
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
        warehouse, presence = read_on(warehouse, lambda w: w.presence([window.range]))
        frame = build_frame(
            contract,
            presence,
            window,
            as_of,
            pairs_of(contract),
            warehouse.unreadable,
            warehouse.incomparable(),
        )
        keys = _keys_of(contract, warehouse, frame) if with_keys else ()
        return Evidence(frame=frame, keys=keys, statements=tuple(warehouse.engine.statements))


def _keys_of(
    contract: Contract, warehouse: Warehouse, frame: CoverageFrame
) -> tuple[KeySample, ...]:
    """The samples that can be read: the verdict stands without them."""
    try:
        return read_on(warehouse, lambda w: tuple(_key_samples(contract, w, frame)))[1]
    except WarehouseError as error:
        LOGGER.warning("warning: no keys are shown, as they could not be read: %s", error)
        return ()


def _key_samples(
    contract: Contract, warehouse: Warehouse, frame: CoverageFrame
) -> Iterator[KeySample]:
    wanted = {
        pair: days
        for pair, days in _detailed(contract, frame)
        if {pair.dataset, pair.of} <= warehouse.sources.keys()
    }
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
