"""The presence query: which key is in which dataset on which date, each table read once.

Built with SQLAlchemy Core, so that one construction compiles for every engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import zip_longest
from typing import Any, Literal

import sqlalchemy as sa

from checkpoints.contract.model import Contract, Dataset, DateType
from checkpoints.coverage.samples import KEYS_SHOWN, KeyedDates, bits_of
from checkpoints.dates import DAY, DateRange
from checkpoints.rules.evidence import Pair
from checkpoints.warehouse.conditions import condition_on
from checkpoints.warehouse.engine import SPAN, ValueKind
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
    number_text,
)

ALIKE = (
    {"integer", "number", "text"},
    {"date", "datetime", "timestamp", "text"},
    {"uuid", "text"},
)
"""Kinds between which values can be the same; any two others never match.

Types of kind ``other`` have values in common with no type but themselves.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A dataset as the warehouse has it.

    The kind of its date and the moments that this can be compared with, the types and kinds of
    its keys, the kinds that ``where`` is about, and dates that are read beside those asked for.
    """

    dataset: Dataset
    date_type: DateType
    key_types: tuple[str, ...]
    key_kinds: tuple[ValueKind, ...]
    where_kinds: tuple[ValueKind, ...] = ()
    span: tuple[datetime, datetime] = SPAN
    before: tuple[DateRange, ...] = ()


class Schema(str):
    """The parts before a table's name, joined by dots; a part may have a dot of its own."""

    parts: tuple[str, ...]

    def __new__(cls, *parts: str) -> Schema:
        """Join the parts, and keep them."""
        schema = super().__new__(cls, ".".join(parts))
        schema.parts = parts
        return schema


KeyForm = Literal["own", "text", "uuid"]
"""How a key column is compared: as it is, as text, or as text with every UUID in small letters."""

KeyShape = tuple[KeyForm, ...]
"""The form of each key column, by position: one for all datasets."""


def incomparable(left: Source, right: Source) -> str:
    """Why the keys of two datasets can never be the same; empty when they can."""
    for n, kinds in enumerate(zip(left.key_kinds, right.key_kinds, strict=False)):
        types = (left.key_types[n], right.key_types[n])
        same = set(types if "other" in kinds else kinds)
        alike = len(same) == 1 or any(same <= alike for alike in ALIKE)
        if not alike and "unknown" not in kinds:
            sides = (
                f"key {source.dataset.key[n]!r} is {type_}"
                for source, type_ in zip((left, right), types, strict=True)
            )
            return f"{' and '.join(sides)}: they never match; convert one of them in a query"
    return ""


def columns_of(dataset: Dataset) -> list[str]:
    """Every column that the contract names of a dataset: date, key, conditions."""
    return list(dict.fromkeys([dataset.date, *dataset.key, *(c.column for c in dataset.where)]))


def key_shape(sources: Iterable[Source]) -> KeyShape:
    """The shape of all keys: as wide as the widest; text where the datasets' types differ."""
    found = [[_typed(s, n) for n in range(len(s.key_kinds))] for s in sources]
    return tuple(_form([key for key in keys if key]) for keys in zip_longest(*found))


def _typed(source: Source, position: int) -> tuple[str, ValueKind, str | None]:
    """The type and kind of a key, and for a time without a zone, the zone it is in."""
    kind = source.key_kinds[position]
    zone = source.dataset.timezone if kind == "datetime" else None
    return source.key_types[position], kind, zone


def _form(keys: Sequence[tuple[str, ValueKind, str | None]]) -> KeyForm:
    """Whole numbers of any width are compared as they are, and so is text of any."""
    kinds = {kind for _, kind, _ in keys}
    if len(set(keys)) == 1 or kinds in ({"integer"}, {"text"}):
        return "own"
    return "uuid" if "uuid" in kinds else "text"


