"""Progress of a run: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from remediation.journal import Event
from remediation.states import State

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


class Shows(Protocol):
    """A context that is told of events."""

    def __enter__(self) -> Shows: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def tell(self, event: Event) -> None:
        """Show an event."""
        ...


def progress_on(console: Console, monotonic: Callable[[], float]) -> Shows:
    """The progress display that suits the console."""
    return Bar(console) if console.is_terminal else Lines(console, monotonic)


def remark_of(event: Event) -> Text | None:
    """The line an event is worth, if any: what did not go well, and remarks."""
    if event.state is None:
        return Text(f"{event.service}  {event.text}")
    if event.state not in TOLD:
        return None
    first, more = event.calls[0], len(event.calls) - 1
    dates = f"{first.date}" + (f" and {more} more" if more else "")
    return Text(f"{event.service}  {dates}  {event.state}: {event.text}", style=TOLD[event.state])


class Lines:
    """Plain lines: every tenth second or 25 dates, and whatever did not go well."""

    def __init__(self, console: Console, monotonic: Callable[[], float]) -> None:
        self._console = console
        self._monotonic = monotonic
        self._said: dict[str, tuple[float, int]] = {}

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def tell(self, event: Event) -> None:
        """Print a line if it is time for one."""
        if remark := remark_of(event):
            self._console.print(remark, soft_wrap=True)
        now = self._monotonic()
        at, settled = self._said.setdefault(event.service, (now, 0))
        finished = event.settled == event.total > settled
        if finished or now - at >= LINE_SECONDS or event.settled - settled >= LINE_DATES:
            self._said[event.service] = (now, event.settled)
            self._console.print(
                f"{event.service}  {event.settled}/{event.total} settled, {event.landed} landed"
            )


class Bar:
    """A bar per service, with the time that remains at the measured rate."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
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
        task = self._tasks.get(event.service)
        if task is None:
            task = self._progress.add_task(event.service, total=event.total)
            self._tasks[event.service] = task
        self._progress.update(task, completed=event.settled)
