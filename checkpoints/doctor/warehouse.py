"""The warehouse: who reads it, every table, and what a run costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from checkpoints.contract.loading import ContractFile
from checkpoints.contract.window import Window
from checkpoints.coverage.layout import layout_of
from checkpoints.doctor.clock import clock_finding
from checkpoints.doctor.finding import Finding, ok, problem, problems_of, told, warning
from checkpoints.errors import CheckpointsError, DatasetUnreadable, WarehouseError
from checkpoints.text import counted, human_bytes
from checkpoints.warehouse.describing import misfits
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.estimate import estimate_of
from checkpoints.warehouse.functions import epoch_micros
from checkpoints.warehouse.reading import Warehouse, open_warehouse
from checkpoints.warehouse.source import columns_of

WAREHOUSE, TABLES, COLUMNS, KEYS = "warehouse", "tables", "columns", "keys"
PARTITIONS, LOCATIONS, COST, CLOCK = "partitions", "locations", "cost", "clock"

PATIENCE_SECONDS = 12.0
"""How long one statement of an examination may take."""

START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is looked at: a warehouse by its URL, and the window that a run of it takes.

    ``checkpoint`` is the one that takes it; ``now`` tells the time of this machine.
    """

    file: ContractFile
    url: str
    options: ReadOptions
    checkpoint: str
    window: Window
    now: Callable[[], datetime]


def warehouse_findings(asked: Examined) -> Iterator[Finding]:
    """Everything that can be told of the warehouse; what breaks in one part leaves the others."""
    contract = asked.file.contract
    seconds = min(asked.options.timeout_seconds, PATIENCE_SECONDS)
    options = replace(asked.options, timeout_seconds=seconds).labelled(tool="checkpoints")
    # A backfill also reads when rows were written.
    with open_warehouse(contract, asked.url, options, timed=contract.names) as warehouse:
        yield ok(WAREHOUSE, warehouse.engine.about())
        yield from _tables(warehouse, asked.file)
        yield from _keys(warehouse)
        if warehouse.engine.least_billed is not None:
            yield from _partitions(warehouse)
            yield from _locations(warehouse)
        yield from _queries(warehouse, asked)


def _queries(warehouse: Warehouse, asked: Examined) -> Iterator[Finding]:
    """What needs a query, or a dry run of one: what fails both by the same is told once."""
    known: set[str] = set()
    for area, part in ((COST, _cost), (CLOCK, _clock)):
        try:
            yield from part(warehouse, asked)
        except CheckpointsError as error:
            yield from (one for one in problems_of(area, error) if str(one) not in known)
            known.update(error.problems)


def _tables(warehouse: Warehouse, file: ContractFile) -> Iterator[Finding]:
    """The datasets that cannot be read, with all that is wrong with each, and how many can."""
    absent = set()
    for name in warehouse.unreadable:
        dataset = warehouse.contract.datasets[name]
        columns = columns_of(dataset, warehouse.layout, name)
        place = f"datasets.{name}"
        try:
            found = warehouse.engine.describe(dataset, columns)
        except DatasetUnreadable as error:
            absent.add(name)
            where = f"{place}.{'query' if dataset.query else 'table'} in {file.path.name}"
            yield told(TABLES, f"dataset {name!r} ({where}): {error}")
            continue
        conditions = (*dataset.where, *warehouse.layout.conditions_of(name))
        for misfit in misfits(dataset, columns, conditions, found):
            yield told(COLUMNS, f"dataset {name!r} ({place} in {file.path.name}): {misfit}")
    total, there = len(warehouse.contract.names), len(warehouse.contract.names) - len(absent)
    if there:
        yield ok(TABLES, f"{there} of {counted(total, 'dataset')} can be reached")
    if fitting := len(warehouse.sources):
        yield ok(
            COLUMNS, f"{counted(fitting, 'dataset')}: columns are there, their types as declared"
        )


