"""Every transition of a run: to the ledger first, then to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from remediation.ledger import Entry, Ledger
from remediation.plan import Call, Plan
from remediation.states import DONE, SETTLED, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a person may want to see: calls of a service that moved, or a remark.

    ``settled`` of ``total`` calls of this run need nothing more; ``landed`` of them are done.
    ``status`` is the HTTP status that an answer came with.
    """

    service: str
    total: int
    settled: int
    landed: int
    calls: tuple[Call, ...] = ()
    state: State | None = None
    status: int | None = None
    text: str = ""


class Journal:
    """Moves the calls of one plan. ``selected`` are the calls that this run deals with."""

    def __init__(
        self,
        plan: Plan,
        ledger: Ledger,
        selected: Sequence[Call],
        tell: Callable[[Event], None],
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._tell = tell
        self._selected = {s: [c.id for c in selected if c.service == s] for s in plan.services()}
        self.entries: dict[str, Entry] = {e.id: e for e in ledger.entries(plan.id)}
        self._states = {name: entry.state for name, entry in self.entries.items()}
        self._moved: set[str] = set()

    def state(self, call: str) -> State:
        """Where a call stands, by its id."""
        return self._states[call]

    def is_done(self, call: str) -> bool:
        """True when the tables showed that nothing remains to be done."""
        return self._states[call] in DONE

    def move(
        self,
        calls: Collection[Call],
        state: State,
        *,
        detail: str = "",
        status: int | None = None,
        seconds: float | None = None,
        in_flight_until: datetime | None = None,
    ) -> None:
        """Write a transition of some calls of one service, then tell of it."""
        if not calls:
            return
        self._ledger.move(
            self._plan.id,
            calls,
            state,
            detail=detail,
            status=status,
            seconds=seconds,
            in_flight_until=in_flight_until,
        )
        self._states.update({call.id: state for call in calls})
        self._moved.update(call.id for call in calls)
        service = next(iter(calls)).service
        event = self._event(service, text=detail)
        self._tell(replace(event, calls=tuple(calls), state=state, status=status))

    def remark(self, service: str, text: str) -> None:
        """Tell of something that is no transition."""
        self._tell(self._event(service, text=text))

    def _is_settled(self, call: str) -> bool:
        """What an earlier run gave up is not settled before this run has come to it."""
        return self.is_done(call) or (call in self._moved and self._states[call] in SETTLED)

    def _event(self, service: str, text: str) -> Event:
        calls_of = self._selected[service]
        states = [self._states[call] for call in calls_of]
        return Event(
            service=service,
            total=len(states),
            settled=sum(self._is_settled(call) for call in calls_of),
            landed=sum(s in DONE for s in states),
            text=text,
        )
