"""A column of a dataset as it is compared: as a key, a date, a condition on the bare column."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from checkpoints.contract.model import Contract
from checkpoints.dates import DAY, DateRange
from checkpoints.warehouse.engine import ValueKind
from checkpoints.warehouse.functions import (
    BLANK,
    UUID,
    day_of,
    exact_text,
    iso_date,
    local_date,
    local_moment,
    matches,
    moment_text,
    naive_moment,
    nothing,
    number_text,
)
from checkpoints.warehouse.source import KeyForm, Source


def number(value: int) -> sa.ColumnElement[Any]:
    """A number of our own, written out."""
    return sa.literal_column(str(value))


def written_out(value: str) -> sa.ColumnElement[Any]:
    """Text of our own, written out: an expression that says it twice has no parameter twice."""
    return sa.literal_column("'" + value.replace("'", "''") + "'", sa.String())


def no_value(type_: str) -> sa.ColumnElement[Any]:
    """NULL of a type."""
    return nothing(sa.literal_column(type_))


def no_key(form: KeyForm, type_: str) -> sa.ColumnElement[Any]:
    """What stands where a dataset has no key column; ``type_`` is that of one compared as it is."""
    return sa.cast(sa.null(), sa.String()) if form != "own" else no_value(type_)


def as_key(
    contract: Contract, source: Source, column: sa.ColumnElement[Any], form: KeyForm
) -> sa.ColumnElement[Any]:
    """A key column as it is compared."""
    kind = source.kind(str(column.key))
    if kind == "text":
        column = exact_text(column)
        if source.dataset.blank_keys == "null":
            # Compared first: to match every key of every row costs more than to group them.
            unusual = sa.or_(column < written_out("!"), column > written_out("~"))
            blank = sa.and_(unusual, matches(column, written_out(BLANK)))
            column = sa.case((blank, None), else_=column)
    if form == "uuid" and kind == "text":
        return sa.case((matches(column, written_out(UUID)), sa.func.lower(column)), else_=column)
    return column if form == "own" else plain_text(contract, source, column, kind)


def plain_text(
    contract: Contract, source: Source, column: sa.ColumnElement[Any], kind: ValueKind
) -> sa.ColumnElement[Any]:
    """The same text for the same value, whatever its type; a text is left as it is."""
    from_zone = source.dataset.timezone
    zone = written_out(contract.timezone)
    match kind:
        case "number":
            return number_text(column)
        case "timestamp":
            return moment_text(local_moment(column, zone))
        case "datetime" if from_zone is not None:
            return moment_text(naive_moment(column, written_out(from_zone), zone))
        case "datetime":
            return moment_text(column)
        case "text":
            return column
    return sa.cast(column, sa.String())


def as_date(
    contract: Contract, source: Source, column: sa.ColumnElement[Any]
) -> sa.ColumnElement[Any]:
    """The calendar date of a dataset's date column."""
    zone = written_out(contract.timezone)
    match source.date_type:
        case "date":
            return column
        case "datetime" if source.dataset.timezone is not None:
            return day_of(naive_moment(column, written_out(source.dataset.timezone), zone))
        case "datetime":
            return day_of(column)
        case "timestamp":
            return local_date(column, zone)
        case "text":
            return iso_date(column, zone)


def within(
    contract: Contract, source: Source, column: sa.ColumnElement[Any], dates: DateRange
) -> sa.ColumnElement[bool]:
    """A range condition on the bare column, so that partitions are pruned."""
    if source.date_type in ("date", "text"):
        return column.between(sa.literal(dates.first, sa.Date()), sa.literal(dates.last, sa.Date()))
    aware = source.date_type == "timestamp"
    earliest, latest = (m.replace(tzinfo=UTC if aware else None) for m in source.span)
    endless = dates.last == date.max
    until = (dates.last, time.max) if endless else (dates.last + DAY, time())
    first = _moment(dates.first, time(), source, contract) or earliest
    end = _moment(*until, source, contract) or latest
    if first > latest or end <= earliest:
        return sa.false()
    low, high = (
        sa.literal(moment, sa.TIMESTAMP(timezone=aware))
        for moment in (max(first, earliest), min(end, latest))
    )
    return sa.and_(column >= low, column <= high if endless or end >= latest else column < high)


def _moment(day: date, at: time, source: Source, contract: Contract) -> datetime | None:
    """A moment of the contract's calendar as a column has it; None where no datetime says it."""
    moment = datetime.combine(day, at, contract.zone)
    try:
        if source.date_type == "timestamp":
            moment.astimezone(UTC)  # what it is compared as
            return moment
        zone = source.dataset.zone
        return (moment.astimezone(zone) if zone else moment).replace(tzinfo=None)
    except OverflowError:
        return None
