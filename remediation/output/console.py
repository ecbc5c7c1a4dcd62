"""What people read at a console: a plan and its requests, and what a run came to."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from textwrap import wrap

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from checkpoints.archive.remediation import Change, RemediationRecord
from checkpoints.archive.report import Report
from checkpoints.contract.model import Contract
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import CheckpointsError
from checkpoints.output.console import WORD_STYLE
from checkpoints.text import Detail, duration, one_line
from remediation.output.reporter import (
    CHANGE_HEADINGS,
    Reporter,
    change_cells,
    remaining,
    verdict_of,
)
from remediation.plan.model import Estimate, Plan
from remediation.service.kind import service_of

REQUESTS_SHOWN = 5
RANGES_SHOWN = 6
REMAINING_SHOWN = 20
REGRESSIONS_SHOWN = 10
REQUEST_LENGTH = 2000


class QuietReporter(Reporter):
    """Tells people the outcome and nothing before it."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def interrupted(self, command: str) -> None:
        """Print the command that continues."""
        self.console.print(f"interrupted; to continue: {command}", soft_wrap=True)

    def failed(self, error: CheckpointsError) -> None:
        """Print every problem, a line each."""
        for problem in error.problems:
            self.console.print(f"error: {problem}", style="red", soft_wrap=True)

    def conclude(self, record: RemediationRecord, path: str) -> None:  # noqa: ARG002
        """Print the verdict."""
        print_verdict(self.console, record)


class RangesCell:
    """``a, b, c`` over the lines of a table's cell, with no range torn apart."""

    def __init__(self, ranges: Iterable[DateRange]) -> None:
        self._ranges = [str(r).replace(" ", "\N{NO-BREAK SPACE}") for r in ranges]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = wrap(", ".join(self._ranges), options.max_width)
        yield Text("\n".join(lines).replace("\N{NO-BREAK SPACE}", " "))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        widest = max(map(len, self._ranges), default=0) + len(",")
        return Measurement(widest, len(", ".join(self._ranges)))


def table(*headings: str) -> Table:
    """A plain table; names of datasets and the last column are folded where space is short."""
    grid = Table(box=None, pad_edge=False)
    for heading in headings[:-1]:
        grid.add_column(heading, no_wrap=heading != "dataset", overflow="fold")
    grid.add_column(headings[-1], overflow="fold")
    return grid


def print_plan(
    console: Console,
    plan: Plan,
    report: Report,
    estimates: Sequence[Estimate],
    detail: Detail = Detail.NORMAL,
) -> None:
    """Print ranges per dataset, calls per service, and what is not planned; quiet: one line."""
    text = f"Plan {plan.short_id} of run {plan.run_id}: {len(plan.calls)} calls"
    console.print(text, soft_wrap=True)
    if detail is Detail.QUIET:
        return
    if plan.calls:
        console.print(_ranges_table(plan, report))
        console.print(_services_table(estimates))
    elif not plan.unplanned:
        console.print("Nothing to do.", style="green")
    else:
        console.print("Nothing to call.", style="yellow")
    if plan.unplanned:
        console.print("Not planned")
        console.print(_unplanned_table(plan, report))


def _ranges_table(plan: Plan, report: Report) -> Table:
    grid = table("dataset", "dates", "ranges")
    for name, dates in plan.dates_of().items():
        grid.add_row(Text(one_line(name)), str(len(dates)), RangesCell(report.ranges(dates)))
    return grid


def _services_table(estimates: Sequence[Estimate]) -> Table:
    grid = table("service", "calls", "estimate", "based on")
    for e in estimates:
        grid.add_row(Text(e.service), str(e.calls), duration(e.seconds), Text(e.basis))
    return grid


def _unplanned_table(plan: Plan, report: Report) -> Table:
    grid = table("dataset", "dates", "why")
    for entry in plan.unplanned:
        ranges = ", ".join(map(str, report.ranges(entry.dates)))
        why = one_line(entry.reason) + (f": {ranges}" if ranges else "")
        grid.add_row(Text(entry.dataset), str(len(entry.dates) or ""), Text(why))
    return grid


