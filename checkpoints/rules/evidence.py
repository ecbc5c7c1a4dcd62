"""What a rule is given to judge: the dates of a compared pair of datasets, and what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from checkpoints.dates import DateRange
from checkpoints.rules.facts import Agreement, Fact, RowsOfDate, Written

Match = Literal["keys", "count"]
Keys = tuple[tuple[str, ...], ...]
"""Some keys; a key is its columns."""

CalendarDate = date  # inside a NamedTuple with a field `date`, that name is the field


class Status(StrEnum):
    """Whether a date counts for a dataset. Only ``due`` dates do."""

    DUE = "due"
    WARM_UP = "warm-up"
    OFF = "off"
    NOT_YET_DUE = "not yet due"
    LATE = "late"
    KNOWN_GAP = "known gap"
    RETIRED = "retired"


class CellState(StrEnum):
    """What one date of a dataset is, in a word; the worst first."""

    MISSING = "missing"
    PARTIAL = "partial"
    LATE = "late"
    KNOWN_GAP = "known-gap"
    COMPLETE = "complete"
    WARM_UP = "warm-up"
    NOT_DUE = "not-due"
    RETIRED = "retired"
    OFF = "off"

    @property
    def words(self) -> str:
        """As people say it."""
        return self.replace("-", " ")

    @property
    def is_lacking(self) -> bool:
        """A due date on which keys are not there."""
        return self in (CellState.MISSING, CellState.PARTIAL)


_NOT_COUNTED = {
    Status.WARM_UP: CellState.WARM_UP,
    Status.KNOWN_GAP: CellState.KNOWN_GAP,
    Status.LATE: CellState.LATE,
    Status.NOT_YET_DUE: CellState.NOT_DUE,
    Status.RETIRED: CellState.RETIRED,
    Status.OFF: CellState.OFF,
}


ITS_CALENDAR = "its calendar"
"""What a topmost dataset is compared with, in words: a date counts as one batch."""


class Pair(NamedTuple):
    """A dataset, the dataset it is compared with (None: nothing, or its calendar), and how.

    ``by`` are the columns that are the key here; empty for the dataset's own key.
    """

    dataset: str
    of: str | None
    match: Match
    by: tuple[str, ...] = ()


class SampledKeys(NamedTuple):
    """Some keys of a date: missing, orphans, and those of which a fact is true."""

    missing: Keys = ()
    orphans: Keys = ()
    true_of: tuple[tuple[Fact | Agreement, Keys], ...] = ()


class Cell(NamedTuple):
    """One date of one pair; in JSON a list in this order.

    Numbers are of distinct keys, or of batches at a date grain: ``expected`` keys of the upstream,
    ``present`` keys of the dataset, ``matched`` in both, ``orphans`` only in the dataset;
    ``null_keys`` is the number of rows with NULL, or what counts as such, in a key column.
    """

    date: CalendarDate
    status: Status
    expected: int
    present: int
    matched: int
    orphans: int
    null_keys: int

    @property
    def missing(self) -> int:
        """Keys of the upstream that the dataset lacks."""
        return self.expected - self.matched

    @property
    def state(self) -> CellState:
        """What the date is: the one place where missing and partial are told apart."""
        if self.status is not Status.DUE:
            return _NOT_COUNTED[self.status]
        if self.lost_above:
            return CellState.MISSING
        if not self.missing:
            return CellState.COMPLETE
        return CellState.PARTIAL if self.matched else CellState.MISSING

    @property
    def lost_above(self) -> bool:
        """Due, and neither the dataset nor its upstream holds anything: both lost the date."""
        return self.status is Status.DUE and not self.expected and not self.present


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Cells added up over their due dates.

    ``missing`` are the dates that hold nothing of what was expected, ``partial`` those that hold
    some of it. On ``lost_above`` of the missing ones the upstream holds nothing either.
    """

    due: int
    expected: int
    matched: int
    missing: tuple[date, ...]
    partial: tuple[date, ...]
    lost_above: int

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> Tally:
        """Those of a pair, oldest date first."""
        due = due_cells(cells)
        return cls(
            due=len(due),
            expected=sum(cell.expected for cell in due),
            matched=sum(cell.matched for cell in due),
            missing=tuple(cell.date for cell in due if cell.state is CellState.MISSING),
            partial=tuple(cell.date for cell in due if cell.state is CellState.PARTIAL),
            lost_above=sum(cell.lost_above for cell in due),
        )

    @property
    def ratio(self) -> float | None:
        """Matched ÷ expected; None when nothing was expected."""
        return self.matched / self.expected if self.expected else None

    @property
    def lacking(self) -> tuple[date, ...]:
        """The due dates that lack keys, in order."""
        return tuple(sorted((*self.missing, *self.partial)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """All that is known of a pair over a window.

    ``cells`` are oldest first; ``undated`` is the number of the dataset's rows without a date,
    ``before`` its latest date with keys before the window, as far back as a rule needs it.
    ``seasons`` are those of the contract: what spans a break between two of them is no gap.
    From ``retired`` on nothing is expected of it.
    ``samples`` has keys of a date, where they were read. ``rows`` is what the rules ask of the
    dataset's rows by date, ``written_above`` when those of what it is compared with were written,
    also on dates before the window.
    """

    cells: Sequence[Cell]
    window: DateRange
    as_of: date
    undated: int = 0
    before: date | None = None
    seasons: Sequence[DateRange] = ()
    retired: date | None = None
    samples: Mapping[date, SampledKeys] = field(default_factory=dict)
    rows: Mapping[date, RowsOfDate] = field(default_factory=dict)
    written_above: Mapping[date, Written] = field(default_factory=dict)
    now: datetime | None = None

    @property
    def due(self) -> list[Cell]:
        """The dates that count."""
        return due_cells(self.cells)


def expected_dates(cells: Iterable[Cell]) -> list[date]:
    """Every date on which anything was expected, in order."""
    off = (Status.OFF, Status.RETIRED)
    return sorted({cell.date for cell in cells if cell.status not in off})


def due_cells(cells: Iterable[Cell]) -> list[Cell]:
    """The cells of the dates that count."""
    return [cell for cell in cells if cell.status is Status.DUE]
