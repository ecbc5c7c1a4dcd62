"""Whether a table or query is as the contract says: columns that are there, of types that fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checkpoints.contract.model import Dataset
from checkpoints.errors import DatasetUnreadable
from checkpoints.rules.condition import Condition
from checkpoints.warehouse.conditions import refuse_unusable
from checkpoints.warehouse.engine import Column, Description, instead_of
from checkpoints.warehouse.source import Source


def source_of(
    dataset: Dataset,
    columns: Sequence[str],
    conditions: Sequence[Condition],
    found: Description,
) -> Source:
    """A dataset as the warehouse has it; ``columns`` are those that the contract names.

    Raises:
        DatasetUnreadable: the first of its ``misfits``.
    """
    for misfit in misfits(dataset, columns, conditions, found):
        raise DatasetUnreadable(misfit)
    held = {column: found.columns[column] for column in columns}
    date_type = held[dataset.date].date_type
    assert date_type, "a date without a type is a misfit"
    return Source(dataset=dataset, date_type=date_type, columns=held, partition=found.partition)


def misfits(
    dataset: Dataset,
    columns: Sequence[str],
    conditions: Sequence[Condition],
    found: Description,
) -> Iterator[str]:
    """What is not as the contract says, each with what is there instead."""
    if absent := [column for column in columns if column not in found.columns]:
        details = "; ".join(f"{c!r}: {instead_of(c, found.columns)}" for c in absent)
        yield f"it has no column {details}"
    present = {name: found.columns[name] for name in columns if name in found.columns}
    if dataset.date in present:
        yield from _date_misfits(dataset, present[dataset.date])
    yield from _time_misfits(dataset, present)
    for condition in conditions:
        if condition.column in present:
            try:
                refuse_unusable(condition, present[condition.column])
            except DatasetUnreadable as error:
                yield str(error)


def _date_misfits(dataset: Dataset, column: Column) -> Iterator[str]:
    type_, date_type, *_ = column
    if date_type is None:
        yield (
            f"column {dataset.date!r} is {type_}, not a date: "
            "name a DATE, TIMESTAMP, DATETIME or ISO text column"
        )
    elif dataset.date_type not in (None, date_type):
        yield (
            f"column {dataset.date!r} is {type_}, but date_type says {dataset.date_type!r}: "
            f"remove date_type, or make it {date_type!r}"
        )


def _time_misfits(dataset: Dataset, present: dict[str, Column]) -> Iterator[str]:
    """Of the column that says when rows were written, and of a time zone that nothing needs."""
    timed = [present[name] for name in dataset.key if name in present]
    if dataset.written_at and (written := present.get(dataset.written_at)):
        timed.append(written)
        if written.kind not in ("timestamp", "datetime", "date", "unknown"):
            yield (
                f"written_at {dataset.written_at!r} is {written.type}, which tells no moment: name "
                "a TIMESTAMP, DATETIME or DATE column, or convert it in a query"
            )
    date_column = present.get(dataset.date)
    if date_column is None or not dataset.timezone:
        return
    if "datetime" not in (date_column.date_type, *(column.kind for column in timed)):
        yield (
            "timezone is for dates, keys and written_at with a time and without a zone, and column "
            f"{dataset.date!r} is {date_column.type}: remove it"
        )
