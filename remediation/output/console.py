"""What people read of a plan."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checkpoints.archive.report import Report
from checkpoints.contract.model import Contract
from checkpoints.dates import ranges_of
from checkpoints.output.columns import aligned, hanging
from checkpoints.text import Detail
from remediation.plan.model import Estimate, Plan
from remediation.service.answer import clean
from remediation.service.request import request_for

REQUESTS_SHOWN = 5
RANGES_SHOWN = 6


def table(*headings: str) -> Table:
    """A plain table; the last column takes what space there is."""
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
    """Ranges per dataset, calls per service, and what is not planned; or the first line of it."""
    text = f"Plan {plan.short_id} of run {plan.run_id}: {len(plan.calls)} calls"
    console.print(text, soft_wrap=True)
    if detail is Detail.QUIET:
        return
    if plan.calls:
        for line in _range_lines(plan, report, console.width):
            console.print(line, soft_wrap=True)
        console.print(_services_table(estimates))
    elif not plan.unplanned:
        console.print("Nothing to do.", style="green")
    else:
        console.print("Nothing to call.", style="yellow")
    if plan.unplanned:
        console.print("Not planned")
        console.print(_unplanned_table(plan, report))


def _ranges(report: Report, dates: Sequence[date]) -> Text:
    return Text(", ".join(map(str, report.ranges(dates))))


def _range_lines(plan: Plan, report: Report, width: int) -> Iterator[Text]:
    found = plan.dates_of()
    cells = [[Text(clean(name)), Text(str(len(dates)))] for name, dates in found.items()]
    names = aligned([[Text("dataset"), Text("dates")], *cells])
    ranges = [[str(r) for r in report.ranges(dates)] for dates in found.values()]
    return hanging(names, [["ranges"], *ranges], width)


def _services_table(estimates: Sequence[Estimate]) -> Table:
    grid = table("service", "calls", "estimate", "based on")
    for e in estimates:
        grid.add_row(Text(e.service), str(e.calls), duration(e.seconds), Text(e.basis))
    return grid


def _unplanned_table(plan: Plan, report: Report) -> Table:
    grid = table("dataset", "dates", "why")
    for entry in plan.unplanned:
        ranges = _ranges(report, entry.dates)
        why = Text(clean(entry.reason)) + (Text(": ") + ranges if entry.dates else Text(""))
        grid.add_row(Text(entry.dataset), str(len(entry.dates) or ""), why)
    return grid


def shown_ranges(
    dates: Iterable[date], calendar: Sequence[date] = (), detail: Detail = Detail.NORMAL
) -> Text:
    """Dates as ranges, a line each, the first of many; ``calendar`` as in ``ranges_of``."""
    ranges = ranges_of(dates, calendar)
    most = len(ranges) if detail is Detail.VERBOSE else RANGES_SHOWN
    lines = [str(r) for r in ranges[:most]]
    more = len(ranges) - most
    return Text("\n".join([*lines, f"and {more} more"] if more > 0 else lines))


def restrictions(plan: Plan) -> list[str]:
    """What a plan was restricted to, as a sentence; none for a whole one."""
    given = {"--dataset": plan.only_dataset, "--layer": plan.only_layer}
    options = " ".join(f"{option} {clean(name)}" for option, name in given.items() if name)
    return [f"plan {plan.short_id} is restricted: made with {options}"] if options else []


def duration(seconds: float) -> str:
    """``95`` → ``1 min 35 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def print_requests(
    console: Console, plan: Plan, contract: Contract, detail: Detail = Detail.NORMAL
) -> None:
    """The exact requests; a long list of one service is cut, since only the date differs."""
    for service in plan.services():
        calls = plan.calls_of(service)
        console.print(f"{service} would be sent")
        most = len(calls) if detail is Detail.VERBOSE else REQUESTS_SHOWN
        for call in calls[:most]:
            request = request_for(contract.services[service], call.date)
            line = f"  {request.method} {request.url} {json.dumps(request.body)}"
            console.print(clean(line, 2000), soft_wrap=True)
        more = len(calls) - most
        if more > 0:
            console.print(f"  and {more} more, up to {calls[-1].date} (all of them: --json -)")


def short(path: Path, here: Path) -> Path:
    """A path as seen from a folder, if it is below it."""
    return path.relative_to(here) if path.is_relative_to(here) else path
