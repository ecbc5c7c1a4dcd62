"""The coverage frame: for every date and every compared pair of datasets, what is there.

Pure: built from the answer of the presence query, the contract and ``as_of``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import reduce
from operator import or_

from checkpoints.contract.checks import by_date_grain
from checkpoints.contract.model import Contract, Dataset, Season
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from checkpoints.rules.evidence import Cell, Keys, Pair, PairEvidence, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """The answer of the presence query.

    ``by_date[date][mask]`` is the number of distinct keys whose mask says in which datasets
    they are: bit *i* for dataset *i* of ``names``, bit ``len(names) + i`` for rows of dataset *i*
    with NULL in a key column. ``undated[mask]`` counts the keys of rows without a date.
    ``null_rows`` counts rows: those of a dataset without a key on a date, or without a date (None);
    where it says nothing, their distinct keys are counted. ``rows[date][dataset]`` is how many rows
    hold the keys of a date; empty where it was not asked for.
    """

    names: tuple[str, ...]
    by_date: Mapping[date, Mapping[int, int]]
    undated: Mapping[int, int] = field(default_factory=dict)
    null_rows: Mapping[tuple[str, date | None], int] = field(default_factory=dict)
    rows: Mapping[date, Mapping[str, int]] = field(default_factory=dict)

    def keys(self, day: date, name: str) -> int:
        """How many distinct keys a dataset has on a date; 1 for a batch without keys."""
        return _count(self.by_date.get(day, {}), 1 << self.names.index(name))

    def lacking(self) -> tuple[set[str], list[date]]:
        """Which datasets have rows without a date or key, and on which dates, in order."""
        count = len(self.names)
        bits = reduce(or_, (mask | mask >> count for mask in self.undated), 0)
        dates = []
        for day, masks in sorted(self.by_date.items()):
            if nulls := reduce(or_, (mask >> count for mask in masks), 0):
                bits |= nulls
                dates.append(day)
        return {name for n, name in enumerate(self.names) if bits & 1 << n}, dates


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageFrame:
    """Cells of every compared pair for every calendar date of the window, oldest first.

    ``undated`` is the number of rows without a date per dataset; ``before`` its latest date with
    keys before the window, if one was read; ``unreadable`` says why a dataset could not be read,
    ``incomparable`` why the keys of a pair never match.
    """

    window: Window
    as_of: date
    reference: str
    cells: Mapping[Pair, tuple[Cell, ...]]
    undated: Mapping[str, int]
    unreadable: Mapping[str, str]
    before: Mapping[str, date] = field(default_factory=dict)
    seasons: tuple[DateRange, ...] = ()
    incomparable: Mapping[Pair, str] = field(default_factory=dict)

    def evidence(
        self,
        pair: Pair,
        samples: Mapping[date, tuple[Keys, Keys]] | None = None,
        part: str = "",
    ) -> PairEvidence:
        """What a rule is given of a pair; ``samples`` are keys that were read, by date.

        ``part`` is the window that is judged, where there are several.
        """
        window, cells = self.window.part(part).range, self.cells[pair]
        before = self.before.get(pair.dataset)
        if window != self.window.range:
            earlier = (c.date for c in reversed(cells) if c.present and c.date < window.first)
            before = next(earlier, before)
            cells = tuple(cell for cell in cells if cell.date in window)
        return PairEvidence(
            cells=cells,
            window=window,
            as_of=self.as_of,
            undated=self.undated.get(pair.dataset, 0),
            before=before,
            seasons=self.seasons,
            samples=samples or {},
        )

    def unknown(self) -> dict[str, str]:
        """Why the coverage of a dataset is not known: unreadable, or a comparison is impossible."""
        compared = {pair.dataset: why for pair, why in self.incomparable.items()}
        return {**compared, **self.unreadable}

    def obstacle(self, pair: Pair, *, alone: bool = False) -> str:
        """Why a pair, or its dataset ``alone``, cannot be judged; empty when it can."""
        if alone:
            return self.unreadable.get(pair.dataset, "")
        needed = (pair.dataset, pair.of or pair.dataset, self.reference)
        unreadable = (self.unreadable[name] for name in needed if name in self.unreadable)
        return next(unreadable, self.incomparable.get(pair, ""))


def build_frame(
    contract: Contract,
    presence: Presence,
    window: Window,
    as_of: date,
    pairs: Collection[Pair],
    unreadable: Mapping[str, str] | None = None,
    incomparable: Mapping[Pair, str] | None = None,
) -> CoverageFrame:
    """Count every pair on every date of the window.

    ``as_of`` is today in the contract's time zone. ``pairs`` come from ``pairs_of``.
    """
    dates = window.range.dates()
    statuses = {name: _statuses(contract, name, presence, dates, as_of) for name in contract.names}
    return CoverageFrame(
        window=window,
        as_of=as_of,
        reference=contract.reference,
        cells={
            pair: tuple(_cells(contract, presence, pair, dates, statuses[pair.dataset]))
            for pair in pairs
        },
        undated={name: _null_rows(presence, name, None) for name in presence.names},
        unreadable=dict(unreadable or {}),
        before=dict(_before(presence, window.range.first)),
        seasons=tuple(season.range for season in contract.seasons),
        incomparable=dict(incomparable or {}),
    )


def _count(masks: Mapping[int, int], bits: int) -> int:
    return sum(keys for mask, keys in masks.items() if mask & bits)


def _before(presence: Presence, first: date) -> Iterator[tuple[str, date]]:
    """Each dataset's latest date with keys before the first of the window."""
    earlier = sorted(day for day in presence.by_date if day < first)
    for bit, name in enumerate(presence.names):
        for day in earlier:
            if _count(presence.by_date[day], 1 << bit):
                yield name, day


