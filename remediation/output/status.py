"""What people read of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.measure import Measurement
from rich.padding import Padding
from rich.text import Text

from checkpoints.output.columns import BELOW, GAP, ROOM, aligned
from checkpoints.text import Detail, counted, dates, duration, one_line
from remediation.ledger.ledger import Pause, moment
from remediation.ledger.states import State
from remediation.ledger.status import AtWork, PlanStatus, Status
from remediation.output.console import cut, shown_ranges, table
from remediation.output.reporter import Remaining, not_told_of, remaining

OPEN_SHOWN = 20
REQUESTS_SHOWN = 6
OPEN_HEADINGS = ("service", "state", "dates", "ranges", "sent")
WATCH_SECONDS = 2.0


def print_status(console: Console, status: Status, detail: Detail = Detail.NORMAL) -> None:
    """Print who is at work, who was not told of what landed, and of every plan counts by state and
    the dates that are open.

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
    for text in not_told_of(status.undelivered):
        yield _line(f"{text}; the next run or resume sends it")
    for plan in status.plans:
        yield from _plan(
            plan, status.pauses, detail, name_contract=len({p.contract for p in status.plans}) > 1
        )
    if status.older:
        yield Text(f"and {counted(status.older, 'older plan')}")


def _work(work: AtWork) -> str:
    who = f"{work.who}, since {work.since}" if work.who else "who started it is not recorded"
    left = f", about {duration(work.seconds_left)}" if work.seconds_left is not None else ""
    return f"A run is at work ({who})" + (
        f": {dates(work.to_go)} to go{left}" if work.to_go else ""
    )


def _plan(
    plan: PlanStatus, pauses: Sequence[Pause], detail: Detail, *, name_contract: bool
) -> Iterator[RenderableType]:
    contract = f" ({plan.contract or 'its run is gone'})" if name_contract else ""
    yield _line(f"Plan {plan.plan_id[:12]} of run {plan.run_id}{contract}")
    if plan.because:
        yield _line(f"  rebuilt because: {one_line(plan.because)}")
    for service, counts in plan.counts.items():
        shown = ", ".join(f"{counts[state]} {state}" for state in State if state in counts)
        yield Text(f"  {service}: {shown}")
    if not plan.open or detail is Detail.QUIET:
        return
    found = remaining(plan.open)
    for wait in _waits(found, pauses):
        yield _line(f"  waiting until {wait}")
    groups, _ = cut(found, OPEN_SHOWN, detail)
    yield _Groups(groups, detail)
    more = plan.open_dates - sum(len(group.dates) for group in groups)
    if more:
        listed = "all of them" if plan.open_dates == len(plan.open) else f"{len(plan.open)} of all"
        yield Text(f"  and {counted(more, 'more date')} ({listed}: --json -)")


def _waits(groups: Sequence[Remaining], pauses: Sequence[Pause]) -> Iterator[str]:
    """Until when a plan waits, and for what."""
    services = {group.service for group in groups}
    for pause in pauses:
        if pause.service in services:
            yield f"{moment(pause.until)}: asked by {pause.service}"
    for group in groups:
        if group.in_flight_until:
            what = f"{dates(len(group.dates))} of {group.service}"
            yield f"{moment(max(group.in_flight_until))}: for {what}, {group.state}"


@dataclass(frozen=True, slots=True)
class _Groups:
    """A row for each group; where the reasons would stand in too narrow a column, below it."""

    groups: Sequence[Remaining]
    detail: Detail

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        rows = [self._row(group) for group in self.groups]
        wide = table((*OPEN_HEADINGS, "why"), rows)
        others = [row[:-1] for row in rows]
        taken = Measurement.get(console, options, table(OPEN_HEADINGS, others)).maximum
        longest = max(Text(row[-1]).cell_len for row in rows)
        if width - taken >= min(longest + GAP, ROOM):
            yield wide
            return
        spare = OPEN_HEADINGS.index("ranges")
        cells = [[c for n, c in enumerate(r) if n != spare] for r in (OPEN_HEADINGS, *others)]
        heading, *lines = aligned([[Text(cell) for cell in row] for row in cells])
        yield heading
        for line, row in zip(lines, rows, strict=True):
            yield line
            for text in (", ".join(row[spare].splitlines()), *row[-1].splitlines()):
                yield Padding(Text(text), (0, 0, 0, BELOW))

    def _row(self, group: Remaining) -> list[str]:
        *cells, _ = group.cells(shown_ranges(group.dates, self.detail))
        asked, more = cut(sorted(group.requests), REQUESTS_SHOWN, self.detail)
        together = "; ".join([*asked, *([f"{more} more"] if more else [])])
        said = filter(None, (group.why, f"asked for together: {together}" if together else ""))
        return [*map(str, cells), _sent(group), "\n".join(said)]


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
