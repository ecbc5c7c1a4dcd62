"""Read a warehouse: look up its datasets, and ask which key is where on which date."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from importlib import import_module
from itertools import accumulate
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from checkpoints.contract.checks import pairs_of, read_before, tells_keys_apart
from checkpoints.contract.model import Contract, Dataset
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame, Presence, build_frame, presence_of
from checkpoints.coverage.results import KeySample
from checkpoints.coverage.samples import KeyedDates, keyed_dates, samples_of
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import (
    ContractError,
    DatasetsUnreadable,
    DatasetUnreadable,
    WarehouseError,
)
from checkpoints.rules.evidence import Pair
from checkpoints.warehouse.bytes import Bytes, refusal
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
    nulls_statement,
    presence_statement,
)

LOGGER = logging.getLogger(__name__)

DETAILED_DATES = 60
"""Keys are read of 60 partial and orphan dates: of failed checks first, each newest first."""

DETAILED_ROWS = 20_000
"""The limit of the statement that reads those keys."""

MERGED_KEYS = 100_000
"""About as many keys are read of those dates where they are merged here, of several locations."""

DEFAULTS = ReadOptions()

T = TypeVar("T")
Row = tuple[Any, ...]
Build = Callable[[Contract, Mapping[str, Source], Sequence[DateRange], KeyShape], sa.Select[Any]]
Of = Callable[[Mapping[str, Source]], sa.Select[Any]]


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

    def reading_before(self, window: DateRange, as_of: date) -> Warehouse:
        """The same, where a dataset is also read before the window if a rule needs that."""
        before = read_before(self.contract, window, as_of)
        sources = {
            name: replace(source, before=before.get(name, ()))
            for name, source in self.sources.items()
        }
        return replace(self, sources=sources)

    def presence(self, ranges: Sequence[DateRange], *, with_rows: bool = False) -> Presence:
        """Which keys are where on the dates of ``ranges``: one statement per location.

        ``with_rows`` counts the rows of each dataset as well, in the same statements.

        Raises:
            DatasetsUnreadable: datasets that fail also when each is read alone.
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

    def with_null_rows(self, presence: Presence, ranges: Sequence[DateRange]) -> Presence:
        """The same presence of ``ranges``, with its rows without a date or key counted.

        One statement per location that has any. Without its answer the keys stand for the rows.
        """
        names, dates = presence.lacking()
        within = [DateRange(dates[0], dates[-1])] if dates else ranges
        found: dict[tuple[str, date | None], int] = {}
        try:
            for location, sources in self._by_location().items():
                if some := {name: source for name, source in sources.items() if name in names}:
                    statement = nulls_statement(self.contract, some, within, self._shape())
                    for day, bit, rows in self.engine.rows(statement, location):
                        found[presence.names[bit.bit_length() - 1], day] = rows
        except WarehouseError:
            return presence
        return replace(presence, null_rows=found)

    def keys(self, keyed: KeyedDates, presence: Presence) -> list[Row]:
        """``(date, key_1 … key_k, mask)`` of missing and orphan keys, by date.

        Of ``DETAILED_DATES`` at most; of several locations, every key, and of fewer dates.

        Raises:
            DatasetsUnreadable: datasets that fail also when each is read alone.
            WarehouseError: a statement failed.
        """
        dates, groups = keyed.dates()[:DETAILED_DATES], self._by_location()
        if len(groups) > 1:
            # In the mask of one location a key may lack what it has in another's.
            totals = accumulate(sum(presence.by_date[day].values()) for day in dates)
            dates = dates[: max(1, sum(total <= MERGED_KEYS for total in totals))]
        if not dates:
            return []
        ranges, shape = ranges_of(dates), self._shape()

        def build(sources: Mapping[str, Source]) -> sa.Select[Any]:
            if len(groups) > 1:
                return masks_statement(self.contract, sources, ranges, shape, undated=False)
            return keys_statement(self.contract, sources, ranges, shape, keyed, DETAILED_ROWS)

        found: list[Row] = []
        for location, sources in groups.items():
            found += self._rows_of(sources, location, build)
        rows = [(*key, mask) for key, mask in _merged(found).items()]
        return sorted(rows, key=lambda row: [*map(str, row)])

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
        allowed, least = self.max_bytes, self.engine.least_billed or 0
        return "" if allowed is None else refusal(sizes.values(), self._billed(), allowed, least)

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
        contract, shape = self.contract, self._shape()
        groups = self._by_location().items()

        def statement(sources: Mapping[str, Source]) -> sa.Select[Any]:
            return build(contract, sources, ranges, shape)

        surely = self._surely_allowed((statement(sources), where) for where, sources in groups)
        if not surely and (refusal := self.refusal(self.estimates(ranges))):
            raise WarehouseError(f"{refusal}; see python -m checkpoints estimate")
        return [row for where, these in groups for row in self._rows_of(these, where, statement)]

    def _surely_allowed(self, statements: Iterable[tuple[sa.Select[Any], str | None]]) -> bool:
        """Whether even a minimum on top of each table is allowed: then no table is asked for."""
        least, before = self.engine.least_billed, self._billed()
        if self.max_bytes is None or least is None:
            return True
        try:
            read = sum(self.engine.estimate(*statement) for statement in statements)
        except DatasetUnreadable:
            return False
        return read + before + least * len(self.sources) <= self.max_bytes

    def _billed(self) -> int:
        """What was billed before, by this warehouse."""
        return sum(statement.bytes_billed or 0 for statement in self.engine.statements)


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
    keys = [found.columns[column] for column in dataset.key]
    if dataset.timezone and "datetime" not in (date_type, *(key.kind for key in keys)):
        raise DatasetUnreadable(
            "timezone is for dates and keys with a time and without a zone, and column "
            f"{dataset.date!r} is {type_}: remove it"
        )
    for condition in dataset.where:
        refuse_unequal(condition, found.columns[condition.column])
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
    """The coverage frame, the keys behind its partial and orphan dates, and what was sent.

    ``keys_unread`` are those of these dates of which some keys were not read.
    """

    frame: CoverageFrame
    keys: tuple[KeySample, ...]
    keys_unread: tuple[date, ...]
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

    ``with_keys`` reads partial and orphan dates a second time, for their keys, and counts the rows
    without a key where there are any.

    Raises:
        ContractError: the URL is unusable.
        WarehouseError: the warehouse cannot be opened or read.
    """
    with open_warehouse(contract, url, options) as warehouse:
        warehouse, presence = read_on(
            warehouse, lambda w: w.reading_before(window.range, as_of).presence([window.range])
        )
        if with_keys:
            presence = warehouse.with_null_rows(presence, [window.range])
        frame = build_frame(
            contract,
            presence,
            window,
            as_of,
            pairs_of(contract),
            warehouse.unreadable,
            warehouse.incomparable(),
        )
        keys, unread = _keys(contract, warehouse, presence, frame) if with_keys else ((), ())
        return Evidence(
            frame=frame,
            keys=keys,
            keys_unread=unread,
            statements=tuple(warehouse.engine.statements),
        )


def _keys(
    contract: Contract, warehouse: Warehouse, presence: Presence, frame: CoverageFrame
) -> tuple[tuple[KeySample, ...], tuple[date, ...]]:
    """Samples of keys, and the dates of which none were read: the verdict stands without them."""
    keyed = keyed_dates(contract, frame)
    try:
        warehouse, rows = read_on(warehouse, lambda w: w.keys(keyed.among(w.sources), presence))
    except WarehouseError as error:
        LOGGER.warning("warning: no keys are shown, as they could not be read: %s", error)
        rows = []
    samples = tuple(samples_of(contract.names, keyed.among(warehouse.sources), rows))
    return samples, keyed.without(samples)
