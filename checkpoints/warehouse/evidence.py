"""The evidence of a run: every dataset of a contract over a window, and the keys behind it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from checkpoints.contract.checks import pairs_of
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame, build_frame
from checkpoints.coverage.presence import Presence
from checkpoints.coverage.results import KeySample
from checkpoints.coverage.samples import keyed_dates, samples_of
from checkpoints.errors import WarehouseError
from checkpoints.warehouse.engine import ReadOptions, Statement
from checkpoints.warehouse.reading import DEFAULTS, Warehouse, open_warehouse, read_on

Tell = Callable[[Warehouse, Presence, CoverageFrame], None]

LOGGER = logging.getLogger(__name__)


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
    now: datetime | None = None,
    tell: Tell | None = None,
) -> Evidence:
    """Read every dataset of the contract over the window, each table once.

    ``with_keys`` reads partial and orphan dates a second time, for their keys, and counts the rows
    without a key where there are any. ``now`` is the aware moment of the run. What ``tell`` does
    with the warehouse while it is open is up to it.

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
            now,
        )
        if tell:
            tell(warehouse, presence, frame)
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
        warehouse, rows = read_on(
            warehouse, lambda w: w.keys(keyed.among(contract, w.sources), presence)
        )
    except WarehouseError as error:
        LOGGER.warning("warning: no keys are shown, as they could not be read: %s", error)
        rows = []
    shown = keyed.among(contract, warehouse.sources)
    samples = tuple(samples_of(contract, warehouse.layout, shown, rows))
    return samples, keyed.without(samples)
