"""The calendar of a layer: one cell per date, the worst of its datasets, and its table. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from checkpoints.archive.report import Report
from checkpoints.rules.evidence import Cell, CellState
from checkpoints.text import counted

WEEK = timedelta(days=7)
WORST_FIRST = list(CellState)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDate:
    """A date with its cells by dataset; ``column`` is its week's, None where that is not drawn."""

    date: date
    column: int | None
    cells: Mapping[str, Cell]

    @property
    def state(self) -> CellState:
        """The worst of its datasets."""
        states = (cell.state for cell in self.cells.values())
        return min(states, key=WORST_FIRST.index, default=CellState.OFF)

    @property
    def figures(self) -> dict[str, str]:
        """What is there, by dataset."""
        return {name: _figure(cell) for name, cell in self.cells.items()}

    @property
    def title(self) -> str:
        """The day and its figures, a line each."""
        figures = [f"{name}: {figure}" for name, figure in self.figures.items()]
        return "\n".join([f"{self.date:%a %F}", *(figures or ["off: nothing expected"])])


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCalendar:
    """Every date of the window; month labels and breaks with their column, of ``columns``.

    Breaks stand for weeks in which nothing was expected.
    """

    layer: str
    datasets: tuple[str, ...]
    dates: tuple[LayerDate, ...]
    columns: int
    months: tuple[tuple[int, str], ...]
    breaks: tuple[tuple[int, str], ...]

    @property
    def counts(self) -> dict[CellState, int]:
        """How many dates are what, the worst first."""
        found = Counter(day.state for day in self.dates)
        return {state: found[state] for state in WORST_FIRST if found[state]}

    @property
    def sentence(self) -> str:
        """The counts in words."""
        return ", ".join(f"{n} {state.words}" for state, n in self.counts.items())


def layer_calendars(report: Report) -> list[LayerCalendar]:
    """A calendar per layer of which anything is expected."""
    weeks = _week_columns(report.calendar())
    layers = dict.fromkeys(record.layer for record in report.judged())
    return [_calendar(layer, report, weeks) for layer in layers]


def _week_columns(dates: Iterable[date]) -> dict[date, int]:
    """Monday → column; weeks without a date (a summer) leave a gap of one column."""
    columns: dict[date, int] = {}
    column, previous = -1, None
    for monday in sorted({_monday(day) for day in dates}):
        column += 1 if previous is None or monday - previous == WEEK else 2
        columns[monday] = column
        previous = monday
    return columns


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _calendar(layer: str, report: Report, weeks: Mapping[date, int]) -> LayerCalendar:
    datasets = [record for record in report.coverage if record.layer == layer]
    cells: dict[date, dict[str, Cell]] = {day: {} for day in report.window.dates()}
    for dataset in datasets:
        for cell in dataset.days:
            cells[cell.date][dataset.name] = cell
    return LayerCalendar(
        layer=layer,
        datasets=tuple(dataset.name for dataset in datasets),
        dates=tuple(
            LayerDate(date=day, column=weeks.get(_monday(day)), cells=found)
            for day, found in cells.items()
        ),
        columns=max(weeks.values(), default=0) + 1,
        months=tuple(_months(weeks)),
        breaks=tuple(_breaks(weeks)),
    )


def _figure(cell: Cell) -> str:
    parts = [f"{cell.matched}/{cell.expected} {cell.state.words}"]
    if cell.orphans:
        parts.append(counted(cell.orphans, "orphan"))
    if cell.null_keys:
        parts.append("NULL keys")
    return ", ".join(parts)


def _months(weeks: Mapping[date, int]) -> Iterator[tuple[int, str]]:
    """A label where a month begins, unless it would touch the one before."""
    seen: set[tuple[int, int]] = set()
    free_from = 0
    for monday, column in weeks.items():
        day = monday + timedelta(days=6)
        if (day.year, day.month) in seen or column < free_from:
            continue
        seen.add((day.year, day.month))
        label = f"{day:%b %Y}" if day.month == 1 or len(seen) == 1 else f"{day:%b}"
        free_from = column + (5 if " " in label else 3)
        yield column, label


def _breaks(weeks: Mapping[date, int]) -> Iterator[tuple[int, str]]:
    """Where weeks are left out, and which dates they are."""
    for before, after in pairwise(weeks):
        if after - before > WEEK:
            last = after - timedelta(days=1)
            yield weeks[before] + 1, f"{before + WEEK} to {last}: nothing expected"
