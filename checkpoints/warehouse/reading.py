"""Read a warehouse: look up its datasets, and ask which key is where on which date."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import accumulate, combinations
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from checkpoints.contract.checks import pairs_of, read_before, tells_keys_apart
from checkpoints.contract.model import Contract
from checkpoints.coverage.layout import Grain, Layout, grains_of, joined, layout_of, split
from checkpoints.coverage.presence import Presence, presence_of
from checkpoints.coverage.samples import KeyedDates, bits_shown
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import DatasetsUnreadable, DatasetUnreadable, WarehouseError
from checkpoints.rules.evidence import Pair
from checkpoints.warehouse.arms import Reading
from checkpoints.warehouse.bytes import Bytes, refusal
from checkpoints.warehouse.describing import source_of
from checkpoints.warehouse.engine import (
    Engine,
    ReadOptions,
)
from checkpoints.warehouse.opening import engine_at
from checkpoints.warehouse.query import (
    keys_statement,
    masks_statement,
    nulls_statement,
    presence_statement,
)
from checkpoints.warehouse.source import (
    KeyShape,
    Source,
    columns_of,
    incomparable,
    key_shape,
    never_agree,
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
Build = Callable[[Reading], sa.Select[Any]]
Sources = Mapping[str, Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """An open warehouse, and the datasets of the contract as found there.

    ``locations`` says where each readable dataset is; ``unreadable`` says of the others why they
    cannot be read, and what exists instead.
    """

    contract: Contract
    layout: Layout
    engine: Engine
    sources: Mapping[str, Source]
    locations: Mapping[str, str | None]
    unreadable: Mapping[str, str]
    max_bytes: int | None

    def reading_before(self, window: DateRange, as_of: date) -> Warehouse:
        """The same, where a dataset is also read before the window if a rule needs that."""
        return self.reading_also(read_before(self.contract, window, as_of))

    def reading_also(self, before: Mapping[str, tuple[DateRange, ...]]) -> Warehouse:
        """The same, where these datasets are also read on these dates."""
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
        counted = self.contract.names if with_rows else self.layout.rows
        reading = partial(self._reading, ranges, counted=counted)
        told, zones = reading(self.sources).told, self._zones()
        if len(self._by_location()) < 2:
            return presence_of(self.layout, self._rows(presence_statement, reading), told, zones)
        # No query joins tables of two locations: the masks of single keys are merged here.
        found = self._rows(masks_statement, reading)
        end = 1 + len(self._shape()) + self.layout.words
        by_key = (row[:end] for row in found if not told or row[end] is None)
        masks = Counter((key[0], mask) for key, mask in self._merged(by_key).items())
        nothing, none = [0] * self.layout.words, [None] * (1 + len(told) if told else 0)
        rows: list[Row] = [
            (day, *split(mask, self.layout.words), n, *none) for (day, mask), n in masks.items()
        ]
        if told:
            rows += [(row[0], *nothing, 0, *row[end:]) for row in found if row[end] is not None]
        return presence_of(self.layout, rows, told, zones)

    def _zones(self) -> dict[str, ZoneInfo]:
        """In which zone rows were written, where their moments do not say."""
        return {
            name: source.dataset.zone or self.contract.zone
            for name, source in self.sources.items()
            if (column := self.layout.written.get(name)) and source.kind(column) != "timestamp"
        }

    def with_null_rows(self, presence: Presence, ranges: Sequence[DateRange]) -> Presence:
        """The same presence of ``ranges``, with its rows without a date or key counted.

        One statement per location that has any. Without its answer the keys stand for the rows.
        """
        names, dates = presence.lacking()
        known = self.layout.grains
        within = [DateRange(dates[0], dates[-1])] if dates else ranges
        found: dict[tuple[str, date | None], int] = {}
        try:
            for location, sources in self._by_location().items():
                if some := {name: source for name, source in sources.items() if name in names}:
                    statement = nulls_statement(self._reading(within, some, tells=False))
                    for day, arm, rows in self.engine.rows(statement, location):
                        found[known[arm].dataset, day] = rows
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
        ranges = ranges_of(dates)
        failed, others = (
            [b for shown in of for b in bits_shown(self.contract, self.layout, shown)]
            for of in (keyed.failed, keyed.others)
        )

        def build(sources: Sources) -> sa.Select[Any]:
            reading = self._reading(ranges, sources, undated=False, tells=False)
            if len(groups) > 1:
                return masks_statement(reading)
            return keys_statement(reading, failed, others, DETAILED_ROWS)

        found: list[Row] = []
        for location, sources in groups.items():
            found += self._rows_of(sources, location, build)
        rows = [(*key, mask) for key, mask in self._merged(found).items()]
        return sorted(rows, key=lambda row: [*map(str, row)])

    def keys_on(self, dates: Sequence[date], shown: Build) -> list[Row]:
        """``(date, key_1 … key_k, mask)`` of what a statement shows of dates; see ``keys``.

        Raises:
            DatasetsUnreadable: datasets that fail also when each is read alone.
            WarehouseError: a statement failed, or more would be read than is allowed.
        """
        build = shown if len(self._by_location()) < 2 else masks_statement
        reading = partial(self._reading, ranges_of(dates), undated=False, tells=False)
        return [(*key, mask) for key, mask in self._merged(self._rows(build, reading)).items()]

    def incomparable(self) -> dict[Pair, str]:
        """Why keys never match, for the pairs of the contract of which that is known."""
        return {
            pair: f"{left.dataset!r} and {right.dataset!r} cannot be compared: {why}"
            for pair in pairs_of(self.contract)
            if pair.of and tells_keys_apart(self.contract, pair)
            # The first of them that is told is the last that is looked at.
            for left, right in [*combinations(grains_of(self.contract, pair), 2)][::-1]
            if {left.dataset, right.dataset} <= self.sources.keys()
            if (why := self._never_match(left, right))
        }

    def _never_match(self, down: Grain, up: Grain) -> str:
        left, right = self.sources[down.dataset], self.sources[up.dataset]
        if why := incomparable(left, right, down.key, up.key):
            return why
        agreed = [told.agreement for told in self.layout.agreed if told[:2] == (down, up)]
        places = (self.locations[down.dataset], self.locations[up.dataset])
        if agreed and places[0] != places[1]:
            return (
                f"they are in {' and '.join(map(str, places))}, and no query reads values of two "
                f"locations, as {agreed[0].column!r} needs it: remove that rule"
            )
        return next(filter(None, (never_agree(left, right, told) for told in agreed)), "")

    def estimates(self, ranges: Sequence[DateRange]) -> dict[str, Bytes]:
        """What the presence query would read of each dataset; nothing is read.

        Raises:
            DatasetsUnreadable: datasets whose query cannot be run.
            WarehouseError: the engine cannot tell.
        """
        least = self.engine.least_billed or 0

        def size_of(name: str) -> Bytes:
            statement = presence_statement(self._reading(ranges, {name: self.sources[name]}))
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

    def _rows_of(
        self, sources: Sources, location: str | None, build: Callable[[Sources], sa.Select[Any]]
    ) -> list[Row]:
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
        return key_shape(self.sources, self.layout)

    def _reading(
        self,
        ranges: Sequence[DateRange],
        sources: Sources,
        *,
        undated: bool = True,
        counted: Sequence[str] = (),
        tells: bool = True,
    ) -> Reading:
        return Reading(
            contract=self.contract,
            layout=self.layout,
            sources=sources,
            ranges=ranges,
            shape=self._shape(),
            undated=undated,
            counted=counted,
            tells=tells,
        )

    def _merged(self, rows: Iterable[Row]) -> dict[Row, int]:
        """``(date, key_1 … key_k)`` of rows with words of a mask, with all bits of its masks."""
        masks: Counter[Row] = Counter()
        first = 1 + len(self._shape())
        for row in rows:
            masks[row[:first]] |= joined(row[first : first + self.layout.words])
        return masks

    def _rows(self, build: Build, reading: Callable[[Sources], Reading]) -> list[Row]:
        """One statement per location; refused before anything is read when it would be too much."""
        groups = self._by_location().items()

        def statement(sources: Sources) -> sa.Select[Any]:
            return build(reading(sources))

        surely = self._surely_allowed((statement(sources), where) for where, sources in groups)
        if not surely and (refusal := self.refusal(self.estimates(reading(self.sources).ranges))):
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


@contextmanager
def open_warehouse(
    contract: Contract,
    url: str,
    options: ReadOptions = DEFAULTS,
    names: Collection[str] | None = None,
    timed: Collection[str] = (),
) -> Iterator[Warehouse]:
    """Open the warehouse read-only and look up the datasets of the contract, or those named.

    Of those ``timed`` it will be read when rows were written, if they say so.

    Raises:
        ContractError: the URL is unusable.
        WarehouseBusy: another process writes to the file.
        WarehouseError: it cannot be opened.
    """
    chosen = replace(options or ReadOptions(), timezone=contract.timezone)
    with engine_at(url, chosen) as engine:
        layout = layout_of(contract, timed)
        sources: dict[str, Source] = {}
        locations: dict[str, str | None] = {}
        unreadable: dict[str, str] = {}
        for name, dataset in contract.datasets.items():
            if names is not None and name not in names:
                continue
            try:
                columns = columns_of(dataset, layout, name)
                found = engine.describe(dataset, columns)
                conditions = (*dataset.where, *layout.conditions_of(name))
                sources[name] = source_of(dataset, columns, conditions, found)
                locations[name] = dataset.location or found.location
            except DatasetUnreadable as error:
                unreadable[name] = f"dataset {name!r}: {error}"
        yield Warehouse(
            contract=contract,
            layout=layout,
            engine=engine,
            sources=sources,
            locations=locations,
            unreadable=unreadable,
            max_bytes=options.max_bytes,
        )
