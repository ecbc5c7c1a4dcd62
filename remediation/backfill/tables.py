"""What the tables hold on the dates of calls, read anew at every look, and what that means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple, TypeVar

from checkpoints.contract.checks import Check, coverage_pair, landing_pairs, row_checks
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_in
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame, build_frame
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import WarehouseBusy, WarehouseError
from checkpoints.process import in_background
from checkpoints.rules.evidence import Cell, Pair
from checkpoints.rules.facts import Written
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.reading import open_warehouse
from remediation.backfill.rows import Count, count_of
from remediation.backfill.unmet import Unmet, read_above, unmet
from remediation.clock import Clock
from remediation.ledger.states import State
from remediation.plan.model import Call

SECONDS_BUSY = 20.0
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 0.5
SECONDS_BEFORE_EXIT = 1.0

Result = TypeVar("Result")


class NotRebuilt(NamedTuple):
    """A dataset whose rows were not all written after a call; ``whole``: none of them was."""

    dataset: str
    told: str
    whole: bool

    def __str__(self) -> str:
        return f"{self.dataset}: {self.told}"


@dataclass(frozen=True, slots=True)
class Held:
    """What each dataset of a call holds on its date; ``counts`` is empty where nothing counts.

    ``unmet`` are the checks about rows that the call was planned for and that fail on the date.
    ``written`` is when rows were written, of the datasets that the call rebuilds and that say so;
    None where no row does. Which of them are not rebuilt, ``Rebuilds`` finds out, and ``note``
    says what is not known of those that are.
    """

    cells: Mapping[str, Cell]
    counts: Mapping[str, Count] = field(default_factory=dict)
    unmet: tuple[Unmet, ...] = ()
    written: Mapping[str, Written | None] = field(default_factory=dict)
    not_rebuilt: tuple[NotRebuilt, ...] = ()
    note: str = ""

    def of(self, names: Collection[str]) -> Held:
        """The same of some of the datasets."""
        return replace(
            self,
            cells={name: cell for name, cell in self.cells.items() if name in names},
            counts={name: count for name, count in self.counts.items() if name in names},
            unmet=tuple(one for one in self.unmet if one.check.dataset in names),
        )

    @property
    def lacks(self) -> bool:
        """Some dataset has not all that is asked of it."""
        return self.lacks_keys or bool(self.unmet or self.not_rebuilt)

    @property
    def lacks_keys(self) -> bool:
        """Some dataset has not all keys."""
        return any(cell.missing for cell in self.cells.values())

    @property
    def standing_twice(self) -> frozenset[str]:
        """The datasets whose rows stand twice, and should have been replaced."""
        return frozenset(one.check.dataset for one in self.unmet if one.stands_twice)


def has_landed(held: Held) -> bool:
    """True when every dataset has all that is asked of it, and that is something."""
    return not nothing_there(held) and not held.lacks


def nothing_there(held: Held) -> bool:
    """True when no dataset could have anything: what they are compared with is empty as well."""
    return not any(cell.expected for cell in held.cells.values())


def outcome_of(held: Held) -> tuple[State, str]:
    """The state of a call whose time is up, and the reason for people."""
    if has_landed(held):
        return State.LANDED, held.note
    if nothing_there(held):
        return State.STILL_MISSING, "the upstream has nothing on that date any more"
    nothing = not (held.lacks_keys or held.unmet) and all(one.whole for one in held.not_rebuilt)
    some = not nothing and any(cell.matched for cell in held.cells.values())
    lacking = [
        f"{name} has {cell.matched} of {cell.expected}"
        for name, cell in held.cells.items()
        if cell.missing
    ]
    reason = "; ".join(dict.fromkeys([*lacking, *map(str, (*held.unmet, *held.not_rebuilt))]))
    return State.PARTIAL if some else State.STILL_MISSING, reason


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

        They are compared as ``landing_pairs`` says, and judged by the call's checks; ``at_source``,
        only compared, with what their coverage is measured by. ``before_exit``, the answer is
        waited for no longer than a second.

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
        checks = {} if at_source else self._checks(calls)
        every = [pair for of_dataset in pairs.values() for pair in of_dataset]
        every += [check.pair for check in checks.values()]
        needed = {name for pair in every for name in names_in(self.contract, pair)}
        timed = {name for call in calls for name in call.rebuilds}
        with open_warehouse(self.contract, self.url, self.reading, needed, timed) as warehouse:
            if warehouse.unreadable:
                raise WarehouseError(*warehouse.unreadable.values())
            if checks:
                warehouse = warehouse.reading_also(read_above(self.contract, checks, calls))
            presence = warehouse.presence(ranges_of(dates), with_rows=not at_source)
        window = Window(range=DateRange(dates[0], dates[-1]), label="dates sent")
        frame = build_frame(self.contract, presence, window, self.as_of, every)
        found = held_by_date(frame, pairs)
        return {
            call.id: Held(
                {n: found[n, call.date] for n in call.datasets},
                {n: count_of(self.contract, presence, n, call.date) for n in call.datasets},
                tuple(unmet(checks, call.checks if checks else (), frame, call.date)),
                {
                    name: presence.written.get(name, {}).get(call.date)
                    for name in call.rebuilds
                    if self.contract.datasets[name].written_at
                },
            )
            for call in calls
        }

    def _checks(self, calls: Sequence[Call]) -> dict[str, Check]:
        """The checks about rows that calls were planned for, by id."""
        asked = {one.id for call in calls for one in call.checks}
        every = row_checks(self.contract) if asked else {}
        return {name: check for name, check in every.items() if name in asked}

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
