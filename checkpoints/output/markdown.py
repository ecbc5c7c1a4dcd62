"""Findings as Markdown for the summary of a workflow run: escaped, and never too long."""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from pathlib import Path

from checkpoints.archive.report import Report
from checkpoints.errors import CheckpointsError
from checkpoints.output.findings import Finding, Findings, Section
from checkpoints.output.publisher import Given, Option, Publisher
from checkpoints.rules.rule import Outcome
from checkpoints.text import counted, dates, one_line

FLAG, STEP_SUMMARY = "--markdown", "GITHUB_STEP_SUMMARY"
MOST_BYTES = 1024 * 1024 - 1024
"""GitHub drops a summary of more than 1 MiB as a whole."""

CUT = "_Cut here: {} did not fit. All of it is in report.json and the JUnit file._"
FOLD_END = ("", "</details>", "")
END_BYTES = len(CUT) + 50
"""At most what the end of a summary takes that was cut, in the middle of a fold."""

CELL, LINE = 500, 20_000
# Inside a word an underscore and a hyphen mean nothing, and only at the beginning a number may.
PUNCTUATION = re.compile(
    r"[\\`*{}\[\]#+!|~$^=]|(?<![A-Za-z0-9])[_-]|_(?![A-Za-z0-9])|\A[0-9]+(?=[.)](?:\s|\Z))"
)
LINKS = re.compile(r"(?<=www)\.|:(?=//)", re.IGNORECASE)
ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;"})
WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "FAILED",
    Outcome.ERRORED: "ERRORED",
    Outcome.NOT_EVALUATED: "not evaluated",
}


def _publish(found: Findings, sections: Sequence[Section], given: Given) -> None:
    """To the file that was named; else to GitHub's of this step, if there is one."""
    named, step = given.options.get(FLAG), given.environ.get(STEP_SUMMARY)
    if named and not (step and Path(named) == Path(step)):
        given.write(named, markdown(found, sections))
    elif step:
        _append(Path(step), found, sections)


def _append(path: Path, found: Findings, sections: Sequence[Section]) -> None:
    """Append: other commands of the same step have written to the same file."""
    try:
        with path.open("ab") as file:
            file.write(markdown(found, sections, MOST_BYTES - file.tell()).encode())
    except OSError as error:
        raise CheckpointsError(
            f"cannot append to {str(path)!r}, which {STEP_SUMMARY} names "
            f"({error.strerror}): unset it, or name a file with {FLAG}"
        ) from error


HELP = f"Write a summary; default: append to ${STEP_SUMMARY}, if set."
PUBLISHER = Publisher(
    publish=_publish,
    options=(Option(flag=FLAG, metavar="PATH", help=HELP, is_file=True),),
    variables=(STEP_SUMMARY,),
)


def escaped(text: object, at_most: int = CELL) -> str:
    """A text that renders as itself, on one line, wherever it stands."""
    line = PUNCTUATION.sub(_marked, one_line(str(text), at_most)).translate(ENTITIES)
    return LINKS.sub(lambda found: f"&#{ord(found[0])};", line)


def _marked(found: re.Match[str]) -> str:
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> Section:
    """A table, with a heading above it; every cell is escaped."""
    above = (f"#### {escaped(title)}", "") if title else ()
    rule = "|" + " --- |" * len(headings)
    return [*above, _row(headings), rule, *map(_row, rows), ""]


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"


def folded(title: str, lines: Iterable[str]) -> Section:
    """A list that opens on a click."""
    items = (f"- {escaped(line, LINE)}" for line in lines)
    return [f"<details><summary>{escaped(title)}</summary>", "", *items, *FOLD_END]


def markdown(found: Findings, sections: Sequence[Section] = (), room: int = MOST_BYTES) -> str:
    """The summary of a command, in at most ``room`` bytes of UTF-8."""
    return _fitted(list(chain(_opening(found), *_tables(found.findings), *sections)), room)


def sections_of(report: Report) -> list[Section]:
    """Where the checks of a report fail, dates as ranges, by dataset; and what is not judged."""
    failed = [c for c in report.checks if c.outcome is Outcome.FAILED]
    lines = []
    for name in dict.fromkeys(check.dataset for check in failed):
        days = {day for check in failed if check.dataset == name for day in check.unexpected_dates}
        if days:
            ranges = ", ".join(map(str, report.ranges(days)))
            lines.append(f"{name}, {dates(len(days))}: {ranges}")
    found = {
        "Dates that fail": lines,
        "Known gaps that end within a week": report.ending_gaps(),
        "Late, and tolerated": list(map(str, report.late)),
        "Not judged": [*map(str, report.retired), *report.exemptions()],
    }
    return [folded(title, lines) for title, lines in found.items() if lines]


def _opening(found: Findings) -> Section:
    about = ", ".join(f"{key} {value}" for key, value in found.properties.items())
    return [
        f"### {escaped(found.name)}",
        "",
        f"**{escaped(found.verdict)}**",
        "",
        escaped(about),
        "",
    ]


def _tables(findings: Sequence[Finding]) -> list[Section]:
    notable = [f for f in findings if f.is_error or f.is_warning]
    made = [table(("suite", "passed", "failed", "warnings", "other"), _tallies(findings))]
    if notable:
        rows = ((f.suite, _mark(f), f.name, f.message) for f in notable)
        made.append(table(("suite", "outcome", "check", "found"), rows, "What did not pass"))
    return made


def _mark(finding: Finding) -> str:
    return "warning" if finding.is_warning else WORDS[finding.outcome]


def _tallies(findings: Sequence[Finding]) -> Iterable[tuple[str, int, int, int, str]]:
    for suite in dict.fromkeys(f.suite for f in findings):
        of_suite = [f for f in findings if f.suite == suite]
        count = Counter(f.outcome for f in of_suite)
        warnings = sum(f.is_warning for f in of_suite)
        others = [
            f"{count[outcome]} {WORDS[outcome]}"
            for outcome in (Outcome.ERRORED, Outcome.NOT_EVALUATED)
            if count[outcome]
        ]
        failed = count[Outcome.FAILED] - warnings
        yield suite, count[Outcome.PASSED], failed, warnings, ", ".join(others)


def _fitted(lines: Sequence[str], room: int) -> str:
    """Whole lines from the top; how many did not fit is said at the end."""
    ends = list(accumulate(len(line.encode()) + 1 for line in lines))
    if ends[-1] <= room:
        return "\n".join(lines) + "\n"
    kept = list(lines[: bisect(ends, room - END_BYTES)])
    cut = CUT.format(counted(sum(map(bool, lines[len(kept) :])), "more line"))
    opened = sum(line.startswith("<details>") for line in kept)
    fold = FOLD_END if opened > kept.count("</details>") else ("",)
    return "\n".join([*kept, *fold, cut]) + "\n" if room > END_BYTES else ""
