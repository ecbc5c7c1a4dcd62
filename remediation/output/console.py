"""What people read at a console: a plan and its requests, and what a run came to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checkpoints.archive.remediation import Change, Orphans, RemediationRecord, Why
from checkpoints.archive.report import Report
from checkpoints.contract.model import Contract
from checkpoints.dates import DateRange, ranges_of
from checkpoints.errors import CheckpointsError
from checkpoints.output.columns import aligned, hanging, narrowed
from checkpoints.output.console import WORD_STYLE, print_failures
from checkpoints.text import Detail, counted, dates, duration, one_line
from remediation.output.following import still_failing, warnings_of
from remediation.output.reporter import (
    CHANGE_HEADINGS,
    ORPHAN_HEADINGS,
    REMAINING_HEADINGS,
    Reporter,
    change_cells,
    not_told_of,
    remaining,
    told_of,
    verdict_of,
)
from remediation.plan.estimate import Estimate
from remediation.plan.groups import CallGroup, groups_of
from remediation.plan.model import Plan
from remediation.plan.notices import notices_of
from remediation.service.kind import service_of

REQUESTS_SHOWN = 5
RANGES_SHOWN = 6
REMAINING_SHOWN = 20
REGRESSIONS_SHOWN = 10
FAILURE_LINES = 16
REQUEST_LENGTH = 2000

T = TypeVar("T")


class QuietReporter(Reporter):
    """Tells people the outcome and nothing before it.

    The outcome goes to the ``console``, what happens on the way to ``notes``, if they are not one.
    """

    def __init__(self, console: Console, notes: Console | None = None) -> None:
        self.console = console
        self.notes = notes or console

    def say(self, text: str, style: str = "") -> None:
        """Note what happens in a line, however long."""
        self.notes.print(Text(text, style=style), soft_wrap=True)

    def interrupted(self, command: str) -> None:
        """Print the command that continues."""
        self.say(f"interrupted; to continue: {command}")

    def failed(self, error: CheckpointsError) -> None:
        """Print every problem, a line each."""
        for problem in error.problems:
            self.say(f"error: {problem}", "red")

    def conclude(
        self,
        record: RemediationRecord,
        path: str,  # noqa: ARG002
        following: Sequence[str] = (),  # noqa: ARG002
    ) -> None:
        """Print the verdict."""
        self.say_problem(record)
        print_verdict(self.console, record)

    def say_problem(self, record: RemediationRecord) -> None:
        """Note why the outcome is not known, if it is not."""
        if record.problem:
            self.say(f"error: the window could not be read again: {record.problem}", "red")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A plain table; names of datasets and the last column are folded where space is short."""
    grid = Table(box=None, pad_edge=False)
    for heading in headings:
        folded = heading in ("dataset", headings[-1])
        grid.add_column(heading, no_wrap=not folded, overflow="fold")
    for cells in rows:
        grid.add_row(*(Text(str(cell)) for cell in cells))
    return grid


def cut(items: Sequence[T], at_most: int, detail: Detail) -> tuple[Sequence[T], int]:
    """The first items, all of them when verbose; and how many more there are."""
    shown = items if detail is Detail.VERBOSE else items[:at_most]
    return shown, len(items) - len(shown)


def print_plan(
    console: Console,
    plan: Plan,
    report: Report,
    estimates: Sequence[Estimate],
    detail: Detail = Detail.NORMAL,
) -> None:
    """Print ranges per dataset, calls per service, and what is not planned; quiet: one line."""
    text = f"Plan {plan.short_id} of run {plan.run_id}: {_how_many(plan, estimates)}"
    console.print(text, soft_wrap=True)
    if detail is Detail.QUIET:
        return
    if plan.because:
        console.print(f"rebuilt because: {one_line(plan.because)}", soft_wrap=True)
    if plan.calls:
        _print_ranges(console, plan, report)
        _print_estimates(console, estimates)
        if again := _told_of_rebuilds(plan):
            console.print(again, soft_wrap=True)
    elif not plan.unplanned:
        console.print("Nothing to do.", style="green")
    else:
        console.print("Nothing to call.", style="yellow")
    if stale := about_dependents(plan):
        console.print(stale, soft_wrap=True)
    if any(entry.why is not Why.STALE for entry in plan.unplanned):
        _print_left_out(console, plan, report, detail)


def _told_of_rebuilds(plan: Plan) -> str:
    """How many calls write rows anew, whatever is there; empty where none does."""
    number = plan.rebuilt()
    are = "is one" if number == 1 else "are"
    if not number or plan.because or plan.with_dependents:
        return f"{number} {are} of rows that are there and are written anew" if number else ""
    return f"{number} {are} of rows that fail an expectation: the next run judges it again"


def about_dependents(plan: Plan) -> str:
    """What becomes stale by a plan and is no part of it, in a line; empty where nothing does."""
    stale = [entry for entry in plan.unplanned if entry.why is Why.STALE]
    told = ", ".join(f"{dates(len(e.dates))} of {one_line(e.dataset)}" for e in stale)
    become = "becomes" if [len(e.dates) for e in stale] == [1] else "become"
    return f"{told} {become} stale by this plan: --with-dependents adds them" if stale else ""


