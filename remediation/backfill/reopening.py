"""What earlier runs left behind, before a run begins: what landed is looked at once more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from remediation.backfill.landing import GONE, landed, nothing_there, verdict
from remediation.backfill.watch import Look
from remediation.ledger.ledger import Ledger
from remediation.ledger.states import State
from remediation.plan.model import Call, Plan


def reopen(plan: Plan, ledger: Ledger, look: Look, look_source: Look) -> Counter[str]:
    """Put back to planned what is not there any more, and what was blocked in an earlier run.

    Returns how many dates of each service were done and are not any more.

    Raises:
        WarehouseError: the tables cannot be read.
    """
    states = {entry.id: entry.state for entry in ledger.entries(plan.id)}
    gone: dict[str, list[Call]] = {}
    for call, reason in _gone(plan, states, look, look_source):
        gone.setdefault(reason, []).append(call)
    blocked = [call for call in plan.calls if states[call.id] is State.BLOCKED]
    ledger.move(plan.id, blocked, State.PLANNED)
    for reason, calls in gone.items():
        ledger.move(plan.id, calls, State.PLANNED, detail=reason)
    return Counter(call.service for calls in gone.values() for call in calls)


def _gone(
    plan: Plan, states: Mapping[str, State], look: Look, look_source: Look
) -> Iterator[tuple[Call, str]]:
    """The calls that were done and are not, and why; one query, two where a day had nothing."""
    arrived = [call for call in plan.calls if states[call.id] is State.LANDED]
    empty = [call for call in plan.calls if states[call.id] is State.NOTHING_THERE]
    found, source = look([*arrived, *empty]), look_source(empty)
    for call in arrived:
        if not landed(found[call.id]):
            lacking = verdict(found[call.id], "")[1]
            yield call, f"{GONE}: {lacking}"
    for call in empty:
        still = nothing_there(found[call.id]) and nothing_there(source[call.id])
        if not still and not landed(found[call.id]):
            yield call, "it said there was nothing that day, and now there should be"
