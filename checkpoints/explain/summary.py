"""The root causes: why dates are lacking, grouped over dates and over what is below. Pure."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from datetime import date
from typing import Literal

from checkpoints.archive.incidents import Below, by_dataset
from checkpoints.dates import DateRange, ranges_of
from checkpoints.explain.causes import Cause, Confidence, Reason
from checkpoints.explain.joining import joined
from checkpoints.explain.walking import Place, Walk
from checkpoints.records import Record
from checkpoints.rules.evidence import Cell, CellState, expected_dates

CalendarDate = date

EXAMPLES = 3
"""That a root cause has at most."""


class Day(Record):
    """A date of a dataset, and why it is as it is; ``state`` is None where it cannot be read."""

    dataset: str
    date: CalendarDate
    state: CellState | None
    reasons: tuple[Reason, ...]


class RootCause(Record):
    """One cause at datasets of one layer, over all dates that it explains.

    ``at`` are the datasets where it stops, on their dates; ``explains`` are others that lack dates
    because of it. ``last_there`` is the latest date before the first of ``dates`` on which any of
    them held something, None where none was read. ``examples`` are some, each with its date.
    """

    cause: Cause
    layer: str
    confidence: Confidence
    why: str
    dates: tuple[CalendarDate, ...]
    ranges: tuple[DateRange, ...]
    at: tuple[Below, ...]
    explains: tuple[Below, ...]
    last_there: CalendarDate | None = None
    examples: tuple[str, ...] = ()

    @property
    def names(self) -> str:
        """Where it stops: ``factors, cache``."""
        return ", ".join(part.dataset for part in self.at)


class Explanation(Record):
    """The whole answer of ``checkpoints explain``.

    ``dataset`` is None where all were asked for. ``causes`` are the troubles, those of most dates
    first, then what is so by design. ``unreadable`` says why of datasets, ``problem`` why of the
    ledger.
    """

    schema_version: Literal[1] = 1
    contract: str
    dataset: str | None
    window: DateRange
    as_of: CalendarDate
    days: tuple[Day, ...]
    causes: tuple[RootCause, ...]
    unreadable: dict[str, str]
    problem: str = ""

    @property
    def problems(self) -> list[str]:
        """Why something is not explained."""
        return [*self.unreadable.values(), *filter(None, [self.problem])]


def days_of(walk: Walk, places: Iterable[Place]) -> tuple[Day, ...]:
    """Dates of datasets, explained."""
    return tuple(
        Day(dataset=n, date=d, state=walk.state(n, d), reasons=walk.reasons(n, d))
        for n, d in places
    )


Found = list[tuple[Day, Reason]]


def root_causes(walk: Walk, days: Iterable[Day]) -> tuple[RootCause, ...]:
    """What explains the days, grouped: by most dates, troubles first."""
    groups: dict[tuple[str, Cause, Confidence, str], Found] = {}
    for day in days:
        for reason in day.reasons:
            key = (reason.dataset, reason.cause, reason.confidence, reason.why)
            groups.setdefault(key, []).append((day, reason))
    calendar = calendar_of(walk)
    found = [_root_cause(walk, group, calendar) for group in _together(walk, groups.values())]
    return tuple(sorted(found, key=lambda one: (not one.cause.is_trouble, -len(one.dates))))


def _together(walk: Walk, groups: Iterable[Found]) -> list[Found]:
    """Datasets of one layer that lack the same dates in the same way most likely have one cause."""

    def marks(group: Found) -> set[Hashable]:
        reason = group[0][1]
        layer = walk.contract.datasets[reason.dataset].layer
        key = (layer, reason.cause, reason.confidence, reason.why)
        return {(key, day.date) for day, _ in group}

    return joined((group, marks(group)) for group in groups)


def calendar_of(walk: Walk) -> list[date]:
    """Every date of the window on which something is expected."""
    return expected_dates(cell for found in walk.frame.cells.values() for cell in found)


def _root_cause(walk: Walk, group: Found, calendar: Sequence[date]) -> RootCause:
    _, reason = group[0]
    dates = sorted({day.date for day, _ in group})
    own = {day.date: one.example for day, one in group if one.example}
    names = {one.dataset for _, one in group}
    at = _parts(walk, ((one.dataset, day.date) for day, one in group))
    below = _parts(walk, ((d.dataset, d.date) for d, _ in group if d.dataset not in names))
    before = [_last_there(walk, part.dataset, dates[0]) for part in at]
    return RootCause(
        cause=reason.cause,
        layer=walk.contract.datasets[reason.dataset].layer,
        confidence=reason.confidence,
        why=reason.why,
        dates=tuple(dates),
        ranges=tuple(ranges_of(dates, calendar)),
        at=at,
        explains=below,
        last_there=max(filter(None, before), default=None),
        examples=_examples(own),
    )


def _parts(walk: Walk, places: Iterable[Place]) -> tuple[Below, ...]:
    names = walk.contract.names
    return tuple(sorted(by_dataset(places), key=lambda part: names.index(part.dataset)))


def _examples(own: dict[date, str]) -> tuple[str, ...]:
    """The first, the last and one between."""
    days = sorted(own)
    chosen: Collection[date] = dict.fromkeys([*days[:1], *days[len(days) // 2 :][:1], *days[-1:]])
    return tuple(f"{day}: {own[day]}" for day in sorted(chosen))[:EXAMPLES]


def _last_there(walk: Walk, name: str, first: date) -> date | None:
    if name in walk.frame.unreadable:
        return None
    cells: Iterable[Cell] = (c for (pair, _), c in walk.cells.items() if pair.dataset == name)
    earlier = [cell.date for cell in cells if cell.present and cell.date < first]
    before = walk.frame.before.get(name)
    return max([*earlier, *([before] if before else [])], default=None)