def shown_ranges(
    dates: Iterable[date], calendar: Sequence[date] = (), detail: Detail = Detail.NORMAL
) -> Text:
    """Dates as ranges, one per line, at most 6 unless verbose; ``calendar`` as in ``ranges_of``."""
    ranges = ranges_of(dates, calendar)
    most = len(ranges) if detail is Detail.VERBOSE else RANGES_SHOWN
    lines = [str(r) for r in ranges[:most]]
    more = len(ranges) - most
    return Text("\n".join([*lines, f"and {more} more"] if more > 0 else lines))


def restrictions(plan: Plan) -> list[str]:
    """What a plan was restricted to, as a sentence; none for a whole one."""
    given = {"--dataset": plan.only_dataset, "--layer": plan.only_layer}
    options = " ".join(f"{option} {one_line(name)}" for option, name in given.items() if name)
    return [f"plan {plan.short_id} is restricted: made with {options}"] if options else []


def print_requests(
    console: Console, plan: Plan, contract: Contract, detail: Detail = Detail.NORMAL
) -> None:
    """Print the exact requests, at most 5 of each service unless verbose: only the date differs."""
    for name in plan.services():
        calls = plan.calls_of(name)
        console.print(f"{name} would be sent")
        most = len(calls) if detail is Detail.VERBOSE else REQUESTS_SHOWN
        for call in calls[:most]:
            request = service_of(contract, name).describe(call)
            console.print(f"  {one_line(str(request), REQUEST_LENGTH)}", soft_wrap=True)
        more = len(calls) - most
        if more > 0:
            console.print(f"  and {more} more, up to {calls[-1].date} (all of them: --json -)")


def short(path: Path, here: Path) -> Path:
    """A path as seen from a folder, if it is below it."""
    return path.relative_to(here) if path.is_relative_to(here) else path


def print_verdict(console: Console, record: RemediationRecord) -> None:
    """Print the outcome in a line, and why the window could not be read again."""
    word, landings = verdict_of(record)
    style = WORD_STYLE.get(record.exit_code, "bold red")
    console.print(Text(word, style=style), f"{landings} in {duration(record.seconds)}")
    if record.problem:
        console.print(f"error: the window could not be read again: {record.problem}", style="red")


def print_record(
    console: Console, record: RemediationRecord, path: str, detail: Detail = Detail.NORMAL
) -> None:
    """Print the verdict, before and after, what got worse, and what remains and why."""
    print_verdict(console, record)
    if record.changes:
        console.print(_changes_table(console, record.changes))
    _print_regressions(console, record.changes)
    _print_remaining(console, record, detail)
    if record.verdict_after:
        console.print(f"rules now: {record.verdict_after.summary}")
    console.print(f"record {path}", soft_wrap=True)


def _changes_table(console: Console, changes: Sequence[Change]) -> Table:
    """Where the columns do not fit, without ``of``, and then without the layer."""
    unlimited = console.options.update(max_width=sys.maxsize)
    grid = Table()
    for left_out in ((), ("of",), ("of", "layer")):
        kept = [n for n, heading in enumerate(CHANGE_HEADINGS) if heading not in left_out]
        grid = table(*(CHANGE_HEADINGS[n] for n in kept))
        for change in changes:
            cells = change_cells(change)
            grid.add_row(*(Text(one_line(cells[n])) for n in kept))
        if console.measure(grid, options=unlimited).maximum <= console.width:
            break
    return grid


def _print_regressions(console: Console, changes: Sequence[Change]) -> None:
    worse = [(change.dataset, r) for change in changes for r in change.regressions]
    for dataset, regression in worse[:REGRESSIONS_SHOWN]:
        console.print(f"WORSE  {dataset} on {regression.date}: {regression.what}", style="bold red")
    if len(worse) > REGRESSIONS_SHOWN:
        console.print(
            f"and {len(worse) - REGRESSIONS_SHOWN} more dates got worse", style="bold red"
        )


def _print_remaining(console: Console, record: RemediationRecord, detail: Detail) -> None:
    groups = remaining(record.remaining)
    if not groups:
        return
    calendar = sorted({call.date for call in record.calls})
    grid = table("service", "state", "dates", "ranges", "why")
    most = len(groups) if detail is Detail.VERBOSE else REMAINING_SHOWN
    for group in groups[:most]:
        ranges = shown_ranges(group.dates, calendar, detail)
        cells = Text(group.service), group.state, str(len(group.dates)), ranges, Text(group.why)
        grid.add_row(*cells)
    console.print("What remains")
    console.print(grid)
    if len(groups) > most:
        console.print(f"and {len(groups) - most} more: --verbose shows them")
