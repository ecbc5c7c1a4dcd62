"""Read the warehouse once and build the coverage frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from checkpoints.contract.checks import pairs_of
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame, build_frame
from checkpoints.coverage.results import KeySample
from checkpoints.dates import ranges_of
from checkpoints.rules.evidence import Pair
from checkpoints.warehouse.engine import Reading, StatementRecord
from checkpoints.warehouse.reading import Warehouse, open_warehouse

DETAILED_DATES = 60
DETAILED_ROWS = 20_000
KEYS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The coverage frame, the keys behind its partial and orphan dates, and what was sent."""

    frame: CoverageFrame
    keys: tuple[KeySample, ...]
    statements: tuple[StatementRecord, ...]


def gather(
    contract: Contract,
    url: str,
    window: Window,
    as_of: date,
    reading: Reading | None = None,
    *,
    with_keys: bool = True,
) -> Evidence:
    """Read every dataset of the contract over the window, each table once.

    ``with_keys`` reads the latest partial and orphan dates a second time, for their keys.

    Raises:
        ContractError: the URL is unusable.
        WarehouseError: the warehouse cannot be opened or read.
    """
    with open_warehouse(contract, url, reading) as warehouse:
        presence = warehouse.presence([window.range])
        frame = build_frame(
            contract, presence, window, as_of, pairs_of(contract), warehouse.unreadable
        )
        keys = tuple(_key_samples(contract, warehouse, frame)) if with_keys else ()
        return Evidence(frame=frame, keys=keys, statements=tuple(warehouse.engine.statements))


def _key_samples(
    contract: Contract, warehouse: Warehouse, frame: CoverageFrame
) -> Iterator[KeySample]:
    wanted = dict(_detailed(contract, frame))
    dates = sorted({day for days in wanted.values() for day in days})[-DETAILED_DATES:]
    rows = warehouse.keys(ranges_of(dates), DETAILED_ROWS)
    by_date: dict[date, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_date.setdefault(row[0], []).append(row)
    for pair, days in wanted.items():
        for day in days:
            if day in by_date:
                yield _sample(contract.names, pair, day, by_date[day])


def _detailed(contract: Contract, frame: CoverageFrame) -> Iterator[tuple[Pair, list[date]]]:
    """Dates on which single keys matter, for every pair that is compared by key."""
    for pair, cells in frame.cells.items():
        if pair.of is None or pair.match == "count":
            continue
        if contract.is_date_grain(pair.dataset) or contract.is_date_grain(pair.of):
            continue
        yield pair, [c.date for c in cells if c.orphans or 0 < c.matched < c.expected]


def _sample(
    names: Sequence[str], pair: Pair, day: date, rows: Iterable[tuple[Any, ...]]
) -> KeySample:
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
