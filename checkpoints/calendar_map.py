"""The calendar of a layer: one cell per date, the worst of its datasets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from checkpoints.coverage import Status
from checkpoints.report import DatasetRecord, Day, Report

CELL = 13
MONTH_HEIGHT = 16


class State(StrEnum):
    """What a cell says; worst first, so that ``min`` by position picks the worst."""

    MISSING = "missing"
    PARTIAL = "partial"
    KNOWN_GAP = "known-gap"
    COMPLETE = "complete"
    WARM_UP = "warm-up"
    NOT_DUE = "not-due"
    OFF = "off"


ORDER = list(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarCell:
    """A cell at pixel ``x``, ``y`` with the figures of every dataset as its tooltip."""

    x: int
    y: int
    state: State
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCalendar:
    """The cells of one layer, its month labels (pixel, text) and its size in pixels."""

    layer: str
    cells: tuple[CalendarCell, ...]
    months: tuple[tuple[int, str], ...]
    width: int
    height: int
    counts: dict[State, int]


def state_of(day: Day) -> State:
    """What one date of one dataset is."""
    match day.status:
        case Status.DUE if not day.missing:
            return State.COMPLETE
        case Status.DUE:
            return State.PARTIAL if day.matched else State.MISSING
        case Status.WARM_UP:
            return State.WARM_UP
        case Status.KNOWN_GAP:
            return State.KNOWN_GAP
        case Status.NOT_YET_DUE:
            return State.NOT_DUE
        case Status.OFF:
            return State.OFF


def layer_calendars(report: Report) -> list[LayerCalendar]:
    """A calendar per layer that is compared with another."""
    weeks = _week_columns(report.calendar())
    layers = dict.fromkeys(r.layer for r in report.coverage if r.of)
    return [
        _calendar(layer, [r for r in report.coverage if r.layer == layer], weeks)
        for layer in layers
    ]


def _week_columns(dates: Iterable[date]) -> dict[int, int]:
    """Monday's ordinal → column; weeks without a date (a summer) leave a gap of one column."""
    columns: dict[int, int] = {}
    column, previous = -1, None
    for monday in sorted({day.toordinal() - day.weekday() for day in dates}):
        column += 1 if previous is None or monday - previous == 7 else 2
        columns[monday] = column
        previous = monday
    return columns


def _calendar(
    layer: str, datasets: Sequence[DatasetRecord], weeks: dict[int, int]
) -> LayerCalendar:
    by_date: dict[date, list[tuple[DatasetRecord, Day]]] = {}
    for dataset in datasets:
        for day in dataset.days:
            by_date.setdefault(day.date, []).append((dataset, day))
    cells = tuple(_cells(by_date, weeks))
    states = [cell.state for cell in cells]
    return LayerCalendar(
        layer=layer,
        cells=cells,
        months=tuple(_months(weeks)),
        width=(max(weeks.values(), default=0) + 1) * CELL + 48,
        height=7 * CELL + MONTH_HEIGHT,
        counts={state: states.count(state) for state in State if state in states},
    )


def _cells(
    by_date: dict[date, list[tuple[DatasetRecord, Day]]], weeks: dict[int, int]
) -> Iterator[CalendarCell]:
    for day, found in sorted(by_date.items()):
        column = weeks.get(day.toordinal() - day.weekday())
        if column is None:
            continue
        yield CalendarCell(
            x=column * CELL,
            y=MONTH_HEIGHT + day.weekday() * CELL,
            state=min((state_of(d) for _, d in found), key=ORDER.index),
            title="\n".join([str(day), *(_figures(dataset, d) for dataset, d in found)]),
        )


def _figures(dataset: DatasetRecord, day: Day) -> str:
    orphans = f", {day.orphans} orphans" if day.orphans else ""
    return f"{dataset.name}: {day.matched}/{day.expected} {state_of(day)}{orphans}"


def _months(weeks: dict[int, int]) -> Iterator[tuple[int, str]]:
    """A label where a month begins, unless it would touch the one before."""
    seen: set[tuple[int, int]] = set()
    free_from = 0
    for monday, column in weeks.items():
        day = date.fromordinal(monday + 6)
        if (day.year, day.month) in seen or column < free_from:
            continue
        seen.add((day.year, day.month))
        label = f"{day:%b %Y}" if day.month == 1 or len(seen) == 1 else f"{day:%b}"
        free_from = column + (5 if " " in label else 3)
        yield column * CELL, label
