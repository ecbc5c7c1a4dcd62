"""The part of the presence query that reads one dataset, once: an arm of its union.

An arm has the columns ``date, key_1 … key_k, arm, word_1 … word_w`` and ``Reading.extra``. Where
only its keys are asked for, it has a row for each row of the table; else the rows of a key are
grouped first, so that a bit can say what is true of all of them. A dataset that is compared by
several keys has its rows once for each of these: the table is read once all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import sqlalchemy as sa

from checkpoints.contract.model import Contract, Dataset
from checkpoints.coverage.layout import Grain, Layout, split
from checkpoints.dates import DateRange
from checkpoints.rules.facts import Fact
from checkpoints.warehouse.columns import (
    as_date,
    as_key,
    no_key,
    no_value,
    number,
    plain_text,
    within,
)
from checkpoints.warehouse.conditions import condition_on
from checkpoints.warehouse.dialect import Schema
from checkpoints.warehouse.engine import ValueKind
from checkpoints.warehouse.functions import epoch_micros, exact_text, identity
from checkpoints.warehouse.query_dates import NO_ROWS, dated
from checkpoints.warehouse.source import KeyForm, KeyShape, Source, columns_of, never_agree

Column = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one statement reads: the contract's datasets on some dates, and the form of their keys.

    ``undated`` rows are those without a date. ``counted`` are the datasets of which rows are
    counted. ``tells``: more is asked than which key is where.
    """

    contract: Contract
    layout: Layout
    sources: Mapping[str, Source]
    ranges: Sequence[DateRange]
    shape: KeyShape
    undated: bool = True
    counted: Sequence[str] = ()
    tells: bool = True

    @property
    def keys(self) -> list[str]:
        """The names of the key columns."""
        return [f"key_{n + 1}" for n, _ in enumerate(self.shape)]

    @property
    def forms(self) -> list[tuple[str, KeyForm]]:
        """The key columns with their forms."""
        return list(zip(self.keys, self.shape, strict=True))

    @property
    def words(self) -> list[str]:
        """The names of the columns of a mask."""
        return [f"word_{n + 1}" for n in range(self.layout.words)]

    @property
    def values(self) -> list[int]:
        """The numbers of the agreements of which values are compared here."""
        return [
            n
            for n, (left, right, agreement) in enumerate(self.layout.agreed)
            if {left.dataset, right.dataset} <= self.sources.keys()
            if not never_agree(self.sources[left.dataset], self.sources[right.dataset], agreement)
        ]

    @property
    def told(self) -> list[str]:
        """The names of what is told of a dataset on a date: the same in every location."""
        if not self.tells:
            return []
        facts = (self.layout.rows_of_dataset(name) for name in self.layout.names)
        found = ["number_of_rows"] if self.counted else []
        found += ["first_written", "last_written"] if self.layout.written else []
        return [*found, *(f"rows_of_{n + 1}" for n in range(max(map(len, facts))))]

    @property
    def extra(self) -> dict[str, str]:
        """What an arm has besides by name, with its type: NULL where it has nothing to say."""
        ends = {f"{end}_{n}": self._value_type(n) for n in self.values for end in ("low", "high")}
        return {**dict.fromkeys(self.told, "BIGINT"), **ends}

    def _value_type(self, n: int) -> str:
        kinds = value_kinds(self, n)
        if kinds == {"integer"}:
            return "BIGINT"
        return "DOUBLE PRECISION" if kinds <= {"integer", "number"} else "TEXT"

    def key_type(self, position: int) -> str:
        """The type of a key column in any of the datasets that have it, as all are alike."""
        columns = (
            self.sources[grain.dataset].columns[grain.key[position]]
            for grain in self.layout.grains
            if grain.dataset in self.sources and len(grain.key) > position
        )
        column = next(columns, None)
        return "TEXT" if column is None or column.kind == "text" else column.type


def arm(reading: Reading, name: str) -> sa.Select[Any]:
    """The arm of a dataset."""
    plain = reading.layout.is_plain(name) and name not in reading.counted
    return plain_arm(reading, name) if plain else _grouped(reading, name)


def plain_arm(reading: Reading, name: str) -> sa.Select[Any]:
    """Its rows by its own key, one by one."""
    own = reading.layout.own(name)
    relation, where = _rows(reading, name)
    keys = _keys(reading, name, own, relation)
    return sa.select(
        _date(reading, name, relation),
        *(key.label(column) for column, key in zip(reading.keys, keys, strict=True)),
        number(reading.layout.grains.index(own)).label("arm"),
        *_words(reading, [(sa.true(), reading.layout.bit(own))]),
        *(no_value(type_).label(column) for column, type_ in reading.extra.items()),
    ).where(*where)


