"""What people read in the terminal about past runs and their sign-offs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checkpoints.archive.history import History, StoredRun
from checkpoints.archive.runs import RunHead
from checkpoints.archive.signoff import Standing, Verification
from checkpoints.errors import ExitCode
from checkpoints.output.trend import Trend, TrendGroup, blocks, dataset_trends, layer_trends
from checkpoints.text import WORDS, percent

NARROW = 100
TONE = {Standing.INTACT: "green", Standing.ALTERED: "bold red", Standing.MISSING: "bold magenta"}


def print_history(console: Console, history: History, *, by_dataset: bool) -> None:
    """A trend per layer (or dataset) of comparable runs, then the runs, newest first."""
    groups = (dataset_trends if by_dataset else layer_trends)(history.runs)
    for group in groups:
        _print_trends(console, group)
    console.print(_runs_table(history.runs, by_dataset=by_dataset, narrow=console.width < NARROW))
    for run in history.runs:
        if run.problem:
            console.print(Text(f"error: {run.problem}", style="bold magenta"))


def _print_trends(console: Console, group: TrendGroup) -> None:
    console.print(Text(f"{group.checkpoint} · {group.window_label} · {len(group.runs)} runs"))
    table = Table(box=None, pad_edge=False, show_header=False)
    for options in ({}, {"no_wrap": True}, {"justify": "right"}, {"style": "dim"}):
        table.add_column(**options)
    for trend in group.trends:
        table.add_row(Text(trend.name), _line(console, trend), *_ends(trend))
    console.print(table)


def _line(console: Console, trend: Trend) -> Text:
    """The newest runs that fit; digits where block characters cannot be written."""
    line = blocks(trend)[-max(10, console.width - 60) :]
    if not console.encoding.lower().startswith("utf"):
        line = line.translate({0x2581 + n: str(n + 1) for n in range(8)})
    lost = bool(trend.known) and trend.known[-1] < trend.known[0]
    return Text(line, style="red" if lost else "green")


def _ends(trend: Trend) -> tuple[str, str]:
    if not trend.known:
        return "nothing due", ""
    first, last = trend.known[0], trend.known[-1]
    return percent(last), f"was {percent(first)}, lowest {percent(min(trend.known))}"


def _runs_table(runs: Sequence[StoredRun], *, by_dataset: bool, narrow: bool) -> Table:
    names = _columns(runs, by_dataset=by_dataset)
    table = Table(box=None, pad_edge=False)
    table.add_column("run", no_wrap=True)
    for heading in () if narrow else ("checkpoint", "window"):
        table.add_column(heading, overflow="fold")
    table.add_column("verdict")
    for name in names:
        table.add_column(Text(name), justify="right", overflow="fold")
    table.add_column("signed by", overflow="fold")
    for run in runs:
        table.add_row(*_row(run, names, by_dataset=by_dataset, narrow=narrow))
    return table


def _columns(runs: Sequence[StoredRun], *, by_dataset: bool) -> list[str]:
    heads = [run.head for run in runs if run.head]
    names = [n for h in heads for n in (h.datasets if by_dataset else h.layers)]
    return list(dict.fromkeys(names))


def _row(run: StoredRun, names: Sequence[str], *, by_dataset: bool, narrow: bool) -> list[Text]:
    head = run.head
    if head is None:
        return [
            Text(run.run_id),
            *([Text("")] if narrow else [Text(""), Text("")]),
            Text("damaged"),
        ]
    where = [head.checkpoint, f"{head.window.first} to {head.window.last}"]
    ratios = [(head.coverage_of if by_dataset else head.coverage)(name) for name in names]
    return [
        Text(f"{head.started_at:%Y-%m-%d %H:%M:%S}"),
        *([] if narrow else map(Text, where)),
        _verdict(head),
        *(Text("–" if ratio is None else percent(ratio)) for ratio in ratios),
        _signature(run),
    ]


def _verdict(head: RunHead) -> Text:
    return Text(WORDS[head.exit_code], style="green" if head.passed else "red")


def _signature(run: StoredRun) -> Text:
    if run.altered:
        return Text(f"does not match: {run.signed_by}", style="bold red")
    return Text(run.signed_by or "unsigned", style="" if run.signed_by else "dim")


def print_verification(console: Console, found: Verification) -> None:
    """Who signed, every piece that was changed or lost, and what that comes to."""
    if not found.pieces:
        console.print(Text(f"UNSIGNED  run {found.run_id}: nothing binds its page to it"))
        return
    console.print(Text(f"run {found.run_id}, signed by {found.by} at {found.at:%F %T} UTC"))
    for piece in found.pieces:
        if piece.standing is not Standing.INTACT:
            text = f"{piece.standing:8} {piece.name}: {_short(piece.path)}"
            console.print(Text(text, style=TONE[piece.standing]), soft_wrap=True)
    broken = sum(piece.standing is not Standing.INTACT for piece in found.pieces)
    if found.exit_code is ExitCode.COMPLETE:
        console.print(
            Text(f"INTACT  all {len(found.pieces)} pieces belong together", style="green")
        )
    else:
        text = f"BROKEN  {broken} of {len(found.pieces)} pieces: restore them from a backup"
        console.print(Text(text, style="bold red"))
    console.print(f"SHA-256 of the sign-off {found.signoff_sha256}", soft_wrap=True)


def _short(path: Path) -> str:
    return os.path.relpath(path)