def presence_statement(
    contract: Contract,
    sources: Mapping[str, Source],
    ranges: Sequence[DateRange],
    shape: KeyShape,
    *,
    with_rows: bool = False,
) -> sa.Select[Any]:
    """``date, mask, keys``: how many distinct keys have which mask on which date.

    Rows are read for the dates in ``ranges``, and rows whose date is NULL. Bit *i* of the mask
    is dataset *i* of the contract; bit *n + i* (of *n* datasets) a row of it with a NULL key.
    ``with_rows`` adds how many rows each dataset of the contract has of those keys.
    """
    masks = masks_statement(contract, sources, ranges, shape, with_rows=with_rows).subquery("masks")
    rows = [sa.func.sum(masks.c[name]).label(name) for name in _row_columns(contract, with_rows)]
    return sa.select(masks.c.date, masks.c.mask, sa.func.count().label("keys"), *rows).group_by(
        masks.c.date, masks.c.mask
    )


def _row_columns(contract: Contract, with_rows: bool) -> list[str]:
    return [f"rows_{n}" for n, _ in enumerate(contract.names)] if with_rows else []


def masks_statement(
    contract: Contract,
    sources: Mapping[str, Source],
    ranges: Sequence[DateRange],
    shape: KeyShape,
    *,
    undated: bool = True,
    with_rows: bool = False,
) -> sa.Select[Any]:
    """``date, key_1 … key_k, mask`` of every key; ``undated`` rows are those without a date.

    The masks of the same key in other locations are to be merged with it. ``with_rows`` as in
    ``presence_statement``.
    """
    arms = [
        _arm(contract, name, source, shape, ranges, undated=undated)
        for name, source in sources.items()
    ]
    rows = sa.union_all(*arms).subquery("rows_of_all")
    keys = [rows.c[f"key_{n + 1}"] for n in range(len(shape))]
    mask = sa.func.bit_or(rows.c.bit, type_=sa.BigInteger()).label("mask")
    counts = [
        sa.func.count(sa.case((rows.c.bit == _number(1 << n), _number(1)))).label(name)
        for n, name in enumerate(_row_columns(contract, with_rows))
    ]
    merged = sa.select(rows.c.date, *keys, mask, *counts).group_by(rows.c.date, *keys)
    found = merged.subquery("merged").c
    own = [found[key.name] for key in keys]
    return sa.select(
        found.date,
        *own,
        _nulls_apart(contract, found.mask, own).label("mask"),
        *(found[count.name] for count in counts),
    )


def keys_statement(
    contract: Contract,
    sources: Mapping[str, Source],
    ranges: Sequence[DateRange],
    shape: KeyShape,
    keyed: KeyedDates,
    limit: int,
) -> sa.Select[Any]:
    """``date, key_1 … key_k, mask`` of keys that are missing or orphans in a pair of ``keyed``.

    At most ``KEYS_SHOWN`` of a date have the same mask: whatever a pair can show is among them.
    The ``limit`` leaves out other pairs than those of failed checks first, then the oldest dates.
    """
    masks = masks_statement(contract, sources, ranges, shape, undated=False).subquery("masks")
    *keys, mask = list(masks.c)[1:]
    rank = sa.func.row_number().over(partition_by=[masks.c.date, mask], order_by=keys)
    apart = sa.select(masks, rank.label("rank"))
    apart = apart.where(_told_apart(contract, mask, keyed.pairs))
    ranked = apart.subquery("ranked")
    columns = [ranked.c[column.name] for column in masks.c]
    failed = _told_apart(contract, ranked.c.mask, keyed.failed)
    return (
        sa.select(*columns)
        .where(ranked.c.rank <= _number(KEYS_SHOWN))
        .order_by(sa.case((failed, _number(0)), else_=_number(1)), columns[0].desc(), *columns[1:])
        .limit(limit)
    )


