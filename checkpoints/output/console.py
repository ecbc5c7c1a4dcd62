"""What people read in the terminal of a run: the verdict on one screen, or all of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from checkpoints.archive.report import Report
from checkpoints.coverage.results import CheckRecord
from checkpoints.errors import ExitCode
from checkpoints.output.columns import aligned
from checkpoints.output.console_checks import print_errors, print_failures
from checkpoints.rules.rule import Outcome
from checkpoints.text import WORDS, Detail, human_bytes, one_line
from checkpoints.warehouse.engine import Statement

WORD_STYLE = {
    ExitCode.COMPLETE: "bold green",
    ExitCode.INCOMPLETE: "bold red",
    ExitCode.COULD_NOT_TELL: "bold magenta",
    ExitCode.NOTHING_DUE: "bold yellow",
}
BODY_LINES = 15
"""With what stands above and below, so many lines fit a screen of 24, and the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where a run is kept."""

    report: Path
    page: Path


def print_report(
    console: Console,
    report: Report,
    stored: Stored | None = None,
    following: str = "",
    detail: Detail = Detail.NORMAL,
) -> None:
    """The verdict, why, where it is stored, and the ``following`` command to type."""
    code = report.verdict.exit_code
    verdict = Text.assemble((WORDS[code], WORD_STYLE[code]), " ", report.verdict.summary)
    if detail is Detail.QUIET:
        console.print(verdict, soft_wrap=True)
        print_errors(console, report.checks, detail)
        return
    console.print(
        f"{one_line(report.checkpoint)} · {report.window.first} to {report.window.last}"
        f" · as of {report.as_of} · {report.seconds:.1f} s"
    )
    console.print(verdict)
    console.print(_suites_line(report.checks))
    taken = print_errors(console, report.checks, detail)
    verbose = detail is Detail.VERBOSE
    print_failures(console, report, verbose, math.inf if verbose else BODY_LINES - taken)
    if verbose:
        _print_statements(console, report.statements)
    _print_footer(console, stored, following)


def _print_footer(console: Console, stored: Stored | None, following: str) -> None:
    if stored:
        console.print(f"report {_short(stored.report)}", soft_wrap=True)
        console.print(f"page   {_short(stored.page)}", soft_wrap=True)
    if following:
        console.print(f"next   {following}", soft_wrap=True)


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


def _print_statements(console: Console, statements: Sequence[Statement]) -> None:
    """What was sent to the warehouse, and what it took."""
    if not statements:
        return
    console.print(Text("statements", style="bold"))
    rows = [
        [
            Text(""),
            Text(f"{s.seconds:.2f} s"),
            Text(f"{s.rows} rows"),
            Text("" if s.bytes_processed is None else f"{human_bytes(s.bytes_processed)} read"),
            Text("" if s.bytes_billed is None else f"{human_bytes(s.bytes_billed)} billed"),
            Text("cached" if s.cached else ""),
            Text(" ".join(filter(None, (s.location, s.job_id)))),
        ]
        for s in statements
    ]
    for line in aligned(rows, right=(1, 2, 3, 4)):
        console.print(line, soft_wrap=True)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
