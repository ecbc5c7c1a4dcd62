"""The presence query: which key is in which dataset on which date, each table read once.

Built with SQLAlchemy Core, so that one construction compiles for every engine. ``local_date`` and
``iso_date`` have no SQL here: each engine's module says what they are in its dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.functions import GenericFunction

from checkpoints.contract.model import Condition, Contract, Dataset, DateType
from checkpoints.dates import DAY, DateRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A dataset as the warehouse has it: the kind of its date, and the types of its keys."""

    dataset: Dataset
    date_type: DateType
    key_types: tuple[str, ...]


KeyShape = tuple[bool, ...]
"""For each key column, by position, whether it is compared as text."""


OPERATORS: dict[str, Callable[[Any, Any], sa.ColumnElement[bool]]] = {
    "equals": operators.eq,
    "not_equals": operators.ne,
    "one_of": operators.in_op,
    "none_of": operators.not_in_op,
    "like": operators.like_op,
    "not_like": operators.not_like_op,
}
NEGATIVE = ("not_equals", "none_of", "not_like")


class local_date(GenericFunction[Any]):
    """``local_date(column, zone)``: the calendar date of an instant in a time zone."""

    type = sa.Date()
    inherit_cache = True


class iso_date(GenericFunction[Any]):
    """``iso_date(column)``: the date that a text begins with; NULL where it begins with none."""

    type = sa.Date()
    inherit_cache = True


def columns_of(dataset: Dataset) -> list[str]:
    """Every column that the contract names of a dataset: date, key, conditions."""
    return list(dict.fromkeys([dataset.date, *dataset.key, *(c.column for c in dataset.where)]))


def key_shape(sources: Iterable[Source]) -> KeyShape:
    """The shape of all keys: as wide as the widest; text where the datasets' types differ."""
    positions = zip_longest(*(source.key_types for source in sources))
    return tuple(len({t for t in types if t is not None}) > 1 for types in positions)


def presence_statement(
    contract: Contract,
    sources: Mapping[str, Source],
    ranges: Sequence[DateRange],
    shape: KeyShape,
) -> sa.Select[Any]:
    """``date, mask, keys``: how many distinct keys have which mask on which date.

    Rows are read for the dates in ``ranges``, and rows whose date is NULL. Bit *i* of the mask
    is dataset *i* of the contract; bit *n + i* (of *n* datasets) a row of it with a NULL key.
    """
    masks = masks_statement(contract, sources, ranges, shape).subquery("masks")
    return sa.select(masks.c.date, masks.c.mask, sa.func.count().label("keys")).group_by(
        masks.c.date, masks.c.mask
    )


def masks_statement(
    contract: Contract,
    sources: Mapping[str, Source],
    ranges: Sequence[DateRange],
    shape: KeyShape,
    *,
    undated: bool = True,
) -> sa.Select[Any]:
    """``date, key_1 … key_k, mask`` of every key; ``undated`` rows are those without a date.

    The masks of the same key in other locations are to be merged with it.
    """
    arms = [
        _arm(contract, name, source, shape, ranges, undated=undated)
        for name, source in sources.items()
    ]
    rows = sa.union_all(*arms).subquery("rows_of_all")
    keys = [rows.c[f"key_{n + 1}"] for n in range(len(shape))]
    mask = sa.func.bit_or(rows.c.bit, type_=sa.BigInteger()).label("mask")
    merged = sa.select(rows.c.date, *keys, mask).group_by(rows.c.date, *keys).subquery("merged")
    own = [merged.c[key.name] for key in keys]
    return sa.select(merged.c.date, *own, _nulls_apart(contract, merged.c.mask, own).label("mask"))


def keys_statement(
    contract: Contract,
    sources: Mapping[str, Source],
    ranges: Sequence[DateRange],
    limit: int,
    shape: KeyShape,
) -> sa.Select[Any]:
    """``date, key_1 … key_k, mask`` of single keys in ``ranges``, at most ``limit`` rows."""
    masks = masks_statement(contract, sources, ranges, shape, undated=False).subquery("masks")
    return sa.select(masks).order_by(*masks.c).limit(limit)


