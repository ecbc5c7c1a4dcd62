"""What people read of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from checkpoints.text import Detail, counted, dates, duration, one_line
from remediation.ledger.states import State
from remediation.ledger.status import AtWork, PlanStatus, Status
from remediation.output.console import cut, shown_ranges, table
from remediation.output.reporter import Remaining, remaining

OPEN_SHOWN = 20
WATCH_SECONDS = 2.0


def print_status(console: Console, status: Status, detail: Detail = Detail.NORMAL) -> None:
    """Print who is at work, and of every plan counts by state and the dates that are open.

    Lines are not cut, so that what they name can be copied.
    """
    console.print(Group(*_parts(status, detail)), crop=False)


def watch_status(
    console: Console, look: Callable[[], Status], sleep: Callable[[float], None]
) -> Status:
    """Show the status every two seconds until no run is at work or Ctrl-C; returns the last one.

    On a terminal it is drawn anew in one place; elsewhere it is printed whenever more has changed
    than the time.
    """
    status, printed = look(), None
    drawing = Live(console=console, auto_refresh=False) if console.is_terminal else nullcontext()
    try:
        with drawing as live:
            while True:
                if live:
                    live.update(Group(*_parts(status, Detail.NORMAL)), refresh=True)
                elif _timeless(status) != printed:
                    print_status(console, status)
                    printed = _timeless(status)
                if not status.at_work:
                    return status
                sleep(WATCH_SECONDS)
                status = look()
    except KeyboardInterrupt:
        return status


def _timeless(status: Status) -> Status:
    work = status.at_work and status.at_work.model_copy(update={"seconds_left": None})
    return status.model_copy(update={"at_work": work})


def _line(text: str) -> Text:
    """One line, however long."""
    return Text(text, no_wrap=True, overflow="ignore")


def _parts(status: Status, detail: Detail) -> Iterator[RenderableType]:
    if status.at_work:
        yield _line(_work(status.at_work))
    if not status.plans:
        yield Text("No backfill was run yet.")
    for pause in status.pauses:
        yield _line(f"{pause.service} {pause}: nothing is sent to it before")
    for plan in status.plans:
        yield from _plan(plan, detail, name_contract=len({p.contract for p in status.plans}) > 1)
    if status.older:
        yield Text(f"and {counted(status.older, 'older plan')}")


def _work(work: AtWork) -> str:
    who = f"{work.who}, since {work.since}" if work.who else "who started it is not recorded"
    left = f", about {duration(work.seconds_left)}" if work.seconds_left is not None else ""
    return f"A run is at work ({who})" + (
        f": {dates(work.to_go)} to go{left}" if work.to_go else ""
    )


def _plan(plan: PlanStatus, detail: Detail, *, name_contract: bool) -> Iterator[RenderableType]:
    contract = f" ({plan.contract or 'its run is gone'})" if name_contract else ""
    yield _line(f"Plan {plan.plan_id[:12]} of run {plan.run_id}{contract}")
    if plan.because:
        yield _line(f"  rebuilt because: {one_line(plan.because)}")
    for service, counts in plan.counts.items():
        shown = ", ".join(f"{counts[state]} {state}" for state in State if state in counts)
        yield Text(f"  {service}: {shown}")
    if not plan.open or detail is Detail.QUIET:
        return
    groups, _ = cut(remaining(plan.open), OPEN_SHOWN, detail)
    rows = []
    for group in groups:
        *cells, why = group.cells(shown_ranges(group.dates, detail))
        rows.append((*cells, _sent(group), why))
    yield table(("service", "state", "dates", "ranges", "sent", "why"), rows)
    more = plan.open_dates - sum(len(group.dates) for group in groups)
    if more:
        listed = "all of them" if plan.open_dates == len(plan.open) else f"{len(plan.open)} of all"
        yield Text(f"  and {counted(more, 'more date')} ({listed}: --json -)")


def _sent(group: Remaining) -> str:
    """How often each was sent, and tried where that is more: ``1×``, ``0× (tried 1–5×)``."""
    sent = _times(group.sent)
    if group.sent == group.attempts:
        return sent
    never = "" if any(group.sent) else ", never connected"
    return f"{sent} (tried {_times(group.attempts)}{never})"


def _times(numbers: Sequence[int]) -> str:
    """``1×``, or ``0–2×``."""
    least, most = min(numbers), max(numbers)
    return f"{least}×" if least == most else f"{least}–{most}×"
