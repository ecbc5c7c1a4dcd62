"""What people read of the ledger."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from remediation.show import table
from remediation.states import State
from remediation.status import PlanStatus, Status

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
    grid = table("service", "date", "state", "sent", "why")
    for entry in plan.open[:OPEN_SHOWN]:
        state = f"{entry.state} (in flight)" if entry.in_flight else str(entry.state)
        why = Text(entry.detail or ("not sent yet" if not entry.attempts else ""))
        grid.add_row(Text(entry.service), str(entry.date), state, f"{entry.attempts}×", why)
    console.print(grid)
    more = len(plan.open) - OPEN_SHOWN
    if more > 0:
        console.print(f"  and {more} more dates (all of them: --json -)")
