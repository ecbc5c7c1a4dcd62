"""One contestant reads the evidence in this process: how long, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from benchmarks.findings import DayFigures, Figures, Finding, finding_of
from benchmarks.hand_sql import HandWriter
from benchmarks.measuring import Clock
from benchmarks.names import COUNTS, OURS, SETS, SETS_PER_PAIR
from benchmarks.world import World
from checkpoints.contract.checks import Check, pairs_of
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import build_frame
from checkpoints.coverage.results import judged
from checkpoints.dates import DateRange
from checkpoints.rules.evidence import Pair
from checkpoints.rules.rule import Outcome
from checkpoints.warehouse.reading import Warehouse, open_warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Seconds of every repetition, what was found last, and the statements that were sent.

    ``rest`` are the seconds of each repetition that were spent here, not in the warehouse.
    """

    seconds: Sequence[float]
    rest: Sequence[float]
    findings: Mapping[str, Finding]
    statements: Sequence[str]


Once = Callable[[], tuple[float, float, dict[str, Finding]]]


def answer(world: World, contestant: str, repeats: int, clock: Clock) -> Answer:
    """Read as often as asked, on one open connection."""
    seconds, rest = [], []
    findings: dict[str, Finding] = {}
    statements = [] if contestant == OURS else [s for s, _ in _statements(world, contestant)]
    with _ready(world, contestant, clock) as once:
        for _ in range(repeats):
            warehouse, here, findings = once()
            seconds.append(warehouse)
            rest.append(here)
    return Answer(seconds=seconds, rest=rest, findings=findings, statements=statements)


@contextmanager
def _ready(world: World, contestant: str, clock: Clock) -> Iterator[Once]:
    if contestant == OURS:
        with open_warehouse(world.contract, world.url) as warehouse:
            yield lambda: _by_presence(world, warehouse, clock)
        return
    statements = _statements(world, contestant)
    with duckdb.connect(str(world.warehouse), read_only=True) as connection:
        yield lambda: _by_hand(world, connection, statements, contestant, clock)


def _by_presence(
    world: World, warehouse: Warehouse, clock: Clock
) -> tuple[float, float, dict[str, Finding]]:
    """The product's own code path: presence, frame, rules."""
    contract, checks = warehouse.contract, world.checks
    dates = DateRange(world.first, world.last)
    started = clock()
    presence = warehouse.presence([dates])
    read = clock()
    window = Window(range=dates, label="all")
    frame = build_frame(contract, presence, window, world.as_of, pairs_of(contract))
    found = {check.id: judged(check, frame) for check in checks}
    done = clock()
    findings = {
        name: Finding(e.outcome is Outcome.PASSED, frozenset(e.unexpected_dates))
        for name, e in found.items()
    }
    return read - started, done - read, findings


def _statements(world: World, contestant: str) -> list[tuple[str, Any]]:
    """What is sent by hand, each with the pair or check that it is about."""
    contract, checks = world.contract, world.checks
    writer = HandWriter(contract=contract, first=world.first, last=world.last)
    pairs = dict.fromkeys(check.pair for check in checks if check.of)
    match contestant:
        case "counts per pair":
            return [(writer.counted(pair), pair) for pair in pairs]
        case "key sets per pair":
            return [(writer.both(pair), pair) for pair in pairs]
        case "key sets per rule":
            return [(writer.of_rule(check), check.id) for check in checks]
        case "count distinct per table":
            return [(_distinct(writer, name), name) for name in contract.names]
        case "daily count distinct per table":
            return [(writer.counts(name), name) for name in contract.names]
    return [(_bare(writer, name), name) for name in contract.names]


def _distinct(writer: HandWriter, name: str) -> str:
    dataset = writer.contract.datasets[name]
    column = dataset.key[0] if dataset.key else dataset.date
    return f"SELECT count(DISTINCT {column}) FROM {writer.table(name)} WHERE {writer.where(name)}"


def _bare(writer: HandWriter, name: str) -> str:
    """Both columns, decompressed and looked at, and nothing else."""
    dataset = writer.contract.datasets[name]
    key = f", max(strlen({dataset.key[0]}))" if dataset.key else ""
    source = f"FROM {writer.table(name)} WHERE {writer.where(name)}"
    return f"SELECT max({dataset.date}){key} {source}"


def _by_hand(
    world: World,
    connection: duckdb.DuckDBPyConnection,
    statements: Iterable[tuple[str, Any]],
    contestant: str,
    clock: Clock,
) -> tuple[float, float, dict[str, Finding]]:
    contract, checks = world.contract, world.checks
    started = clock()
    rows = {about: connection.execute(sql).fetchall() for sql, about in statements}
    read = clock()
    findings = _judged(contract, checks, rows, contestant)
    return read - started, clock() - read, findings


def _judged(
    contract: Contract,
    checks: Iterable[Check],
    rows: Mapping[Any, Sequence[tuple[Any, ...]]],
    contestant: str,
) -> dict[str, Finding]:
    """By the figures of its pair, or of its own query; the last three cannot judge."""
    if contestant not in (COUNTS, SETS, SETS_PER_PAIR):
        return {}
    figures = {about: _figures(found) for about, found in rows.items()}
    empty: Figures = {}
    return {
        check.id: finding_of(contract, check, figures.get(_about(check, contestant), empty))
        for check in checks
    }


def _about(check: Check, contestant: str) -> str | Pair:
    if contestant == SETS:
        return check.id
    return check.pair


def _figures(rows: Iterable[tuple[date, int, int, int]]) -> dict[date, DayFigures]:
    return {day: DayFigures(*numbers) for day, *numbers in rows}