def _grouped(reading: Reading, name: str) -> sa.Select[Any]:
    """Its rows by each of its grains, grouped by key."""
    grains = reading.layout.of_dataset(name)
    rows = _by_grain(reading, name, grains)
    keys = [
        rows.c[key] if key in rows.c else no_key(form, reading.key_type(n))
        for n, (key, form) in enumerate(reading.forms)
    ]
    by = [column for column in rows.c if column.name in ("date", *reading.keys, "grain")]
    extra: dict[str, Column] = {
        **dict(_ends(reading, rows, grains)),
        **dict(_told(reading, name, rows, grains)),
    }
    arms = [number(reading.layout.grains.index(grain)) for grain in grains]
    return sa.select(
        rows.c.date,
        *(key.label(column) for column, key in zip(reading.keys, keys, strict=True)),
        _for_each(rows, grains, arms).label("arm"),
        *_words(reading, _bits(reading, rows, grains)),
        *(extra.get(name, no_value(type_)).label(name) for name, type_ in reading.extra.items()),
    ).group_by(*by)


def _by_grain(reading: Reading, name: str, grains: Sequence[Grain]) -> sa.Subquery:
    """The rows with what is asked of them; for each grain once, where there are several."""
    n = reading.layout.names.index(name)  # a name may be anything
    relation, where = _rows(reading, name)
    date = _date(reading, name, relation)
    asked = list(_asked(reading, name, relation))
    width = max(len(grain.key) for grain in grains)
    keys = [_keys(reading, name, grain, relation)[:width] for grain in grains]
    if len(grains) == 1:
        named = [key.label(column) for column, key in zip(reading.keys, keys[0], strict=False)]
        return sa.select(date, *named, *asked).where(*where).subquery(f"dataset_{n}")
    labelled = [
        [key.label(f"key_{g}_{k}") for k, key in enumerate(of)] for g, of in enumerate(keys)
    ]
    flat = [key for of_grain in labelled for key in of_grain]
    rows = sa.select(date, *flat, *asked).where(*where).subquery(f"dataset_{n}")
    numbers = sa.union_all(*(sa.select(number(g).label("grain")) for g, _ in enumerate(grains)))
    each = numbers.subquery(f"grains_{n}")
    chosen = [
        _for_each(each, grains, [rows.c[of_grain[k].name] for of_grain in labelled])
        for k in range(width)
    ]
    return (
        sa.select(
            rows.c.date,
            *(key.label(column) for column, key in zip(reading.keys, chosen, strict=False)),
            *(rows.c[a.name] for a in asked),
            each.c.grain,
        )
        .select_from(rows.join(each, sa.true()))
        .subquery(f"by_grain_{n}")
    )


def _asked(reading: Reading, name: str, relation: sa.FromClause) -> Iterator[sa.Label[Any]]:
    """What the facts, agreements and moments of a dataset need of each row."""
    source, layout = reading.sources[name], reading.layout
    for n, (grain, fact) in enumerate(layout.facts):
        if grain.dataset != name:
            continue
        if fact.distinct:
            others = [column for column in fact.distinct if column not in grain.key]
            columns = [_as_text(source, relation.c[column]) for column in others]
            if columns:
                whole = identity(*columns) if len(columns) > 1 else columns[0]
                yield whole.label(f"fact_{n}")
        elif fact.conditions:
            yield _counts(source, relation, fact).label(f"fact_{n}")
    if name in layout.written and reading.tells:
        written = relation.c[layout.written[name]]
        is_day = source.kind(layout.written[name]) == "date"
        yield (sa.cast(written, sa.DateTime()) if is_day else written).label("written")
    for grain in layout.of_dataset(name):
        for n, column in layout.values_of(grain):
            if n in reading.values:
                value = _value(reading, n, source, relation.c[column])
                yield value.label(f"value_{n}_{layout.grains.index(grain)}")


def _counts(source: Source, relation: sa.FromClause, fact: Fact) -> sa.ColumnElement[bool]:
    """Whether a row counts for a fact; no NULL meets a condition, unless it asks for that."""
    met = [
        (c, relation.c[c.column], condition_on(relation.c[c.column], c, source.kind(c.column)))
        for c in fact.conditions
    ]
    if fact.broken:
        columns = {c.column: column for c, column, _ in met}.values()
        known = [column.is_not(None) for column in columns]
        return sa.and_(*known, sa.not_(sa.and_(*(holds for _, _, holds in met))))
    return sa.or_(
        *(h if c.is_null or c.not_null else sa.and_(column.is_not(None), h) for c, column, h in met)
    )