def _null_rows(presence: Presence, name: str, day: date | None) -> int:
    """Rows of a dataset without a key on a date, or without a date; else their distinct keys."""
    null = 1 << presence.names.index(name) + len(presence.names)
    undated = null | null >> len(presence.names)
    masks = presence.undated if day is None else presence.by_date[day]
    keys = _count(masks, undated if day is None else null)
    return presence.null_rows.get((name, day), keys) if keys else 0


def _statuses(
    contract: Contract, name: str, presence: Presence, dates: Iterable[date], as_of: date
) -> list[Status]:
    dataset = contract.datasets[name]
    reference = 1 << presence.names.index(contract.reference)
    gaps = [g.range for g in contract.known_gaps if g.dataset == name and as_of <= g.until]
    warmups = [_warmup(dataset, season) for season in contract.seasons if dataset.warmup_days]
    last_due = as_of - timedelta(days=contract.grace_days)

    def status(day: date) -> Status:
        if day > last_due:
            return Status.NOT_YET_DUE
        if not _count(presence.by_date.get(day, {}), reference):
            return Status.OFF
        if any(day in warmup for warmup in warmups):
            return Status.WARM_UP
        return Status.KNOWN_GAP if any(day in gap for gap in gaps) else Status.DUE

    return [status(day) for day in dates]


def _warmup(dataset: Dataset, season: Season) -> DateRange:
    """The first ``warmup_days`` calendar days of a season."""
    more = min(dataset.warmup_days - 1, (date.max - season.first).days)
    return DateRange(season.first, season.first + timedelta(days=more))


def _cells(
    contract: Contract,
    presence: Presence,
    pair: Pair,
    dates: Iterable[date],
    statuses: Iterable[Status],
) -> Iterator[Cell]:
    names = presence.names
    down = 1 << names.index(pair.dataset)
    up = down if pair.of is None else 1 << names.index(pair.of)
    one_a_date = by_date_grain(contract, pair)
    for day, status in zip(dates, statuses, strict=True):
        masks = presence.by_date.get(day)
        if masks is None:
            yield Cell(day, status, 0, 0, 0, 0, 0)
            continue
        expected, present = _count(masks, up), _count(masks, down)
        if one_a_date:
            expected, present = min(expected, 1), min(present, 1)
        if one_a_date or pair.match == "count":
            matched = min(expected, present)
        else:
            matched = sum(n for mask, n in masks.items() if mask & up and mask & down)
        nulls = _null_rows(presence, pair.dataset, day)
        yield Cell(day, status, expected, present, matched, present - matched, nulls)


Counted = tuple[date | None, int, int, *tuple[int, ...]]
"""``date, mask, keys``, and how many rows each dataset has of those keys, if that was counted."""


def presence_of(names: tuple[str, ...], rows: Iterable[Counted]) -> Presence:
    """Collect what was counted; a date may come in several rows."""
    by_date: dict[date, Counter[int]] = {}
    undated: Counter[int] = Counter()
    rows_by_date: dict[date, Counter[str]] = {}
    for day, mask, keys, *counts in rows:
        if day is None:
            undated[mask] += keys
            continue
        by_date.setdefault(day, Counter())[mask] += keys
        for bit, count in enumerate(counts):
            if mask & 1 << bit:  # not with a NULL key
                rows_by_date.setdefault(day, Counter())[names[bit]] += count
    return Presence(names=names, by_date=by_date, undated=undated, rows=rows_by_date)
