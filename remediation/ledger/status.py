"""Where every plan stands, from the ledger and its lock alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import not_
from typing import Annotated, Literal

from pydantic import Field

from checkpoints.archive.lock import Holder
from checkpoints.archive.remediation import Because, Delivery
from checkpoints.records import Record
from remediation.ledger.ledger import Ledger, LedgerEntry, Pause
from remediation.ledger.states import DONE, SETTLED, State

PLANS_LISTED = 10
OPEN_LISTED = 5000


class PlanStatus(Record):
    """One plan: calls by service and state, and the dates that have not landed.

    ``open_dates`` is how many there are; ``open`` lists the first of them. ``contract`` is the name
    of its file; empty where the run is gone. ``because`` is why it rebuilds dates that are there.
    """

    plan_id: str
    run_id: str
    contract: str = ""
    because: Because = ""
    counts: dict[str, dict[State, int]]
    open_dates: int
    open: tuple[LedgerEntry, ...]


class AtWork(Record):
    """The run that is at work: whose, since when, and how far it is.

    ``to_go`` is how many dates are not settled. ``seconds_left`` is estimated from the dates this
    run has settled; None when none is settled and no call was ever timed.
    """

    who: str
    since: str
    plan_id: str | None = None
    to_go: int = 0
    seconds_left: float | None = None


class Status(Record):
    """The latest plans that were started, the latest first; ``older`` more are not listed.

    ``pauses`` are those that services asked for and that are not over; ``undelivered`` is what
    services of ``on_landed`` are still to be told, of every plan.
    """

    version: Literal[1] = 1
    at_work: AtWork | None = None
    pauses: tuple[Pause, ...] = ()
    undelivered: Annotated[tuple[Delivery, ...], Field(exclude_if=not_)] = ()
    plans: tuple[PlanStatus, ...]
    older: int = 0


def status_of(
    ledger: Ledger | None,
    now: datetime,
    holder: Holder | None,
    contract_of: Callable[[str], str] = lambda _: "",
) -> Status:
    """Read the ledger; without one no plan was ever started.

    ``contract_of`` tells the name of the contract of a run.
    """
    started, reasons = (ledger.plan_ids(), ledger.reasons()) if ledger else ([], {})
    return Status(
        at_work=_at_work(ledger, now, holder) if holder else None,
        pauses=tuple(ledger.pauses().values()) if ledger else (),
        undelivered=tuple(ledger.deliveries.open()) if ledger else (),
        plans=tuple(
            _plan_status(ledger, plan_id, run_id, contract_of(run_id), reasons.get(plan_id, ""))
            for plan_id, run_id in started[:PLANS_LISTED]
            if ledger
        ),
        older=len(started[PLANS_LISTED:]),
    )


def _plan_status(
    ledger: Ledger, plan_id: str, run_id: str, contract: str, because: str
) -> PlanStatus:
    counts = ledger.counts(plan_id)
    total = sum(n for by in counts.values() for state, n in by.items() if state not in DONE)
    found = ledger.open_entries(plan_id, OPEN_LISTED) if total else []
    return PlanStatus(
        plan_id=plan_id,
        run_id=run_id,
        contract=contract,
        because=because,
        counts=counts,
        open_dates=total,
        open=tuple(found),
    )


def _at_work(ledger: Ledger | None, now: datetime, holder: Holder) -> AtWork:
    since = _moment(holder.since)
    plan_id = ledger.moved_since(since) if ledger and since else None
    if ledger is None or since is None or plan_id is None:
        return AtWork(who=holder.who, since=holder.since)
    waiting = {
        service: sum(n for state, n in by.items() if state not in SETTLED)
        for service, by in ledger.counts(plan_id).items()
    }
    to_go = sum(waiting.values())
    left = None
    if settled := ledger.settled_since(plan_id, since):
        left = to_go * (now - since).total_seconds() / settled
    elif waiting.keys() <= (measured := ledger.measured()).keys():
        left = sum(number * measured[service][1] for service, number in waiting.items())
    return AtWork(
        who=holder.who, since=holder.since, plan_id=plan_id, to_go=to_go, seconds_left=left
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
