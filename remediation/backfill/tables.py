"""What the tables hold on the dates of calls, read anew at every look, and what that means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from checkpoints.contract.checks import coverage_pair, landing_pairs
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_in
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame, build_frame
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import WarehouseBusy, WarehouseError
from checkpoints.process import in_background
from checkpoints.rules.evidence import Cell, Pair
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.reading import open_warehouse
from remediation.backfill.rows import Count, count_of
from remediation.clock import Clock
from remediation.ledger.states import State
from remediation.plan.model import Call

SECONDS_BUSY = 20.0
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 0.5
SECONDS_BEFORE_EXIT = 1.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Held:
    """What each dataset of a call holds on its date; ``counts`` is empty where nothing counts."""

    cells: Mapping[str, Cell]
    counts: Mapping[str, Count] = field(default_factory=dict)

    def of(self, names: Collection[str]) -> Held:
        """The same of some of the datasets."""
        return Held(
            {name: cell for name, cell in self.cells.items() if name in names},
            {name: count for name, count in self.counts.items() if name in names},
        )


def has_landed(held: Held) -> bool:
    """True when every dataset has all that is expected of it, and that is something."""
    return not nothing_there(held) and not any(cell.missing for cell in held.cells.values())


def nothing_there(held: Held) -> bool:
    """True when no dataset could have anything: what they are compared with is empty as well."""
    return not any(cell.expected for cell in held.cells.values())


def outcome_of(held: Held) -> tuple[State, str]:
    """The state of a call whose time is up, and the reason for people."""
    if has_landed(held):
        return State.LANDED, ""
    if nothing_there(held):
        return State.STILL_MISSING, "the upstream has nothing on that date any more"
    some = any(cell.matched for cell in held.cells.values())
    lacking = "; ".join(
        f"{name} has {cell.matched} of {cell.expected}"
        for name, cell in held.cells.items()
        if cell.missing
    )
    return State.PARTIAL if some else State.STILL_MISSING, lacking


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

    def look(
        self, calls: Sequence[Call], *, at_source: bool = False, before_exit: bool = False
    ) -> dict[str, Held]:
        """What the datasets of each call hold on its date, by the call's id; one query.

        They are compared as ``landing_pairs`` says; ``at_source``, with what their coverage is
        measured by. ``before_exit``, the answer is waited for no longer than a second.

        Raises:
            WarehouseError: the warehouse, or a dataset of the calls, cannot be read in time.
        """
        if not calls:
            return {}
        if not before_exit:
            return retry_while_busy(lambda: self._read(calls, at_source), self.clock)
        answer = in_background(lambda: self._read(calls, at_source))
        try:
            return answer.result(timeout=SECONDS_BEFORE_EXIT)
        except TimeoutError as error:
            raise WarehouseError(
                f"the warehouse did not answer within {SECONDS_BEFORE_EXIT:g} s"
            ) from error

    def _read(self, calls: Sequence[Call], at_source: bool) -> dict[str, Held]:
        names = {name for call in calls for name in call.datasets}
        pairs = {name: self._pairs(name, at_source) for name in names}
        dates = sorted({call.date for call in calls})
        every = [pair for of_dataset in pairs.values() for pair in of_dataset]
        needed = {name for pair in every for name in names_in(self.contract, pair)}
        with open_warehouse(self.contract, self.url, self.reading, needed) as warehouse:
            if warehouse.unreadable:
                raise WarehouseError(*warehouse.unreadable.values())
            presence = warehouse.presence(ranges_of(dates), with_rows=not at_source)
        window = Window(range=DateRange(dates[0], dates[-1]), label="dates sent")
        frame = build_frame(self.contract, presence, window, self.as_of, every)
        found = held_by_date(frame, pairs)
        return {
            call.id: Held(
                {n: found[n, call.date] for n in call.datasets},
                {n: count_of(self.contract, presence, n, call.date) for n in call.datasets},
            )
            for call in calls
        }

    def _pairs(self, name: str, at_source: bool) -> tuple[Pair, ...]:
        if at_source:
            return (coverage_pair(self.contract, name),)
        return landing_pairs(self.contract, name)


def held_by_date(
    frame: CoverageFrame, pairs: Mapping[str, Sequence[Pair]]
) -> dict[tuple[str, date], Cell]:
    """What each dataset holds by date, by the pairs that tell whether it has landed."""
    return {
        (name, cells[0].date): _least_complete(cells)
        for name, of_dataset in pairs.items()
        for cells in zip(*(frame.cells[pair] for pair in of_dataset), strict=True)
    }


def _least_complete(cells: Sequence[Cell]) -> Cell:
    """Of the cells of one date, upstream first: that which lacks most, if the upstream is there."""
    return max(cells, key=lambda cell: cell.missing) if cells[0].expected else cells[0]


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
