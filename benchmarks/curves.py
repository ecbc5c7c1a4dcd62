"""How cost grows: with rows in the warehouse, with dates here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import DidNotRun
from benchmarks.measuring import Bench, median
from benchmarks.names import DAILY, OURS
from benchmarks.results import CurvePoint
from benchmarks.shape import Shape

ROWS_AT_DATES = 1_000_000


def rows_shapes(rows: Sequence[int]) -> list[Shape]:
    """Two tables that grow in rows."""
    dates = 1000 if min(rows) >= 20_000 else 40
    return [Shape(tables=2, rows=n, dates=dates) for n in rows]


def dates_shapes(dates: Sequence[int], rows: int = ROWS_AT_DATES) -> list[Shape]:
    """Eight tables of the same rows spread over ever more dates."""
    return [Shape(tables=8, rows=rows, dates=n) for n in dates]


def measure_point(
    bench: Bench, world_path: Path, shape: Shape, curve: str, repeats: int
) -> CurvePoint:
    """The presence query and the floor on one world; the first repetition warms up."""
    ours, rest = _read(bench, world_path, OURS, repeats)
    floor, _ = _read(bench, world_path, DAILY, repeats)
    return CurvePoint.model_validate(
        {
            "curve": curve,
            "rows": shape.rows,
            "dates": shape.dates,
            "warehouse": ours,
            "here": rest,
            "floor": floor,
        }
    )


def _read(bench: Bench, world: Path, contestant: str, repeats: int) -> tuple[float, float]:
    ran = bench.python("benchmarks", "read", str(world), contestant, str(repeats))
    if ran.code:
        raise DidNotRun(contestant, ran.code, ran.out)
    found = json.loads(ran.out.splitlines()[-1])
    return median(found["seconds"][1:]), median(found["rest"][1:])