def _how_many(plan: Plan, estimates: Sequence[Estimate]) -> str:
    """``3 calls``; where one asks for several dates: ``1000 dates in 73 calls: 1 date first …``."""
    number = sum(estimate.calls for estimate in estimates)
    if not takes_several(estimates):
        return counted(len(plan.calls), "call")
    several = "of each service " if len(estimates) > 1 else ""
    rest = number - len(estimates)
    return f"{dates(len(plan.calls))} in {counted(number, 'call')}: {several}1 date first" + (
        f", then {rest}" if rest else ""
    )


def takes_several(estimates: Sequence[Estimate]) -> bool:
    """Whether some call asks for several dates."""
    return any(estimate.calls < estimate.dates for estimate in estimates)


def _print_estimates(console: Console, estimates: Sequence[Estimate]) -> None:
    headings = ("service", "dates", "calls", "estimate", "based on")
    rows = [(e.service, e.dates, e.calls, duration(e.seconds), e.basis) for e in estimates]
    shown = [n for n, name in enumerate(headings) if name != "dates" or takes_several(estimates)]
    cells = [[row[n] for n in shown] for row in rows]
    console.print(table([headings[n] for n in shown], cells))


def _print_left_out(console: Console, plan: Plan, report: Report, detail: Detail) -> None:
    """How many dates, and why; which ones only when verbose.

    Where data may be lacking, always from the first to the last.
    """
    rows, hidden = [], False
    for entry in plan.unplanned:
        if entry.why is Why.STALE:
            continue
        ranges = report.ranges(entry.dates)
        spans = list(map(str, ranges))
        if detail is not Detail.VERBOSE:
            whole = len(ranges) == 1 and entry in plan.unrepaired
            hidden |= bool(ranges) and not whole
            spans = [_ends(ranges)] if ranges and entry in plan.unrepaired else []
        why = one_line(entry.reason) + (f": {', '.join(spans)}" if spans else "")
        rows.append((entry.dataset, len(entry.dates) or "", why))
    console.print("Not planned")
    console.print(table(("dataset", "dates", "why"), rows))
    if hidden:
        console.print("-v lists the dates that are not planned")


def _ends(ranges: Sequence[DateRange]) -> str:
    several = f", in {len(ranges)} ranges" if len(ranges) > 1 else ""
    return f"{DateRange(ranges[0].first, ranges[-1].last)}{several}"


def _print_ranges(console: Console, plan: Plan, report: Report) -> None:
    """Where something is asked of rows, a column says what."""
    planned = plan.dates_of()
    columns: list[Sequence[object]] = [("dataset", "dates", "for")]
    columns += [
        (one_line(name), len(days), one_line(checks) or "missing keys")
        for (name, checks), days in planned.items()
    ]
    shown = 3 if any(checks for _, checks in planned) else 2
    names = [cells[:shown] for cells in columns]
    ranges = [["ranges"], *([str(r) for r in report.ranges(days)] for days in planned.values())]
    for line in hanging(aligned(_texts(names)), ranges, console.width):
        console.print(line, soft_wrap=True)


def _texts(rows: Iterable[Iterable[object]]) -> list[list[Text]]:
    return [[Text(str(cell)) for cell in cells] for cells in rows]


def shown_ranges(days: Iterable[date], detail: Detail = Detail.NORMAL) -> str:
    """Dates as ranges of consecutive days, one per line, at most 6 unless verbose.

    A range says something of every day in it, so that none may be in it that is not meant.
    """
    ranges, more = cut(ranges_of(days), RANGES_SHOWN, detail)
    return "\n".join([*map(str, ranges), *([f"and {more} more"] if more else [])])


def restrictions(plan: Plan) -> list[str]:
    """What a plan was restricted to, as a sentence; none for a whole one."""
    if plan.because:
        return []  # it says which dataset, and why
    given = {"--dataset": plan.only_dataset, "--layer": plan.only_layer}
    options = " ".join(f"{option} {one_line(name)}" for option, name in given.items() if name)
    return [f"plan {plan.short_id} is restricted: made with {options}"] if options else []


def about_the_future(as_of: date, today: date) -> list[str]:
    """That dates have not come yet, as a sentence; none where they have."""
    ahead = as_of > today
    return [f"as of {as_of}, which is in the future: today is {today}"] if ahead else []


def print_requests(
    console: Console, plan: Plan, contract: Contract, detail: Detail = Detail.NORMAL
) -> None:
    """Print the exact requests, at most 5 of each service unless verbose: only the date differs."""
    for name in plan.services():
        groups, more = cut(groups_of(plan, contract, name), REQUESTS_SHOWN, detail)
        console.print(f"{name} would be sent")
        for group in groups:
            request = service_of(contract, name).describe(group)
            console.print(f"  {one_line(str(request), REQUEST_LENGTH)}", soft_wrap=True)
        if more:
            last = plan.calls_of(name)[-1].date
            console.print(f"  and {more} more, up to {last} (all of them: --json -)")
    _print_notices(console, plan, contract, detail)


