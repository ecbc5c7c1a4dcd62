"""What people read of the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from remediation.show import shown_ranges, table
from remediation.states import State
from remediation.status import OpenDate, PlanStatus, Status

OPEN_SHOWN = 20


def print_status(console: Console, status: Status) -> None:
    """Every plan: counts by state, and the dates that have not landed."""
    if not status.plans:
        console.print("No backfill was run yet.")
    for plan in status.plans:
        _print_plan_status(console, plan)


def _print_plan_status(console: Console, plan: PlanStatus) -> None:
    console.print(f"Plan {plan.plan_id[:12]} of run {plan.run_id}", soft_wrap=True)
    for service, counts in plan.counts.items():
        shown = ", ".join(f"{counts[state]} {state}" for state in State if state in counts)
        console.print(f"  {service}: {shown}")
    if not plan.open:
        return
    rows = _rows(plan.open)
    grid = table("service", "state", "dates", "ranges", "sent", "why")
    for (service, state, why), found in rows[:OPEN_SHOWN]:
        ranges, times = shown_ranges(e.date for e in found), _times([e.attempts for e in found])
        grid.add_row(Text(service), state, str(len(found)), ranges, times, Text(why))
    console.print(grid)
    more = sum(len(found) for _, found in rows[OPEN_SHOWN:])
    if more:
        console.print(f"  and {more} more dates (all of them: --json -)")


def _rows(dates: Sequence[OpenDate]) -> list[tuple[tuple[str, str, str], list[OpenDate]]]:
    """The dates of one service that are open for the same reason, together."""
    merged: dict[tuple[str, str, str], list[OpenDate]] = {}
    for entry in dates:
        state = f"{entry.state} (in flight)" if entry.in_flight else str(entry.state)
        why = entry.detail or ("not sent yet" if not entry.attempts else "")
        merged.setdefault((entry.service, state, why), []).append(entry)
    return list(merged.items())


def _times(attempts: Sequence[int]) -> str:
    """How often each was sent: ``1×``, or ``0–2×``."""
    least, most = min(attempts), max(attempts)
    return f"{least}×" if least == most else f"{least}–{most}×"
