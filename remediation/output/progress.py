"""Follow a run at a console: bars on a terminal, elsewhere a line now and then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from checkpoints.text import Detail, duration, one_line
from remediation.ledger.journal import Event
from remediation.ledger.ledger import moment
from remediation.ledger.states import State
from remediation.output.console import QuietReporter, print_record

LINE_SECONDS = 10.0
LINE_DATES = 25
LINE_STEP = timedelta(seconds=LINE_SECONDS)
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

WAITED_FOR = (None, State.ACCEPTED, State.UNKNOWN)
"""A pause, and dates that the service works on."""


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


class TellingColumn(ProgressColumn):
    """What a field of a task, which is a function, tells."""

    def __init__(self, field: str) -> None:
        super().__init__()
        self._field = field

    def render(self, task: Task) -> Text:
        """As of now."""
        return Text(task.fields[self._field]())


class ConsoleReporter(QuietReporter):
    """Tells people how a run goes.

    Where notes go to a terminal there is a bar per service; elsewhere a line every 10 seconds or
    25 dates. What does not go well is a line of its own. ``each`` is how many seconds a date of a
    service took in earlier runs.
    """

    def __init__(
        self,
        console: Console,
        monotonic: Callable[[], float],
        each: Mapping[str, float],
        detail: Detail = Detail.NORMAL,
        notes: Console | None = None,
    ) -> None:
        super().__init__(console, notes)
        self._monotonic = monotonic
        self._detail = detail
        self._each = each
        self._forecasts: dict[str, Forecast] = {}
        self._bars: dict[str, TaskID] = {}
        self._waits: dict[str, tuple[datetime, str]] = {}
        self._printed: dict[str, tuple[float, int]] = {}
        self._told_until: dict[str, datetime] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TellingColumn("left"),
            TellingColumn("waits"),
            console=self.notes,
            disable=not self.notes.is_terminal,
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
            if event.text:
                self.say(f"{service}  {event.text}")
        elif event.state in STYLE:
            self.say(f"{service}  {event.dates}  {event.state}: {event.text}", STYLE[event.state])
        if not total:
            return  # it is told of what landed, and has no calls of its own to make
        if service not in self._bars:
            self._forecasts[service] = Forecast(self._each.get(service))
            left, waits = partial(self._left, service, total), partial(self._waiting, service)
            self._bars[service] = self._progress.add_task(
                service, total=total, left=left, waits=waits
            )
        self._forecasts[service].note(event, self._monotonic())
        self._note_wait(event)
        self._progress.update(self._bars[service], completed=event.settled)
        if not self.notes.is_terminal:
            self._print_line_if_due(event)

    def interrupted(self, command: str) -> None:
        """Print the command that continues."""
        self.say(f"interrupted: the ledger is intact; to continue: {command}")

    def conclude(self, record: RemediationRecord, path: str, following: Sequence[str] = ()) -> None:
        """Print what the run came to, and what to do next."""
        self.say_problem(record)
        print_record(self.console, record, path, self._detail, following)

    def _print_line_if_due(self, event: Event) -> None:
        now = self._monotonic()
        at, settled = self._printed.setdefault(event.service, (now, 0))
        finished = event.settled == event.total > settled
        gone = event.state is State.PLANNED and event.settled < settled
        due = now - at >= LINE_SECONDS or event.settled - settled >= LINE_DATES
        if finished or gone or due or self._is_new_wait(event):
            self._printed[event.service] = (now, event.settled)
            line = f"{event.service}  {event.settled}/{event.total} settled, {event.landed} landed"
            left = "" if gone else self._left(event.service, event.total)
            self.say(", ".join(filter(None, (line, left, self._waiting(event.service)))))

    def _note_wait(self, event: Event) -> None:
        """A wait lasts until something is sent; of several, the one that ends last is shown."""
        if event.state is State.SENDING or event.settled == event.total:
            self._waits.pop(event.service, None)
        elif event.until and event.state in WAITED_FOR:
            why = f"for {event.dates} to land" if event.state else f"asked by {event.service}"
            wait = event.until, one_line(event.waits_for) or why
            self._waits[event.service] = max(wait, self._waits.get(event.service, wait))

    def _is_new_wait(self, event: Event) -> bool:
        """Whether a wait ends clearly later than the last that was printed: nothing may follow it
        for minutes."""
        told = self._told_until.get(event.service)
        if event.state or not event.until or (told and event.until - told < LINE_STEP):
            return False
        self._told_until[event.service] = event.until
        return True

    def _waiting(self, service: str) -> str:
        """``waiting until 2025-01-21 12:03:20 UTC: asked by four``, or nothing."""
        if service not in self._waits:
            return ""
        until, why = self._waits[service]
        return f"waiting until {moment(until)}: {why}"

    def _left(self, service: str, total: int) -> str:
        """``about 12 min left``, or nothing while nothing is known."""
        seconds = self._forecasts[service].seconds_left(total, self._monotonic())
        return "" if seconds is None else f"about {duration(seconds)} left"
