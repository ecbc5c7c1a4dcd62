"""Did the data land? The tables of the dates that were sent are read again, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from checkpoints.contract.checks import coverage_pair, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import build_frame
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import WarehouseError
from checkpoints.rules.evidence import Cell, Pair
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.reading import open_warehouse
from remediation.backfill.landing import Found
from remediation.backfill.patience import patiently, within
from remediation.clock import Clock
from remediation.plan.model import Call

LAST_LOOK_SECONDS = 1.0

PairOf = Callable[[Contract, str], Pair]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Looks at the tables of one warehouse."""

    contract: Contract
    url: str
    as_of: date
    clock: Clock
    reading: ReadOptions

    def look(self, calls: Sequence[Call]) -> dict[str, tuple[Found, ...]]:
        """For each call, what its datasets hold on its date; one query.

        A warehouse file that another process writes to is tried again for 20 seconds.

        Raises:
            WarehouseError: the warehouse, or a dataset of the calls, cannot be read.
        """
        return self._compare(calls, upstream_pair)

    def look_source(self, calls: Sequence[Call]) -> dict[str, tuple[Found, ...]]:
        """As ``look``, but against what each dataset's coverage is measured by.

        Raises:
            WarehouseError: the warehouse, or a dataset of the calls, cannot be read.
        """
        return self._compare(calls, coverage_pair)

    def last_look(self, calls: Sequence[Call]) -> dict[str, tuple[Found, ...]]:
        """As ``look``, for a run that must end: it waits for the answer no longer than a second.

        Raises:
            WarehouseError: there was no answer by then.
        """
        return within(LAST_LOOK_SECONDS, lambda: self._read(calls, upstream_pair))

    def _compare(self, calls: Sequence[Call], pair_of: PairOf) -> dict[str, tuple[Found, ...]]:
        return patiently(lambda: self._read(calls, pair_of), self.clock) if calls else {}

    def _read(self, calls: Sequence[Call], pair_of: PairOf) -> dict[str, tuple[Found, ...]]:
        names = dict.fromkeys(name for call in calls for name in call.datasets)
        pairs = {name: pair_of(self.contract, name) for name in names}
        dates = sorted({call.date for call in calls})
        needed = {n for p in pairs.values() for n in (p.dataset, p.of) if n}
        with open_warehouse(self.contract, self.url, self.reading, needed) as warehouse:
            if warehouse.unreadable:
                raise WarehouseError(*warehouse.unreadable.values())
            presence = warehouse.presence(ranges_of(dates))
        window = Window(range=DateRange(dates[0], dates[-1]), label="dates sent")
        frame = build_frame(self.contract, presence, window, self.as_of, pairs.values())
        cells = {n: {cell.date: cell for cell in frame.cells[p]} for n, p in pairs.items()}
        return {
            call.id: tuple(_found(name, cells[name][call.date]) for name in call.datasets)
            for call in calls
        }


def _found(name: str, cell: Cell) -> Found:
    return Found(dataset=name, expected=cell.expected, matched=cell.matched)