def _nulls_apart(
    contract: Contract, mask: sa.ColumnElement[Any], keys: Sequence[sa.ColumnElement[Any]]
) -> sa.ColumnElement[Any]:
    """Move the bits of the datasets for which the key is a null key up by the number of datasets.

    Where a key column is NULL, those are the datasets whose keys have that column; narrower keys
    are filled up with NULL. Done once per key here, it is far cheaper than once per row.
    """
    count = len(contract.names)
    moved: list[tuple[sa.ColumnElement[bool], sa.ColumnElement[Any]]] = []
    for position, key in enumerate(keys):
        keyed = sum(
            1 << n for n, d in enumerate(contract.datasets.values()) if len(d.key) > position
        )
        kept = mask.bitwise_and(_number((1 << count) - 1 & ~keyed))
        null = mask.bitwise_and(_number(keyed)).bitwise_lshift(_number(count))
        moved.append((key.is_(None), kept.bitwise_or(null)))
    return sa.case(*moved, else_=mask) if moved else mask


def _number(value: int) -> sa.ColumnElement[Any]:
    return sa.literal_column(str(value))


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
    own_keys = [relation.c[column] for column in dataset.key]
    keys = [
        _key(own_keys[n] if n < len(own_keys) else sa.null(), as_text).label(f"key_{n + 1}")
        for n, as_text in enumerate(shape)
    ]
    in_ranges = sa.or_(*(_within(day, source.date_type, r, contract) for r in ranges))
    return sa.select(
        _as_date(day, source.date_type, contract).label("date"),
        *keys,
        _number(1 << contract.names.index(name)).label("bit"),
    ).where(
        sa.or_(in_ranges, day.is_(None)) if undated else in_ranges,
        *(_condition(relation.c[c.column], c) for c in dataset.where),
    )


def relation_of(dataset: Dataset) -> sa.FromClause:
    """The dataset's table, or its query as a subquery, with the columns the contract names."""
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in columns_of(dataset)]
    if dataset.query is not None:
        return sa.text(_escaped(dataset.query)).columns(*columns).subquery("query")
    *schema, table = dataset.path
    return sa.table(table, *columns, schema=".".join(schema) or None)


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


def _key(column: sa.ColumnElement[Any], as_text: bool) -> sa.ColumnElement[Any]:
    return sa.cast(column, sa.String()) if as_text else column


def _as_date(
    column: sa.ColumnElement[Any], date_type: DateType, contract: Contract
) -> sa.ColumnElement[Any]:
    match date_type:
        case "date":
            return column
        case "datetime":
            return sa.cast(column, sa.Date())
        case "timestamp":
            return local_date(column, sa.literal(contract.timezone))
        case "text":
            return iso_date(column)


def _within(
    column: sa.ColumnElement[Any], date_type: DateType, dates: DateRange, contract: Contract
) -> sa.ColumnElement[bool]:
    """A range condition on the bare column, so that partitions are pruned."""
    first, end = dates.first, dates.last + DAY
    match date_type:
        case "date":
            return column.between(sa.literal(first, sa.Date()), sa.literal(dates.last, sa.Date()))
        case "text":
            low, high, type_ = first.isoformat(), end.isoformat(), sa.String()
            return sa.and_(column >= sa.literal(low, type_), column < sa.literal(high, type_))
        case "timestamp" | "datetime":
            aware = date_type == "timestamp"
            zone = contract.zone if aware else None
            low_at, high_at = (
                sa.literal(datetime.combine(day, time(), zone), sa.TIMESTAMP(timezone=aware))
                for day in (first, end)
            )
            return sa.and_(column >= low_at, column < high_at)


def _condition(column: sa.ColumnElement[Any], condition: Condition) -> sa.ColumnElement[bool]:
    """NULL is none of the values that a negative condition leaves out, so it stays in.

    A row without a key must be seen to be reported.
    """
    ((name, operand),) = condition.operator.items()
    result = OPERATORS[name](column, operand)
    return sa.or_(column.is_(None), result) if name in NEGATIVE else result
