"""What a backfill costs beside the service's own time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.errors import DidNotRun
from benchmarks.measuring import ROOT, Bench, median
from benchmarks.results import BackfillRow
from benchmarks.world import World, load_world


def measure_backfill(
    bench: Bench, folder: Path, calls: int, dates: int, ledger_rows: int, rounds: int
) -> list[BackfillRow]:
    """Overhead per call, planning, status; whole commands from the shell to the exit code."""
    return [
        BackfillRow(
            what=f"per call, {calls:,} calls: the whole `remediation run --yes` ÷ calls",
            value=median([_run(bench, folder / "run", calls) for _ in range(min(rounds, 3))]),
            unit="ms",
            target=10,
        ),
        BackfillRow(
            what=f"`remediation plan` of {dates:,} dates",
            value=_plan(bench, folder / "plan", dates, rounds),
            unit="s",
            target=1,
        ),
        BackfillRow(
            what=f"`remediation status`, ledger of {ledger_rows:,} transitions",
            value=_status(bench, folder / "status", ledger_rows, rounds),
            unit="s",
            target=0.5,
        ),
    ]


def _run(bench: Bench, folder: Path, calls: int) -> float:
    """Milliseconds per call: start-up, looks at the tables, ledger, last look at the window."""
    with _service(bench, folder / "warehouse.duckdb") as url:
        world = _world(bench, folder, calls, url)
        _expect(bench, world, 0, "plan", "--warehouse", world.url)
        seconds = _expect(bench, world, 0, "run", "--yes", "--warehouse", world.url)
    return seconds / calls * 1000


def _plan(bench: Bench, folder: Path, dates: int, rounds: int) -> float:
    world = _world(bench, folder, dates, "http://127.0.0.1:9")
    options = ("plan", "--out", str(folder / "plan.json"), "--warehouse", world.url)
    return median([_expect(bench, world, 0, *options) for _ in range(rounds)])


def _status(bench: Bench, folder: Path, rows: int, rounds: int) -> float:
    world = _world(bench, folder, 10, "http://127.0.0.1:9")
    path = world.contract_path.parent / "uncommitted" / "ledger.sqlite3"
    path.unlink(missing_ok=True)
    made = bench.python("benchmarks", "fill-ledger", str(path), str(rows))
    if made.code:
        raise DidNotRun("fill-ledger", made.code, made.out)
    return median([_expect(bench, world, 0, "status") for _ in range(rounds)])


def _world(bench: Bench, folder: Path, dates: int, url: str) -> World:
    made = bench.python("benchmarks", "make-incident", str(folder), str(dates), url)
    if made.code:
        raise DidNotRun("make-incident", made.code, made.out)
    return load_world(folder / "world.json")[0]


def _expect(bench: Bench, world: World, code: int, *arguments: str) -> float:
    ran = bench.python("remediation", *arguments, "--contract", str(world.contract_path))
    if ran.code != code:
        raise DidNotRun(f"remediation {arguments[0]}", ran.code, ran.out)
    return ran.seconds


@contextmanager
def _service(bench: Bench, warehouse: Path) -> Iterator[str]:
    """The service, in a process of its own."""
    process = subprocess.Popen(
        [bench.python_path, "-m", "benchmarks", "serve", str(warehouse)],
        env={**bench.environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
