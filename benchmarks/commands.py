"""Whole commands, from the shell to the exit code: the same rules on the same tables."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.evidence import Verdicts, right, true_verdicts
from benchmarks.measuring import Bench, Ran, interleaved
from benchmarks.results import CommandRow, StartRow
from benchmarks.tools import Installed, verdicts, write_rules
from benchmarks.worlds import World

CHECK, RUN = "checkpoints check", "checkpoints run"
TARGET = 0.5
BARE = "python -c pass"


def measure_commands(
    bench: Bench,
    world: World,
    rounds: int,
    tools: Sequence[Installed],
    ours: Sequence[str] = (CHECK, RUN),
) -> Iterator[CommandRow]:
    """A row per command, compared with what sets of keys per pair find.

    Where there are more rounds than one, the first only warms up.

    Raises:
        DidNotRun: a command failed.
    """
    truth = true_verdicts(world)
    once = {name: _ours(bench, world, name) for name in ours}
    once |= {tool.name: _theirs(bench, world, tool) for tool in tools}
    runs = interleaved([*once], rounds, lambda name: once[name]())
    for name, ran in runs.items():
        warm = [run for run, _ in ran[1:] or ran]
        seconds = [run.seconds for run in warm]
        yield CommandRow(
            world=world.name,
            name=name,
            seconds=median(seconds),
            best=min(seconds),
            peak_bytes=max(run.peak_bytes for run in warm),
            tables=len(world.contract.datasets),
            rules=len(truth),
            rules_right=right(ran[-1][1], truth),
        )


Once = Callable[[], tuple[Ran, Verdicts]]


def _ours(bench: Bench, world: World, name: str) -> Once:
    report = world.folder / "report.json"
    command = (*name.split(), *world.options, "--json", str(report))

    def once() -> tuple[Ran, Verdicts]:
        world.forget_runs()
        return bench.python(*command, codes=(0, 1)), _reported(report)

    return once


def _reported(report: Path) -> Verdicts:
    """What the product's own report says of every check."""
    checks = json.loads(report.read_bytes())["checks"]
    return {check["id"]: check["outcome"] == "PASSED" for check in checks}


def _theirs(bench: Bench, world: World, tool: Installed) -> Once:
    folder = world.folder / tool.script.stem
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rules = write_rules(world, tool.name, folder)

    def once() -> tuple[Ran, Verdicts]:
        ran = tool.run(bench, rules)
        return ran, verdicts(world, ran.out)

    return once


def measure_start(bench: Bench, world: World, rounds: int) -> Iterator[StartRow]:
    """How long the short commands take; a run is stored first, so that there is a plan to make.

    Raises:
        DidNotRun: a command failed.
    """
    world.forget_runs()
    bench.python("checkpoints", "run", *world.options, codes=(0, 1))
    contract = ("--contract", str(world.contract_path))
    plan = ("--out", str(world.folder / "plan.json"), "--warehouse", world.url, *contract)
    once = {
        BARE: lambda: bench.run(BARE, [sys.executable, "-c", "pass"]),
        "checkpoints --help": lambda: bench.python("checkpoints", "--help"),
        "checkpoints coverage": lambda: bench.python("checkpoints", "coverage", *world.options),
        "remediation plan": lambda: bench.python("remediation", "plan", *plan),
        "remediation status": lambda: bench.python("remediation", "status", *contract),
    }
    runs = interleaved([*once], rounds + 1, lambda name: once[name]().seconds)
    for name, seconds in runs.items():
        yield StartRow(
            what=f"`{name}`",
            value=median(seconds[1:]),
            unit="s",
            target=None if name == BARE else TARGET,
        )
