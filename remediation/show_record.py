"""What people read of a run: before and after, what got worse, what remains and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checkpoints.errors import ExitCode
from checkpoints.wording import percent
from remediation.record import Change, Figures, RemediationRecord
from remediation.show import duration, shown_ranges, table
from remediation.states import State

OPEN_SHOWN = 20
REGRESSIONS_SHOWN = 10


def print_record(console: Console, record: RemediationRecord, path: Path) -> None:
    """Before and after, regressions, what remains and why."""
    word, style = ("COMPLETE", "bold green")
    if record.exit_code is not ExitCode.COMPLETE:
        word, style = ("STILL INCOMPLETE", "bold red")
    landed = sum(call.state is State.LANDED for call in record.calls)
    console.print(
        Text(word, style=style),
        f"{landed} of {len(record.calls)} calls landed in {duration(record.seconds)}",
    )
    if record.changes:
        console.print(_changes_table(record.changes))
    _print_regressions(console, record.changes)
    _print_remaining(console, record)
    if record.problem:
        console.print(f"error: the window could not be read again: {record.problem}", style="red")
    if record.verdict_after:
        console.print(f"rules now: {record.verdict_after.summary}")
    console.print(f"record {path}", soft_wrap=True)


def _changes_table(changes: Sequence[Change]) -> Table:
    grid = table("layer", "dataset", "of", "before", "after", "dates lacking")
    for change in changes:
        grid.add_row(
            change.layer,
            Text(change.dataset),
            Text(change.before.of or "–"),
            _coverage(change.before),
            _coverage(change.after),
            f"{len(change.before.lacking)} → {len(change.after.lacking) if change.after else '?'}",
        )
    return grid


def _coverage(figures: Figures | None) -> str:
    if figures is None:
        return "unreadable"
    return percent(figures.matched / figures.expected) if figures.expected else "–"


def _print_regressions(console: Console, changes: Sequence[Change]) -> None:
    worse = [(change.dataset, r) for change in changes for r in change.regressions]
    for dataset, regression in worse[:REGRESSIONS_SHOWN]:
        console.print(f"WORSE  {dataset} on {regression.date}: {regression.what}", style="bold red")
    if len(worse) > REGRESSIONS_SHOWN:
        console.print(
            f"and {len(worse) - REGRESSIONS_SHOWN} more dates got worse", style="bold red"
        )


def _print_remaining(console: Console, record: RemediationRecord) -> None:
    merged: dict[tuple[str, State, str], list[date]] = {}
    for call in record.remaining:
        merged.setdefault((call.service, call.state, call.detail), []).append(call.date)
    if not merged:
        return
    calendar = sorted({call.date for call in record.calls})
    grid = table("service", "state", "dates", "ranges", "why")
    for (service, state, detail), dates in list(merged.items())[:OPEN_SHOWN]:
        ranges, why = shown_ranges(dates, calendar), Text(detail or "not sent yet")
        grid.add_row(Text(service), str(state), str(len(dates)), ranges, why)
    console.print("What remains")
    console.print(grid)
    if len(merged) > OPEN_SHOWN:
        console.print(f"and {len(merged) - OPEN_SHOWN} more: python -m remediation status")
