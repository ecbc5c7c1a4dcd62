"""Follow a run at a console: bars on a terminal, elsewhere a line now and then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
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
    State.MULTIPLIED: "bold red",
    State.BLOCKED: "yellow",
    State.NOTHING_THERE: "yellow",
}
"""Of the states that are shown as they come; the others only move the bar."""


@dataclass(slots=True)
class Forecast:
    """How long a service's remaining dates will take, from how long those of this run took.

    ``TimeRemainingColumn`` of rich says nothing before two dates are settled, which may take half
    an hour, knows no earlier runs, and stands still between two dates. Here the clock starts at
    the first call that is sent (what is there already is settled in an instant, and does not
    count), and ``each`` is the seconds per date until one is settled, if known. ``began`` and
    ``seen`` are when dates were settled, in monotonic seconds, and how many: at the start, and at
    the last change.
    """

    each: float | None = None
    began: tuple[float, int] | None = None
    seen: tuple[float, int] = (0.0, 0)

    def note(self, event: Event, at: float) -> None:
        """Take an event into account."""
        if self.began is None and event.state is State.SENDING:
            self.began = self.seen = at, event.settled
        if self.began and event.settled != self.seen[1]:
            self.seen = at, event.settled
            seconds, settled = at - self.began[0], event.settled - self.began[1]
            self.each = seconds / settled if settled > 0 else self.each

    def seconds_left(self, total: int, at: float) -> float | None:
        """How long until ``total`` dates are settled; None while nothing is known."""
        since, settled = self.seen
        if self.began is None or self.each is None or settled >= total:
            return None
        return max(0.0, (total - settled) * self.each - (at - since))


class TimeLeftColumn(ProgressColumn):
    """The time that the remaining dates of a task will take, as its field ``left`` tells it."""

    def render(self, task: Task) -> Text:
        """The time as of now."""
        return Text(task.fields["left"]())


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
        self._detail = detail
        self._each = each
        self._forecasts: dict[str, Forecast] = {}
        self._bars: dict[str, TaskID] = {}
        self._printed: dict[str, tuple[float, int]] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeLeftColumn(),
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
        self.say(f"note: {text}")

    def report(self, event: Event) -> None:
        """Print what did not go well, and show how far the service is."""
        service, total = event.service, event.total
        if event.state is None:
            self.say(f"{service}  {event.text}")
        elif event.state in STYLE:
            self.say(f"{service}  {event.dates}  {event.state}: {event.text}", STYLE[event.state])
        if service not in self._bars:
            self._forecasts[service] = Forecast(self._each.get(service))
            left = partial(self._left, service, total)
            self._bars[service] = self._progress.add_task(service, total=total, left=left)
        self._forecasts[service].note(event, self._monotonic())
        self._progress.update(self._bars[service], completed=event.settled)
        if not self.console.is_terminal:
            self._print_line_if_due(event)

    def interrupted(self, command: str) -> None:
        """Print the command that continues."""
        self.say(f"interrupted: the ledger is intact; to continue: {command}")

    def conclude(self, record: RemediationRecord, path: str) -> None:
        """Print what the run came to."""
        print_record(self.console, record, path, self._detail)

    def _print_line_if_due(self, event: Event) -> None:
        now = self._monotonic()
        at, settled = self._printed.setdefault(event.service, (now, 0))
        finished = event.settled == event.total > settled
        if finished or now - at >= LINE_SECONDS or event.settled - settled >= LINE_DATES:
            self._printed[event.service] = (now, event.settled)
            left = self._left(event.service, event.total)
            line = f"{event.service}  {event.settled}/{event.total} settled, {event.landed} landed"
            self.say(f"{line}, {left}" if left else line)

    def _left(self, service: str, total: int) -> str:
        """``about 12 min left``, or nothing while nothing is known."""
        seconds = self._forecasts[service].seconds_left(total, self._monotonic())
        return "" if seconds is None else f"about {duration(seconds)} left"
