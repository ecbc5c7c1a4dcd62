"""The presence query: which key is in which dataset on which date, each table read once.

Built with SQLAlchemy Core, so that one construction compiles for every engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from checkpoints.coverage.layout import HALF, Bits, Grain, split
from checkpoints.coverage.samples import KEYS_SHOWN
from checkpoints.warehouse.arms import Column, Reading, arm, plain_arm, value_kinds
from checkpoints.warehouse.columns import number
from checkpoints.warehouse.conditions import INFINITY


def presence_statement(reading: Reading) -> sa.Select[Any]:
    """``date, word_1 … word_w, keys``: how many distinct keys have which mask on which date.

    Where more is asked of a dataset than its keys, ``arm`` and ``told`` follow; they are NULL but
    in rows that have an arm, which say of its dataset how many rows there are on a date, when the
    first and the last were written, and how many meet the conditions of each of its facts.
    Rows are read for the dates in ``ranges``, and rows whose date is NULL.
    """
    masks = masks_statement(reading).subquery("masks")
    by = [masks.c[name] for name in ("date", *reading.words)]
    found = sa.select(*by, sa.func.count().label("keys")).group_by(*by)
    if not reading.told:
        return found
    told = (_whole(name)(masks.c[name]).label(name) for name in reading.told)
    return found.add_columns(masks.c.arm, *told).group_by(masks.c.arm)


def _whole(told: str) -> Any:
    """How what is told of several keys is put together."""
    return {"first_written": sa.func.min, "last_written": sa.func.max}.get(told, sa.func.sum)


def masks_statement(reading: Reading) -> sa.Select[Any]:
    """``date, key_1 … key_k, word_1 … word_w`` of every key; then ``arm`` and what is told.

    The masks of the same key in other locations are to be merged with it. What is told of a dataset
    is in rows of their own, one for each date: all are grouped in one pass, by key and by arm.
    """
    rows = sa.union_all(*(arm(reading, name) for name in reading.sources)).subquery("rows_of_all")
    by = [rows.c[name] for name in ("date", *reading.keys)]
    words = [
        sa.cast(sa.func.bit_or(rows.c[word]), sa.BigInteger()).label(word) for word in reading.words
    ]
    differ = [_differs(reading, rows, n).label(f"differs_{n}") for n in reading.values]
    told = [_whole(name)(rows.c[name]).label(name) for name in reading.told]
    found = sa.select(*by, *words, *differ)
    if told:
        sets = sa.func.grouping_sets(sa.tuple_(*by), sa.tuple_(rows.c.date, rows.c.arm))
        merged = found.add_columns(rows.c.arm, *told).group_by(sets).subquery("merged").c
    else:
        merged = found.group_by(*by).subquery("merged").c
    masks = [
        (sa.case((merged.arm.is_(None), word), else_=number(0)) if told else word).label(name)
        for name, word in _mask(reading, merged)
    ]
    rest = [merged.arm, *(merged[name] for name in reading.told)] if told else []
    return sa.select(merged.date, *(merged[key] for key in reading.keys), *masks, *rest)


def _differs(reading: Reading, rows: sa.Subquery, n: int) -> sa.ColumnElement[bool]:
    low, high = sa.func.min(rows.c[f"low_{n}"]), sa.func.max(rows.c[f"high_{n}"])
    tolerance = reading.layout.agreed[n].agreement.tolerance
    # 1.1 - 1.0 is a little more than 0.1.
    allowed: Column = sa.literal_column(repr(tolerance * (1 + 1e-6)))
    differs: sa.ColumnElement[bool] = high - low > allowed if tolerance else high > low
    if "number" in value_kinds(reading, n) <= {"integer", "number"}:
        # What is no number is the greatest on every engine, and agrees with nothing.
        return sa.or_(differs, sa.not_(high <= INFINITY))
    return differs


def _mask(reading: Reading, merged: Any) -> Iterator[tuple[str, Column]]:
    """The words of a mask with the bits that only all rows of a key can tell."""
    layout = reading.layout
    for n, name in enumerate(reading.words):
        word: Column = merged[name]
        if n < layout.presence_words:
            word = _nulls_apart(reading, n, word, [merged[key] for key in reading.keys])
        for number_of, agreed in enumerate(layout.agreed):
            bit = split(layout.bit(agreed), layout.words)[n]
            if bit and number_of in reading.values:
                word += sa.case((merged[f"differs_{number_of}"], number(bit)), else_=number(0))
        yield name, word


def _nulls_apart(reading: Reading, n: int, word: Column, keys: Sequence[Column]) -> Column:
    """Move the bits of the grains for which the key is a null key up by half a word.

    Where a key column is NULL, those are the grains whose keys have that column; narrower keys
    are filled up with NULL. Done once per key here, it is far cheaper than once per row.
    """
    moved: list[tuple[sa.ColumnElement[bool], Column]] = []
    for key, keyed in zip(keys, _keyed(reading, n), strict=True):
        kept = word.bitwise_and(number((1 << HALF) - 1 & ~keyed))
        null = word.bitwise_and(number(keyed)).bitwise_lshift(number(HALF))
        moved.append((key.is_(None), kept.bitwise_or(null)))
    return sa.case(*moved, else_=word) if moved else word


def _keyed(reading: Reading, n: int) -> Iterator[int]:
    """For each key column, the bits in a word of the grains that have it."""
    layout = reading.layout
    for position, _ in enumerate(reading.keys):
        bits = sum(layout.bit(grain) for grain in layout.grains if len(grain.key) > position)
        yield split(bits, layout.words)[n]


def keys_statement(
    reading: Reading, failed: Sequence[Bits], others: Sequence[Bits], limit: int
) -> sa.Select[Any]:
    """``date, key_1 … key_k, word_1 … word_w`` of keys whose masks are shown.

    At most ``KEYS_SHOWN`` of a date have the same mask: whatever a sample can show is among them.
    The ``limit`` leaves out ``others`` than those of ``failed`` checks first, then the oldest
    dates.
    """
    masks = masks_statement(reading).subquery("masks")
    words = [masks.c[word] for word in reading.words]
    keys = [masks.c[key] for key in reading.keys]
    rank = sa.func.row_number().over(partition_by=[masks.c.date, *words], order_by=keys)
    shown = sa.select(masks, rank.label("rank")).where(_shown(reading, masks, [*failed, *others]))
    ranked = shown.subquery("ranked")
    named = [ranked.c[column.name] for column in masks.c]
    first = _shown(reading, ranked, failed)
    return (
        sa.select(*named)
        .where(ranked.c.rank <= number(KEYS_SHOWN))
        .order_by(sa.case((first, number(0)), else_=number(1)), named[0].desc(), *named[1:])
        .limit(limit)
    )


def every_key_statement(reading: Reading, shown: Sequence[Bits]) -> sa.Select[Any]:
    """``date, key_1 … key_k, word_1 … word_w`` of every key whose mask is shown."""
    masks = masks_statement(reading).subquery("masks")
    return sa.select(*masks.c).where(_shown(reading, masks, shown))


def _shown(reading: Reading, masks: sa.FromClause, shown: Iterable[Bits]) -> sa.ColumnElement[bool]:
    """Whether the mask of a key is as one of them says."""
    words = [masks.c[word] for word in reading.words]
    asked = []
    for has, lacks in dict.fromkeys(shown):
        parts = zip(split(has, len(words)), split(lacks, len(words)), words, strict=True)
        asked.append(
            sa.and_(
                *(word.bitwise_and(number(h | w)) == number(h) for h, w, word in parts if h | w)
            )
        )
    return sa.or_(sa.false(), *asked)


def nulls_statement(reading: Reading) -> sa.Select[Any]:
    """``date, arm, lost``: how many rows of a dataset have no key on a date, or no date (NULL)."""
    arms = [plain_arm(reading, name) for name in reading.sources]
    rows = sa.union_all(*arms).subquery("rows_of_all")
    no_key = [
        sa.and_(rows.c[key].is_(None), rows.c.arm.in_(map(number, keyed)))
        for n, key in enumerate(reading.keys)
        if (keyed := _arms_with(reading, n))
    ]
    found = sa.select(rows.c.date, rows.c.arm, sa.func.count().label("lost"))
    return found.where(sa.or_(rows.c.date.is_(None), *no_key)).group_by(rows.c.date, rows.c.arm)


def _arms_with(reading: Reading, position: int) -> list[int]:
    grains: list[Grain] = [reading.layout.own(name) for name in reading.sources]
    return [reading.layout.grains.index(g) for g in grains if len(g.key) > position]
