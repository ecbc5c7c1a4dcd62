"""Coverage per season and dataset: the figures of ``checkpoints coverage``. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Literal

from checkpoints.contract.checks import coverage_pair
from checkpoints.contract.due import is_judged
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import Retirement, names_in
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.late import Late
from checkpoints.coverage.results import retirements
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import ContractError
from checkpoints.records import Record
from checkpoints.rules.evidence import Cell, Match, Pair, Status, Tally, due_cells
from checkpoints.text import did_you_mean


class Coverage(Record):
    """One dataset in one season of the window (None: dates outside every season).

    ``missing_dates`` hold nothing that was expected, ``partial_dates`` only some of it; only due
    dates count. ``known_gap_dates`` is how many are accepted and not counted.
    """

    season: str | None
    dataset: str
    layer: str
    of: str | None
    match: Match
    due_dates: int
    known_gap_dates: int
    expected: int
    matched: int
    missing_dates: tuple[date, ...]
    partial_dates: tuple[date, ...]
    missing_ranges: tuple[DateRange, ...]

    @property
    def ratio(self) -> float | None:
        """Matched ÷ expected; None when nothing was due."""
        return self.matched / self.expected if self.expected else None


class CoverageSummary(Record):
    """The whole answer of ``checkpoints coverage``; ``by_season``: the contract has seasons."""

    schema_version: Literal[1] = 1
    window: DateRange
    as_of: date
    coverage: tuple[Coverage, ...]
    by_season: bool = True
    late: tuple[Late, ...] = ()
    retired: tuple[Retirement, ...] = ()
    unreadable: dict[str, str]


def refuse_unknown(contract: Contract, names: Collection[str]) -> None:
    """Refuse names of datasets that have no coverage.

    Raises:
        ContractError: with each of them.
    """
    known = [name for name in contract.names if name != contract.reference]
    problems = [
        f"dataset {name!r} is not compared with another: it is the reference"
        if name == contract.reference
        else f"dataset {name!r} is not in the contract: "
        + (did_you_mean(name, known) or f"there are {', '.join(known)}")
        for name in dict.fromkeys(names)
        if name not in known
    ]
    if problems:
        raise ContractError(*problems)


def summarize(
    contract: Contract, frame: CoverageFrame, names: Collection[str] = ()
) -> CoverageSummary:
    """Coverage of every readable dataset by season, or of those that are named."""
    asked = names or contract.names
    needed = {n for name in asked for n in names_in(contract, coverage_pair(contract, name))}
    needed |= {contract.reference} if contract.reference else set()
    return CoverageSummary(
        window=frame.window.range,
        as_of=frame.as_of,
        coverage=tuple(
            entry
            for name in contract.names
            if name in asked and is_judged(contract, name) and name not in frame.unreadable
            if (pair := coverage_pair(contract, name)) not in frame.incomparable
            for entry in _by_season(contract, frame, pair)
        ),
        by_season=bool(contract.seasons),
        late=tuple(late for late in frame.late if late.dataset in asked),
        retired=tuple(end for end in retirements(contract, frame) if end.dataset in asked),
        unreadable={n: why for n, why in frame.unknown().items() if n in needed},
    )


def _by_season(contract: Contract, frame: CoverageFrame, pair: Pair) -> Iterator[Coverage]:
    seasons: dict[str | None, list[Cell]] = {}
    for cell in frame.cells[pair]:
        if cell.status is not Status.OFF:
            season = contract.season_of(cell.date)
            seasons.setdefault(season.name if season else None, []).append(cell)
    for season_name, cells in seasons.items():
        yield _coverage(contract, pair, season_name, cells)


def _coverage(
    contract: Contract, pair: Pair, season: str | None, cells: Sequence[Cell]
) -> Coverage:
    tally = Tally.of(cells)
    return Coverage(
        season=season,
        dataset=pair.dataset,
        layer=contract.datasets[pair.dataset].layer,
        of=pair.of,
        match=pair.match,
        due_dates=tally.due,
        known_gap_dates=sum(c.status is Status.KNOWN_GAP for c in cells),
        expected=tally.expected,
        matched=tally.matched,
        missing_dates=tally.missing,
        partial_dates=tally.partial,
        missing_ranges=tuple(ranges_of(tally.lacking, [c.date for c in due_cells(cells)])),
    )
