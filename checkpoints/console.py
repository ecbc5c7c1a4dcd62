"""What people read in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checkpoints.errors import ExitCode
from checkpoints.reading import human_bytes
from checkpoints.report import CheckRecord, Report, Span
from checkpoints.rules import Outcome
from checkpoints.summary import Coverage, CoverageSummary
from checkpoints.wording import WORDS, figure, limit, percent

if TYPE_CHECKING:
    from checkpoints.estimate import Estimate

STYLE = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.ERRORED: "bold magenta",
    Outcome.NOT_EVALUATED: "dim",
}
WORD_STYLE = {
    ExitCode.COMPLETE: "bold green",
    ExitCode.INCOMPLETE: "bold red",
    ExitCode.COULD_NOT_TELL: "bold magenta",
    ExitCode.NOTHING_DUE: "bold yellow",
}


def print_coverage(console: Console, summary: CoverageSummary) -> None:
    """Season × dataset, then the missing ranges of every dataset that lacks something."""
    console.print(
        f"Coverage {summary.window.first} to {summary.window.last}, as of {summary.as_of}"
    )
    console.print(_coverage_table(summary))
    lacking = [c for c in summary.coverage if c.missing_ranges]
    if lacking:
        console.print("Missing or partial dates")
        console.print(_missing_table(lacking))
    elif any(c.due_dates for c in summary.coverage):
        console.print("No due date lacks anything.", style="green")
    else:
        console.print("Nothing was due in the window.", style="yellow")
    for entry in summary.coverage:
        if entry.known_gap_dates:
            where = f"{entry.dataset} in {entry.season or 'no season'}"
            console.print(f"known gap: {entry.known_gap_dates} dates of {where} are not counted")
    for problem in summary.unreadable.values():
        console.print(f"error: {problem}", style="bold magenta")


def _coverage_table(summary: CoverageSummary) -> Table:
    seasons = list(dict.fromkeys(c.season for c in summary.coverage))
    table = Table(box=None, pad_edge=False)
    for heading in ("layer", "dataset", "of"):
        table.add_column(heading, overflow="fold")
    for season in seasons:
        table.add_column(season or "no season", justify="right", no_wrap=True)
    rows: dict[str, dict[str | None, Coverage]] = {}
    for entry in summary.coverage:
        rows.setdefault(entry.dataset, {})[entry.season] = entry
    for dataset, by_season in rows.items():
        first = next(iter(by_season.values()))
        of = f"{first.of} (count)" if first.match == "count" else f"{first.of}"
        table.add_row(
            first.layer, Text(dataset), Text(of), *(_ratio_cell(by_season.get(s)) for s in seasons)
        )
    return table


def _ratio_cell(entry: Coverage | None) -> Text:
    if entry is None or entry.ratio is None:
        gap = bool(entry and entry.known_gap_dates)
        return Text("known gap" if gap else "nothing due", style="dim")
    text = f"{percent(entry.ratio)} {entry.matched:>5}/{entry.expected}"
    return Text(text, style="green" if entry.matched == entry.expected else "red")


def _missing_table(lacking: Sequence[Coverage]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("dataset", overflow="fold")
    table.add_column("season", no_wrap=True)
    table.add_column("dates", justify="right")
    table.add_column("ranges")
    for entry in lacking:
        dates = len(entry.missing_dates) + len(entry.partial_dates)
        table.add_row(
            Text(entry.dataset),
            entry.season or "–",
            f"{dates}" + (f" ({len(entry.partial_dates)} partial)" if entry.partial_dates else ""),
            ", ".join(_span(s) for s in entry.missing_ranges),
        )
    return table


def _span(span: Span) -> str:
    return str(span.first) if span.first == span.last else f"{span.first} → {span.last}"


def print_estimate(console: Console, estimate: Estimate) -> None:
    """Bytes per dataset and in total, and their price."""
    table = Table(box=None, pad_edge=False)
    table.add_column("dataset", overflow="fold")
    table.add_column("location")
    table.add_column("bytes", justify="right", no_wrap=True)
    for entry in estimate.datasets:
        table.add_row(Text(entry.dataset), entry.location or "–", human_bytes(entry.bytes))
    console.print(f"A check of {estimate.window.first} to {estimate.window.last} would read")
    console.print(table)
    console.print(
        f"total {human_bytes(estimate.total_bytes)}: {estimate.cost:.4f} {estimate.currency}"
        f" at {estimate.price_per_tib:g} {estimate.currency} per TiB"
    )
    for problem in estimate.unreadable.values():
        console.print(f"error: {problem}", style="bold magenta")


def print_report(
    console: Console,
    report: Report,
    path: Path | None = None,
    page: Path | None = None,
    options: str = "",
) -> None:
    """The verdict, why, where it is stored, and the next command to type with its ``options``."""
    code = report.verdict.exit_code
    console.print(
        f"{report.checkpoint} · {report.window.first} to {report.window.last}"
        f" · as of {report.as_of} · {report.seconds:.1f} s"
    )
    console.print(Text(WORDS[code], style=WORD_STYLE[code]), report.verdict.summary)
    console.print(_layers_line(report.checks))
    notable = [c for c in report.checks if c.outcome in (Outcome.FAILED, Outcome.ERRORED)]
    _print_failures(console, report, notable)
    for label, value in (("report", path), ("page", page)):
        if value:
            console.print(f"{label:7}{_short(value)}", soft_wrap=True)
    if following := next_command(report, stored=path is not None, options=options):
        console.print(f"next   {following}", soft_wrap=True)


def _layers_line(checks: Iterable[CheckRecord]) -> Text:
    line = Text()
    suites: dict[str, list[CheckRecord]] = {}
    for check in checks:
        suites.setdefault(check.suite, []).append(check)
    for suite, found in suites.items():
        passed = sum(c.outcome is Outcome.PASSED for c in found)
        evaluated = sum(c.outcome is not Outcome.NOT_EVALUATED for c in found)
        style = "green" if passed == evaluated else "red"
        line.append(f"{suite} {passed}/{evaluated}  ", style=style if evaluated else "dim")
    return line


def _print_failures(console: Console, report: Report, checks: Sequence[CheckRecord]) -> None:
    """Per dataset: its failed checks, a line each, and where they fail."""
    layers = {record.name: record.layer for record in report.datasets}
    order = [*layers, *report.unreadable]
    for dataset in sorted({check.dataset for check in checks}, key=order.index):
        found = [check for check in checks if check.dataset == dataset]
        layer = layers.get(dataset, found[0].suite)
        console.print(Text.assemble((f"{layer} {dataset}", "bold")))
        console.print(_failures_of(found, console.width))
        dates = {day for check in found for day in check.unexpected_dates}
        where = ", ".join(map(str, report.ranges(dates)))
        messages = {c.message for c in found if c.outcome is Outcome.ERRORED}
        for line in (where, *messages):
            if line:
                console.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))


def _failures_of(checks: Sequence[CheckRecord], width: int) -> Padding:
    """Fixed widths, so that the tables of all datasets align; the rule takes what is left."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(width=8)
    table.add_column(overflow="fold", width=max(20, min(46, width - 48)))
    for column in (11, 9, 10):
        table.add_column(justify="right", width=column)
    for check in checks:
        dates = len(check.unexpected_dates)
        table.add_row(
            Text(_mark(check), style=STYLE[check.outcome]),
            Text(f"{check.kind} of {check.of}" if check.expected else check.kind),
            figure(check),
            limit(check),
            f"{dates} date{'' if dates == 1 else 's'}" if dates else "",
        )
    return Padding(table, (0, 0, 0, 2))


def _mark(check: CheckRecord) -> str:
    light = check.outcome is Outcome.FAILED and check.severity != "critical"
    return check.severity if light else str(check.outcome)


def next_command(report: Report, *, stored: bool, options: str = "") -> str:
    """What to type after this verdict."""
    match report.verdict.exit_code:
        case ExitCode.INCOMPLETE if stored:
            return f"python -m remediation plan{options}"
        case ExitCode.INCOMPLETE:
            return "python -m checkpoints run, with the same options, to record it"
        case ExitCode.COMPLETE if stored:
            return f'python -m checkpoints signoff --by "your name"{options}'
    return ""


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
