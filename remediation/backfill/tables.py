"""Did the data land? The tables are read again on the dates that were sent, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from checkpoints.contract.checks import coverage_pair, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import build_frame
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import CheckpointsError, WarehouseBusy, WarehouseError
from checkpoints.rules.evidence import Pair
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.reading import open_warehouse
from remediation.backfill.watch import Found, KeysFound
from remediation.clock import Clock
from remediation.plan.model import Call

SECONDS_BUSY = 20.0
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 0.5
SECONDS_BEFORE_EXIT = 1.0

Result = TypeVar("Result")
PairOf = Callable[[Contract, str], Pair]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Looks at the tables of one warehouse.

    A warehouse file that another process writes to is tried again for 20 seconds.
    """

    contract: Contract
    url: str
    as_of: date
    clock: Clock
    reading: ReadOptions

    def look(self, calls: Sequence[Call]) -> Found:
        """What the datasets of each call hold on its date, against their upstream; one query.

        Raises:
            WarehouseError: the warehouse, or a dataset of the calls, cannot be read.
        """
        return self._compare(calls, upstream_pair)

    def look_against_source(self, calls: Sequence[Call]) -> Found:
        """As ``look``, but against what each dataset's coverage is measured by.

        Raises:
            WarehouseError: the warehouse, or a dataset of the calls, cannot be read.
        """
        return self._compare(calls, coverage_pair)

    def look_before_exit(self, calls: Sequence[Call]) -> Found:
        """As ``look``, for a run that must end: it waits for the answer no longer than a second.

        Raises:
            WarehouseError: there was no answer by then.
        """
        return with_timeout(SECONDS_BEFORE_EXIT, lambda: self._read(calls, upstream_pair))

    def _compare(self, calls: Sequence[Call], pair_of: PairOf) -> Found:
        return retry_while_busy(lambda: self._read(calls, pair_of), self.clock) if calls else {}

    def _read(self, calls: Sequence[Call], pair_of: PairOf) -> Found:
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
        found = {
            (name, cell.date): KeysFound(dataset=name, expected=cell.expected, matched=cell.matched)
            for name, pair in pairs.items()
            for cell in frame.cells[pair]
        }
        return {call.id: tuple(found[name, call.date] for name in call.datasets) for call in calls}


def retry_while_busy(read: Callable[[], Result], clock: Clock) -> Result:
    """Read as soon as no other process holds the warehouse, trying for at most 20 seconds.

    Raises:
        WarehouseBusy: it was held all the time.
    """
    deadline = clock.monotonic() + SECONDS_BUSY
    pause = FIRST_PAUSE
    while True:
        try:
            return read()
        except WarehouseBusy:
            if clock.monotonic() > deadline:
                raise
        clock.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def with_timeout(seconds: float, read: Callable[[], Result]) -> Result:
    """Read on another thread, and go on without the answer when it takes longer than ``seconds``.

    Raises:
        WarehouseError: there was no answer in time, or the warehouse cannot be read.
    """
    answers: SimpleQueue[Result | CheckpointsError] = SimpleQueue()

    def answer() -> None:
        try:
            answers.put(read())
        except CheckpointsError as error:
            answers.put(error)

    Thread(target=answer, daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except Empty as error:
        raise WarehouseError(f"the warehouse did not answer within {seconds:g} s") from error
    if isinstance(found, CheckpointsError):
        raise found
    return found
