"""The coverage frame: for every date and every compared pair of datasets, what is there.

Pure: built from the answer of the presence query, the contract and ``as_of``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from checkpoints.contract.checks import by_date_grain
from checkpoints.contract.due import is_counted_by_date, is_off, last_due, moment_of
from checkpoints.contract.model import Contract, Dataset, Season
from checkpoints.contract.upstreams import Retirement, names_in, retirement
from checkpoints.contract.window import Window
from checkpoints.coverage.late import Cells, Late, late_of, with_late
from checkpoints.coverage.presence import Presence, count
from checkpoints.coverage.rows import rows_by_date
from checkpoints.coverage.sides import side_on, sides_of
from checkpoints.dates import DateRange
from checkpoints.rules.evidence import Cell, Pair, PairEvidence, SampledKeys, Status
from checkpoints.rules.facts import RowsOfDate, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageFrame:
    """Cells of every compared pair for every calendar date of the window, oldest first.

    ``undated`` is the number of rows without a date per dataset; ``before`` its latest date with
    keys before the window, if one was read; ``unreadable`` says why a dataset could not be read,
    ``incomparable`` why the keys of a pair never match. ``sources`` are the datasets that a pair
    is compared with, ``retired`` is from when on nothing is expected of it. ``rows`` and
    ``written`` are what rules ask of rows, ``now`` is the moment of the run. ``reference`` is None
    where calendars alone say what is due. ``late`` is what is tolerated for some days.
    """

    window: Window
    as_of: date
    reference: str | None
    cells: Cells
    undated: Mapping[str, int]
    unreadable: Mapping[str, str]
    before: Mapping[str, date] = field(default_factory=dict)
    seasons: tuple[DateRange, ...] = ()
    incomparable: Mapping[Pair, str] = field(default_factory=dict)
    sources: Mapping[Pair, tuple[str, ...]] = field(default_factory=dict)
    retired: Mapping[Pair, Retirement] = field(default_factory=dict)
    rows: Mapping[Pair, Mapping[date, RowsOfDate]] = field(default_factory=dict)
    written: Mapping[str, Mapping[date, Written]] = field(default_factory=dict)
    now: datetime | None = None
    late: tuple[Late, ...] = ()

    def evidence(
        self,
        pair: Pair,
        samples: Mapping[date, SampledKeys] | None = None,
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
            retired=end.first if (end := self.retired.get(pair)) else None,
            samples=samples or {},
            rows=self.rows.get(pair, {}),
            written_above=self._written_above(pair),
            now=self.now,
        )

    def _written_above(self, pair: Pair) -> Mapping[date, Written]:
        """When the rows of all that a pair is compared with were written, by date."""
        found: dict[date, Written] = {}
        for name in self.sources[pair]:
            for day, (first, last) in self.written.get(name, {}).items():
                other = found.get(day, Written(first, last))
                found[day] = Written(min(first, other.first), max(last, other.last))
        return found

    def unknown(self) -> dict[str, str]:
        """Why the coverage of a dataset is not known: unreadable, or a comparison is impossible."""
        compared = {pair.dataset: why for pair, why in self.incomparable.items()}
        return {**compared, **self.unreadable}

    def obstacle(self, pair: Pair, *, alone: bool = False) -> str:
        """Why a pair, or its dataset ``alone``, cannot be judged; empty when it can."""
        if alone:
            return self.unreadable.get(pair.dataset, "")
        name = self.unreadable_of(pair)
        return self.unreadable[name] if name else self.incomparable.get(pair, "")

    def unreadable_of(self, pair: Pair) -> str:
        """The dataset that cannot be read, of all that are needed to judge a pair; else empty."""
        needed = (pair.dataset, *self.sources[pair], *([self.reference] if self.reference else []))
        return next((name for name in needed if name in self.unreadable), "")


def build_frame(
    contract: Contract,
    presence: Presence,
    window: Window,
    as_of: date,
    pairs: Collection[Pair],
    unreadable: Mapping[str, str] | None = None,
    incomparable: Mapping[Pair, str] | None = None,
    now: datetime | None = None,
) -> CoverageFrame:
    """Count every pair on every date of the window.

    ``as_of`` is today in the contract's time zone, ``now`` the aware moment of the run. ``pairs``
    come from ``pairs_of``.
    """
    dates, moment = window.range.dates(), moment_of(contract, as_of, now)
    statuses = {n: _statuses(contract, n, presence, dates, moment) for n in contract.names}
    ends = {pair: end for pair in pairs if (end := retirement(contract, pair))}
    cells: Cells = {
        pair: tuple(
            _cells(contract, presence, pair, dates, _ended(statuses, dates, pair, ends.get(pair)))
        )
        for pair in pairs
    }
    late = late_of(contract, cells, moment)
    return CoverageFrame(
        window=window,
        as_of=as_of,
        reference=contract.reference,
        cells=with_late(cells, late),
        undated={name: presence.null_rows_of(name, None) for name in contract.names},
        unreadable=dict(unreadable or {}),
        before=dict(_before(presence, window.range.first)),
        seasons=contract.season_ranges,
        incomparable=dict(incomparable or {}),
        sources={pair: names_in(contract, pair)[1:] for pair in pairs},
        retired=ends,
        rows={pair: rows for pair in pairs if (rows := rows_by_date(contract, presence, pair))},
        written=presence.written,
        now=now,
        late=late,
    )


def _before(presence: Presence, first: date) -> Iterator[tuple[str, date]]:
    """Each dataset's latest date with keys before the first of the window."""
    earlier = sorted(day for day in presence.by_date if day < first)
    for name in presence.layout.names:
        for day in earlier:
            if presence.keys(day, name):
                yield name, day


