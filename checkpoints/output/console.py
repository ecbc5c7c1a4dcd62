"""What people read in the terminal of a run: the verdict on one screen, or all of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from checkpoints.archive.report import Report
from checkpoints.coverage.results import CheckRecord
from checkpoints.dates import DateRange
from checkpoints.errors import ExitCode
from checkpoints.output.columns import GAP, aligned, filled, width_of
from checkpoints.rules.rule import CountRule, Outcome
from checkpoints.text import WORDS, Detail, counted, dates, human_bytes, one_line
from checkpoints.warehouse.engine import Statement

WORD_STYLE = {
    ExitCode.COMPLETE: "bold green",
    ExitCode.INCOMPLETE: "bold red",
    ExitCode.COULD_NOT_TELL: "bold magenta",
    ExitCode.NOTHING_DUE: "bold yellow",
}
STYLE = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.ERRORED: "bold magenta",
    Outcome.NOT_EVALUATED: "dim",
}
BODY_LINES = 16
"""What is left for errors and failures on a screen of 24 lines, beside heading, footer, prompt."""

ERROR_LINES = 9
Expired = Callable[..., Sequence[str]]
"""Sentences about the known gaps of failed checks that have expired."""

MOST_ENDING = 3
"""Known gaps that end soon, of which more are only counted."""

BELOW = " " * 11
"""Before what belongs to a check and does not fit beside it."""

SHORTEST = 12
"""Cells that are left of a check's name that is cut."""

ROOM = 36
"""Cells that a range and ``and 10 more`` take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where a run is kept, and a line for each of the ``incidents`` that it told of."""

    report: Path
    page: Path
    keys: Path | None = None
    incidents: tuple[str, ...] = ()

    def paths(self) -> dict[str, Path]:
        """What is stored, by its name."""
        named = {"report": self.report, "page": self.page, "keys": self.keys}
        return {name: path for name, path in named.items() if path}

    def height(self, width: int) -> int:
        """The lines that it takes on a screen."""
        return len(self.paths()) + sum(math.ceil(len(line) / width) for line in self.incidents)


def print_report(
    console: Console,
    report: Report,
    stored: Stored | None = None,
    following: str = "",
    detail: Detail = Detail.NORMAL,
    today: date | None = None,
) -> None:
    """The verdict, why, where it is stored, and the ``following`` command to type.

    An as-of date after ``today`` is said to be one.
    """
    code = report.verdict.exit_code
    verdict = Text.assemble((WORDS[code], WORD_STYLE[code]), " ", report.verdict.summary)
    if detail is Detail.QUIET:
        console.print(verdict, soft_wrap=True)
        _print_errors(console, report.checks, detail)
        return
    ahead = ", which is in the future" if today and report.as_of > today else ""
    console.print(
        f"{one_line(report.checkpoint)} · {report.window.first} to {report.window.last}"
        f" · as of {report.as_of}{ahead} · {report.seconds:.1f} s"
    )
    console.print(verdict)
    console.print(_suites_line(report.checks))
    verbose = detail is Detail.VERBOSE
    taken = _print_tolerated(console, report, verbose) + (
        stored.height(console.width) if stored else 0
    )
    taken += _print_some(console, list(map(str, report.late)), verbose)
    taken += _print_some(console, list(map(str, report.retired)), verbose)
    taken += _print_ending(console, report.ending_gaps(), verbose)
    taken += _print_errors(console, report.checks, detail)
    layers = {record.name: record.layer for record in report.datasets}
    layers |= dict.fromkeys(report.unreadable, "")
    wanted = [c for c in report.checks if verbose or c.outcome is Outcome.FAILED]
    room = BODY_LINES - taken
    shown = None if verbose else room
    print_failures(console, wanted, layers, report.ranges, room=shown, expired=report.expired_for)
    if verbose:
        for text in report.exemptions():
            console.print(one_line(text), soft_wrap=True)
        _print_unread(console, report)
        _print_statements(console, report.statements)
    for line in stored.incidents if stored else ():
        console.print(line, soft_wrap=True)
    here = Path.cwd()
    for name, path in stored.paths().items() if stored else ():
        short = path.relative_to(here) if path.is_relative_to(here) else path
        console.print(f"{name:<6} {short}", soft_wrap=True)
    if following:
        console.print(f"next   {following}", soft_wrap=True)


def _print_tolerated(console: Console, report: Report, verbose: bool) -> int:
    """What lacks keys and fails nothing: in one line, or all of it. Returns the number of lines."""
    title = "within tolerance: "
    found = [one_line(text) for text in report.within_tolerance()]
    lines = filled(found, console.width - len(title), at_most=None if verbose else 1)
    for number, line in enumerate(lines):
        console.print((" " * len(title) if number else title) + line, soft_wrap=True)
    return len(lines)


