"""Who follows a run, and what each of them says of its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime

from checkpoints.archive.remediation import (
    CallStatus,
    Change,
    Delivery,
    DeliveryState,
    Figures,
    RemediationRecord,
)
from checkpoints.dates import ranges_of
from checkpoints.errors import CheckpointsError
from checkpoints.text import WORDS, dates, one_line, percent
from remediation.ledger.journal import Event
from remediation.ledger.ledger import LedgerEntry
from remediation.ledger.states import State

CHANGE_HEADINGS = ("layer", "dataset", "of", "before", "after", "dates lacking")
REMAINING_HEADINGS = ("service", "state", "dates", "ranges", "why")
ORPHAN_HEADINGS = ("dataset", "of", "keys", "dates", "ranges")


class Reporter(AbstractContextManager["Reporter"]):
    """Follows a run, and is entered while calls are made. Says nothing, unless a subclass does."""

    def __exit__(self, *exception: object) -> None:
        """Calls are no longer made."""

    def remark(self, text: str) -> None:
        """Something is unusual about the plan; comes before the run."""

    def report(self, event: Event) -> None:
        """Calls moved to another state, or a service has a remark."""

    def interrupted(self, command: str) -> None:
        """The run was interrupted; the command continues it."""

    def failed(self, error: CheckpointsError) -> None:
        """The run cannot continue."""

    def conclude(self, record: RemediationRecord, path: str, following: Sequence[str] = ()) -> None:
        """The run is over; its record is at the path; what follows is to be done in order."""


def verdict_of(record: RemediationRecord) -> tuple[str, str]:
    """The verdict in a word, and the landings: ``COMPLETE``, ``6 of 6 calls landed``.

    Where dates were asked for together, it is dates that landed.
    """
    states = Counter(call.state for call in record.calls)
    what = "dates" if any(call.request for call in record.calls) else "calls"
    landings = f"{states[State.LANDED]} of {len(record.calls)} {what} landed"
    if nothing := states[State.NOTHING_THERE]:
        landings = f"{landings}, on {dates(nothing)} there was nothing"
    return WORDS[record.exit_code], landings


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """Dates of one service that have not landed for the same reason, which may name each of them.

    ``attempts`` are how often each was tried, ``sent`` how often the service may have been reached.
    ``requests`` are the dates that were last asked for together, as far as they were, and
    ``in_flight_until`` is when the service is no longer at work on any.
    """

    service: str
    state: str
    why: str
    dates: list[date] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    requests: set[str] = field(default_factory=set)
    in_flight_until: set[datetime] = field(default_factory=set)

    def cells(self, ranges: str) -> tuple[object, ...]:
        """What stands under ``REMAINING_HEADINGS``, with the dates as ranges."""
        return self.service, self.state, len(self.dates), ranges, self.why


def remaining(calls: Iterable[CallStatus | LedgerEntry]) -> list[Remaining]:
    """Calls that have not landed, grouped by service, state and reason."""
    groups: dict[tuple[str, str, str], Remaining] = {}
    for call in calls:
        in_flight = isinstance(call, LedgerEntry) and call.in_flight
        state = f"{call.state} (in flight)" if in_flight else str(call.state)
        why = call.why or ("" if call.attempts else "not sent yet")
        fresh = Remaining(service=call.service, state=state, why=why)
        reason = why.replace(str(call.date), "{date}")
        group = groups.setdefault((call.service, state, reason), fresh)
        group.dates.append(call.date)
        group.attempts.append(call.attempts)
        group.sent.append(call.sent)
        group.requests.update({call.request.partition("/")[2]} if call.request else ())
        if isinstance(call, LedgerEntry) and call.in_flight and call.in_flight_until:
            group.in_flight_until.add(call.in_flight_until)
    return list(groups.values())


def told_of(record: RemediationRecord) -> list[str]:
    """Which services were told of what landed, a line each."""
    told = Counter(d.service for d in record.deliveries if d.state is DeliveryState.DELIVERED)
    return [f"{name} was told of {dates(number)} that landed" for name, number in told.items()]


def not_told_of(deliveries: Iterable[Delivery]) -> list[str]:
    """Which services are still to be told of what landed, and why: a line for each reason."""
    groups: dict[tuple[str, str, str], list[date]] = {}
    for found in deliveries:
        why = ", ".join(filter(None, (found.state, one_line(found.detail))))
        groups.setdefault((found.plan_id, found.service, why), []).append(found.date)
    return [
        f"{service} was not told of {dates(len(days))} that landed "
        f"({', '.join(map(str, ranges_of(days)))}): {why}"
        for (_, service, why), days in groups.items()
    ]


def change_cells(change: Change) -> tuple[str, ...]:
    """A dataset before and after, under ``CHANGE_HEADINGS``."""
    lacking = len(change.after.lacking) if change.after else "?"
    return (
        change.layer,
        change.dataset,
        change.before.of or "–",
        _ratio(change.before),
        _ratio(change.after),
        f"{len(change.before.lacking)} → {lacking}",
    )


def _ratio(figures: Figures | None) -> str:
    if figures is None:
        return "unreadable"
    return percent(figures.matched / figures.expected) if figures.expected else "–"
