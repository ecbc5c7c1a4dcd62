"""The results as Markdown tables, written into the README, and the other files of a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.picture import picture
from benchmarks.results import (
    BARE,
    COUNTS,
    DAILY,
    OURS,
    SETS,
    SETS_PER_PAIR,
    CommandRow,
    Compared,
    EvidenceRow,
    Figure,
    Results,
)

MB = 1e6
LABELS = {
    OURS: "**presence query**",
    COUNTS: "(a) counts per pair",
    SETS: "(b) key sets, a query per rule",
    SETS_PER_PAIR: "(b′) key sets, a query per pair",
    DAILY: "(c) daily count distinct per table",
    BARE: "(d) bare scan of two columns",
    "checkpoints check": "**checkpoints check**",
    "checkpoints run": "**checkpoints run**",
}
RATIOS: tuple[tuple[str, str, Callable[[float], bool]], ...] = (
    (DAILY, "≤ 1.0 × (c)", lambda ratio: ratio <= 1.0),
    (BARE, "≤ 3 × (d)", lambda ratio: ratio <= 3.0),
    (SETS, "≥ 5 × faster than (b)", lambda ratio: ratio <= 0.2),
)


def save(results: Results, folder: Path) -> list[Path]:
    """Write ``results.json`` and ``curves.svg``; put the tables into the folder's README."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"results.json": results.model_dump_json(indent=1) + "\n"}
    if results.curve:
        content["curves.svg"] = picture(results.curve)
    readme = folder / "README.md"
    if readme.is_file():
        content["README.md"] = filled(readme.read_text(encoding="utf-8"), results)
    for name, text in content.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in content]


def filled(text: str, results: Results) -> str:
    """A text whose blocks ``<!-- name -->…<!-- end -->`` hold the tables of the results."""
    known = tables(results)

    def block(found: re.Match[str]) -> str:
        name = found[1]
        return "\n".join((f"<!-- {name} -->", *known.get(name, ()), "<!-- end -->"))

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- end -->", block, text, flags=re.DOTALL)


def tables(results: Results) -> dict[str, list[str]]:
    """The lines of every table, by name."""
    return {
        "machine": list(_machine(results)),
        "evidence": list(_compared(results.evidence)),
        "targets": list(_targets(results.evidence)),
        "commands": list(_compared(results.commands)),
        "start": _figures(results.start),
        "backfill": _figures(results.backfill),
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


def _compared(rows: Sequence[EvidenceRow] | Sequence[CommandRow]) -> Iterator[str]:
    """A table per world; the first row is ours."""
    for world, found in groupby(rows, key=lambda row: row.world):
        members = list(found)
        ours = members[0]
        reads = ["table reads"] if isinstance(ours, EvidenceRow) else []
        yield f"**{world}**: {ours.tables} tables, {ours.rules} rules"
        yield ""
        yield from table(
            ("", "median s", "best s", "× ours", "peak MB", *reads, "rules right"),
            (_cells(row, ours) for row in members),
        )
        yield ""


def _cells(row: Compared, ours: Compared) -> Sequence[str]:
    evidence = isinstance(row, EvidenceRow)
    return (
        LABELS.get(row.name, row.name),
        seconds(row.seconds),
        seconds(row.best),
        f"{row.seconds / ours.seconds:.{2 if evidence else 1}f}",
        f"{row.peak_bytes / MB:.0f}",
        *([f"{row.reads} (≤ {row.most_reads} each)"] if isinstance(row, EvidenceRow) else []),
        "–" if row.rules_right is None else f"{row.rules_right} of {row.rules}",
    )


def _targets(rows: Sequence[EvidenceRow]) -> Iterator[str]:
    lines = []
    for world, found in groupby(rows, key=lambda row: row.world):
        members = {row.name: row for row in found}
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


def _figures(rows: Sequence[Figure]) -> list[str]:
    return table(
        ("", "measured", "target", "met"),
        (
            (
                row.what,
                f"{row.value:.2f} {row.unit}",
                "" if row.target is None else f"{row.target:g} {row.unit}",
                "" if row.target is None else met(row.value <= row.target),
            )
            for row in rows
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
                seconds(p.floor),
            )
            for p in results.curve
        ),
    )
