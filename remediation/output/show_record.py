"""What people read of a run: before and after, what got worse, what remains and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import TracebackType

from rich.console import Console
from rich.text import Text

from checkpoints.archive.remediation import Change, Figures, RemediationRecord
from checkpoints.errors import CheckpointsError, ExitCode
from checkpoints.output.columns import narrowed
from checkpoints.text import Detail, percent
from remediation.ledger.journal import Event
from remediation.ledger.states import State
from remediation.output.console import duration, shown_ranges, table
from remediation.output.progress import progress_on
from remediation.service.answer import clean

OPEN_SHOWN = 20
REGRESSIONS_SHOWN = 10


class ForPeople:
    """Tells people at a console.

    ``each`` is how many seconds a date of a service took in earlier runs.
    """

    def __init__(
        self,
        console: Console,
        monotonic: Callable[[], float],
        each: Mapping[str, float],
        detail: Detail = Detail.NORMAL,
    ) -> None:
        self._console = console
        self._detail = detail
        self._progress = progress_on(console, monotonic, each)

    def __enter__(self) -> ForPeople:
        self._progress.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    def remark(self, text: str) -> None:
        """A note before it begins."""
        self._console.print(f"note: {text}", soft_wrap=True)

    def tell(self, event: Event) -> None:
        """Progress."""
        self._progress.tell(event)

    def interrupted(self, command: str) -> None:
        """What to type to go on."""
        text = f"interrupted: the ledger is intact; to continue: {command}"
        self._console.print(text, soft_wrap=True)

    def failed(self, error: CheckpointsError) -> None:
        """Every problem."""
        print_problems(self._console, error)

    def conclude(self, record: RemediationRecord, path: str) -> None:
        """Before and after."""
        print_record(self._console, record, path, self._detail)


def print_verdict(console: Console, record: RemediationRecord) -> None:
    """The outcome in a line, and why the window could not be read again."""
    word, style = ("COMPLETE", "bold green")
    if record.exit_code is not ExitCode.COMPLETE:
        word, style = ("STILL INCOMPLETE", "bold red")
    landed = sum(call.state is State.LANDED for call in record.calls)
    console.print(
        Text(word, style=style),
        f"{landed} of {len(record.calls)} calls landed in {duration(record.seconds)}",
    )
    if record.problem:
        console.print(f"error: the window could not be read again: {record.problem}", style="red")


def print_problems(console: Console, error: CheckpointsError) -> None:
    """Every problem, a line each."""
    for problem in error.problems:
        console.print(f"error: {problem}", style="red", soft_wrap=True)


def print_record(
    console: Console, record: RemediationRecord, path: str, detail: Detail = Detail.NORMAL
) -> None:
    """Before and after, regressions, what remains and why."""
    print_verdict(console, record)
    if record.changes:
        for line in _change_lines(record.changes, console.width):
            console.print(line, soft_wrap=True)
    _print_regressions(console, record.changes)
    _print_remaining(console, record, detail)
    if record.verdict_after:
        console.print(f"rules now: {record.verdict_after.summary}")
    console.print(f"record {path}", soft_wrap=True)


def _change_lines(changes: Sequence[Change], width: int) -> list[Text]:
    """A line per dataset; where that is too long, without what it is compared with."""
    rows = [["layer", "dataset", "of", "before", "after", "dates lacking"]]
    for change in changes:
        lacking = len(change.after.lacking) if change.after else "?"
        rows.append(
            [
                change.layer,
                clean(change.dataset),
                clean(change.before.of or "–"),
                _coverage(change.before),
                _coverage(change.after),
                f"{len(change.before.lacking)} → {lacking}",
            ]
        )
    return narrowed([[Text(cell) for cell in row] for row in rows], width, spare=(2, 0))


def _coverage(figures: Figures | None) -> str:
    if figures is None:
        return "unreadable"
    return percent(figures.matched / figures.expected) if figures.expected else "–"


def _print_regressions(console: Console, changes: Sequence[Change]) -> None:
    worse = [(change.dataset, r) for change in changes for r in change.regressions]
    for dataset, regression in worse[:REGRESSIONS_SHOWN]:
        console.print(f"WORSE  {dataset} on {regression.date}: {regression.what}", style="bold red")
    if len(worse) > REGRESSIONS_SHOWN:
        console.print(
            f"and {len(worse) - REGRESSIONS_SHOWN} more dates got worse", style="bold red"
        )


def _print_remaining(console: Console, record: RemediationRecord, detail: Detail) -> None:
    merged: dict[tuple[str, State, str], list[date]] = {}
    for call in record.remaining:
        merged.setdefault((call.service, call.state, call.detail), []).append(call.date)
    if not merged:
        return
    calendar = sorted({call.date for call in record.calls})
    grid = table("service", "state", "dates", "ranges", "why")
    most = len(merged) if detail is Detail.VERBOSE else OPEN_SHOWN
    for (service, state, reason), dates in list(merged.items())[:most]:
        ranges, why = shown_ranges(dates, calendar, detail), Text(reason or "not sent yet")
        grid.add_row(Text(service), str(state), str(len(dates)), ranges, why)
    console.print("What remains")
    console.print(grid)
    if len(merged) > most:
        console.print(f"and {len(merged) - most} more: --verbose shows them")
