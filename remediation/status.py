"""Where every plan stands, from the ledger alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

from remediation.ledger import Entry, Ledger
from remediation.plan import Record
from remediation.states import DONE, State


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
    """One plan: calls by service and state, and every date that has not landed."""

    plan_id: str
    run_id: str
    counts: dict[str, dict[State, int]]
    open: tuple[OpenDate, ...]


class Status(Record):
    """All plans that were ever started, the latest first."""

    version: Literal[1] = 1
    plans: tuple[PlanStatus, ...]


def status_of(ledger: Ledger | None, now: datetime) -> Status:
    """Read the ledger; without one no plan was ever started."""
    if ledger is None:
        return Status(plans=())
    entries = ledger.entries()
    return Status(
        plans=tuple(
            _plan_status(plan_id, run_id, [e for e in entries if e.plan_id == plan_id], now)
            for plan_id, run_id in ledger.plan_ids()
        )
    )


def _plan_status(plan_id: str, run_id: str, entries: Iterable[Entry], now: datetime) -> PlanStatus:
    counts: dict[str, dict[State, int]] = {}
    found = []
    for entry in entries:
        by_state = counts.setdefault(entry.service, {})
        by_state[entry.state] = by_state.get(entry.state, 0) + 1
        if entry.state not in DONE:
            found.append(_open_date(entry, now))
    return PlanStatus(plan_id=plan_id, run_id=run_id, counts=counts, open=tuple(found))


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