def _keys(warehouse: Warehouse) -> Iterator[Finding]:
    """Values that are compared between datasets."""
    reasons = dict.fromkeys(warehouse.incomparable().values())
    yield from (told(KEYS, reason) for reason in reasons)
    if not reasons and warehouse.sources:
        yield ok(KEYS, "whatever is compared is of types that can be equal")


def _partitions(warehouse: Warehouse) -> Iterator[Finding]:
    """Whether the filter of the date is the one that a table is partitioned by."""
    pruned = []
    for name, source in warehouse.sources.items():
        date, partition = source.dataset.date, source.partition
        if partition is None:
            continue
        if partition.column.casefold() == date.casefold():
            pruned.append(partition.is_required)
            continue
        what = (
            f"dataset {name!r}: its table is partitioned by {partition.column!r}, and is read by "
            f"its date, {date!r}"
        )
        if partition.is_required:
            remedy = f"in place of table write a query that also filters {partition.column!r}"
            what += ": BigQuery refuses to read it without a filter of its partitions"
            yield problem(PARTITIONS, what, f"{remedy}, or lift require_partition_filter")
        else:
            remedy = f"partition it by {date!r}, or name its partitioning column as date"
            yield warning(PARTITIONS, f"{what}: each run reads the whole of it", remedy)
    tables = counted(len(warehouse.sources), "dataset")
    yield ok(
        PARTITIONS,
        f"{len(pruned)} of {tables}: partitioned by the date that is read "
        f"({sum(pruned)} refuse to be read without a filter of it)",
    )


def _locations(warehouse: Warehouse) -> Iterator[Finding]:
    """Several are fine: nothing has to be done."""
    places = [warehouse.locations[name] or "an unknown location" for name in warehouse.sources]
    counts = {place: places.count(place) for place in sorted(set(places))}
    told_ = ", ".join(f"{place} ({counted(n, 'dataset')})" for place, n in counts.items())
    several = ": read by one query each, and compared here" if len(counts) > 1 else ""
    if counts:
        yield ok(LOCATIONS, told_ + several)


def _cost(warehouse: Warehouse, asked: Examined) -> Iterator[Finding]:
    """Bytes and price of a run, which are not those of what only a backfill reads."""
    if warehouse.engine.least_billed is None:
        yield ok(COST, "reading this warehouse is not billed")
        return
    found = estimate_of(replace(warehouse, layout=layout_of(warehouse.contract)), asked.window)
    for name, reason in found.unreadable.items():
        if name not in warehouse.unreadable:
            yield told(TABLES, reason)
    if not found.datasets:
        return
    run = f"checkpoint {asked.checkpoint!r}" if asked.checkpoint else "a run"
    what = (
        f"{run} of {found.window.first} to {found.window.last} ({asked.window.label}) reads "
        f"{human_bytes(found.total_bytes)}, billed at least "
        f"{human_bytes(found.total_billed_bytes)}: {found.cost:.4f} {found.currency}"
    )
    if found.refused:
        limit = human_bytes(found.max_bytes or 0)
        remedy = "give fewer dates, as --last 30d, or raise bigquery.max_bytes in the contract"
        yield problem(COST, f"{what}; more than the {limit} that are allowed", remedy)
    elif found.max_bytes is None:
        yield warning(COST, f"{what}; no limit is set", "set bigquery.max_bytes in the contract")
    else:
        yield ok(COST, f"{what}; {human_bytes(found.max_bytes)} are allowed")


def _clock(warehouse: Warehouse, asked: Examined) -> Iterator[Finding]:
    """The time of the warehouse against that of this machine, before and after it was asked."""
    before = asked.now()
    rows = warehouse.engine.rows(sa.select(epoch_micros(sa.func.current_timestamp())), None)
    if not rows:
        raise WarehouseError("the warehouse does not tell its time: try again")
    there = START + timedelta(microseconds=int(rows[0][0]))
    yield clock_finding(CLOCK, there, before, asked.now())
