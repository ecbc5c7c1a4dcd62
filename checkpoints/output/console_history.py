"""What people read in the terminal about past runs and their sign-offs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checkpoints.archive.history import History, StoredRun
from checkpoints.archive.signoff import Standing, Verification
from checkpoints.output.findings import findings_of
from checkpoints.output.signing import Signed
from checkpoints.output.trend import Trend, TrendGroup, blocks, dataset_trends, layer_trends
from checkpoints.text import WORDS, counted, one_line, percent

NARROW = 100
TONE = {Standing.INTACT: "green", Standing.ALTERED: "bold red", Standing.MISSING: "bold magenta"}


def print_history(console: Console, history: History, *, by_dataset: bool) -> None:
    """A trend per layer (or dataset) of comparable runs, then the runs, newest first."""
    groups = (dataset_trends if by_dataset else layer_trends)(history.runs)
    several = len({run.head.contract for run in history.runs if run.head}) > 1
    for group in groups:
        _print_trends(console, group, several=several)
    narrow = console.width < NARROW
    console.print(_runs_table(history.runs, by_dataset=by_dataset, narrow=narrow, several=several))


def _print_trends(console: Console, group: TrendGroup, *, several: bool) -> None:
    name = _checkpoint(group.contract, group.checkpoint, several=several)
    runs = counted(len(group.heads), "run")
    console.print(Text(f"{name} · {group.window_label} · {runs}"))
    table = Table(box=None, pad_edge=False, show_header=False)
    for options in ({}, {"no_wrap": True}, {"justify": "right"}, {"style": "dim"}):
        table.add_column(**options)
    for trend in group.trends:
        table.add_row(Text(trend.name), _line(console, trend), *_ends(trend))
    console.print(table)


def _checkpoint(contract: str, name: str, *, several: bool) -> str:
    """With the name of its contract, where an archive has runs of several."""
    return f"{contract} · {name}" if several else name


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


def _runs_table(
    runs: Sequence[StoredRun], *, by_dataset: bool, narrow: bool, several: bool
) -> Table:
    ratios = {
        r.run_id: r.head.by_dataset if by_dataset else r.head.by_layer for r in runs if r.head
    }
    names = list(dict.fromkeys(name for of_run in ratios.values() for name in of_run))
    table = Table(box=None, pad_edge=False)
    table.add_column("run", no_wrap=True)
    for heading in () if narrow else ("checkpoint", "window"):
        table.add_column(heading, overflow="fold")
    table.add_column("verdict")
    for name in names:
        table.add_column(Text(name), justify="right", overflow="fold")
    table.add_column("signed by", overflow="fold")
    for run in runs:
        shares = [ratios.get(run.run_id, {}).get(name) for name in names]
        table.add_row(*_row(run, shares, narrow=narrow, several=several))
    return table


def _row(
    run: StoredRun, shares: Sequence[float | None], *, narrow: bool, several: bool
) -> list[Text]:
    head = run.head
    if head is None:
        return [Text(run.run_id), *([] if narrow else [Text(""), Text("")]), Text("damaged")]
    name = _checkpoint(head.contract, head.checkpoint, several=several)
    where = [name, f"{head.window.first} to {head.window.last}"]
    return [
        Text(f"{head.started_at:%Y-%m-%d %H:%M:%S}"),
        *([] if narrow else map(Text, where)),
        Text(WORDS[head.exit_code], style="green" if head.passed else "red"),
        *(Text("–" if ratio is None else percent(ratio)) for ratio in shares),
        _signature(run),
    ]


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
            text = f"{piece.standing:8} {piece.name}: {os.path.relpath(piece.path)}"
            console.print(Text(text, style=TONE[piece.standing]), soft_wrap=True)
    broken = sum(piece.standing is not Standing.INTACT for piece in found.pieces)
    if broken:
        text = f"BROKEN  {broken} of {len(found.pieces)} pieces: restore them from a backup"
    else:
        text = f"INTACT  all {len(found.pieces)} pieces belong together"
    console.print(Text(text, style="bold red" if broken else "green"))
    console.print(f"SHA-256 of the sign-off {found.signoff_sha256}", soft_wrap=True)


def print_signed(console: Console, signed: Signed) -> None:
    """What was accepted, with everything a change ticket needs to name it."""
    report, record = signed.report, signed.record
    made, found = report.provenance, findings_of(report)
    window = f"{report.window} ({report.window_label}), as of {report.as_of}"
    older = ", an older text of it" if signed.older else ""
    title = f"SIGNED  run {record.run_id} by {record.by} at {record.at:%F %T} UTC"
    console.print(Text(title), soft_wrap=True)
    lines = [
        ("note", record.note),
        ("contract", f"{made.contract}, SHA-256 {made.contract_sha256}{older}"),
        ("warehouse", made.warehouse),
        ("checkpoint", report.checkpoint),
        ("window", window),
        ("verdict", found.verdict),
        *(("warning", f"{f.name}: {f.message}") for f in found.findings if f.is_warning),
        *(("known gap", f"{gap.dataset} {gap.range}: {gap.reason}") for gap in record.documented),
        ("report", f"SHA-256 {record.report_sha256}"),
        ("sign-off", f"SHA-256 {signed.sha256}"),
    ]
    for name, value in lines:
        if value:
            console.print(Text(f"{name:10}  {one_line(value)}"), soft_wrap=True)
