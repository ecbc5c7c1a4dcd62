"""What people read in the terminal about why dates are missing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from checkpoints.archive.incidents import Below
from checkpoints.dates import DateRange
from checkpoints.explain.causes import Cause, Confidence
from checkpoints.explain.summary import Explanation, RootCause
from checkpoints.output.columns import filled
from checkpoints.text import Detail, counted, dates, one_line

RANGES = 3
"""Lines of ranges of a cause, unless everything is asked for."""

INDENT = 2
TONE = {Confidence.CERTAIN: "bold red", Confidence.LIKELY: "red", Confidence.UNKNOWN: "magenta"}
CALLED = (Cause.NEVER_CALLED, Cause.NOT_LANDED, Cause.GONE_AGAIN, Cause.STALE)
"""What a backfill resolves."""


def print_explanation(
    console: Console, found: Explanation, following: str, detail: Detail = Detail.NORMAL
) -> None:
    """The root causes, each with its dates, what shows it, and what is below it."""
    console.print(Text(heading(found), style="bold"), soft_wrap=True)
    if detail is not Detail.QUIET:
        for cause in found.causes:
            for line in _lines(cause, console.width, detail):
                console.print(line, soft_wrap=True)
    if any(cause.cause in CALLED for cause in found.causes):
        console.print(f"next   {following}", soft_wrap=True)


def heading(found: Explanation) -> str:
    """``factors, 2025-01-01 → 2025-01-20: 3 dates are lacking, 1 root cause``."""
    what = found.dataset or "all datasets"
    troubles = [cause for cause in found.causes if cause.cause.is_trouble]
    lacking = {day.date for day in found.days if any(r.cause.is_trouble for r in day.reasons)}
    where = f"{what}, {found.window}, as of {found.as_of}"
    if not troubles:
        return f"{where}: nothing is missing that should be there"
    verb = "lacks something" if len(lacking) == 1 else "lack something"
    return f"{where}: {dates(len(lacking))} {verb}, {counted(len(troubles), 'root cause')}"


def _lines(cause: RootCause, width: int, detail: Detail) -> Iterator[Text]:
    style = TONE[cause.confidence] if cause.cause.is_trouble else "dim"
    yield Text.assemble("\n", (str(cause.cause), style), f" · {cause.confidence}")
    yield from _indented(
        textwrap.wrap(one_line(f"{cause.layer}: {named(cause.at)}"), width - INDENT)
    )
    most = None if detail is Detail.VERBOSE else RANGES
    yield from _indented(filled(_ranges(cause.ranges), width - INDENT, most))
    for text in texts_of(cause):
        yield from _indented(textwrap.wrap(one_line(text), width - INDENT))


def _ranges(ranges: Sequence[DateRange]) -> list[str]:
    return list(map(str, ranges))


def _indented(lines: Sequence[str]) -> Iterator[Text]:
    for line in lines:
        yield Text(" " * INDENT + line)


def texts_of(cause: RootCause) -> Iterator[str]:
    """What shows a cause, since when, some examples, and what is below it."""
    if cause.why:
        yield cause.why
    if cause.cause is Cause.SOURCE_HAS_NOTHING:
        last = cause.last_there
        yield f"it last held something on {last}" if last else "no earlier date of it was read"
    yield from (f"e.g. {example}" for example in cause.examples)
    if cause.explains:
        yield f"below it: {named(cause.explains)}"


def named(parts: Sequence[Below]) -> str:
    """``factors (3 dates), cache (1 date)``."""
    return ", ".join(f"{part.dataset} ({dates(len(part.dates))})" for part in parts)
