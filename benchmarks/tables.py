"""The results as Markdown tables. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from benchmarks.names import BARE, DAILY, LETTERS, OURS, SETS
from benchmarks.results import CommandRow, EvidenceRow, Results

MB = 1e6
RATIOS: tuple[tuple[str, str, Callable[[float], bool]], ...] = (
    (DAILY, "≤ 1.0 × (c)", lambda ratio: ratio <= 1.0),
    (BARE, "≤ 3 × (d)", lambda ratio: ratio <= 3.0),
    (SETS, "≥ 5 × faster than (b)", lambda ratio: ratio <= 0.2),
)


def tables(results: Results) -> dict[str, list[str]]:
    """The lines of every table, by name."""
    return {
        "machine": list(_machine(results)),
        "evidence": list(_evidence(results.evidence)),
        "targets": list(_targets(results.evidence)),
        "commands": list(_commands(results.commands)),
        "start": _start(results),
        "library": _library(results),
        "memory": _memory(results),
        "backfill": _backfill(results),
        "curve": _curve(results),
    }


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; all columns but the first are aligned to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]


def seconds(value: float) -> str:
    """Three digits are all that repeats."""
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def met(is_met: bool) -> str:
    """Whether a target is met."""
    return "yes" if is_met else "**no**"


def _machine(results: Results) -> Iterator[str]:
    m = results.machine
    yield f"`{results.command}`, {results.date}, {results.seconds / 60:.0f} minutes."
    yield ""
    yield (
        f"{m.cores} cores ({m.processor}), {m.memory_gb} GB, {m.system}; Python {m.python}, "
        f"DuckDB {m.duckdb} with as many threads as cores. Schedule: {results.schedule}."
    )
    yield ""
    named = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    yield f"The others: {named}."


def _evidence(rows: Sequence[EvidenceRow]) -> Iterator[str]:
    for world, found in groupby(rows, key=lambda row: row.world):
        members = sorted(found, key=lambda row: [*LETTERS].index(row.contestant))
        ours = members[0]
        tables_, rules = ours.tables, ours.rules
        yield f"**{world}**: {tables_} tables, {rules} rules"
        yield ""
        yield from table(
            ("", "median s", "best s", "× ours", "peak MB", "table reads", "rules right", "dates"),
            (_evidence_cells(row, ours) for row in members),
        )
        yield ""


def _evidence_cells(row: EvidenceRow, ours: EvidenceRow) -> Sequence[str]:
    return (
        LETTERS[row.contestant],
        seconds(row.seconds),
        seconds(row.best),
        f"{row.seconds / ours.seconds:.2f}",
        f"{row.peak_bytes / MB:.0f}",
        "unknown" if row.reads is None else f"{row.reads} (≤ {row.most_reads} each)",
        "–" if row.rules_right is None else f"{row.rules_right} of {row.rules}",
        "–" if row.dates_right is None else f"{row.dates_right} of {row.rules}",
    )


def _targets(rows: Sequence[EvidenceRow]) -> Iterator[str]:
    lines = []
    for world, found in groupby(rows, key=lambda row: row.world):
        members = {row.contestant: row for row in found}
        ours = members[OURS]
        cells = [world]
        for other, _, holds in RATIOS:
            ratio = ours.seconds / members[other].seconds
            shown = f"{1 / ratio:.1f} × faster" if other == SETS else f"{ratio:.2f} ×"
            cells.append(f"{shown}: {met(holds(ratio))}")
        once = ours.most_reads == 1 and ours.reads == ours.tables
        lines.append((*cells, met(once)))
    head = ("", *(name for _, name, _ in RATIOS), "each table read once")
    yield from table(head, lines)


def _commands(rows: Sequence[CommandRow]) -> Iterator[str]:
    for world, found in groupby(rows, key=lambda row: row.world):
        members = list(found)
        yield f"**{world}**: {members[0].tables} tables, {members[0].rules} rules"
        yield ""
        yield from table(
            ("", "median s", "best s", "× ours", "peak MB", "table reads", "rules right", "dates"),
            (_command_cells(row, members[0]) for row in members),
        )
        yield ""


def _command_cells(row: CommandRow, ours: CommandRow) -> Sequence[str]:
    return (
        f"**{row.tool}**" if row.tool.startswith("checkpoints") else row.tool,
        seconds(row.seconds),
        seconds(row.best),
        f"{row.seconds / ours.seconds:.1f}",
        f"{row.peak_bytes / MB:.0f}",
        "unknown" if row.reads is None else f"{row.reads:,}",
        "–" if row.rules_right is None else f"{row.rules_right} of {row.rules}",
        "–" if row.dates_right is None else f"{row.dates_right} of {row.rules}",
    )


def _start(results: Results) -> list[str]:
    return table(
        ("", "median s", "best s", "target s", "met"),
        (
            (
                f"`{row.command}`",
                seconds(row.seconds),
                seconds(row.best),
                "" if row.target is None else f"{row.target:g}",
                "" if row.target is None else met(row.seconds <= row.target),
            )
            for row in results.start
        ),
    )


def _library(results: Results) -> list[str]:
    return table(
        ("rules", "`checkpoints run` s", "bare import s", "over it s", "target s", "met"),
        (
            (
                str(row.rules),
                seconds(row.seconds),
                seconds(row.import_seconds),
                seconds(row.seconds - row.import_seconds),
                f"{row.target:g}",
                met(row.seconds - row.import_seconds <= row.target),
            )
            for row in results.library
        ),
    )


def _memory(results: Results) -> list[str]:
    return table(
        ("`checkpoints check`", "s", "peak MB", "exit code"),
        (
            (row.world, seconds(row.seconds), f"{row.peak_bytes / MB:.0f}", str(row.exit_code))
            for row in results.memory
        ),
    )


def _backfill(results: Results) -> list[str]:
    return table(
        ("", "measured", "target", "met"),
        (
            (
                row.what,
                f"{row.value:.2f} {row.unit}",
                f"{row.target:g} {row.unit}",
                met(row.value <= row.target),
            )
            for row in results.backfill
        ),
    )


def _curve(results: Results) -> list[str]:
    return table(
        ("tables × rows, dates", "warehouse s", "here s", "count distinct s"),
        (
            (
                f"{2 if p.curve == 'rows' else 8} × {p.rows:,}, {p.dates:,}",
                seconds(p.warehouse),
                seconds(p.here),
                "" if p.floor is None else seconds(p.floor),
            )
            for p in results.curve
        ),
    )
