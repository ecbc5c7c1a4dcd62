"""What people read of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from checkpoints.text import Detail, duration
from remediation.ledger.states import State
from remediation.ledger.status import AtWork, PlanStatus, Status
from remediation.output.console import shown_ranges, table
from remediation.output.reporter import remaining

OPEN_SHOWN = 20
WATCH_SECONDS = 2.0


def status_view(status: Status, detail: Detail = Detail.NORMAL) -> Group:
    """Who is at work, and every plan: counts by state, and the dates that have not landed."""
    return Group(*_parts(status, detail))


def print_status(console: Console, status: Status, detail: Detail = Detail.NORMAL) -> None:
    """Print the status once; lines are not cut, so that what they name can be copied."""
    console.print(status_view(status, detail), crop=False)


def watch_status(
    console: Console, look: Callable[[], Status], sleep: Callable[[float], None]
) -> Status:
    """Show the status every two seconds until no run is at work or Ctrl-C; returns the last one.

    On a terminal it is drawn anew in one place; elsewhere it is printed whenever something has
    changed.
    """
    if not console.is_terminal:
        return _watch(look, sleep, _Changes(console).show)
    with Live(console=console, auto_refresh=False) as live:
        return _watch(look, sleep, lambda s: live.update(status_view(s), refresh=True))


def _watch(
    look: Callable[[], Status], sleep: Callable[[float], None], show: Callable[[Status], None]
) -> Status:
    status = look()
    try:
        show(status)
        while status.at_work:
            sleep(WATCH_SECONDS)
            status = look()
            show(status)
    except KeyboardInterrupt:
        pass
    return status


class _Changes:
    """Prints a status unless only the time has passed since the last one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: Status | None = None

    def show(self, status: Status) -> None:
        work = status.at_work
        timeless = work.model_copy(update={"seconds_left": None}) if work else None
        status_now = status.model_copy(update={"at_work": timeless})
        if status_now != self._shown:
            print_status(self._console, status)
        self._shown = status_now


def _line(text: str) -> Text:
    """One line, however long."""
    return Text(text, no_wrap=True, overflow="ignore")


def _parts(status: Status, detail: Detail) -> Iterator[RenderableType]:
    if status.at_work:
        yield _line(_work(status.at_work))
    if not status.plans:
        yield Text("No backfill was run yet.")
    for plan in status.plans:
        yield from _plan(plan, detail)
    if status.older:
        yield Text(f"and {status.older} older plans")


def _work(work: AtWork) -> str:
    who = f"{work.who}, since {work.since}" if work.who else "who started it is not recorded"
    left = f", about {duration(work.seconds_left)}" if work.seconds_left is not None else ""
    return f"A run is at work ({who})" + (f": {work.to_go} dates to go{left}" if work.to_go else "")


def _plan(plan: PlanStatus, detail: Detail) -> Iterator[RenderableType]:
    yield _line(f"Plan {plan.plan_id[:12]} of run {plan.run_id}")
    for service, counts in plan.counts.items():
        shown = ", ".join(f"{counts[state]} {state}" for state in State if state in counts)
        yield Text(f"  {service}: {shown}")
    if not plan.open or detail is Detail.QUIET:
        return
    groups = remaining(plan.open)
    groups = groups if detail is Detail.VERBOSE else groups[:OPEN_SHOWN]
    grid = table("service", "state", "dates", "ranges", "sent", "why")
    for group in groups:
        ranges, times = shown_ranges(group.dates, detail=detail), _times(group.attempts)
        cells = Text(group.service), group.state, str(len(group.dates)), ranges, times
        grid.add_row(*cells, Text(group.why))
    yield grid
    more = plan.open_dates - sum(len(group.dates) for group in groups)
    if more:
        listed = "all of them" if plan.open_dates == len(plan.open) else f"{len(plan.open)} of all"
        yield Text(f"  and {more} more dates ({listed}: --json -)")


def _times(attempts: Sequence[int]) -> str:
    """How often each was sent: ``1×``, or ``0–2×``."""
    least, most = min(attempts), max(attempts)
    return f"{least}×" if least == most else f"{least}–{most}×"