def nulls_statement(
    contract: Contract,
    sources: Mapping[str, Source],
    ranges: Sequence[DateRange],
    shape: KeyShape,
) -> sa.Select[Any]:
    """``date, bit, lost``: how many rows of a dataset have no key on a date, or no date (NULL)."""
    arms = [_arm(contract, n, source, shape, ranges, undated=True) for n, source in sources.items()]
    rows = sa.union_all(*arms).subquery("rows_of_all")
    no_key = [
        sa.and_(rows.c[f"key_{n + 1}"].is_(None), rows.c.bit.in_(map(_number, bits)))
        for n, bits in enumerate(_keyed(contract, len(shape)))
    ]
    found = sa.select(rows.c.date, rows.c.bit, sa.func.count().label("lost"))
    return found.where(sa.or_(rows.c.date.is_(None), *no_key)).group_by(rows.c.date, rows.c.bit)


def dated_rows(
    contract: Contract, source: Source, relation: sa.FromClause, dates: DateRange
) -> sa.Select[Any]:
    """``date`` of every row of a dataset, to which more of its columns may be added."""
    day = relation.c[source.dataset.date]
    date_ = _as_date(day, source, contract)
    compared = date_ if source.date_type == "text" else day
    within = _within(compared, source, dates, contract)
    return sa.select(date_.label("date")).where(within, *_conditions(source, relation))


def _conditions(source: Source, relation: sa.FromClause) -> Iterator[sa.ColumnElement[bool]]:
    for condition, kind in zip(source.dataset.where, source.where_kinds, strict=True):
        yield condition_on(relation.c[condition.column], condition, kind)


def _keyed(contract: Contract, width: int) -> list[list[int]]:
    """For each key column, the bits of the datasets that have it."""
    datasets = contract.datasets.values()
    return [
        [1 << n for n, dataset in enumerate(datasets) if len(dataset.key) > position]
        for position in range(width)
    ]


def _told_apart(
    contract: Contract, mask: sa.ColumnElement[Any], pairs: Iterable[Pair]
) -> sa.ColumnElement[bool]:
    """Whether a key is in only one dataset of any of the pairs."""
    bits = (bits_of(contract.names, pair) for pair in pairs)
    apart = (mask.bitwise_and(_number(a | b)).in_([_number(a), _number(b)]) for a, b in bits)
    return sa.or_(sa.false(), *apart)


def _nulls_apart(
    contract: Contract, mask: sa.ColumnElement[Any], keys: Sequence[sa.ColumnElement[Any]]
) -> sa.ColumnElement[Any]:
    """Move the bits of the datasets for which the key is a null key up by the number of datasets.

    Where a key column is NULL, those are the datasets whose keys have that column; narrower keys
    are filled up with NULL. Done once per key here, it is far cheaper than once per row.
    """
    count = len(contract.names)
    moved: list[tuple[sa.ColumnElement[bool], sa.ColumnElement[Any]]] = []
    for key, keyed in zip(keys, map(sum, _keyed(contract, len(keys))), strict=True):
        kept = mask.bitwise_and(_number((1 << count) - 1 & ~keyed))
        null = mask.bitwise_and(_number(keyed)).bitwise_lshift(_number(count))
        moved.append((key.is_(None), kept.bitwise_or(null)))
    return sa.case(*moved, else_=mask) if moved else mask


def _number(value: int) -> sa.ColumnElement[Any]:
    return sa.literal_column(str(value))


def _text(value: str) -> sa.ColumnElement[Any]:
    """Text of our own, written out: an expression that says it twice has no parameter twice."""
    return sa.literal_column("'" + value.replace("'", "''") + "'", sa.String())


