"""What people read in the terminal of coverage and of an estimate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from checkpoints.coverage.summary import Coverage, CoverageSummary
from checkpoints.output.columns import GAP, aligned, hanging, width_of
from checkpoints.rules.evidence import ITS_CALENDAR
from checkpoints.text import Detail, counted, dates, human_bytes, one_line, percent

if TYPE_CHECKING:
    from checkpoints.warehouse.estimate import Estimate


RANGE_LINES = 3


def print_coverage(
    console: Console,
    summary: CoverageSummary,
    detail: Detail = Detail.NORMAL,
    *,
    whole: bool = False,
) -> None:
    """Dataset × season, then the missing ranges of every dataset that lacks something.

    ``whole``: all of them, however long.
    """
    lacking = _lacking_of(summary)
    if detail is not Detail.QUIET:
        console.print(
            f"Coverage {summary.window.first} to {summary.window.last}, as of {summary.as_of}"
        )
        for line in _coverage_lines(summary, console.width):
            console.print(line, soft_wrap=True)
    console.print(_verdict(summary, lacking))
    if detail is not Detail.QUIET:
        for line in _missing_lines(summary, console.width, Detail.VERBOSE if whole else detail):
            console.print(line, soft_wrap=True)
        for entry in summary.coverage:
            if entry.known_gap_dates:
                where = one_line(entry.dataset)
                where += f" in {entry.season or 'no season'}" if summary.by_season else ""
                days = dates(entry.known_gap_dates)
                verb = "is" if entry.known_gap_dates == 1 else "are"
                console.print(f"known gap: {days} of {where} {verb} not counted")
        for told in (*summary.late, *summary.retired):
            console.print(one_line(str(told)), soft_wrap=True)


def _lacking_of(summary: CoverageSummary) -> list[Coverage]:
    return [entry for entry in summary.coverage if entry.missing_ranges]


def _verdict(summary: CoverageSummary, lacking: Sequence[Coverage]) -> Text:
    if lacking:
        names = len({entry.dataset for entry in lacking})
        all_names = len({entry.dataset for entry in summary.coverage})
        verb = "lacks" if names == 1 else "lack"
        text = f"{names} of {counted(all_names, 'dataset')} {verb} keys on due dates"
        return Text(text, style="bold red")
    if any(entry.due_dates for entry in summary.coverage):
        return Text("No due date lacks anything.", style="green")
    if summary.unreadable:
        return Text("Whether anything was due is not known.", style="bold magenta")
    return Text("Nothing was due in the window.", style="yellow")


def _coverage_lines(summary: CoverageSummary, width: int) -> Iterator[Text]:
    """A table with as many seasons as fit beside the names, and another one for the next."""
    coverage = summary.coverage
    seasons = list(dict.fromkeys(entry.season for entry in coverage))
    if not seasons:
        return
    names = width_of(aligned([_name_cells(entry) for entry in coverage]))
    cells = max(_season_cell(entry, coverage).cell_len for entry in coverage)
    beside = max(1, (width - names) // (cells + GAP))
    for first in range(0, len(seasons), beside):
        yield from _season_lines(summary, seasons[first : first + beside])


def _season_lines(summary: CoverageSummary, seasons: Sequence[str | None]) -> Iterator[Text]:
    """The datasets under what they are compared with, which so takes no column."""
    coverage, outside = summary.coverage, "no season" if summary.by_season else "window"
    found = {(entry.dataset, entry.season): entry for entry in coverage}
    rows = {entry.dataset: entry for entry in coverage}
    cells = [
        [*_name_cells(row), *(_season_cell(found.get((name, s)), coverage) for s in seasons)]
        for name, row in rows.items()
    ]
    headings = [Text("layer"), Text("dataset"), *(Text(s or outside) for s in seasons)]
    heading, *lines = aligned([headings, *cells], right=range(2, 2 + len(seasons)))
    yield Text.assemble((str(heading), "bold"))
    above = ""
    for row, line in zip(rows.values(), lines, strict=True):
        of = f"of {one_line(row.of or ITS_CALENDAR)}{', by count' if row.match == 'count' else ''}"
        if of != above:
            yield Text(of, style="dim")
        above = of
        yield line


def _name_cells(entry: Coverage) -> list[Text]:
    return [Text(entry.layer), Text(one_line(entry.dataset))]


def _season_cell(entry: Coverage | None, coverage: Sequence[Coverage]) -> Text:
    if entry is None or entry.ratio is None:
        gap = bool(entry and entry.known_gap_dates)
        return Text("known gap" if gap else "nothing due", style="dim")
    widest = max(len(_keys(other)) for other in coverage)
    text = f"{percent(entry.ratio)}  {_keys(entry):>{widest}}"
    return Text(text, style="green" if entry.matched == entry.expected else "red")


def _keys(entry: Coverage) -> str:
    return f"{entry.matched}/{entry.expected}"


def _missing_lines(summary: CoverageSummary, width: int, detail: Detail) -> Iterator[Text]:
    """Missing and partial dates as ranges, beside the dataset's name or below it."""
    lacking = _lacking_of(summary)
    names = [
        [
            Text(f"  {one_line(entry.dataset)}"),
            *([Text(entry.season or "–")] if summary.by_season else []),
            Text(_lacking(entry)),
        ]
        for entry in lacking
    ]
    spans = [list(map(str, entry.missing_ranges)) for entry in lacking]
    most = None if detail is Detail.VERBOSE else RANGE_LINES
    return hanging(aligned(names), spans, width, most)


def _lacking(entry: Coverage) -> str:
    partial = len(entry.partial_dates)
    found = dates(len(entry.missing_dates) + partial)
    return f"{found}, {partial} partial" if partial else found


def print_estimate(console: Console, estimate: Estimate) -> None:
    """Bytes per dataset and in total, what is billed for them, and whether a run is allowed."""
    console.print(f"A check of {estimate.window.first} to {estimate.window.last} would read")
    rows = [
        [
            Text(one_line(e.dataset)),
            Text(e.location or "–"),
            Text(human_bytes(e.bytes)),
            Text(human_bytes(e.billed_bytes)),
        ]
        for e in estimate.datasets
    ]
    headings = [Text("dataset"), Text("location"), Text("bytes"), Text("billed at least")]
    for line in aligned([headings, *rows], right=(2, 3)):
        console.print(line, soft_wrap=True)
    console.print(
        f"total {human_bytes(estimate.total_bytes)}, billed at least "
        f"{human_bytes(estimate.total_billed_bytes)}: {estimate.cost:.4f} {estimate.currency}"
        f" at {estimate.price_per_tib:g} {estimate.currency} per TiB"
    )
    if estimate.max_bytes is not None and not estimate.refused:
        console.print(f"a run may be billed {human_bytes(estimate.max_bytes)}: it is allowed")
