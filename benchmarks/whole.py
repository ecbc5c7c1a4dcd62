"""Everything, in one run: warehouses are made, measured for all sections, and thrown away."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import many_rules, seasons
from benchmarks.backfill import measure_backfill
from benchmarks.commands import RELADIFF, TOOLS, Tool, measure_commands
from benchmarks.curves import dates_shapes, measure_point, rows_shapes
from benchmarks.errors import DidNotRun
from benchmarks.evidence import measure_evidence
from benchmarks.measuring import Bench
from benchmarks.results import Row
from benchmarks.shape import (
    CALLS,
    COMMANDS,
    DATES_CURVE,
    EVIDENCE,
    ROUNDS,
    ROWS_CURVE,
    Measured,
    Shape,
    Size,
)
from benchmarks.startup import measure_check, measure_library, measure_start
from benchmarks.venvs import installed

SCHEDULE_REPEATS = 3
LEAST_RULES, MOST_RULES = 24, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is to be measured, with what; ``tell`` says where it is.

    ``keep``: warehouses are left in the scratch folder, and used if they are there.
    """

    bench: Bench
    size: Size
    sections: Collection[str]
    schedule: seasons.Schedule
    venvs: Path
    keep: bool
    tell: Callable[[str], None]

    @property
    def rounds(self) -> int:
        """How often a command is run."""
        return ROUNDS[self.size]

    def tools(self) -> dict[str, Path]:
        """The venvs of the tools that can be installed here."""
        if "commands" not in self.sections:
            return {}
        names = [tool.lock for tool in (*TOOLS, RELADIFF) if tool.lock]
        found = {}
        for name in names:
            self.tell(f"the Python of {name}")
            if venv := installed(name, self.venvs, self.bench):
                found[name] = venv
        return found


def measure(course: Course) -> Iterator[Row]:
    """Row after row, as they are measured."""
    venvs = course.tools()
    tools = [tool for tool in TOOLS if tool.lock is None or tool.lock in venvs]
    yield from _on_schedule(course, tools, venvs)
    yield from _of_library(course)
    if "backfill" in course.sections:
        course.tell("backfill")
        folder = course.bench.scratch / "backfill"
        yield from measure_backfill(course.bench, folder, *CALLS[course.size], course.rounds)
    for shape in _shapes(course):
        course.tell(f"{shape.name}: making it")
        path = _made(course, shape)
        yield from _on_shape(course, shape, path, tools, venvs)
        if not course.keep:
            shutil.rmtree(path.parent)


def _on_schedule(course: Course, tools: list[Tool], venvs: dict[str, Path]) -> Iterator[Row]:
    """The shipped contract, and its 24 rules that others can be told, on the schedule."""
    folder, schedule = course.bench.scratch / "schedule", course.schedule
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = folder / "warehouse.duckdb"
    seasons.build_warehouse(schedule, warehouse)
    windows = {"one season": schedule.one, f"{schedule.seasons} seasons": schedule.all}
    shipped, cut = seasons.shipped_contract(), seasons.contract_of_24()
    for n, (name, window) in enumerate(windows.items()):
        whole = seasons.make_world(name, folder / f"shipped-{n}", warehouse, shipped, window)
        if "evidence" in course.sections:
            course.tell(f"{name}: evidence")
            repeats = SCHEDULE_REPEATS
            yield from measure_evidence(course.bench, whole, course.rounds, repeats)
        if "start" in course.sections and n == 0:
            course.tell(f"{name}: start-up")
            yield from measure_start(course.bench, whole, 2 * course.rounds)
        if "commands" in course.sections:
            course.tell(f"{name}: whole commands")
            path = seasons.make_world(name, folder / f"cut-{n}", warehouse, cut, window)
            yield from measure_commands(course.bench, path, course.rounds, tools, venvs)
            if n == 0 and "reladiff" in venvs:
                yield measure_commands(course.bench, path, 1, [RELADIFF], venvs)[-1]


def _of_library(course: Course) -> Iterator[Row]:
    if "library" in course.sections:
        for rules, target in ((LEAST_RULES, 0.7), (MOST_RULES, 5.0)):
            course.tell(f"the library with {rules} rules")
            path = many_rules.make_world(rules, course.bench.scratch / f"{rules}-rules")
            yield measure_library(course.bench, path, course.rounds, target)


def _on_shape(
    course: Course, shape: Shape, path: Path, tools: list[Tool], venvs: dict[str, Path]
) -> Iterator[Row]:
    """All that is measured on one made-up warehouse."""
    bench, size = course.bench, course.size
    for measured in _evidence(course, shape):
        if "evidence" in course.sections:
            course.tell(f"{shape.name}: evidence")
            yield from measure_evidence(bench, path, measured.rounds, measured.repeats)
        if "memory" in course.sections:
            yield measure_check(bench, path)
    if "commands" in course.sections and shape == COMMANDS[size]:
        course.tell(f"{shape.name}: whole commands")
        yield from measure_commands(bench, path, course.rounds, tools, venvs)
    if "curve" in course.sections:
        repeats = 2 if shape.rows > 10_000_000 else 4
        if shape in rows_shapes(ROWS_CURVE[size]):
            yield measure_point(bench, path, shape, "rows", repeats)
        if shape in _dates(size):
            yield measure_point(bench, path, shape, "dates", repeats)


def _evidence(course: Course, shape: Shape) -> list[Measured]:
    wanted = {"evidence", "memory"} & set(course.sections)
    return [m for m in EVIDENCE[course.size] if m.shape == shape and wanted]


def _dates(size: Size) -> list[Shape]:
    return dates_shapes(DATES_CURVE[size], 8_000 if size is Size.TINY else 1_000_000)


def _shapes(course: Course) -> Iterable[Shape]:
    """Every made-up warehouse that is needed, each once, the smallest first."""
    size, sections = course.size, set(course.sections)
    shapes = [m.shape for m in EVIDENCE[size] if sections & {"evidence", "memory"}]
    shapes += [COMMANDS[size]] if "commands" in sections else []
    shapes += [*rows_shapes(ROWS_CURVE[size]), *_dates(size)] if "curve" in sections else []
    return sorted(set(shapes), key=lambda s: (s.rows * s.tables, s.dates, s.rows_per_key))


def _made(course: Course, shape: Shape) -> Path:
    """In a process of its own, which gives its memory back."""
    name = f"{shape.tables}x{shape.rows}-{shape.dates}-{shape.rows_per_key}"
    folder = course.bench.scratch / name
    path = folder / "world.json"
    if course.keep and path.is_file():
        return path
    made = course.bench.python(
        *("benchmarks", "make", str(folder), str(shape.tables), str(shape.rows)),
        *("--dates", str(shape.dates), "--rows-per-key", str(shape.rows_per_key)),
    )
    if made.code:
        raise DidNotRun(f"making {shape.name}", made.code, made.out)
    return path
