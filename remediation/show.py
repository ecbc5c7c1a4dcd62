"""What people read of a plan."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checkpoints.contract import Contract
from checkpoints.report import Report
from checkpoints.window import ranges_of
from remediation.answer import clean
from remediation.endpoint import request_for
from remediation.plan import Estimate, Plan

REQUESTS_SHOWN = 5
RANGES_SHOWN = 6


def table(*headings: str) -> Table:
    """A plain table; the last column takes what space there is."""
    grid = Table(box=None, pad_edge=False)
    for heading in headings[:-1]:
        grid.add_column(heading, no_wrap=heading != "dataset", overflow="fold")
    grid.add_column(headings[-1], overflow="fold")
    return grid


def print_plan(console: Console, plan: Plan, report: Report, estimates: Sequence[Estimate]) -> None:
    """Ranges per dataset, calls per service, and what is not planned."""
    console.print(
        f"Plan {plan.short_id} of run {plan.run_id}: {len(plan.calls)} calls", soft_wrap=True
    )
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


def _ranges(report: Report, dates: Sequence[date]) -> Text:
    return Text(", ".join(map(str, report.ranges(dates))))


def _ranges_table(plan: Plan, report: Report) -> Table:
    grid = table("dataset", "dates", "ranges")
    for dataset, dates in plan.dates_of().items():
        grid.add_row(Text(dataset), str(len(dates)), _ranges(report, dates))
    return grid


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


def shown_ranges(dates: Iterable[date], calendar: Sequence[date] = ()) -> Text:
    """Dates as ranges, a line each, the first of many; ``calendar`` as in ``ranges_of``."""
    ranges = ranges_of(dates, calendar)
    lines = [str(r) for r in ranges[:RANGES_SHOWN]]
    more = len(ranges) - RANGES_SHOWN
    return Text("\n".join([*lines, f"and {more} more"] if more > 0 else lines))


def print_chosen(console: Console, plan: Plan) -> None:
    """Which plan is carried out, where it leaves datasets out."""
    if plan.only_dataset is not None:
        name = clean(plan.only_dataset)
        text = f"note: plan {plan.short_id} is restricted: made with --dataset {name}"
        console.print(text, soft_wrap=True)


def duration(seconds: float) -> str:
    """``95`` → ``1 min 35 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def print_requests(console: Console, plan: Plan, contract: Contract) -> None:
    """The exact requests; a long list of one service is cut, since only the date differs."""
    for service in plan.services():
        calls = plan.calls_of(service)
        console.print(f"{service} would be sent")
        for call in calls[:REQUESTS_SHOWN]:
            request = request_for(contract.services[service], call.date)
            line = f"  {request.method} {request.url} {json.dumps(request.body)}"
            console.print(clean(line, 2000), soft_wrap=True)
        more = len(calls) - REQUESTS_SHOWN
        if more > 0:
            console.print(f"  and {more} more, up to {calls[-1].date} (all of them: --json -)")


def print_next(console: Console, options: Sequence[str]) -> None:
    """The ``run`` command to type next."""
    command = shlex.join(["python", "-m", "remediation", "run", *options])
    console.print(f"next   {command}", soft_wrap=True)


def short(path: Path, here: Path) -> Path:
    """A path as seen from a folder, if it is below it."""
    return path.relative_to(here) if path.is_relative_to(here) else path
