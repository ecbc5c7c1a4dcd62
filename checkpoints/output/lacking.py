"""What datasets lack on a date, or hold that does not belong: every date of a kind once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from checkpoints.archive.report import Report
from checkpoints.coverage.results import DatasetRecord
from checkpoints.rules.evidence import Cell, CellState

KINDS: dict[str, Callable[[Cell], object]] = {
    "Missing": lambda day: day.state is CellState.MISSING,
    "Partial": lambda day: day.state is CellState.PARTIAL,
    "Late": lambda day: day.state is CellState.LATE,
    "Known gap": lambda day: day.state is CellState.KNOWN_GAP,
    "Orphan keys": lambda day: day.orphans,
    "NULL keys": lambda day: day.null_keys,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Dates of which the same is true of the same datasets, and of no other."""

    kind: str
    datasets: tuple[DatasetRecord, ...]
    dates: tuple[date, ...]


def shortfalls(report: Report) -> list[Shortfall]:
    """Kinds in the order of ``KINDS``; in each, what holds for the most dates comes first."""
    records = {record.name: record for record in report.coverage}
    return [
        Shortfall(kind=kind, datasets=tuple(records[name] for name in names), dates=dates)
        for kind, is_so in KINDS.items()
        for names, dates in together(
            {
                name: [day.date for day in record.days if is_so(day)]
                for name, record in records.items()
            }
        )
    ]


def together(found: Mapping[str, Iterable[date]]) -> list[tuple[tuple[str, ...], tuple[date, ...]]]:
    """``{a: 1st and 2nd, b: 2nd}`` → 1st of a, 2nd of a and b; the most dates first."""
    names: dict[date, list[str]] = {}
    for name, dates in found.items():
        for day in dict.fromkeys(dates):
            names.setdefault(day, []).append(name)
    groups: dict[tuple[str, ...], list[date]] = {}
    for day in sorted(names):
        groups.setdefault(tuple(names[day]), []).append(day)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [(group, tuple(dates)) for group, dates in ordered]


def lacking_of(report: Report) -> dict[str, frozenset[date]]:
    """The due dates on which each dataset lacks keys, as its coverage is measured."""
    return {
        record.name: frozenset(day.date for day in record.days if day.state.is_lacking)
        for record in report.coverage
    }
