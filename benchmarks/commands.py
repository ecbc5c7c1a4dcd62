"""Whole commands, from the shell to the exit code: ours and the others', same rules, same file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import dbt, pointblank, reladiff, soda, stock_gx
from benchmarks.contestants.tool import Prepared, Rules, rules_of
from benchmarks.findings import Finding, dates_right, from_report, right
from benchmarks.measuring import Bench, Ran, interleaved, median
from benchmarks.results import CommandRow
from benchmarks.table_reads import HOOK, logged_statements, reads_of
from benchmarks.world import World, load_world


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: its lock (None: it runs in the project's own Python) and how it is used."""

    name: str
    lock: str | None
    prepare: Callable[[Rules, Path, Path], Prepared]
    verdicts: Callable[[str, Path], dict[str, bool]]


TOOLS = (
    Tool(name="Soda Core", lock="soda", prepare=soda.prepare, verdicts=soda.verdicts),
    Tool(name="dbt test", lock="dbt", prepare=dbt.prepare, verdicts=dbt.verdicts),
    Tool(
        name="pointblank",
        lock="pointblank",
        prepare=pointblank.prepare,
        verdicts=pointblank.verdicts,
    ),
    Tool(
        name="Great Expectations, stock",
        lock=None,
        prepare=stock_gx.prepare,
        verdicts=stock_gx.verdicts,
    ),
    Tool(
        name="Great Expectations, stock, Data Docs",
        lock=None,
        prepare=stock_gx.prepare_with_docs,
        verdicts=stock_gx.verdicts,
    ),
)
RELADIFF = Tool(
    name="reladiff", lock="reladiff", prepare=reladiff.prepare, verdicts=reladiff.verdicts
)
CHECK, RUN = "checkpoints check", "checkpoints run"


def measure_commands(
    bench: Bench,
    world_path: Path,
    rounds: int,
    tools: Sequence[Tool],
    venvs: Mapping[str, Path],
) -> list[CommandRow]:
    """A row per command; the first round only warms up."""
    world, truth = load_world(world_path)
    once: dict[str, Callable[..., Ran]] = {
        name: _ours(bench, world, name.split()[1]) for name in (CHECK, RUN)
    }
    verdicts: dict[str, Callable[[Ran], dict[str, Finding]]] = {
        name: lambda _: from_report(json.loads(_report(world).read_text())) for name in once
    }
    rules = rules_of(world)
    for tool in tools:
        folder = _fresh(world.folder / tool.name.replace(" ", "_").replace(",", ""))
        venv = venvs.get(tool.lock or "", Path())
        once[tool.name] = _theirs(bench, tool.prepare(rules, folder, venv))
        verdicts[tool.name] = _verdicts(tool, rules, folder)
    runs = interleaved([*once], rounds, lambda name: once[name]())
    rows = []
    for name, ran in runs.items():
        log = _fresh(world.folder / "query_log")
        seen = once[name](log)
        rows.append(_row(world, name, ran[1:] or ran, truth, verdicts[name](seen), log))
    return rows


def _row(
    world: World,
    name: str,
    ran: Sequence[Ran],
    truth: Mapping[str, Finding],
    findings: Mapping[str, Finding],
    log: Path,
) -> CommandRow:
    statements = logged_statements(log)
    reads = reads_of(world, statements) if statements else None
    return CommandRow(
        world=world.name,
        tool=name,
        seconds=median([r.seconds for r in ran]),
        best=min(r.seconds for r in ran),
        peak_bytes=max(r.peak_bytes for r in ran),
        exit_code=ran[-1].code,
        tables=len(world.contract.datasets),
        reads=None if reads is None else sum(reads.values()),
        rules=len(truth),
        rules_right=right(findings, truth) if findings else None,
        dates_right=dates_right(findings, truth) if findings else None,
    )


def _ours(bench: Bench, world: World, command: str) -> Callable[..., Ran]:
    def once(log: Path | None = None) -> Ran:
        shutil.rmtree(world.folder / "gx" / "uncommitted", ignore_errors=True)
        arguments = ("checkpoints", command, *world.options)
        if log is None:
            return bench.python(*arguments)
        return bench.python(*arguments, "--json", str(_report(world)), **_logging(log))

    return once


def _report(world: World) -> Path:
    """Where our commands write their answer."""
    return world.folder / "report.json"


def _theirs(bench: Bench, prepared: Prepared) -> Callable[..., Ran]:
    def once(log: Path | None = None) -> Ran:
        return bench.run(prepared.command, **prepared.environment, **(_logging(log) if log else {}))

    return once


def _logging(log: Path) -> dict[str, str]:
    """What makes DuckDB write down the statements of any Python."""
    return {"PYTHONPATH": f"{HOOK}", "DUCKDB_QUERY_LOG": str(log)}


def _verdicts(tool: Tool, rules: Rules, folder: Path) -> Callable[[Ran], dict[str, Finding]]:
    return lambda ran: {
        rules.ids[name]: Finding(passed, None)
        for name, passed in tool.verdicts(ran.out, folder).items()
    }


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
