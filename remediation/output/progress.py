"""Progress of a run: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType

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

from remediation.ledger.journal import Event
from remediation.ledger.states import State
from remediation.output.console import duration
from remediation.output.forecast import Forecast
from remediation.output.reporter import Shows, Unframed

LINE_SECONDS = 10.0
LINE_DATES = 25
TOLD = {
    State.REJECTED: "bold red",
    State.UNKNOWN: "yellow",
    State.PARTIAL: "yellow",
    State.STILL_MISSING: "bold red",
    State.BLOCKED: "yellow",
    State.NOTHING_THERE: "yellow",
}


def progress_on(
    console: Console, monotonic: Callable[[], float], each: Mapping[str, float]
) -> Shows:
    """The progress display that suits the console.

    ``each`` is how many seconds a date of a service took in earlier runs.
    """
    forecasts = Forecasts(monotonic, each)
    return Bar(console, forecasts) if console.is_terminal else Lines(console, forecasts)


class Forecasts:
    """A forecast per service, and the clock they go by."""

    def __init__(self, monotonic: Callable[[], float], each: Mapping[str, float]) -> None:
        self.monotonic = monotonic
        self._each = each
        self._of: dict[str, Forecast] = {}

    def note(self, event: Event) -> None:
        """Take notice of an event."""
        self._forecast(event.service).note(event, self.monotonic())

    def left(self, service: str, total: int) -> str:
        """``about 12 min 30 s left``, or nothing where nothing tells."""
        seconds = self._forecast(service).seconds_left(total, self.monotonic())
        return "" if seconds is None else f"about {duration(seconds)} left"

    def _forecast(self, service: str) -> Forecast:
        return self._of.setdefault(service, Forecast(self._each.get(service)))


def remark_of(event: Event) -> Text | None:
    """The line an event is worth, if any: what did not go well, and remarks."""
    if event.state is None:
        return Text(f"{event.service}  {event.text}")
    if event.state not in TOLD:
        return None
    said = f"{event.service}  {event.dates}  {event.state}: {event.text}"
    return Text(said, style=TOLD[event.state])


class Lines(Unframed):
    """Plain lines: every tenth second or 25 dates, and whatever did not go well."""

    def __init__(self, console: Console, forecasts: Forecasts) -> None:
        self._console = console
        self._forecasts = forecasts
        self._said: dict[str, tuple[float, int]] = {}

    def tell(self, event: Event) -> None:
        """Print a line if it is time for one."""
        if remark := remark_of(event):
            self._console.print(remark, soft_wrap=True)
        self._forecasts.note(event)
        now = self._forecasts.monotonic()
        at, settled = self._said.setdefault(event.service, (now, 0))
        finished = event.settled == event.total > settled
        if finished or now - at >= LINE_SECONDS or event.settled - settled >= LINE_DATES:
            self._said[event.service] = (now, event.settled)
            left = self._forecasts.left(event.service, event.total)
            line = f"{event.service}  {event.settled}/{event.total} settled, {event.landed} landed"
            self._console.print(f"{line}, {left}" if left else line, soft_wrap=True)


class LeftColumn(ProgressColumn):
    """The time that a service's remaining dates will take."""

    def __init__(self, forecasts: Forecasts) -> None:
        super().__init__()
        self._forecasts = forecasts

    def render(self, task: Task) -> Text:
        """The time as of now."""
        return Text(self._forecasts.left(task.description, int(task.total or 0)))


class Bar:
    """A bar per service, with the time that remains as this run's dates go."""

    def __init__(self, console: Console, forecasts: Forecasts) -> None:
        self._forecasts = forecasts
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            LeftColumn(forecasts),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def tell(self, event: Event) -> None:
        """Move the bar, and print above it what did not go well."""
        if remark := remark_of(event):
            self._progress.console.print(remark, soft_wrap=True)
        self._forecasts.note(event)
        task = self._tasks.get(event.service)
        if task is None:
            task = self._progress.add_task(event.service, total=event.total)
            self._tasks[event.service] = task
        self._progress.update(task, completed=event.settled)
