"""Every missing and orphan key of a window, read some dates at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import NamedTuple

from checkpoints.contract.checks import coverage_pair, key_columns, tells_keys_apart
from checkpoints.contract.model import Contract
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.presence import Presence
from checkpoints.coverage.sides import Side, side_on, sides_of
from checkpoints.rules.evidence import Cell, Pair, Status
from checkpoints.warehouse.query import every_key_statement
from checkpoints.warehouse.reading import Row, Warehouse

KEYS_AT_ONCE = 100_000
"""About as many keys are held in memory, and at least those of one date."""

MISSING, ORPHAN = "missing", "orphan"


class LostKey(NamedTuple):
    """A key that a dataset lacks, or that it has and what it is compared with lacks.

    ``columns`` are the names of the dataset's key columns; without a ``key`` the date as a whole is
    meant: the keys are counted only, or neither of the two has any.
    """

    dataset: str
    layer: str
    of: str
    date: date
    kind: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """A pair of which keys are lost: its cells by date, and the sides that tell which."""

    pair: Pair
    layer: str
    columns: tuple[str, ...]
    cells: dict[date, Cell]
    sides: list[Side]

    def lost(self, day: date, kind: str, key: tuple[str, ...] = ()) -> LostKey:
        dataset, of, *_ = self.pair
        return LostKey(dataset, self.layer, of or "", day, kind, self.columns, key)


def every_key(
    contract: Contract,
    warehouse: Warehouse,
    presence: Presence,
    frame: CoverageFrame,
    names: Collection[str] = (),
) -> Iterator[LostKey]:
    """The missing keys of due dates and all orphan keys, oldest date first; of some datasets only.

    Raises:
        DatasetsUnreadable: a dataset cannot be read after all.
        WarehouseError: a statement failed, or more would be read than is allowed.
    """
    asked = list(_compared(contract, warehouse, frame, names or contract.names))
    for days in _portions(asked, presence, several=len({*warehouse.locations.values()}) > 1):
        yield from _of(warehouse, asked, days)


def _compared(
    contract: Contract, warehouse: Warehouse, frame: CoverageFrame, names: Collection[str]
) -> Iterator[_Compared]:
    for name in contract.names:
        pair = coverage_pair(contract, name)
        if name not in names or pair.of is None or frame.obstacle(pair):
            continue
        cells = {c.date: c for c in frame.cells[pair] if c.state.is_lacking or c.orphans}
        keyed = tells_keys_apart(contract, pair)
        yield _Compared(
            pair=pair,
            layer=contract.datasets[name].layer,
            columns=key_columns(contract, pair)[0][1] if keyed else (),
            cells=cells,
            sides=sides_of(contract, warehouse.layout, pair) if keyed else [],
        )


def _portions(
    asked: Sequence[_Compared], presence: Presence, *, several: bool
) -> Iterator[list[date]]:
    """The dates on which keys are lost, as many at a time as fit.

    Of ``several`` locations all keys of a date are read.
    """
    portion: list[date] = []
    held = 0
    for day in sorted({day for one in asked for day in one.cells}):
        cells = [one.cells[day] for one in asked if day in one.cells]
        lost = sum(cell.missing + cell.orphans for cell in cells)
        number = sum(presence.by_date.get(day, {}).values()) if several else lost
        if portion and held + number > KEYS_AT_ONCE:
            yield portion
            portion, held = [], 0
        portion.append(day)
        held += number
    if portion:
        yield portion


def _of(warehouse: Warehouse, asked: Sequence[_Compared], days: list[date]) -> Iterator[LostKey]:
    bits = [b for one in asked for side in one.sides for b in (*side.missing, *side.orphans)]
    found: dict[date, list[Row]] = {}
    if bits:
        for row in warehouse.keys_on(days, partial(every_key_statement, shown=bits)):
            found.setdefault(row[0], []).append(row[1:])
    for day in days:
        rows = sorted(found.pop(day, []), key=lambda row: [*map(str, row)])
        for one in asked:
            if day in one.cells:
                yield from _on(one, one.cells[day], rows)


def _on(one: _Compared, cell: Cell, rows: Sequence[Row]) -> Iterator[LostKey]:
    if not one.sides or cell.lost_above:
        kinds = ((MISSING, cell.state.is_lacking), (ORPHAN, bool(cell.orphans)))
        yield from (one.lost(cell.date, kind) for kind, is_so in kinds if is_so)
        return
    side = side_on(one.sides, cell.date)
    for kind, ways in ((MISSING, side.missing), (ORPHAN, side.orphans)):
        if kind == MISSING and cell.status is not Status.DUE:
            continue
        for *parts, mask in rows:
            if any(bits.of(mask) for bits in ways):
                key = tuple(str(part) for part in parts if part is not None)
                yield one.lost(cell.date, kind, key)