def _print_some(console: Console, sentences: Sequence[str], verbose: bool) -> int:
    """What is late, or not expected any more: one of it, or all. Returns the number of lines."""
    shown = sentences if verbose else sentences[:1]
    more = f" (and {len(sentences) - 1} more: --verbose)" if len(sentences) > len(shown) else ""
    for sentence in shown:
        console.print(one_line(sentence) + more, soft_wrap=True)
    return len(shown)


def _print_ending(console: Console, sentences: Sequence[str], verbose: bool) -> int:
    """The known gaps that end soon: some, or all. Returns the number of lines."""
    shown = [one_line(text) for text in (sentences if verbose else sentences[:MOST_ENDING])]
    if len(sentences) > len(shown):
        shown.append(f"and {len(sentences) - len(shown)} more that end: --verbose")
    for sentence in shown:
        console.print(sentence, style="yellow", soft_wrap=True)
    return sum(max(1, math.ceil(cell_len(text) / console.width)) for text in shown)


def _suites_line(checks: Sequence[CheckRecord]) -> Text:
    parts = []
    for suite in dict.fromkeys(check.suite for check in checks):
        found = [check for check in checks if check.suite == suite]
        passed = sum(c.outcome is Outcome.PASSED for c in found)
        evaluated = sum(c.outcome is not Outcome.NOT_EVALUATED for c in found)
        style = "green" if passed == evaluated else "red"
        text = f"{one_line(suite)} {passed}/{evaluated}"
        parts.append(Text(text, style=style if evaluated else "dim"))
    return Text("  ").join(parts)


def _print_unread(console: Console, report: Report) -> None:
    """The dates of which the report shows fewer keys than there are to show."""
    if unread := report.keys_unread:
        spans = ", ".join(map(str, report.ranges(unread)))
        more = counted(len(unread), "more date")
        console.print(f"keys of {more} were not all read: {spans}", soft_wrap=True)


def _print_statements(console: Console, statements: Sequence[Statement]) -> None:
    """What was sent to the warehouse, and what it took."""
    if not statements:
        return
    console.print(Text("statements", style="bold"))
    rows = [
        [
            Text(""),
            Text(f"{s.seconds:.2f} s"),
            Text(counted(s.rows, "row")),
            Text("" if s.bytes_processed is None else f"{human_bytes(s.bytes_processed)} read"),
            Text("" if s.bytes_billed is None else f"{human_bytes(s.bytes_billed)} billed"),
            Text("cached" if s.cached else ""),
            Text(" ".join(filter(None, (s.location, s.job_id)))),
        ]
        for s in statements
    ]
    for line in aligned(rows, right=(1, 2, 3, 4)):
        console.print(line, soft_wrap=True)


def _print_errors(console: Console, checks: Sequence[CheckRecord], detail: Detail) -> int:
    """What could not be evaluated, by reason: one unreadable table takes many checks with it.

    Returns how many lines it took.
    """
    reasons = Counter(_why(c) for c in checks if c.outcome is Outcome.ERRORED)
    height, shown = 0, 0
    for message, count in reasons.items():
        many = f"ERRORED {counted(count, 'check')}: "
        text = Text.assemble((many, STYLE[Outcome.ERRORED]), one_line(message))
        height += len(text.wrap(console, console.width))
        if shown and height > ERROR_LINES and detail is not Detail.VERBOSE:
            break
        console.print(text)
        shown += 1
    if shown < len(reasons):
        console.print(f"and {counted(len(reasons) - shown, 'more reason')}: --verbose")
    return height


def _why(check: CheckRecord) -> str:
    """A reason names the dataset; that of an expectation's own is the library's, which does not."""
    named = f"{check.kind} of {check.dataset!r}: " if check.stock else ""
    return f"{named}{check.message}"


def print_failures(
    console: Console,
    checks: Sequence[CheckRecord],
    layers: Mapping[str, str],
    ranges: Callable[[Iterable[date]], Sequence[DateRange]],
    *,
    room: int | None,
    expired: Expired = lambda *_: [],
) -> None:
    """Per dataset where it fails, and its checks, in at most ``room`` lines; without it, in full.

    ``layers`` names the layer of each dataset, in the order in which they are shown, and ``ranges``
    merges dates; ``expired`` tells of known gaps that were accepted where checks fail now.
    """
    order = [*layers, *(check.dataset for check in checks)]
    wanted = sorted(checks, key=lambda check: order.index(check.dataset))
    rows = dict(zip((c.id for c in wanted), _rows(wanted, console.width), strict=True))
    shown, left = 0, math.inf if room is None else room
    for name in dict.fromkeys(check.dataset for check in wanted):
        found = [check for check in wanted if check.dataset == name]
        layer = layers.get(name) or found[0].suite
        heading = _heading(layer, found, ranges, console.width, verbose=room is None)
        broken = [check for check in found if check.outcome is Outcome.FAILED]
        heading += [Text(f"  {one_line(text)}") for text in expired(*broken)]
        lines = list(heading)
        left -= len(lines)
        for check in found:
            left -= len(rows[check.id])
            if left < 0:
                break
            lines += rows[check.id]
            shown += 1
        if left < 0 and len(lines) == len(heading):
            break
        for line in lines:
            console.print(line, soft_wrap=True)
    if shown < len(wanted):
        failed = any(check.severity == "critical" for check in wanted)
        more = counted(len(wanted) - shown, "more failed check" if failed else "more warning")
        console.print(f"and {more}: --verbose shows them")


