"""How long the short commands take before anything else: bytecode is there, the machine warm."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.errors import DidNotRun
from benchmarks.measuring import Bench, Ran, interleaved, median
from benchmarks.results import LibraryRow, MemoryRow, StartRow
from benchmarks.world import World, load_world

TARGET = 0.5
BARE = "python -c pass"


def measure_start(bench: Bench, world_path: Path, rounds: int) -> list[StartRow]:
    """A row per command; a run is stored first, so that there is something to plan."""
    world, _ = load_world(world_path)
    _stored(bench, world)
    out = world.folder / "plan.json"
    contract = ("--contract", str(world.contract_path))
    warehouse = ("--warehouse", world.url)
    once: dict[str, Callable[[], Ran]] = {
        BARE: lambda: bench.run([bench.python_path, "-c", "pass"]),
        "checkpoints --help": lambda: bench.python("checkpoints", "--help"),
        "checkpoints coverage": lambda: bench.python("checkpoints", "coverage", *world.options),
        "remediation plan": lambda: bench.python(
            "remediation", "plan", "--out", str(out), *warehouse, *contract
        ),
        "remediation status": lambda: bench.python("remediation", "status", *contract),
    }
    runs = interleaved([*once], rounds + 1, lambda name: once[name]())
    return [_row(name, ran[1:]) for name, ran in runs.items()]


def _row(name: str, ran: list[Ran]) -> StartRow:
    seconds = [r.seconds for r in ran]
    if any(r.code for r in ran):
        raise DidNotRun(name, ran[-1].code, ran[-1].out)
    target = None if name == BARE else TARGET
    return StartRow(command=name, seconds=median(seconds), best=min(seconds), target=target)


def _stored(bench: Bench, world: World) -> None:
    shutil.rmtree(world.folder / "gx" / "uncommitted", ignore_errors=True)
    bench.python("checkpoints", "run", *world.options)


def measure_library(bench: Bench, world_path: Path, rounds: int, target: float) -> LibraryRow:
    """``checkpoints run`` with Data Docs beside the bare import of the library."""
    world, truth = load_world(world_path)

    def run_once() -> Ran:
        shutil.rmtree(world.folder / "gx" / "uncommitted", ignore_errors=True)
        return bench.python("checkpoints", "run", *world.options)

    bare = [bench.python_path, "-c", "import great_expectations"]
    once: dict[str, Callable[[], Ran]] = {"run": run_once, "import": lambda: bench.run(bare)}
    runs = interleaved([*once], rounds + 1, lambda name: once[name]())
    if any(ran.code not in (0, 1) for ran in runs["run"]):
        raise DidNotRun("checkpoints run", runs["run"][-1].code, runs["run"][-1].out)
    return LibraryRow(
        rules=len(truth),
        seconds=median([r.seconds for r in runs["run"][1:]]),
        import_seconds=median([r.seconds for r in runs["import"][1:]]),
        target=target,
    )


def measure_check(bench: Bench, world_path: Path) -> MemoryRow:
    """The whole ``checkpoints check``: its time and the most memory it had."""
    world, _ = load_world(world_path)
    ran = bench.python("checkpoints", "check", *world.options)
    return MemoryRow(
        world=world.name, seconds=ran.seconds, peak_bytes=ran.peak_bytes, exit_code=ran.code
    )
