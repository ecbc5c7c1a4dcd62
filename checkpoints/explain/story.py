"""The story of what is missing: figures, timeline, who looked, what was repaired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.archive.repairs import stored_repairs
from checkpoints.archive.report import Report
from checkpoints.contract.checks import coverage_pair
from checkpoints.contract.due import is_root
from checkpoints.contract.loading import ContractFile
from checkpoints.dates import DateRange, ranges_of
from checkpoints.explain.explaining import Explained, reports_of
from checkpoints.explain.replay import Alert, Look, alerts, looks
from checkpoints.explain.summary import Explanation, RootCause, calendar_of
from checkpoints.explain.walking import Walk
from checkpoints.records import Record
from checkpoints.rules.evidence import ITS_CALENDAR, CellState, Tally

CalendarDate = date

RUNS_RETOLD = 500
"""At most so many runs are read for the story, the latest ones."""


class Measure(Record):
    """A dataset over the window, against what its coverage is measured by."""

    dataset: str
    layer: str
    of: str
    expected: int
    matched: int
    due: int
    missing: tuple[CalendarDate, ...]
    partial: tuple[CalendarDate, ...]


class Span(Record):
    """Neighbouring dates on which the same is lacking; by dataset, how."""

    range: DateRange
    dates: int
    states: dict[str, CellState]


class Chapter(Record):
    """A root cause, the first alerts that there would have been, and what stored runs said.

    ``silent`` are the checkpoints none of whose checks would have failed for it.
    """

    cause: RootCause
    alerts: tuple[Alert, ...]
    silent: tuple[str, ...]
    looks: tuple[Look, ...]


class Story(Record):
    """All of it."""

    explanation: Explanation
    layers: dict[str, str]
    measures: tuple[Measure, ...]
    timeline: tuple[Span, ...]
    chapters: tuple[Chapter, ...]
    repairs: tuple[RemediationRecord, ...]
    services: dict[str, str]


def story_of(file: ContractFile, found: Explained) -> Story:
    """The story of an explanation, from the same read, the archive and the records of repairs."""
    contract, walk = file.contract, found.walk
    reports = list(reports_of(file, RUNS_RETOLD))[::-1]
    troubles = [cause for cause in found.explanation.causes if cause.cause.is_trouble]
    return Story(
        explanation=found.explanation,
        layers=contract.layers,
        measures=tuple(_measures(walk, found.explanation)),
        timeline=tuple(_timeline(walk, found.explanation)),
        chapters=tuple(_chapter(walk, cause, reports) for cause in troubles),
        repairs=tuple(_repairs(file, found.explanation)),
        services={name: d.service for name, d in contract.datasets.items() if d.service},
    )


def _chapter(walk: Walk, cause: RootCause, reports: Sequence[Report]) -> Chapter:
    told = tuple(alerts(walk.contract, walk.frame, cause))
    names = {alert.checkpoint for alert in told}
    return Chapter(
        cause=cause,
        alerts=told,
        silent=tuple(name for name in walk.contract.checkpoints if name not in names),
        looks=tuple(looks(walk.contract, reports, cause)),
    )


def _measures(walk: Walk, explanation: Explanation) -> Iterator[Measure]:
    """Of every dataset that can be read and is compared with another."""
    for name, dataset in walk.contract.datasets.items():
        pair = coverage_pair(walk.contract, name)
        judged = pair.of or is_root(walk.contract, name)
        if not judged or walk.frame.obstacle(pair):
            continue
        cells = (c for c in walk.frame.cells[pair] if c.date in explanation.window)
        tally = Tally.of(cells)
        yield Measure(
            dataset=name,
            layer=dataset.layer,
            of=pair.of or ITS_CALENDAR,
            expected=tally.expected,
            matched=tally.matched,
            due=tally.due,
            missing=tally.missing,
            partial=tally.partial,
        )


def _timeline(walk: Walk, explanation: Explanation) -> Iterator[Span]:
    """Runs of dates of the calendar on which the same datasets lack keys in the same way."""
    calendar = [day for day in calendar_of(walk) if day in explanation.window]
    lacking = {day.date for day in explanation.days if day.state and day.state.is_lacking}
    states = {day: _states(walk, day) for day in calendar if day in lacking}
    for state, days in groupby(calendar, key=lambda day: states.get(day, {})):
        if state:
            found = list(days)
            for span in ranges_of(found, calendar):
                number = sum(day in span for day in found)
                yield Span(range=span, dates=number, states=state)


def _states(walk: Walk, day: date) -> dict[str, CellState]:
    """By dataset, where anything of it is looked at that day; what has no state is there."""
    names = [name for name in walk.contract.names if name not in walk.frame.unknown()]
    found = {name: walk.state(name, day) for name in names}
    return {name: state for name, state in found.items() if state}


def _repairs(file: ContractFile, explanation: Explanation) -> Iterator[RemediationRecord]:
    """The repairs of the contract on any date of the window, oldest first."""
    names = file.contract.datasets
    for stored in stored_repairs(file.project):
        repair = stored.repair
        if repair is None or not repair.window.overlaps(explanation.window):
            continue
        if any(name in names for call in repair.calls for name in call.datasets):
            yield repair
