"""The failed checks of a run, grouped into what is wrong at the root. Pure.

A spot is a dataset on a date. Each that fails belongs to exactly one thing that is wrong: from it
one climbs the lineage for as long as the dataset above has lost the date as well, and what was
passed stands below. Datasets of one layer that fail on the same dates in the same way most likely
have one cause, and stand beside each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import NamedTuple

from checkpoints.archive.incidents import Below, IncidentKind, by_dataset
from checkpoints.archive.report import Report
from checkpoints.contract.checks import upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_above, sources_left
from checkpoints.coverage.results import WEIGHT, CheckRecord
from checkpoints.explain.joining import joined
from checkpoints.records import Record
from checkpoints.rules.evidence import Cell, CellState, Status
from checkpoints.rules.rule import Outcome, Severity

Day = date | None
"""None: no date is to blame."""

Family = tuple[IncidentKind, ...]
"""Kinds that are one trouble: what has stopped lacks dates as well."""

UNREADABLE: Family = (IncidentKind.UNREADABLE,)
ABSENCE: Family = (IncidentKind.MISSING, IncidentKind.LATE)
ROWS: Family = (IncidentKind.ROWS,)
FAMILIES: tuple[Family, ...] = (UNREADABLE, ABSENCE, (IncidentKind.ORPHANS,), ROWS)
"""The first of those by which a spot fails tells it: that a lost date has orphans is no news."""


class Found(Record):
    """One thing that is wrong.

    ``roots`` are the highest datasets of one layer that it is wrong with, the one with most dates
    first; ``below`` what is built from them and fails on the same dates. ``checks`` are those of
    the roots: none where a threshold allows what they have lost, and what is below fails.
    """

    kind: IncidentKind
    roots: tuple[Below, ...]
    below: tuple[Below, ...] = ()
    checks: tuple[str, ...]
    severity: Severity
    message: str = ""


class Spot(NamedTuple):
    """A dataset on a date, and in which way it fails there."""

    family: Family
    dataset: str
    day: Day


def family_of(kind: IncidentKind) -> Family:
    """The kinds that are one trouble with it."""
    return next(family for family in FAMILIES if kind in family)


def kind_of(check: CheckRecord) -> IncidentKind:
    """What is wrong with a dataset that fails a check."""
    if check.outcome is Outcome.ERRORED:
        return IncidentKind.UNREADABLE
    if check.rule.tells_late:
        return IncidentKind.LATE
    if check.rule.goes_with_upstream:
        return IncidentKind.ORPHANS
    return IncidentKind.MISSING if check.rule.tells_missing else IncidentKind.ROWS


def found_in(
    report: Report, contract: Contract, lightest: Severity | None = None
) -> tuple[Found, ...]:
    """What is wrong by the failed checks of a run: first what cannot be read, then what is lost.

    Failures lighter than ``lightest`` are left out: by default those that do not gate.
    """
    least = WEIGHT[lightest or report.verdict.fail_on]
    lineage = _Lineage(
        contract=contract,
        cells={(r.name, cell.date): cell for r in report.datasets for cell in r.days},
    )
    for check in report.checks:
        failed = check.outcome is Outcome.FAILED and WEIGHT[check.severity] >= least
        if failed or check.outcome is Outcome.ERRORED:
            lineage.blame(check)
    return tuple(sorted(lineage.found(), key=lineage.rank))


@dataclass(frozen=True, kw_only=True)
class _Lineage:
    """What fails where: the checks of each spot, in the order of the report."""

    contract: Contract
    cells: Mapping[tuple[str, Day], Cell]
    blamed: dict[Spot, list[CheckRecord]] = field(default_factory=lambda: defaultdict(list))

    def blame(self, check: CheckRecord) -> None:
        """Note a failed check on each of its dates."""
        kind = kind_of(check)
        for day in self._days(check, kind):
            cell = self.cells.get((check.dataset, day))
            lost = cell is not None and cell.state is CellState.MISSING
            family = ABSENCE if lost else family_of(kind)
            self.blamed[Spot(family, check.dataset, day)].append(check)

    def _days(self, check: CheckRecord, kind: IncidentKind) -> Collection[Day]:
        """The dates of a check; what has stopped is told by the due ones, if there are any."""
        if kind is IncidentKind.UNREADABLE or not check.unexpected_dates:
            return (None,)
        if kind is not IncidentKind.LATE:
            return check.unexpected_dates
        cells = ((day, self.cells.get((check.dataset, day))) for day in check.unexpected_dates)
        due = [day for day, cell in cells if cell and cell.status is Status.DUE]
        return due or check.unexpected_dates

    def rank(self, found: Found) -> tuple[int, int, int]:
        """What is told first: the heavier family, most dates, upstream."""
        root = found.roots[0]
        family = FAMILIES.index(family_of(found.kind))
        return family, -len(root.dates), self.contract.names.index(root.dataset)

    def found(self) -> Iterator[Found]:
        """What is wrong, in no order."""
        spots: dict[Spot, list[Spot]] = defaultdict(list)
        top = cache(self._top)
        for spot in self.blamed:
            spots[top(spot)].append(spot)
        for roots in self._groups(spots):
            yield self._told(roots, [spot for root in roots for spot in spots[root]])

    def _top(self, spot: Spot) -> Spot:
        """The spot that explains another."""
        earlier = FAMILIES[1 : FAMILIES.index(spot.family)] if spot.day else ()
        same = (Spot(family, spot.dataset, spot.day) for family in earlier)
        above = next((s for s in same if s in self.blamed), None) or self._above(spot)
        return self._top(above) if above else spot

    def _above(self, spot: Spot) -> Spot | None:
        """What explains a spot one step up the lineage; None where it is its own root."""
        if spot.family == UNREADABLE:
            return self._unreadable_above(spot)
        if spot.family == ABSENCE:
            return self._lost_above(spot)
        names = self._sources(spot)
        families = FAMILIES[1 : FAMILIES.index(spot.family) + 1]
        above = (Spot(family, name, spot.day) for family in families for name in names)
        return next((s for s in above if s in self.blamed), None) if spot.day else None

    def _unreadable_above(self, spot: Spot) -> Spot | None:
        """Without the reference nothing is known of any other."""
        reference = self.contract.reference
        names = [*self._ancestors(spot.dataset), *([reference] if reference else [])]
        above = (spot._replace(dataset=name) for name in names if name != spot.dataset)
        return next((s for s in above if s in self.blamed), None)

    def _ancestors(self, name: str) -> Iterator[str]:
        for above in names_above(self.contract, name):
            yield above
            yield from self._ancestors(above)

    def _lost_above(self, spot: Spot) -> Spot | None:
        """Of ``any_of`` several all must be lost, of ``all_of`` one is enough."""
        lost = [name for name in self._sources(spot) if self._is_lost(name, spot)]
        upstream = self.contract.datasets[spot.dataset].upstream
        needed = len(self._sources(spot)) if upstream and not upstream.every else 1
        return spot._replace(dataset=lost[0]) if lost and len(lost) >= needed else None

    def _sources(self, spot: Spot) -> tuple[str, ...]:
        """What a dataset is built from on a date: none that is retired then."""
        pair = upstream_pair(self.contract, spot.dataset)
        if pair.of is None or spot.day is None:
            return names_above(self.contract, spot.dataset)
        return sources_left(self.contract, pair, spot.day)

    def _is_lost(self, name: str, below: Spot) -> bool:
        """A dataset fails on the date of one below it, or a threshold allows it what both lack.

        Where nothing is known of it, what is above it tells.
        """
        spot = below._replace(dataset=name)
        if spot in self.blamed:
            return True
        cell, under = self.cells.get((name, spot.day)), self.cells.get((below.dataset, spot.day))
        if cell is None:
            return self._lost_above(spot) is not None
        is_whole = under is not None and not under.missing
        return is_whole and cell.state.is_lacking

    def _groups(self, roots: Iterable[Spot]) -> list[list[Spot]]:
        """The roots that are one thing: of a dataset, and beside each other."""
        return joined(([spot], set(self._marks(spot))) for spot in roots)

    def _marks(self, spot: Spot) -> Iterator[tuple[str, ...]]:
        """Two spots with a mark in common are one thing."""
        family = spot.family[0]
        yield family, spot.dataset
        if spot.family == UNREADABLE or (spot.day is None and spot.family != ABSENCE):
            return
        kinds = {check.kind for check in self.blamed[spot]} if spot.family == ROWS else {""}
        layer = self.contract.datasets[spot.dataset].layer
        yield from ((family, layer, str(spot.day), kind) for kind in kinds)

    def _told(self, roots: list[Spot], spots: list[Spot]) -> Found:
        """A group of roots, with the spots that they explain."""
        at_root = {spot[1:] for spot in roots}
        own = [c for s in spots if s[1:] in at_root for c in self.blamed[s]]
        checks = [check for spot in spots for check in self.blamed[spot]]
        dated = any(spot.day for spot in spots)
        return Found(
            kind=self._kind(roots[0].family, own),
            roots=self._parts(roots, most_first=True),
            below=self._parts(s for s in spots if s[1:] not in at_root),
            checks=tuple(dict.fromkeys(check.name for check in own)),
            severity=max((check.severity for check in checks), key=WEIGHT.__getitem__),
            message="" if dated else next((c.message for c in checks if c.message), ""),
        )

    def _kind(self, family: Family, checks: Collection[CheckRecord]) -> IncidentKind:
        stopped = checks and all(kind_of(check) is IncidentKind.LATE for check in checks)
        return IncidentKind.LATE if family == ABSENCE and stopped else family[0]

    def _parts(self, spots: Iterable[Spot], *, most_first: bool = False) -> tuple[Below, ...]:
        parts = by_dataset((spot.dataset, spot.day) for spot in spots)
        parts.sort(key=lambda part: self.contract.names.index(part.dataset))
        if most_first:
            parts.sort(key=lambda part: -len(part.dates))
        return tuple(parts)