def _arm(
    contract: Contract,
    name: str,
    source: Source,
    shape: KeyShape,
    ranges: Sequence[DateRange],
    *,
    undated: bool,
) -> sa.Select[Any]:
    dataset = source.dataset
    relation = relation_of(dataset)
    day = relation.c[dataset.date]
    keys = [_key(contract, source, relation, n, form) for n, form in enumerate(shape)]
    date_ = _as_date(day, source, contract)
    # A text that is no date sorts anywhere: it is read before it is compared with the window.
    compared = date_ if source.date_type == "text" else day
    in_ranges = sa.or_(*(_within(compared, source, r, contract) for r in (*source.before, *ranges)))
    return sa.select(
        date_.label("date"),
        *(key.label(f"key_{n + 1}") for n, key in enumerate(keys)),
        _number(1 << contract.names.index(name)).label("bit"),
    ).where(
        sa.or_(in_ranges, compared.is_(None)) if undated else in_ranges,
        *_conditions(source, relation),
    )


def relation_of(dataset: Dataset, more: Iterable[str] = ()) -> sa.FromClause:
    """The dataset's table, or its query as a subquery, with the columns the contract names.

    ``more`` are others of its columns.
    """
    names = dict.fromkeys([*columns_of(dataset), *more])
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in names]
    if dataset.query is not None:
        return sa.text(_escaped(dataset.query)).columns(*columns).subquery("query")
    *schema, table = dataset.path
    return sa.table(table, *columns, schema=Schema(*schema) or None)


def probe(dataset: Dataset) -> sa.Select[Any]:
    """All columns of a dataset's table or query, without rows."""
    if dataset.query is not None:
        body: sa.FromClause = sa.text(f"({_escaped(dataset.query)}) AS probe")  # type: ignore[assignment]
    else:
        body = relation_of(dataset)
    return sa.select(sa.text("*")).select_from(body).limit(0)


def _escaped(query: str) -> str:
    """A query as SQLAlchemy text: its colons are not parameters."""
    return query.strip().rstrip(";").replace(":", r"\:") + "\n"  # it may end in a comment


def _key(
    contract: Contract, source: Source, relation: sa.FromClause, position: int, form: KeyForm
) -> sa.ColumnElement[Any]:
    """A key column as it is compared; NULL where the dataset has none at the position."""
    dataset = source.dataset
    if position >= len(dataset.key):
        return sa.cast(sa.null(), sa.String()) if form != "own" else sa.null()
    column: sa.ColumnElement[Any] = relation.c[dataset.key[position]]
    kind = source.key_kinds[position]
    if kind == "text":
        column = exact_text(column)
        if dataset.blank_keys == "null":
            # Compared first: to match every key of every row costs more than to group them.
            unusual = sa.or_(column < _text("!"), column > _text("~"))
            blank = sa.and_(unusual, matches(column, _text(BLANK)))
            column = sa.case((blank, None), else_=column)
    if form == "uuid" and kind == "text":
        return sa.case((matches(column, _text(UUID)), sa.func.lower(column)), else_=column)
    return column if form == "own" else _plain(column, kind, source.dataset.timezone, contract)


def _plain(
    column: sa.ColumnElement[Any], kind: ValueKind, from_zone: str | None, contract: Contract
) -> sa.ColumnElement[Any]:
    """The same text for the same value, whatever its type; a text is left as it is."""
    zone = _text(contract.timezone)
    match kind:
        case "number":
            return number_text(column)
        case "timestamp":
            return moment_text(local_moment(column, zone))
        case "datetime" if from_zone is not None:
            return moment_text(naive_moment(column, _text(from_zone), zone))
        case "datetime":
            return moment_text(column)
        case "text":
            return column
    return sa.cast(column, sa.String())


def _as_date(
    column: sa.ColumnElement[Any], source: Source, contract: Contract
) -> sa.ColumnElement[Any]:
    zone = _text(contract.timezone)
    match source.date_type:
        case "date":
            return column
        case "datetime" if source.dataset.timezone is not None:
            return day_of(naive_moment(column, _text(source.dataset.timezone), zone))
        case "datetime":
            return day_of(column)
        case "timestamp":
            return local_date(column, zone)
        case "text":
            return iso_date(column, zone)


def _within(
    column: sa.ColumnElement[Any], source: Source, dates: DateRange, contract: Contract
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
