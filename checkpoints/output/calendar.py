"""The calendar of a layer: one cell per date, the worst of its datasets, and its table. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from checkpoints.archive.report import Report
from checkpoints.coverage.results import DatasetRecord
from checkpoints.rules.evidence import Cell, CellState

CELL = 14
LEFT = 30
TOP = 16
WEEK = 7
ByDate = Mapping[date, Sequence[tuple[str, Cell]]]


ORDER = list(CellState)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarCell:
    """A cell at pixel ``x``, ``y`` with the figures of every dataset as its tooltip."""

    x: int
    y: int
    state: CellState
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRow:
    """A date as a row of the table: its state, and the figures dataset by dataset."""

    date: date
    state: CellState
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCalendar:
    """The cells of one layer, its month labels and breaks (pixel, text), its size, its table.

    ``breaks`` stand for weeks in which nothing was expected; dates that are off have no row.
    """

    layer: str
    datasets: tuple[str, ...]
    cells: tuple[CalendarCell, ...]
    rows: tuple[CalendarRow, ...]
    months: tuple[tuple[int, str], ...]
    breaks: tuple[tuple[int, str], ...]
    width: int
    height: int
    counts: dict[CellState, int]

    @property
    def sentence(self) -> str:
        """How many dates are what."""
        return ", ".join(f"{n} {state.words}" for state, n in self.counts.items())


def layer_calendars(report: Report) -> list[LayerCalendar]:
    """A calendar per layer that is compared with another."""
    weeks = _week_columns(report.calendar())
    layers = dict.fromkeys(r.layer for r in report.coverage if r.of)
    return [
        _calendar(layer, [r for r in report.coverage if r.layer == layer], weeks, report)
        for layer in layers
    ]


def _week_columns(dates: Iterable[date]) -> dict[date, int]:
    """Monday → column; weeks without a date (a summer) leave a gap of one column."""
    columns: dict[date, int] = {}
    column, previous = -1, None
    for monday in sorted({day - timedelta(days=day.weekday()) for day in dates}):
        column += 1 if previous is None or (monday - previous).days == WEEK else 2
        columns[monday] = column
        previous = monday
    return columns


def _calendar(
    layer: str, datasets: Sequence[DatasetRecord], weeks: Mapping[date, int], report: Report
) -> LayerCalendar:
    by_date: dict[date, list[tuple[str, Cell]]] = {}
    for dataset in datasets:
        for day in dataset.days:
            by_date.setdefault(day.date, []).append((dataset.name, day))
    rows = tuple(_rows(by_date, [dataset.name for dataset in datasets]))
    return LayerCalendar(
        layer=layer,
        datasets=tuple(dataset.name for dataset in datasets),
        cells=tuple(_cells(by_date, weeks, report)),
        rows=rows,
        months=tuple(_months(weeks)),
        breaks=tuple(_breaks(weeks)),
        width=LEFT + (max(weeks.values(), default=0) + 1) * CELL + 30,
        height=TOP + WEEK * CELL,
        counts=_counts(rows, report),
    )


def _counts(rows: Sequence[CalendarRow], report: Report) -> dict[CellState, int]:
    """Every date of the window is one of them; those without a row are off."""
    counts = Counter(row.state for row in rows)
    counts[CellState.OFF] += report.window.days - len(rows)
    return {state: counts[state] for state in CellState if counts[state]}


def _cells(by_date: ByDate, weeks: Mapping[date, int], report: Report) -> Iterator[CalendarCell]:
    for monday, column in weeks.items():
        for weekday in range(WEEK):
            day = monday + timedelta(days=weekday)
            if day not in report.window:
                continue
            found = by_date.get(day, ())
            yield CalendarCell(
                x=LEFT + column * CELL,
                y=TOP + weekday * CELL,
                state=_worst(found),
                title="\n".join([f"{day:%a} {day}", *_figures(found)]),
            )


def _worst(found: Sequence[tuple[str, Cell]]) -> CellState:
    return min((day.state for _, day in found), key=ORDER.index, default=CellState.OFF)


def _figures(found: Sequence[tuple[str, Cell]]) -> list[str]:
    return [f"{name}: {_figure(day)}" for name, day in found] or ["off: nothing expected"]


def _figure(day: Cell) -> str:
    parts = [f"{day.matched}/{day.expected} {day.state.words}"]
    if day.orphans:
        parts.append(f"{day.orphans} orphan{'' if day.orphans == 1 else 's'}")
    if day.null_keys:
        parts.append("NULL keys")
    return ", ".join(parts)


def _rows(by_date: ByDate, names: Sequence[str]) -> Iterator[CalendarRow]:
    for day, found in sorted(by_date.items()):
        figures = {name: _figure(of_day) for name, of_day in found}
        yield CalendarRow(
            date=day, state=_worst(found), figures=tuple(figures.get(n, "–") for n in names)
        )


def _months(weeks: Mapping[date, int]) -> Iterator[tuple[int, str]]:
    """A label where a month begins, unless it would touch the one before."""
    seen: set[tuple[int, int]] = set()
    free_from = 0
    for monday, column in weeks.items():
        day = monday + timedelta(days=WEEK - 1)
        if (day.year, day.month) in seen or column < free_from:
            continue
        seen.add((day.year, day.month))
        label = f"{day:%b %Y}" if day.month == 1 or len(seen) == 1 else f"{day:%b}"
        free_from = column + (5 if " " in label else 3)
        yield LEFT + column * CELL, label


def _breaks(weeks: Mapping[date, int]) -> Iterator[tuple[int, str]]:
    """Where weeks are left out, and which dates they are."""
    for before, after in pairwise(weeks):
        if (after - before).days > WEEK:
            first, last = before + timedelta(days=WEEK), after - timedelta(days=1)
            yield LEFT + (weeks[before] + 1) * CELL, f"{first} to {last}: nothing expected"