def _print_notices(console: Console, plan: Plan, contract: Contract, detail: Detail) -> None:
    for name, groups in _notices_by_service(plan, contract).items():
        console.print(f"{name} would then be told of what landed", soft_wrap=True)
        shown, more = cut(groups, REQUESTS_SHOWN, detail)
        for group in shown:
            request = service_of(contract, name).describe(group)
            console.print(f"  {one_line(str(request), REQUEST_LENGTH)}", soft_wrap=True)
        if more:
            console.print(f"  and {more} more, up to {groups[-1].last} (all of them: --json -)")


def _notices_by_service(plan: Plan, contract: Contract) -> dict[str, list[CallGroup]]:
    found: dict[str, list[CallGroup]] = {}
    for group in notices_of(plan, contract):
        found.setdefault(group.service, []).append(group)
    return found


def about_notices(plan: Plan, contract: Contract) -> list[str]:
    """Who is told as the calls of a plan land, a line each."""
    return [
        f"then {name} is told of {dates(sum(len(group.calls) for group in groups))}, "
        f"as far as they have landed, in {counted(len(groups), 'call')}"
        for name, groups in _notices_by_service(plan, contract).items()
    ]


def short(path: Path) -> str:
    """A path as seen from here, if it is below this folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def print_verdict(console: Console, record: RemediationRecord) -> None:
    """Print the outcome in a line, and who was not told of it."""
    word, landings = verdict_of(record)
    style = WORD_STYLE.get(record.exit_code, "bold red")
    console.print(Text(word, style=style), f"{landings} in {duration(record.seconds)}")
    if record.because:
        console.print(Text(f"rebuilt because: {one_line(record.because)}"), soft_wrap=True)
    for text in not_told_of(record.undelivered):
        console.print(Text(text, style="bold red"), soft_wrap=True)


def print_record(
    console: Console,
    record: RemediationRecord,
    path: str,
    detail: Detail = Detail.NORMAL,
    following: Sequence[str] = (),
) -> None:
    """Print the verdict, before and after, what got worse, what remains and why, and what to do."""
    print_verdict(console, record)
    for text in told_of(record):
        console.print(Text(text), soft_wrap=True)
    _print_changes(console, record.changes)
    _print_remaining(console, record, detail)
    if record.verdict_after:
        console.print(f"rules now: {record.verdict_after.summary}")
    _print_rules(console, record, detail)
    _print_orphans(console, record.orphans, detail)
    console.print(f"record {path}", soft_wrap=True)
    for number, step in enumerate(following):
        console.print(f"{'then' if number else 'next'}   {one_line(step)}", soft_wrap=True)


def _print_rules(console: Console, record: RemediationRecord, detail: Detail) -> None:
    """The rules that still fail, in the words of the checkpoint; and apart from them, warnings."""
    layers = {change.dataset: change.layer for change in record.changes}
    found = {
        "Rules that still fail": still_failing(record),
        "Warnings, which fail nothing": warnings_of(record),
    }
    for title, checks in found.items():
        if checks:
            console.print(title)
            room = None if detail is Detail.VERBOSE else FAILURE_LINES
            print_failures(console, checks, layers, ranges_of, room=room)


def _print_orphans(console: Console, orphans: Sequence[Orphans], detail: Detail) -> None:
    rows = [(o.dataset, o.of, o.keys, len(o.dates), shown_ranges(o.dates, detail)) for o in orphans]
    if rows:
        console.print("Orphans that stay: no call removes them")
        console.print(table(ORPHAN_HEADINGS, rows))


def _print_changes(console: Console, changes: Sequence[Change]) -> None:
    """Where the columns do not fit, without ``of``, and then without the layer."""
    rows = [CHANGE_HEADINGS, *(map(one_line, change_cells(change)) for change in changes)]
    spare = [CHANGE_HEADINGS.index(name) for name in ("of", "layer")]
    for line in narrowed(_texts(rows), console.width, spare) if changes else ():
        console.print(line, soft_wrap=True)
    worse = [(change.dataset, r) for change in changes for r in change.regressions]
    for dataset, regression in worse[:REGRESSIONS_SHOWN]:
        console.print(f"WORSE  {dataset} on {regression.date}: {regression.what}", style="bold red")
    more = len(worse) - REGRESSIONS_SHOWN
    if more > 0:
        console.print(f"and {counted(more, 'more date')} got worse", style="bold red")


def _print_remaining(console: Console, record: RemediationRecord, detail: Detail) -> None:
    groups, more = cut(remaining(record.remaining), REMAINING_SHOWN, detail)
    if groups:
        rows = [group.cells(shown_ranges(group.dates, detail)) for group in groups]
        console.print("What remains")
        console.print(table(REMAINING_HEADINGS, rows))
    if more:
        console.print(f"and {more} more: --verbose shows them")