def value_kinds(reading: Reading, n: int) -> set[ValueKind]:
    """The kinds of the two columns of an agreement."""
    left, right, agreement = reading.layout.agreed[n]
    return {
        reading.sources[left.dataset].kind(agreement.column),
        reading.sources[right.dataset].kind(agreement.other),
    }


def _value(reading: Reading, n: int, source: Source, column: Column) -> Column:
    """A value of an agreement in a form in which both sides can be compared."""
    kinds = value_kinds(reading, n)
    if kinds == {"integer"}:
        return column
    if kinds <= {"integer", "number"}:
        return sa.cast(column, sa.Double())
    kind = source.kind(str(column.key))
    return plain_text(reading.contract, source, _as_text(source, column), kind)


def _as_text(source: Source, column: Column) -> Column:
    """A text whatever its collation; all else as it is."""
    return exact_text(column) if source.kind(str(column.key)) == "text" else column


def _told(
    reading: Reading, name: str, rows: sa.Subquery, grains: Sequence[Grain]
) -> Iterator[tuple[str, Column]]:
    """What is told of the rows of a key; only those of a key without NULL are counted."""
    layout = reading.layout
    own = _is_of(rows, grains[0], grains)
    if name in reading.counted:
        known = _is_known(reading, rows, grains[0], grains)
        yield "number_of_rows", sa.case((known, sa.func.count()))
    if "written" in rows.c:
        # Once per key: the conversion costs more than to compare.
        yield "first_written", sa.case((own, epoch_micros(sa.func.min(rows.c.written))))
        yield "last_written", sa.case((own, epoch_micros(sa.func.max(rows.c.written))))
    for slot, told in enumerate(layout.rows_of_dataset(name)):
        met = sa.func.count(sa.case((rows.c[f"fact_{layout.facts.index(told)}"], number(1))))
        known = _is_known(reading, rows, told[0], grains)
        yield f"rows_of_{slot + 1}", sa.case((known, met))


def _is_known(
    reading: Reading, rows: sa.Subquery, grain: Grain, grains: Sequence[Grain]
) -> sa.ColumnElement[bool]:
    """Whether a row is one of a grain, and has a key."""
    keys = [rows.c[key].is_not(None) for key in reading.keys[: len(grain.key)]]
    return sa.and_(sa.true(), _is_of(rows, grain, grains), *keys)


def _ends(
    reading: Reading, rows: sa.Subquery, grains: Sequence[Grain]
) -> Iterator[tuple[str, Column]]:
    """The least and the greatest value of a key, of each agreement."""
    several = len(grains) > 1
    for grain in grains:
        for n, _ in reading.layout.values_of(grain):
            if n in reading.values:
                column = rows.c[f"value_{n}_{reading.layout.grains.index(grain)}"]
                value = sa.case((_is_of(rows, grain, grains), column)) if several else column
                yield f"low_{n}", sa.func.min(value)
                yield f"high_{n}", sa.func.max(value)


def _bits(
    reading: Reading, rows: sa.Subquery, grains: Sequence[Grain]
) -> Iterator[tuple[sa.ColumnElement[bool], int]]:
    """Each bit, and when it is set."""
    for grain in grains:
        yield _is_of(rows, grain, grains), reading.layout.bit(grain)
    for n, told in enumerate(reading.layout.facts):
        grain, fact = told
        if grain in grains:
            true = _is_true(fact, rows, n)
            yield sa.and_(_is_of(rows, grain, grains), true), reading.layout.bit(told)


def _is_true(fact: Fact, rows: sa.Subquery, n: int) -> sa.ColumnElement[bool]:
    if fact.distinct and f"fact_{n}" not in rows.c:
        return sa.func.count() > number(1)  # all of them are of the key
    if fact.distinct:
        column = rows.c[f"fact_{n}"]
        return sa.func.count(sa.distinct(column)) < sa.func.count(column)
    counted = sa.func.count()
    if fact.conditions:
        counted = sa.func.count(sa.case((rows.c[f"fact_{n}"], number(1))))
    too_many = [counted > number(fact.at_most)] if fact.at_most is not None else []
    too_few = [counted < number(fact.at_least)] if fact.at_least > 0 else []
    return sa.or_(*too_many, *too_few)


