"""What a warehouse holds, measured on a bounded read: rows, dates, unique columns, common keys.

What an engine bills for stays within ``max_bytes``: each statement is estimated first, with a
filter of fewer and fewer dates, and not sent where even the fewest are too many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from checkpoints.adoption.facts import Dataset as Proposed
from checkpoints.adoption.facts import Dated, Known, Shared, Table
from checkpoints.contract.model import Dataset, DateType
from checkpoints.dates import DAY, DateRange
from checkpoints.errors import DatasetUnreadable
from checkpoints.text import human_bytes
from checkpoints.warehouse.arms import relation_of
from checkpoints.warehouse.columns import number, written_out
from checkpoints.warehouse.engine import Engine
from checkpoints.warehouse.functions import day_of, identity, iso_date, local_date
from checkpoints.warehouse.listing import Listed
from checkpoints.warehouse.query_dates import NO_ROWS

Row = tuple[Any, ...]
Place = sa.FromClause
Build = Callable[[DateRange | None], sa.Select[*tuple[Any, ...]]]

ALWAYS = DateRange(date(1900, 1, 1), date(2200, 1, 1))
SHORTER = (1100, 400, 90, 30, 7, 2)
"""Days until today that are read where all dates are too many bytes."""

SAMPLE = 1000
"""Rows of which texts are read, to see which are dates."""

SCREENED = 20_000
"""Rows, of whole dates, on which sets of columns are tried before all rows are asked."""

COMPARED_DATES = 30
"""The newest dates of two tables whose keys are compared."""

FEWEST_DATES, COMPARED_ROWS = 3, 1_000_000
"""Fewer dates are compared where those have more rows together, but no fewer than these."""

AROUND = timedelta(days=14)
"""How much later a key may follow that has another date than in its upstream."""

STATEMENTS = 5
"""About as many are sent for a table, which share what may be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A warehouse that is looked at. ``zone`` is where a day begins, ``today`` the day.

    Without an ``engine`` nothing is measured.
    """

    engine: Engine | None
    zone: str
    today: date
    max_bytes: int
    tables: int
    locations: dict[tuple[str, ...], str | None] = field(default_factory=dict)

    def look(self, listed: Listed, known: Known) -> Table:
        """The columns of a table, and what is in those that may be dates or keys.

        Raises:
            DatasetUnreadable: it cannot be read.
        """
        if self.engine is None:
            raise DatasetUnreadable("no warehouse is open")
        anything = Dataset(layer="any", table=listed.path, date="any")
        described = self.engine.describe(anything, [])
        self.locations[listed.path] = described.location
        table = Table(
            path=listed.path,
            columns=described.columns,
            partitioned_by=listed.partitioned_by,
            known=known,
        )
        texts = self._texts_with_dates(table)
        dates = [c for c in table.columns if table.date_type(c) not in (None, "text")] + texts
        return self._profiled(table, dates)

    def _texts_with_dates(self, table: Table) -> list[str]:
        """The text columns of which nearly every value is an ISO date."""
        texts = [column for column in table.columns if table.date_type(column) == "text"]
        if not texts:
            return []

        def build(dates: DateRange | None) -> sa.Select[*tuple[Any, ...]]:
            relation = _relation(table)
            rows = sa.select(*(relation.c[c] for c in texts)).where(*self._when(table, dates))
            few = rows.limit(SAMPLE).subquery("few")
            days = ((few.c[c], self._day(few, c, "text")) for c in texts)
            counts = ((sa.func.count(column), sa.func.count(day)) for column, day in days)
            return sa.select(*(count for both in counts for count in both))

        found = self._read(table, build)
        if not found:
            return []
        pairs = zip(texts, found[0][::2], found[0][1::2], strict=True)
        return [column for column, filled, dates in pairs if filled and dates >= 0.95 * filled]

    def _profiled(self, table: Table, dates: Sequence[str]) -> Table:
        keys = [c for c in table.columns if table.kind(c) in ("integer", "text", "uuid")]
        keys += [c for c in dates if c not in keys]

        def build(within: DateRange | None) -> sa.Select[*tuple[Any, ...]]:
            place = _relation(table)
            days = (self._day(place, c, table.date_type(c)) for c in dates)
            told = (
                (
                    sa.func.count(day),
                    sa.func.min(day),
                    sa.func.max(day),
                    sa.func.count(sa.distinct(day)),
                )
                for day in days
            )
            return sa.select(
                sa.func.count(),
                *(value for values in told for value in values),
                *(sa.func.count(place.c[c]) for c in keys),
            ).where(*self._when(table, within))

        found = self._read(table, build)
        if not found:
            part = f"not measured: more than {human_bytes(self._share)} would be read"
            return replace(table, part=part)
        (rows, *values), number_of = found[0], 4 * len(dates)
        fours = (values[n : n + 4] for n in range(0, number_of, 4))
        dated = {c: Dated(*four) for c, four in zip(dates, fours, strict=True) if four[0]}
        filled = dict(zip(keys, values[number_of:], strict=True))
        return replace(table, rows=rows, dated=dated, filled=filled)

    def counts(self, table: Table, column: str) -> dict[date, int]:
        """The number of rows of every date of a column."""

        def build(within: DateRange | None) -> sa.Select[*tuple[Any, ...]]:
            day = self._day(_relation(table), column, table.date_type(column)).label("day")
            statement = sa.select(day, sa.func.count()).where(*self._when(table, within))
            return statement.group_by(day)

        return {day: rows for day, rows in self._read(table, build) or () if day is not None}

    def distinct(
        self, table: Table, column: str, dates: DateRange, sets: Sequence[tuple[str, ...]]
    ) -> list[int] | None:
        """How many (date, values) some sets of columns have on some dates; None: not read."""

        def build(_within: DateRange | None) -> sa.Select[*tuple[Any, ...]]:
            place = _relation(table)
            day = self._day(place, column, table.date_type(column))
            values = (identity(day, *(place.c[c] for c in columns)) for columns in sets)
            return sa.select(*(sa.func.count(sa.distinct(value)) for value in values)).where(
                *self._on(table, column, dates)
            )

        found = self._read(table, build)
        return list(found[0]) if found else None

    def distinct_of_all(
        self, table: Table, column: str, key: tuple[str, ...], *, dated: bool = True
    ) -> int | None:
        """How many (date, key) a table has, or keys where not ``dated``; None: not read."""

        def build(within: DateRange | None) -> sa.Select[*tuple[Any, ...]]:
            place = _relation(table)
            day = self._day(place, column, table.date_type(column))
            of_date = [day.label("day")] if dated else []
            keys = sa.select(*of_date, *(place.c[c] for c in key))
            groups = keys.where(*self._when(table, within), day.is_not(None)).distinct()
            return sa.select(sa.func.count()).select_from(groups.subquery("keys"))

        found = self._read(table, build)
        return int(found[0][0]) if found else None

    def shared(
        self, lower: Proposed, upper: Proposed, columns: Sequence[tuple[str, str]], *, dated: bool
    ) -> Shared | None:
        """How the values of columns of two tables go together; None where that is not read.

        Not ``dated``: those of the lower table's newest dates, among those that the upper has on
        these and on the days around them.
        """
        common = sorted(lower.counts.keys() & upper.counts.keys())
        newest = common if dated else sorted(lower.counts)
        if not newest:
            return None
        number = COMPARED_DATES
        while number > FEWEST_DATES and _rows(lower, upper, newest[-number:]) > COMPARED_ROWS:
            number -= 1
        dates = DateRange(newest[-number:][0], newest[-1])
        around = DateRange(dates.first - AROUND, dates.last + AROUND)

        def build(_within: DateRange | None) -> sa.Select[*tuple[Any, ...]]:
            sides = [
                self._keys(lower, [c for c, _ in columns], dates, 1, dated=dated),
                self._keys(
                    upper, [c for _, c in columns], dates if dated else around, 2, dated=dated
                ),
            ]
            union = sa.union_all(*sides).subquery("sides")
            names = [union.c[n] for n in union.c.keys() if n != "side"]  # noqa: SIM118
            key = sa.select(union.c.day, sa.func.sum(union.c.side).label("side")).group_by(*names)
            of = key.subquery("keys")
            counts = (sa.func.sum(sa.case((of.c.side == n, 1), else_=0)) for n in (1, 2, 3))
            return sa.select(*counts).group_by(of.c.day)

        found = self._read(lower.table, build)
        return None if found is None else _shared(found)

    def _keys(
        self,
        dataset: Proposed,
        columns: Sequence[str],
        dates: DateRange,
        side: int,
        *,
        dated: bool,
    ) -> sa.Select[Any]:
        place = _relation(dataset.table)
        day = self._day(place, dataset.date, dataset.table.date_type(dataset.date))
        keys = (sa.cast(place.c[c], sa.String()).label(f"key_{n}") for n, c in enumerate(columns))
        where = self._on(dataset.table, dataset.date, dates)
        return (
            sa.select(
                (day if dated else sa.cast(sa.null(), sa.Date())).label("day"),
                *keys,
                number(side).label("side"),
            )
            .where(*where, *(place.c[c].is_not(None) for c in columns))
            .distinct()
        )

    def _day(self, place: Place, column: str, type_: DateType | None) -> sa.ColumnElement[Any]:
        bare = place.c[column]
        match type_:
            case "timestamp":
                return local_date(bare, written_out(self.zone))
            case "datetime":
                return day_of(bare)
            case "text":
                return iso_date(bare, written_out(self.zone))
        return bare

    def _when(self, table: Table, dates: DateRange | None) -> list[sa.ColumnElement[bool]]:
        """A filter by what the table is partitioned by, if by anything."""
        if dates is None or table.partitioned_by is None:
            return []
        return _bare(table, table.partitioned_by, dates)

    def _on(self, table: Table, column: str, dates: DateRange) -> list[sa.ColumnElement[bool]]:
        """Exactly these dates, with a condition on the bare column before it."""
        day = self._day(_relation(table), column, table.date_type(column))
        exact = day.between(sa.literal(dates.first, sa.Date()), sa.literal(dates.last, sa.Date()))
        return [*_bare(table, column, dates), exact]

    @property
    def _share(self) -> int:
        """The most bytes that one statement may bill."""
        least = self.engine.least_billed if self.engine else None
        return max(least or 0, self.max_bytes // (STATEMENTS * self.tables))

    def _read(self, table: Table, build: Build) -> list[Row] | None:
        """The rows of a statement, of as many dates as may be read; None where it is too much."""
        if self.engine is None:
            return None
        location = self.locations.get(table.path)
        if self.engine.least_billed is None:
            return self.engine.rows(build(None), location)
        spent = sum(statement.bytes_billed or 0 for statement in self.engine.statements)
        least, allowed = self.engine.least_billed, min(self._share, self.max_bytes - spent)
        for dates in (ALWAYS, *(DateRange(self.today - n * DAY, self.today) for n in SHORTER)):
            statement = build(dates)
            if max(self.engine.estimate(statement, location), least) <= allowed:
                return self.engine.rows(statement, location)
            if table.partitioned_by is None:
                break
        return None


def _shared(rows: Sequence[Row]) -> Shared:
    found = [(int(lower), int(upper), int(both)) for lower, upper, both in rows]
    found = [(lower, upper, both) for lower, upper, both in found if lower + both and upper + both]
    return Shared(
        both=sum(both for *_, both in found),
        lower=sum(lower + both for lower, _, both in found),
        upper=sum(upper + both for _, upper, both in found),
        shares=tuple(both / (upper + both) for _, upper, both in found),
    )


def _rows(lower: Proposed, upper: Proposed, dates: Sequence[date]) -> int:
    return sum(lower.counts.get(day, 0) + upper.counts.get(day, 0) for day in dates)


def _relation(table: Table) -> sa.FromClause:
    return _named(table.path, tuple(table.columns))


@cache
def _named(path: tuple[str, ...], columns: tuple[str, ...]) -> sa.FromClause:
    """One and the same for a table, as two would be joined."""
    return relation_of(Dataset(layer="any", table=path, date="any"), columns, NO_ROWS)


def _bare(table: Table, column: str, dates: DateRange) -> list[sa.ColumnElement[bool]]:
    """A condition on a bare column that leaves out none of these dates, whatever the zone."""
    bare, type_ = _relation(table).c[column], table.date_type(column)
    if type_ == "date":
        first, last = sa.literal(dates.first, sa.Date()), sa.literal(dates.last, sa.Date())
        return [bare.between(first, last)]
    if type_ not in ("timestamp", "datetime"):
        return []
    kind = sa.TIMESTAMP(timezone=type_ == "timestamp")
    start, end = datetime.combine(dates.first, time()), datetime.combine(dates.last, time())
    early, late = start - timedelta(days=1), end + timedelta(days=2)
    return [bare >= sa.literal(early, kind), bare < sa.literal(late, kind)]


def whole_dates(counts: Mapping[date, int], rows: int) -> DateRange | None:
    """The newest dates that have about as many rows together; at least one of them."""
    newest = sorted(counts, reverse=True)
    taken, total = 0, 0
    for day in newest:
        if taken and total + counts[day] > rows:
            break
        taken, total = taken + 1, total + counts[day]
    return DateRange(newest[taken - 1], newest[0]) if newest else None


def looked_at(
    survey: Survey, listed: Sequence[tuple[Listed, Known]]
) -> tuple[list[Table], dict[tuple[str, ...], str]]:
    """The tables as they were measured, and why others cannot be read, by path.

    Raises:
        WarehouseError: nothing can be read.
    """
    found: list[Table] = []
    unreadable: dict[tuple[str, ...], str] = {}
    for each, known in listed:
        try:
            found.append(survey.look(each, known))
        except DatasetUnreadable as error:
            unreadable[each.path] = str(error)
    return found, unreadable
