"""The evidence, side by side: the presence query and hand-written SQL read the same tables.

Every contestant reads in a process of its own (``python -m benchmarks read``), round after round.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from statistics import median
from typing import Any, Literal

import duckdb
import sqlalchemy as sa
from pydantic import BaseModel

from benchmarks.hand_sql import HandWriter
from benchmarks.measuring import Bench, Ran, interleaved
from benchmarks.results import (
    BARE,
    CONTESTANTS,
    COUNTS,
    DAILY,
    OURS,
    SETS,
    SETS_PER_PAIR,
    CurvePoint,
    EvidenceRow,
)
from benchmarks.synthetic import Shape
from benchmarks.worlds import World
from checkpoints.contract.checks import pairs_of
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import build_frame
from checkpoints.coverage.results import judged
from checkpoints.dates import DateRange
from checkpoints.rules.rule import Outcome
from checkpoints.warehouse.duckdb import DuckDbEngine, compiled
from checkpoints.warehouse.reading import open_warehouse

Clock = Callable[[], float]
"""Seconds since some moment, for differences."""
Verdicts = dict[str, bool]
"""Whether a rule holds, by check id."""


class Answer(BaseModel):
    """The verdicts of one contestant, and the seconds of every repetition.

    ``here`` are the seconds spent in Python after the warehouse had answered. ``reads`` are the
    scans of each table in the plans of the statements that were sent.
    """

    warehouse: list[float]
    here: list[float]
    verdicts: Verdicts
    reads: dict[str, int]


def measure_evidence(
    bench: Bench,
    world: World,
    rounds: int,
    repeats: int,
    contestants: Sequence[str] = CONTESTANTS,
) -> Iterator[EvidenceRow]:
    """A row per contestant, compared with what sets of keys per pair find."""
    truth = true_verdicts(world)
    runs = interleaved(contestants, rounds, lambda name: _read(bench, world, name, repeats))
    for name, answers in runs.items():
        seconds = [s for _, answer in answers for s in _warm(answer.warehouse)]
        last = answers[-1][1]
        yield EvidenceRow(
            world=world.name,
            name=name,
            seconds=median(seconds),
            best=min(seconds),
            peak_bytes=max(ran.peak_bytes for ran, _ in answers),
            tables=len(world.contract.datasets),
            reads=sum(last.reads.values()),
            most_reads=max(last.reads.values()),
            rules=len(truth),
            rules_right=right(last.verdicts, truth) if last.verdicts else None,
        )


def measure_point(
    bench: Bench, world: World, shape: Shape, curve: Literal["rows", "dates"], repeats: int
) -> CurvePoint:
    """The presence query and a count per date on one world."""
    (_, ours), (_, floor) = (_read(bench, world, name, repeats) for name in (OURS, DAILY))
    return CurvePoint(
        curve=curve,
        rows=shape.rows,
        dates=shape.dates,
        warehouse=median(_warm(ours.warehouse)),
        here=median(_warm(ours.here)),
        floor=median(_warm(floor.warehouse)),
    )


def _read(bench: Bench, world: World, contestant: str, repeats: int) -> tuple[Ran, Answer]:
    ran = bench.python("benchmarks", "read", str(world.path), contestant, str(repeats))
    return ran, Answer.model_validate_json(ran.out.splitlines()[-1])


def _warm(seconds: list[float]) -> list[float]:
    """Where it is repeated, the first repetition only warms up."""
    return seconds[1:] or seconds


def right(found: Verdicts, truth: Verdicts) -> int:
    """How many rules have the verdict that is true."""
    return sum(found.get(check) == passed for check, passed in truth.items())


def true_verdicts(world: World) -> Verdicts:
    """What is true of every rule, found by sets of keys that are joined by hand."""
    with duckdb.connect(str(world.warehouse), read_only=True) as connection:
        return _judged(world, SETS_PER_PAIR, connection)


def read_evidence(world: World, contestant: str, repeats: int, clock: Clock) -> Answer:
    """Let a contestant read in this process, ``repeats`` times on one open connection."""
    read = _by_presence if contestant == OURS else _by_hand
    return read(world, contestant, repeats, clock)


class _Recorded(DuckDbEngine):
    """The product's engine; the statements it is given are kept."""

    def __init__(self, engine: DuckDbEngine) -> None:
        super().__init__(engine.connection, engine.url)
        self.sent: list[sa.Select[Any]] = []

    def rows(self, statement: sa.Select[Any], location: str | None) -> list[tuple[Any, ...]]:
        """As the product's engine does."""
        self.sent.append(statement)
        return super().rows(statement, location)