def _words(
    reading: Reading, bits: Iterable[tuple[sa.ColumnElement[bool], int]]
) -> list[sa.Label[Any]]:
    """The words of a mask: each bit as a number where it is set, added up."""
    found: list[list[Column]] = [[] for _ in reading.words]
    for is_set, bit in bits:
        for n, word in enumerate(split(bit, reading.layout.words)):
            if word:
                always = isinstance(is_set, sa.True_)
                found[n].append(
                    number(word) if always else sa.case((is_set, number(word)), else_=number(0))
                )
    return [
        reduce(add, parts, number(0) if not parts else parts.pop(0)).label(name)
        for name, parts in zip(reading.words, found, strict=True)
    ]


def _is_of(rows: sa.FromClause, grain: Grain, grains: Sequence[Grain]) -> sa.ColumnElement[bool]:
    """Whether a row is one of a grain."""
    return rows.c.grain == number(grains.index(grain)) if len(grains) > 1 else sa.true()


def _for_each(rows: sa.FromClause, grains: Sequence[Grain], values: Sequence[Column]) -> Column:
    """The value of the grain that a row is of."""
    if len(grains) == 1:
        return values[0]
    whens = [(_is_of(rows, g, grains), v) for g, v in zip(grains, values, strict=True)]
    return sa.case(*whens[:-1], else_=values[-1])


def _rows(reading: Reading, name: str) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
    source = reading.sources[name]
    names = columns_of(source.dataset, reading.layout, name)
    ranges = (*source.before, *reading.ranges)
    return rows_read(reading.contract, source, names, ranges, undated=reading.undated)


def rows_read(
    contract: Contract,
    source: Source,
    names: Iterable[str],
    ranges: Sequence[DateRange],
    *,
    undated: bool = False,
) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
    """A dataset's table with the columns of these names, and which of its rows are read."""
    dataset = source.dataset
    dates = DateRange(min(r.first for r in ranges), max(r.last for r in ranges))
    relation = relation_of(dataset, names, dates)
    day = relation.c[dataset.date]
    # A text that is no date sorts anywhere: it is read before it is compared with the window.
    compared = as_date(contract, source, day) if source.date_type == "text" else day
    in_ranges = sa.or_(*(within(contract, source, compared, r) for r in ranges))
    where = [condition_on(relation.c[c.column], c, source.kind(c.column)) for c in dataset.where]
    return relation, [sa.or_(in_ranges, compared.is_(None)) if undated else in_ranges, *where]


def _date(reading: Reading, name: str, relation: sa.FromClause) -> sa.Label[Any]:
    source = reading.sources[name]
    return as_date(reading.contract, source, relation.c[source.dataset.date]).label("date")


def _keys(reading: Reading, name: str, grain: Grain, relation: sa.FromClause) -> list[Column]:
    """The key columns of a grain as they are compared, filled up with NULL."""
    source = reading.sources[name]

    def key(position: int, form: KeyForm) -> Column:
        if position >= len(grain.key):
            return no_key(form, reading.key_type(position))
        return as_key(reading.contract, source, relation.c[grain.key[position]], form)

    return [key(n, form) for n, form in enumerate(reading.shape)]


def relation_of(dataset: Dataset, names: Iterable[str], dates: DateRange) -> sa.FromClause:
    """The dataset's table, or its query as a subquery, with the columns of these names.

    A query that prunes by itself is one of these dates.
    """
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in names]
    if dataset.query is not None:
        return sa.text(_escaped(dataset.query, dates)).columns(*columns).subquery("query")
    *schema, table = dataset.path
    return sa.table(table, *columns, schema=Schema(*schema) or None)


def probe(dataset: Dataset) -> sa.Select[Any]:
    """All columns of a dataset's table or query, without rows."""
    if dataset.query is not None:
        query = _escaped(dataset.query, NO_ROWS)
        body: sa.FromClause = sa.text(f"({query}) AS probe")  # type: ignore[assignment]
    else:
        body = relation_of(dataset, [dataset.date], NO_ROWS)
    return sa.select(sa.text("*")).select_from(body).limit(0)


def _escaped(query: str, dates: DateRange) -> str:
    """A query of these dates as SQLAlchemy text: its colons are not parameters."""
    text = dated(query, dates).strip().rstrip(";")
    return text.replace(":", r"\:") + "\n"  # it may end in a comment
