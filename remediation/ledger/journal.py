"""Every transition of a run: to the ledger first, then to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar, Unpack

from remediation.ledger.ledger import Ledger, LedgerEntry, MoveDetails, Pause
from remediation.ledger.states import DONE, SETTLED, State
from remediation.plan.model import Call, Plan

Reason = TypeVar("Reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Calls of a service that moved, or a remark about the service.

    ``settled`` of ``total`` calls of this run need nothing more; ``landed`` of them have landed.
    ``status`` is the HTTP status that an answer came with. Until ``until`` nothing is sent, or the
    service may be working on the calls; ``waits_for`` says what is waited for, where that is
    neither a pause that the service asked for nor that the calls land.
    """

    service: str
    total: int
    settled: int
    landed: int
    calls: tuple[Call, ...] = ()
    state: State | None = None
    status: int | None = None
    until: datetime | None = None
    waits_for: str = ""
    text: str = ""

    @property
    def dates(self) -> str:
        """``2025-01-08 and 3 more``."""
        more = len(self.calls) - 1
        return f"{self.calls[0].date}" + (f" and {more} more" if more else "")


class Journal:
    """Moves the calls of one plan. ``selected`` are the calls that this run deals with."""

    def __init__(
        self, plan: Plan, ledger: Ledger, selected: Sequence[Call], tell: Callable[[Event], None]
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._tell = tell
        self.entries: dict[str, LedgerEntry] = {e.id: e for e in ledger.entries(plan.id)}
        self._states = {name: entry.state for name, entry in self.entries.items()}
        # Kept rather than counted at every event: a plan may have ten thousand calls.
        self._selected: dict[str, set[str]] = {service: set() for service in plan.services()}
        for call in selected:
            self._selected[call.service].add(call.id)
        # What an earlier run gave up is not settled before this run has come to it.
        self._settled = {s: set(filter(self.is_done, ids)) for s, ids in self._selected.items()}
        self._landed = {
            service: {call for call in ids if self._states[call] is State.LANDED}
            for service, ids in self._settled.items()
        }

    def state(self, call: str) -> State:
        """Where a call stands, by its id."""
        return self._states[call]

    def is_done(self, call: str) -> bool:
        """True when the tables showed that nothing remains to be done."""
        return self._states[call] in DONE

    def move(self, calls: Collection[Call], state: State, **details: Unpack[MoveDetails]) -> None:
        """Write a transition of some calls of one service, then tell of it.

        Raises:
            LedgerError: the state cannot follow the present one, or the disk refuses.
        """
        if not calls:
            return
        self._ledger.move(self._plan.id, calls, state, **details)
        service = next(iter(calls)).service
        moved = {call.id for call in calls}
        self._states.update(dict.fromkeys(moved, state))
        for members, states in ((self._landed, {State.LANDED}), (self._settled, SETTLED)):
            change = set.update if state in states else set.difference_update
            change(members[service], moved & self._selected[service])
        event = replace(
            self._event(service, details.get("detail", "")),
            calls=tuple(calls),
            state=state,
            status=details.get("status"),
            until=details.get("in_flight_until"),
        )
        self._tell(event)

    def waits(self, pause: Pause) -> None:
        """Tell that nothing is sent to a service until its pause is over."""
        event = self._event(pause.service, str(pause))
        self._tell(replace(event, until=pause.until))

    def waits_for(self, service: str, what: str, until: datetime) -> None:
        """Tell what is waited for, at most until then."""
        self._tell(replace(self._event(service, ""), until=until, waits_for=what))

    def remark(self, service: str, text: str) -> None:
        """Tell of something that is no transition."""
        self._tell(self._event(service, text))

    def _event(self, service: str, text: str) -> Event:
        counted = (self._selected, self._settled, self._landed)
        total, settled, landed = (len(calls[service]) for calls in counted)
        return Event(service=service, total=total, settled=settled, landed=landed, text=text)


def grouped(moves: Iterable[tuple[Reason, Call]]) -> dict[Reason, list[Call]]:
    """Calls that move for the same reason, to be moved together."""
    groups: dict[Reason, list[Call]] = {}
    for reason, call in moves:
        groups.setdefault(reason, []).append(call)
    return groups