def _by_presence(world: World, _contestant: str, repeats: int, clock: Clock) -> Answer:
    """The product's own code path: presence, frame, rules."""
    contract, checks, dates = world.contract, world.checks, DateRange(world.first, world.last)
    times, window = [], Window(range=dates, label="all")
    with open_warehouse(contract, world.url) as warehouse:
        assert isinstance(warehouse.engine, DuckDbEngine)
        engine = _Recorded(warehouse.engine)
        for _ in range(repeats):
            engine.sent.clear()
            started = clock()
            presence = replace(warehouse, engine=engine).presence([dates])
            read = clock()
            frame = build_frame(contract, presence, window, world.as_of, pairs_of(contract))
            found = {check.id: judged(check, frame) for check in checks}
            times.append((started, read, clock()))
        return Answer(
            warehouse=[read - started for started, read, _ in times],
            here=[done - read for _, read, done in times],
            verdicts={name: e.outcome is Outcome.PASSED for name, e in found.items()},
            reads=reads_of(engine.connection, map(compiled, engine.sent)),
        )


def _by_hand(world: World, contestant: str, repeats: int, clock: Clock) -> Answer:
    """Statement by statement; judged afterwards, where that is possible."""
    statements = list(_statements(world, contestant))
    seconds = []
    with duckdb.connect(str(world.warehouse), read_only=True) as connection:
        for _ in range(repeats):
            started = clock()
            for sql in statements:
                connection.execute(sql).fetchall()
            seconds.append(clock() - started)
        return Answer(
            warehouse=seconds,
            here=[],
            verdicts=_judged(world, contestant, connection),
            reads=reads_of(connection, ((sql, []) for sql in statements)),
        )


def _statements(world: World, contestant: str) -> Iterable[str]:
    """What is sent by hand: a statement per pair, rule or dataset."""
    contract, checks, writer = world.contract, world.checks, writer_of(world)
    pairs = dict.fromkeys(check.pair for check in checks if check.of)
    return {
        COUNTS: map(writer.counted, pairs),
        SETS_PER_PAIR: map(writer.both, pairs),
        SETS: map(writer.of_rule, checks),
        DAILY: map(writer.counts, contract.names),
        BARE: map(writer.bare, contract.names),
    }[contestant]


def _judged(world: World, contestant: str, connection: duckdb.DuckDBPyConnection) -> Verdicts:
    """By SQL over the figures of each rule; counts of single tables judge nothing."""
    writer = writer_of(world)
    by_pair = {COUNTS: writer.counted, SETS_PER_PAIR: writer.both, SETS: None}
    if contestant not in by_pair:
        return {}
    return {
        check.id: not connection.execute(writer.failing(check, by_pair[contestant])).fetchall()
        for check in world.checks
    }


def writer_of(world: World) -> HandWriter:
    """Writes the SQL of a world by hand."""
    return HandWriter(contract=world.contract, first=world.first, last=world.last)


def reads_of(
    connection: duckdb.DuckDBPyConnection, statements: Iterable[tuple[str, list[Any]]]
) -> Counter[str]:
    """Scans per table in DuckDB's plans of statements, given as SQL and parameters."""
    plans = [
        connection.execute(f"EXPLAIN (FORMAT json) {sql}", parameters).fetchall()[0][1]
        for sql, parameters in statements
    ]
    return Counter(name for plan in plans for node in json.loads(plan) for name in _scanned(node))


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    table = node.get("extra_info", {}).get("Table")
    if node["name"].strip() == "SEQ_SCAN" and table:
        yield str(table).replace('"', "").partition(".")[2]
    for child in node.get("children", ()):
        yield from _scanned(child)