def _heading(
    layer: str,
    checks: Sequence[CheckRecord],
    ranges: Callable[[Iterable[date]], Sequence[DateRange]],
    width: int,
    *,
    verbose: bool,
) -> list[Text]:
    """A dataset and where its checks fail: one line, the longest ranges first, or all of them."""
    failed = [c for c in checks if c.outcome is Outcome.FAILED]
    days = {day for check in failed for day in check.unexpected_dates}
    title = Text(f"{layer} {one_line(checks[0].dataset)}", style="bold")
    if days:
        title = Text.assemble(title, f" · {dates(len(days))}")
    beside, below = _ranges(ranges(days), width, title.cell_len + 2, verbose)
    if beside:
        title.append(f": {beside}", style="not bold")
    return [title, *(Text(f"  {line}") for line in below)]


def _ranges(
    ranges: Sequence[DateRange], width: int, taken: int, verbose: bool
) -> tuple[str, list[str]]:
    """What stands beside a heading, and what below it."""
    spans = [str(span) for span in ranges]
    if verbose or not spans:
        return "", filled(spans, width - 2)
    if len(whole := ", ".join(spans)) <= width - taken:
        return whole, []
    longest = [str(r) for r in sorted(ranges, key=lambda r: (-r.days, r.first))]
    if width - taken < ROOM:
        return "", filled(longest, width - 2, at_most=1)
    return filled(longest, width - taken, at_most=1)[0], []


def _rows(checks: Sequence[CheckRecord], width: int) -> list[list[Text]]:
    """A line per check, or two.

    Where that is too long they go without their numbers of dates, and those that are too long all
    the same with what they are compared with on a line of its own; long names are cut.
    """
    rows = [_cells(check) for check in checks]
    for columns in ((0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4, 6)):
        right = (3, 4, 5) if 5 in columns else (3, 4)
        lines = aligned([[row[n] for n in columns] for row in rows], right)
        if width_of(lines) <= width:
            return [
                [line, *_below(_reason(check), width)]
                for line, check in zip(lines, checks, strict=True)
            ]
    lines = aligned([row[:5] for row in rows], right=(3, 4))
    if (excess := width_of(lines) - width) > 0:
        room = max(row[2].cell_len for row in rows) - excess
        for row in rows:
            row[2].truncate(max(room, SHORTEST), overflow="ellipsis")
        lines = aligned([row[:5] for row in rows], right=(3, 4))
    return [
        _beside_or_below(line, " ".join(filter(None, (str(row[6]), _reason(check)))), width)
        for line, row, check in zip(lines, rows, checks, strict=True)
    ]


def _beside_or_below(line: Text, text: str, width: int) -> list[Text]:
    beside = line + Text(" " * GAP + text) if text else line
    return [beside] if beside.cell_len <= width else [line, *_below(text, width)]


def _below(text: str, width: int) -> list[Text]:
    """In as many lines as it takes; names and other words stay whole."""
    lines = wrap(text, width - len(BELOW), break_long_words=False, break_on_hyphens=False)
    return [Text(BELOW + line) for line in lines]


def _reason(check: CheckRecord) -> str:
    """What the figure does not say: what else is counted, or why a ratio fails that is high enough.

    Keys that the upstream lost as well are in neither of the two.
    """
    if check.outcome is not Outcome.FAILED:
        return ""
    if issubclass(check.rule, CountRule) or (check.stock and check.observed is None):
        return one_line(check.message)
    enough = check.rule.is_ratio and (check.observed or 0) >= check.threshold
    return f"of {one_line(check.of or '')}, {one_line(check.message)}" if enough else ""


def _cells(check: CheckRecord) -> list[Text]:
    light = check.outcome is Outcome.FAILED and check.severity != "critical"
    mark = check.severity if light else str(check.outcome).replace("_", " ").lower()
    if check.outcome in (Outcome.FAILED, Outcome.ERRORED) and not light:
        mark = mark.upper()
    found = "–" if check.observed is None else check.rule.in_column(check.observed)
    count, reason = len(check.unexpected_dates), _reason(check)
    compared = f"of {one_line(check.of)}" if check.of and check.expected else ""
    beside = one_line(check.about) if check.stock else compared
    return [
        Text(""),
        Text(mark, style="yellow" if light else STYLE[check.outcome]),
        Text(one_line(check.name)),
        Text(found),
        Text(check.limit),
        Text(dates(count) if count and check.outcome is Outcome.FAILED else ""),
        Text(" ".join(filter(None, (beside if not reason else "", one_line(check.over))))),
    ]
