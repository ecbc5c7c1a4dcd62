"""Follow a run at a console: bars on a terminal, elsewhere a line now and then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.text import Detail, duration
from remediation.ledger.journal import Event
from remediation.ledger.states import State
from remediation.output.console import QuietReporter, print_record

LINE_SECONDS = 10.0
LINE_DATES = 25
STYLE = {
    State.REJECTED: "bold red",
    State.UNKNOWN: "yellow",
    State.PARTIAL: "yellow",
    State.STILL_MISSING: "bold red",
    State.BLOCKED: "yellow",
    State.NOTHING_THERE: "yellow",
}
"""Of the states that are shown as they come; the others only move the bar."""


class Forecast:
    """How long a service's remaining dates will take, from how long those of this run took.

    ``TimeRemainingColumn`` of rich says nothing before two dates are settled, which may take half
    an hour, knows no earlier runs, and stands still between two dates. Here the clock starts at
    the first call that is sent (what is there already is settled in an instant, and does not
    count), and ``each`` is the seconds per date until one is settled, if known. Times are
    monotonic seconds.
    """

    def __init__(self, each: float | None = None) -> None:
        self._each = each
        self._began: tuple[float, int] | None = None
        self._seen: tuple[float, int] | None = None

    def note(self, event: Event, at: float) -> None:
        """Take an event into account."""
        if self._began is None:
            if event.state is not State.SENDING:
                return
            self._began = at, event.settled
        began, before = self._began
        if self._seen is None or event.settled != self._seen[1]:
            self._seen = at, event.settled
            if event.settled > before:
                self._each = (at - began) / (event.settled - before)

    def seconds_left(self, total: int, at: float) -> float | None:
        """How long until ``total`` dates are settled; None while nothing is known."""
        if self._seen is None or self._each is None or self._seen[1] >= total:
            return None
        since, settled = self._seen
        return max(0.0, (total - settled) * self._each - (at - since))


class TimeLeftColumn(ProgressColumn):
    """The time that the remaining dates of a task will take."""

    def __init__(self, left: Callable[[str, int], str]) -> None:
        super().__init__()
        self._left = left

    def render(self, task: Task) -> Text:
        """The time as of now."""
        return Text(self._left(task.description, int(task.total or 0)))


class ConsoleReporter(QuietReporter):
    """Tells people how a run goes.

    On a terminal there is a bar per service; elsewhere a line every 10 seconds or 25 dates. What
    does not go well is a line of its own. ``each`` is how many seconds a date of a service took
    in earlier runs.
    """

    def __init__(
        self,
        console: Console,
        monotonic: Callable[[], float],
        each: Mapping[str, float],
        detail: Detail = Detail.NORMAL,
    ) -> None:
        super().__init__(console)
        self._monotonic = monotonic
        self._each = each
        self._detail = detail
        self._forecasts: dict[str, Forecast] = {}
        self._tasks: dict[str, TaskID] = {}
        self._printed: dict[str, tuple[float, int]] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeLeftColumn(self._left),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def remark(self, text: str) -> None:
        """Print a note."""
        self.console.print(f"note: {text}", soft_wrap=True)

    def report(self, event: Event) -> None:
        """Print what did not go well, and show how far the service is."""
        if event.state is None:
            self.console.print(Text(f"{event.service}  {event.text}"), soft_wrap=True)
        elif event.state in STYLE:
            line = f"{event.service}  {event.dates}  {event.state}: {event.text}"
            self.console.print(Text(line, style=STYLE[event.state]), soft_wrap=True)
        self._forecast(event.service).note(event, self._monotonic())
        if self.console.is_terminal:
            self._move_bar(event)
        else:
            self._print_line_if_due(event)

    def interrupted(self, command: str) -> None:
        """Print the command that continues."""
        text = f"interrupted: the ledger is intact; to continue: {command}"
        self.console.print(text, soft_wrap=True)

    def conclude(self, record: RemediationRecord, path: str) -> None:
        """Print what the run came to."""
        print_record(self.console, record, path, self._detail)

    def _move_bar(self, event: Event) -> None:
        if event.service not in self._tasks:
            task = self._progress.add_task(event.service, total=event.total)
            self._tasks[event.service] = task
        self._progress.update(self._tasks[event.service], completed=event.settled)

    def _print_line_if_due(self, event: Event) -> None:
        now = self._monotonic()
        at, settled = self._printed.setdefault(event.service, (now, 0))
        finished = event.settled == event.total > settled
        if finished or now - at >= LINE_SECONDS or event.settled - settled >= LINE_DATES:
            self._printed[event.service] = (now, event.settled)
            left = self._left(event.service, event.total)
            line = f"{event.service}  {event.settled}/{event.total} settled, {event.landed} landed"
            self.console.print(f"{line}, {left}" if left else line, soft_wrap=True)

    def _left(self, service: str, total: int) -> str:
        """``about 12 min left``, or nothing while nothing is known."""
        seconds = self._forecast(service).seconds_left(total, self._monotonic())
        return "" if seconds is None else f"about {duration(seconds)} left"

    def _forecast(self, service: str) -> Forecast:
        return self._forecasts.setdefault(service, Forecast(self._each.get(service)))
