"""Watches the tables until the calls that were sent have landed, or their time is up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from checkpoints.contract.model import Service
from checkpoints.errors import WarehouseError
from remediation.backfill.landing import Found, landed, verdict
from remediation.clock import Clock
from remediation.ledger.journal import Journal
from remediation.ledger.states import IN_FLIGHT, State
from remediation.plan.model import Call

FIRST_PAUSE = 0.1
RESEND = "check that it is not still working on the date, then resume with --resend-unknown"

Look = Callable[[Sequence[Call]], Mapping[str, Sequence[Found]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A call that was sent; ``deadline`` is a monotonic time.

    ``unsure``: it is not known that the service took it.
    """

    call: Call
    deadline: float
    unsure: bool


class Watch:
    """The calls of one service that are being watched.

    One that did not land stays ``unknown`` where it may not be sent again (``resendable``): what
    the service did of it, it might do twice.
    """

    def __init__(
        self, service: Service, look: Look, journal: Journal, clock: Clock, *, resendable: bool
    ) -> None:
        self._service = service
        self._look = look
        self._journal = journal
        self._clock = clock
        self._resendable = resendable
        self._watched: dict[str, Watched] = {}
        self._looked_at = clock.monotonic()
        self._pause = 0.0

    def __bool__(self) -> bool:
        return bool(self._watched)

    @property
    def is_unsure(self) -> bool:
        """True while the service may be working on a date that it has not said it took."""
        return any(watched.unsure for watched in self._watched.values())

    def add(self, call: Call, seconds: float, *, unsure: bool) -> None:
        """Watch a call for so long; a rejected one changes its state only if it landed."""
        deadline = self._clock.monotonic() + seconds
        self._watched[call.id] = Watched(call=call, deadline=deadline, unsure=unsure)
        self._pause = 0.0

    def next_look(self, *, idle: bool) -> float:
        """When to look, as a monotonic time: soon and then less often if there is only that to do.

        Looking costs a query, so it is done seldom while calls are being made.
        """
        if not self._watched:
            return float("inf")
        nearest = min(watched.deadline for watched in self._watched.values())
        pause = min(self._pause, self._service.poll_seconds) if idle else self._service.poll_seconds
        return min(self._looked_at + pause, max(nearest, self._looked_at))

    def look(self, look: Look | None = None) -> list[Call]:
        """Look once at every watched call; returns those that are settled by it."""
        if not self._watched:
            return []
        calls = [w.call for w in self._watched.values()]
        new = [c for c in calls if self._journal.state(c.id) in IN_FLIGHT - {State.VERIFYING}]
        self._journal.move(new, State.VERIFYING)
        # A deadline that passes while the tables are being read must not count against a call.
        now, blind = self._clock.monotonic(), ""
        found: Mapping[str, Sequence[Found]] = {}
        try:
            found = (look or self._look)(calls)
        except WarehouseError as error:
            blind = str(error)
        settled = self._settle(found, blind, now)
        self._looked_at = self._clock.monotonic()
        self._pause = max(FIRST_PAUSE, 2 * self._pause)
        return settled

    def _settle(self, found: Mapping[str, Sequence[Found]], blind: str, now: float) -> list[Call]:
        settled = []
        outcomes: dict[tuple[State, str], list[Call]] = {}
        for name, watched in list(self._watched.items()):
            seen = found.get(name)
            if not (seen is not None and landed(seen)) and now < watched.deadline:
                continue
            del self._watched[name]
            settled.append(watched.call)
            outcome = self._outcome(watched, seen, blind)
            if outcome[0] is State.LANDED or self._journal.state(name) is not State.REJECTED:
                outcomes.setdefault(outcome, []).append(watched.call)
        for (state, detail), calls in outcomes.items():
            self._journal.move(calls, state, detail=detail)
        return settled

    def _outcome(
        self, watched: Watched, seen: Sequence[Found] | None, blind: str
    ) -> tuple[State, str]:
        state, detail = verdict(seen, blind)
        if state is State.LANDED or self._resendable:
            return state, detail
        name = watched.call.service
        return State.UNKNOWN, f"{detail}; {name} is not idempotent: {RESEND}"
