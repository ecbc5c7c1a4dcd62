"""What people read in the terminal of two runs that are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from rich.console import Console
from rich.text import Text

from checkpoints.archive.comparison import (
    CheckChange,
    Compared,
    Comparison,
    DatasetChange,
    Direction,
)
from checkpoints.dates import DateRange
from checkpoints.output.columns import aligned, hanging
from checkpoints.text import WORDS, Detail, counted, dates, one_line

STYLE = {
    Direction.BETTER: "green",
    Direction.WORSE: "bold red",
    Direction.UNCHANGED: "dim",
    Direction.NOT_COMPARED: "yellow",
}
SHOWN = (Direction.WORSE, Direction.BETTER, Direction.NOT_COMPARED)
LINES = 3
"""Lines of ranges of a dataset, unless everything is asked for."""

FIELDS = (
    ("lost", "new", Direction.WORSE),
    ("more", "lacks more", Direction.WORSE),
    ("there", "there now", Direction.BETTER),
    ("fewer", "lacks less", Direction.BETTER),
    ("not_due", "does not count any more", Direction.NOT_COMPARED),
    ("same", "still lacking", Direction.UNCHANGED),
)
"""The dates of a ``DatasetChange``, what they are called, and how they are shown."""

Merged = Callable[[Iterable[date]], Sequence[DateRange]]


def print_comparison(
    console: Console, found: Comparison, ranges: Merged, detail: Detail = Detail.NORMAL
) -> None:
    """What got better and worse in a line; then the runs, and datasets and checks that changed."""
    style = "bold red" if found.is_worse else "bold"
    console.print(Text(heading(found), style=style), soft_wrap=True)
    if detail is Detail.QUIET:
        return
    for name, run in (("before", found.before), ("after", found.after)):
        console.print(f"{name:6}  {_run(run)}", soft_wrap=True)
    for text in remarks(found):
        console.print(text, style="yellow", soft_wrap=True)
    for line in _dataset_lines(found.datasets, ranges, console.width, detail):
        console.print(line, soft_wrap=True)
    for line in _check_lines(found.checks, detail):
        console.print(line, soft_wrap=True)


def heading(found: Comparison) -> str:
    """``better: 225 dates of 3 datasets are there now; worse: nothing``."""
    better = [
        *_lost_or_there(found.datasets, "there", "there now"),
        *_lost_or_there(found.datasets, "fewer", "less incomplete"),
        *_checks(found.checks, Direction.BETTER),
    ]
    worse = [
        *_lost_or_there(found.datasets, "lost", "lacking now"),
        *_lost_or_there(found.datasets, "more", "more incomplete"),
        *_checks(found.checks, Direction.WORSE),
    ]
    for change in found.datasets:
        if change.problem and change.direction in (Direction.BETTER, Direction.WORSE):
            side = better if change.direction is Direction.BETTER else worse
            side.append(one_line(f"{change.dataset}: {change.problem}"))
    return "; ".join(
        f"{name}: {', '.join(parts) or 'nothing'}"
        for name, parts in (("better", better), ("worse", worse))
    )


def _lost_or_there(changes: Sequence[DatasetChange], field: str, said: str) -> Iterator[str]:
    found = [len(getattr(change, field)) for change in changes if getattr(change, field)]
    if found:
        verb = "is" if sum(found) == 1 else "are"
        yield f"{dates(sum(found))} of {counted(len(found), 'dataset')} {verb} {said}"


def _checks(changes: Sequence[CheckChange], direction: Direction) -> Iterator[str]:
    if number := sum(change.direction is direction for change in changes):
        yield counted(number, "check")


def _run(run: Compared) -> str:
    return f"{run.run_id} · {run.window} · as of {run.as_of} · {WORDS[run.exit_code]} {run.summary}"


def remarks(found: Comparison) -> Iterator[str]:
    """Why the two runs are not quite alike."""
    before, after = found.before, found.after
    if before.window != after.window:
        yield f"the windows differ: only the dates of {found.common} are compared"
    if before.checkpoint != after.checkpoint:
        yield f"the checkpoints differ: {before.checkpoint!r}, then {after.checkpoint!r}"
    if before.contract_sha256 != after.contract_sha256:
        first, second = before.contract_sha256[:12], after.contract_sha256[:12]
        yield f"the contract was changed in between (SHA-256 {first}, then {second})"


def _dataset_lines(
    changes: Sequence[DatasetChange], ranges: Merged, width: int, detail: Detail
) -> Iterator[Text]:
    """A line for each kind of date of a dataset; those that are as they were only when verbose."""
    names, spans = [], []
    for change in changes:
        layer, name = Text(change.layer), Text(one_line(change.dataset), style="bold")
        if change.problem:
            names.append([layer, name, Text(str(change.direction)), Text("")])
            spans.append([one_line(change.problem)])
        for field, said, direction in FIELDS:
            days: tuple[date, ...] = getattr(change, field)
            if days and (direction in SHOWN or detail is Detail.VERBOSE):
                cells = [Text(said, style=STYLE[direction]), Text(dates(len(days)))]
                names.append([layer, name, *cells])
                spans.append(list(map(str, ranges(days))))
    if names:
        yield from hanging(
            aligned(names), spans, width, None if detail is Detail.VERBOSE else LINES
        )


def _check_lines(changes: Sequence[CheckChange], detail: Detail) -> Iterator[Text]:
    """A line for each check that changed; the others are only counted, unless verbose."""
    order = [*SHOWN, Direction.UNCHANGED] if detail is Detail.VERBOSE else SHOWN
    rows = [_cells(c) for direction in order for c in changes if c.direction is direction]
    if rows:
        yield from aligned(rows)
    if same := sum(change.direction is Direction.UNCHANGED for change in changes):
        yield Text(f"{counted(same, 'check')} unchanged")


def _cells(change: CheckChange) -> list[Text]:
    return [
        Text(str(change.direction), style=STYLE[change.direction]),
        Text(one_line(change.dataset)),
        Text(one_line(change.name)),
        Text(f"{_outcome(change.before)} → {_outcome(change.after)}"),
        Text(f"{change.figure_before or '–'} → {change.figure_after or '–'}"),
        Text(change.limit),
    ]


def _outcome(outcome: object) -> str:
    return "not there" if outcome is None else str(outcome).replace("_", " ").lower()
