"""From a dataset upstream, date by date, to where it stops and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from checkpoints.archive.calls import Asked, Ledger
from checkpoints.contract.checks import checks_of, coverage_pair, tells_keys_apart, upstream_pair
from checkpoints.contract.due import is_counted_by_date, off_in_words
from checkpoints.contract.model import Contract, Dataset
from checkpoints.contract.upstreams import names_above, sources_left
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import KeySample
from checkpoints.explain.causes import NOT_EXPECTED, Cause, Confidence, Reason, Spot, reasons_of
from checkpoints.explain.keys import Mismatch, recognised
from checkpoints.rules.evidence import Cell, CellState, Pair, Status
from checkpoints.rules.fresh import Fresh, Writing

Place = tuple[str, date]
"""A dataset on a date."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The evidence, by dataset and date.

    ``ledger`` is None where it cannot be read. ``seen`` is, by place, an earlier run in which
    more of it was there.
    """

    contract: Contract
    frame: CoverageFrame
    keys: tuple[KeySample, ...] = ()
    ledger: Ledger | None = None
    seen: Mapping[Place, str] = field(default_factory=dict)
    cells: dict[tuple[Pair, date], Cell] = field(init=False)
    stale: dict[Place, Writing] = field(init=False)
    mismatches: dict[tuple[Pair, date], Mismatch | None] = field(init=False)
    known: dict[Place, tuple[Reason, ...]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        cells = {(pair, c.date): c for pair, found in self.frame.cells.items() for c in found}
        found = {
            (Pair(s.dataset, s.of, "keys", s.by), s.date): recognised(s.missing, s.orphans)
            for s in self.keys
            if not s.check
        }
        for name, value in {
            "cells": cells,
            "stale": dict(self._stale()),
            "mismatches": found,
        }.items():
            object.__setattr__(self, name, value)

    def lacking(self) -> list[Place]:
        """Where due dates lack keys, or were written before their upstream; upstream first."""
        dates = self.frame.window.range.dates()
        names = [name for name in self.contract.names if name not in self.frame.unknown()]
        return [(n, d) for n in names for d in dates if self.lacks(n, d) or (n, d) in self.stale]

    def blocked(self) -> list[str]:
        """The datasets of which nothing is known, as they or what is above cannot be read."""
        pairs = [upstream_pair(self.contract, name) for name in self.contract.names]
        return [pair.dataset for pair in pairs if self._obstacle(pair)]

    def lacks(self, name: str, day: date) -> bool:
        """Whether a due date lacks keys of the upstream, or of what coverage is measured by."""
        return any(cell.state.is_lacking for cell in self._cells_of(name, day))

    def matched(self, name: str, day: date) -> int:
        """How many keys of the upstream are there."""
        return self.cells[upstream_pair(self.contract, name), day].matched

    def state(self, name: str, day: date) -> CellState | None:
        """What the date is; None where it cannot be read."""
        states = [cell.state for cell in self._cells_of(name, day)]
        return min(states, key=list(CellState).index, default=None)

    def reasons(self, name: str, day: date) -> tuple[Reason, ...]:
        """Why a date is as it is; the first is of the dataset itself, if it is to blame."""
        if (name, day) not in self.known:
            found = tuple(dict.fromkeys(self._reasons(name, day)))
            self.known[name, day] = found
        return self.known[name, day]

    def _reasons(self, name: str, day: date) -> Iterator[Reason]:
        pair = upstream_pair(self.contract, name)
        if blocked := self._obstacle(pair):
            yield blocked
            return
        cell = self.cells[pair, day]
        if cell.status is not Status.DUE:
            yield self._not_expected(name, cell)
            return
        found = list(self._lost(pair, cell))
        if not found and (name, day) in self.stale:
            found = list(reasons_of(self._spot(pair, cell)))
        if not found:
            there = Confidence.CERTAIN
            found = [Reason(dataset=name, cause=Cause.THERE, confidence=there, why="")]
        yield from found

    def _lost(self, pair: Pair, cell: Cell) -> Iterator[Reason]:
        """What its upstream has and it lacks is its own; what that lacks is explained there."""
        name, day = pair.dataset, cell.date
        if cell.missing:
            yield from reasons_of(self._spot(pair, cell))
        wider = self._wider(name, day)
        if not cell.lost_above and not (wider and wider.missing > cell.missing):
            return
        above = [one for one in sources_left(self.contract, pair, day) if self._is_lost(one, day)]
        yield from (reason for one in above for reason in self.reasons(one, day))
        if not above and not cell.missing:
            yield from self._between(name, wider)

    def _between(self, name: str, wider: Cell | None) -> Iterator[Reason]:
        """Nothing above lacks the date by itself: what it is measured by tells, or nothing does."""
        if wider and not wider.lost_above:
            yield from reasons_of(self._spot(coverage_pair(self.contract, name), wider))
            return
        why = "all that it is built from is there, and has no key in common"
        sure = Confidence.LIKELY
        yield Reason(dataset=name, cause=Cause.KEYS_DO_NOT_MATCH, confidence=sure, why=why)

    def _is_lost(self, name: str, day: date) -> bool:
        """Empty, lacking or unreadable: what is below it cannot have the date."""
        if name in self.frame.unknown():
            return True
        cell = self.cells[upstream_pair(self.contract, name), day]
        return self.lacks(name, day) or not cell.present

    def _cells_of(self, name: str, day: date) -> list[Cell]:
        pairs = dict.fromkeys(
            [upstream_pair(self.contract, name), coverage_pair(self.contract, name)]
        )
        judged = (p for p in pairs if p.of or is_counted_by_date(self.contract, p))
        return [self.cells[pair, day] for pair in judged if not self.frame.obstacle(pair)]

    def _wider(self, name: str, day: date) -> Cell | None:
        """The date against what coverage is measured by, where that is not the upstream."""
        pair = coverage_pair(self.contract, name)
        if pair == upstream_pair(self.contract, name) or self.frame.obstacle(pair):
            return None
        return self.cells[pair, day]

    def _obstacle(self, pair: Pair) -> Reason | None:
        """What cannot be read, or whose keys can never be the same."""
        sure = Confidence.CERTAIN
        if name := self.frame.unreadable_of(pair):
            why = self.frame.unreadable[name]
            return Reason(dataset=name, cause=Cause.UNREADABLE, confidence=sure, why=why)
        if why := self.frame.incomparable.get(pair, ""):
            cause, why = Cause.KEYS_DO_NOT_MATCH, f"types: {why}"
            return Reason(dataset=pair.dataset, cause=cause, confidence=sure, why=why)
        return None

    def _not_expected(self, name: str, cell: Cell) -> Reason:
        cause, words = NOT_EXPECTED[cell.status]
        dataset = self.contract.datasets[name]
        why = words.format(
            warmup=dataset.warmup_days,
            grace=self.contract.grace_of(name),
            off=off_in_words(self.contract, name, cell.date),
            late=self._late_until(name, cell.date),
            gap=self._gap(name, cell.date),
            retired=self.frame.retired.get(upstream_pair(self.contract, name), ""),
        )
        is_off = cause is Cause.NOTHING_SCHEDULED and not self.contract.calendar_of(name)
        at = (is_off and self.contract.reference) or name
        if cause is Cause.RETIRED:
            at = self._retired(name)
        return Reason(dataset=at, cause=cause, confidence=Confidence.CERTAIN, why=why)

    def _late_until(self, name: str, day: date) -> str:
        own = (one for one in self.frame.late if one.dataset == name and day in one.dates)
        return next((str(one.until) for one in own), "")

    def _retired(self, name: str) -> str:
        """The dataset that is retired, of itself and what is above it."""
        if self.contract.datasets[name].retired:
            return name
        return self._retired(names_above(self.contract, name)[0])

    def _gap(self, name: str, day: date) -> str:
        gaps = self.contract.gaps_in_force(self.frame.window.range, self.frame.as_of)
        own = [gap for gap in gaps if gap.dataset == name and day in gap.range]
        return f"{own[0].reason} ({own[0].owner}, until {own[0].until})" if own else ""

    def _spot(self, pair: Pair, cell: Cell) -> Spot:
        name, day = pair.dataset, cell.date
        dataset = self.contract.datasets[name]
        mismatch, read = self._mismatch(pair, cell)
        above = names_above(self.contract, name)
        return Spot(
            dataset=name,
            cell=cell,
            above=pair.of or "",
            is_source=set(above) <= {self.contract.reference},
            service=dataset.service or "",
            asked=self._asked(dataset, name, day),
            ledger=self.ledger is not None,
            mismatch=mismatch,
            keys_read=read,
            stale=self.stale.get((name, day)),
            seen=self.seen.get((name, day), ""),
        )

    def _asked(self, dataset: Dataset, name: str, day: date) -> Asked | None:
        """The call of its service; one that was made for others has not shown that it landed."""
        found = (self.ledger or {}).get((dataset.service or "", day))
        if found is None or name in found.datasets:
            return found
        return found.model_copy(update={"landed_at": None})

    def _mismatch(self, pair: Pair, cell: Cell) -> tuple[Mismatch | None, bool]:
        """How keys differ, and whether they were read.

        Of a date whose keys were not read, as those of the dates that were, if all of it differs.
        """
        if not (cell.orphans and cell.missing) or not tells_keys_apart(self.contract, pair):
            return None, True
        if (pair, cell.date) in self.mismatches:
            return self.mismatches[pair, cell.date], True
        others = (found for (of, _), found in self.mismatches.items() if of == pair and found)
        alike = next(others, None) if not cell.matched else None
        return alike, False

    def _stale(self) -> Iterator[tuple[Place, Writing]]:
        """What rules about the time of writing say of dates, with the times that they go by."""
        for check in checks_of(self.contract):
            if isinstance(check.rule, Fresh) and not self.frame.obstacle(check.pair):
                found = check.rule.writings(self.frame.evidence(check.pair))
                yield from (((check.dataset, one.date), one) for one in found if one.is_stale)