def _statuses(
    contract: Contract, name: str, presence: Presence, dates: Iterable[date], moment: datetime
) -> list[Status]:
    dataset, as_of = contract.datasets[name], moment.date()
    gaps = [g.range for g in contract.known_gaps if g.dataset == name and as_of <= g.until]
    warmups = [_warmup(dataset, season) for season in contract.seasons if dataset.warmup_days]
    latest = last_due(contract, name, moment)
    reference = None if contract.calendar_of(name) else contract.reference

    def status(day: date) -> Status:
        if is_off(contract, name, day):
            return Status.OFF
        if day > latest:
            return Status.NOT_YET_DUE
        if reference and not presence.keys(day, reference):
            return Status.OFF
        if any(day in warmup for warmup in warmups):
            return Status.WARM_UP
        return Status.KNOWN_GAP if any(day in gap for gap in gaps) else Status.DUE

    return [status(day) for day in dates]


def _ended(
    statuses: Mapping[str, Sequence[Status]],
    dates: Sequence[date],
    pair: Pair,
    end: Retirement | None,
) -> Sequence[Status]:
    """The statuses of a pair, retired from some date on."""
    own = statuses[pair.dataset]
    if end is None:
        return own
    over = [
        day >= end.first and status is not Status.OFF
        for day, status in zip(dates, own, strict=True)
    ]
    return [Status.RETIRED if o else s for o, s in zip(over, own, strict=True)]


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
    sides = sides_of(contract, presence.layout, pair)
    one_a_date, by_calendar = by_date_grain(contract, pair), is_counted_by_date(contract, pair)
    for day, status in zip(dates, statuses, strict=True):
        promised = int(by_calendar and status not in (Status.OFF, Status.RETIRED))
        masks = presence.by_date.get(day)
        if masks is None:
            yield Cell(day, status, promised, 0, 0, 0, 0)
            continue
        side = side_on(sides, day)
        expected, present = count(masks, side.expected), count(masks, side.present)
        if one_a_date:
            expected, present = int(side.expects_date(masks)), min(present, 1)
        if by_calendar:
            expected = promised
        if one_a_date or pair.match == "count":
            matched = min(expected, present)
        else:
            matched = count(masks, side.matched)
        # What is compared with nothing any more has no orphans.
        orphans = present - matched if side.bits and not by_calendar else 0
        nulls = presence.null_rows_of(pair.dataset, day)
        yield Cell(day, status, expected, present, matched, orphans, nulls)
