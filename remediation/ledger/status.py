"""Where every plan stands, from the ledger and its lock alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from checkpoints.records import Record
from remediation.ledger.ledger import Entry, Ledger
from remediation.ledger.lock import Holder
from remediation.ledger.states import DONE, SETTLED, State

PLANS_LISTED = 10
OPEN_LISTED = 5000


class OpenDate(Record):
    """A date that has not landed: its state, why, and how often it was sent."""

    service: str
    date: date
    datasets: tuple[str, ...]
    state: State
    attempts: int
    in_flight: bool
    detail: str


class PlanStatus(Record):
    """One plan: calls by service and state, and the dates that have not landed.

    ``open_dates`` is how many there are; ``open`` lists the first of them.
    """

    plan_id: str
    run_id: str
    counts: dict[str, dict[State, int]]
    open_dates: int
    open: tuple[OpenDate, ...]


class AtWork(Record):
    """The run that is at work: whose, since when, and how far it is.

    ``seconds_left`` goes by how long the dates of this run took; None when none is settled and
    no call was ever timed.
    """

    who: str
    since: str
    plan_id: str | None = None
    to_go: int = 0
    seconds_left: float | None = None


class Status(Record):
    """The latest plans that were started, the latest first; ``older`` more are not listed."""

    version: Literal[1] = 1
    at_work: AtWork | None = None
    plans: tuple[PlanStatus, ...]
    older: int = 0


def status_of(ledger: Ledger | None, now: datetime, holder: Holder | None) -> Status:
    """Read the ledger; without one no plan was ever started."""
    if ledger is None:
        return Status(plans=(), at_work=_at_work(None, now, holder))
    started = ledger.plan_ids()
    listed = [_plan_status(ledger, *ids, now) for ids in started[:PLANS_LISTED]]
    return Status(
        at_work=_at_work(ledger, now, holder),
        plans=tuple(listed),
        older=len(started) - len(listed),
    )


def _plan_status(ledger: Ledger, plan_id: str, run_id: str, now: datetime) -> PlanStatus:
    counts = ledger.counts(plan_id)
    total = sum(n for by in counts.values() for state, n in by.items() if state not in DONE)
    found = ledger.open_entries(plan_id, OPEN_LISTED) if total else []
    return PlanStatus(
        plan_id=plan_id,
        run_id=run_id,
        counts=counts,
        open_dates=total,
        open=tuple(_open_date(entry, now) for entry in found),
    )


def _at_work(ledger: Ledger | None, now: datetime, holder: Holder | None) -> AtWork | None:
    if holder is None:
        return None
    silent = AtWork(who=holder.who, since=holder.since)
    since = _moment(holder.since)
    plan_id = ledger.moved_since(since) if ledger and since else None
    if ledger is None or since is None or plan_id is None:
        return silent
    waiting = {
        service: sum(n for state, n in by.items() if state not in SETTLED)
        for service, by in ledger.counts(plan_id).items()
    }
    to_go = sum(waiting.values())
    settled = ledger.settled_since(plan_id, since)
    if settled:
        left: float | None = to_go * (now - since).total_seconds() / settled
    else:
        left = _as_measured(waiting, ledger.measured())
    return silent.model_copy(update={"plan_id": plan_id, "to_go": to_go, "seconds_left": left})


def _as_measured(
    waiting: Mapping[str, int], measured: Mapping[str, tuple[int, float]]
) -> float | None:
    if not waiting.keys() <= measured.keys():
        return None
    return sum(number * measured[service][1] for service, number in waiting.items())


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _open_date(entry: Entry, now: datetime) -> OpenDate:
    return OpenDate(
        service=entry.service,
        date=entry.date,
        datasets=entry.datasets,
        state=entry.state,
        attempts=entry.attempts,
        in_flight=entry.may_be_in_flight(now),
        detail=entry.detail,
    )
