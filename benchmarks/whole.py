"""Everything, in one run: warehouses are made, measured for all sections, and thrown away."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.backfill import measure_backfill
from benchmarks.commands import measure_commands, measure_start
from benchmarks.evidence import measure_evidence, measure_point
from benchmarks.measuring import Bench
from benchmarks.results import Row
from benchmarks.seasons import (
    Schedule,
    build_warehouse,
    contract_of_25,
    make_season,
    shipped_contract,
)
from benchmarks.synthetic import M, Shape, make_synthetic
from benchmarks.tools import TOOLS, Installed, install

SCHEDULE_REPEATS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured. ``evidence`` has rounds and repetitions in each round by shape.

    ``rounds``: how often a whole command is run. ``backfill``: calls that are made, dates that are
    planned, transitions of the ledger.
    """

    evidence: dict[Shape, tuple[int, int]]
    commands: Shape
    rounds: int
    rows_curve: tuple[Shape, ...]
    dates_curve: tuple[Shape, ...]
    backfill: tuple[int, int, int]

    def shapes(self, sections: Collection[str]) -> list[Shape]:
        """Every made-up warehouse that the sections need, each once, the smallest first."""
        needed = {
            "evidence": [*self.evidence],
            "commands": [self.commands],
            "curve": [*self.rows_curve, *self.dates_curve],
        }
        shapes = {shape for section in sections for shape in needed.get(section, ())}
        return sorted(shapes, key=lambda s: (s.rows * s.tables, s.dates, s.rows_per_key))


EIGHT_M = Shape(tables=8, rows=M)
ROWS = tuple(Shape(tables=2, rows=rows) for rows in (M // 10, M, 10 * M, 100 * M))
DATES = tuple(Shape(tables=8, rows=M, dates=dates) for dates in (100, 1_000, 10_000, 50_000))
SIZES = {
    "small": Size(
        evidence={EIGHT_M: (2, 2)},
        commands=EIGHT_M,
        rounds=2,
        rows_curve=ROWS[:2],
        dates_curve=DATES[:3],
        backfill=(100, 10_000, M),
    ),
    "full": Size(
        evidence={
            EIGHT_M: (5, 3),
            Shape(tables=8, rows=M, rows_per_key=2): (3, 2),
            Shape(tables=8, rows=10 * M): (2, 2),
            Shape(tables=2, rows=100 * M): (2, 1),
        },
        commands=EIGHT_M,
        rounds=3,
        rows_curve=ROWS,
        dates_curve=DATES,
        backfill=(500, 10_000, M),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is to be measured, with what; ``say`` shows the progress."""

    bench: Bench
    size: Size
    sections: Collection[str]
    schedule: Schedule
    venvs: Path
    say: Callable[[str], None]


def measure(course: Course) -> Iterator[Row]:
    """Row after row, as they are measured.

    Raises:
        DidNotRun: a tool cannot be installed, or something that is measured failed.
    """
    tools = []
    for name in TOOLS if "commands" in course.sections else ():
        course.say(f"{name}: its packages")
        tools.append(install(name, course.venvs, course.bench))
    yield from _on_schedule(course, tools)
    if "backfill" in course.sections:
        course.say("backfill")
        yield from measure_backfill(course.bench, *course.size.backfill, course.size.rounds)
    for shape in course.size.shapes(course.sections):
        yield from _on_shape(course, shape, tools)


def _on_schedule(course: Course, tools: list[Installed]) -> Iterator[Row]:
    """The shipped contract, and its 25 rules that other tools can check, on the schedule."""
    bench, size, schedule = course.bench, course.size, course.schedule
    folder = bench.scratch / "schedule"
    folder.mkdir()
    warehouse = folder / "warehouse.duckdb"
    build_warehouse(schedule, warehouse)
    windows = {"one season": schedule.one, f"{schedule.seasons} seasons": schedule.all}
    for n, (name, window) in enumerate(windows.items()):
        course.say(name)
        whole = make_season(name, folder / f"whole-{n}", warehouse, shipped_contract(), window)
        if "evidence" in course.sections:
            yield from measure_evidence(bench, whole, size.rounds, SCHEDULE_REPEATS)
        if "start" in course.sections and n == 0:
            yield from measure_start(bench, whole, 2 * size.rounds)
        if "commands" in course.sections:
            cut = make_season(name, folder / f"cut-{n}", warehouse, contract_of_25(), window)
            yield from measure_commands(bench, cut, size.rounds, tools)


def _on_shape(course: Course, shape: Shape, tools: list[Installed]) -> Iterator[Row]:
    """All that is measured on one made-up warehouse."""
    bench, size, sections = course.bench, course.size, course.sections
    course.say(shape.name)
    world = make_synthetic(shape, bench.scratch / "synthetic")
    if "evidence" in sections and shape in size.evidence:
        yield from measure_evidence(bench, world, *size.evidence[shape])
    if "commands" in sections and shape == size.commands:
        yield from measure_commands(bench, world, size.rounds, tools)
    if "curve" in sections:
        repeats = 2 if shape.rows > 10 * M else 4
        if shape in size.rows_curve:
            yield measure_point(bench, world, shape, "rows", repeats)
        if shape in size.dates_curve:
            yield measure_point(bench, world, shape, "dates", repeats)
    shutil.rmtree(world.folder)
