"""Watches the tables until the calls that were sent have landed, or their time is up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from checkpoints.contract import Service
from checkpoints.errors import WarehouseError
from remediation.clock import Clock
from remediation.journal import Journal
from remediation.landing import Found, landed, verdict
from remediation.plan import Call
from remediation.retrying import Breaker
from remediation.states import IN_FLIGHT, State

FIRST_PAUSE = 0.1

Look = Callable[[Sequence[Call]], Mapping[str, Sequence[Found]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A call that was sent; ``deadline`` is a monotonic time."""

    call: Call
    deadline: float


class Watch:
    """The calls of one service that are being watched.

    ``landings`` counts consecutive dates that the service took and that never showed.
    """

    def __init__(self, service: Service, look: Look, journal: Journal, clock: Clock) -> None:
        self._service = service
        self._look = look
        self._journal = journal
        self._clock = clock
        self._watched: dict[str, Watched] = {}
        self._polled_at = clock.monotonic()
        self.landings = Breaker(service.breaker_after)

    def add(self, call: Call, seconds: float) -> None:
        """Watch a call for so long; a rejected one changes its state only if it landed."""
        deadline = self._clock.monotonic() + seconds
        self._watched[call.id] = Watched(call=call, deadline=deadline)

    def settle(self) -> None:
        """Look again and again until every call is settled."""
        pause = FIRST_PAUSE
        self.poll()
        while self._watched:
            nearest = min(w.deadline for w in self._watched.values()) - self._clock.monotonic()
            self._clock.sleep(max(0.0, min(pause, nearest)))
            pause = min(2 * pause, self._service.poll_seconds)
            self.poll()

    def poll_if_due(self) -> None:
        """Look once, if the last look is long enough ago."""
        due = self._polled_at + self._service.poll_seconds
        if self._watched and self._clock.monotonic() >= due:
            self.poll()

    def poll(self) -> None:
        """Look once at every watched call, and settle those that can be."""
        if not self._watched:
            return
        calls = [w.call for w in self._watched.values()]
        new = [c for c in calls if self._journal.state(c.id) in IN_FLIGHT - {State.VERIFYING}]
        self._journal.move(new, State.VERIFYING)
        # A deadline that passes while the tables are being read must not count against a call.
        now, blind = self._clock.monotonic(), ""
        found: Mapping[str, Sequence[Found]] = {}
        try:
            found = self._look(calls)
        except WarehouseError as error:
            blind = str(error)
        self._settle(found, blind, now)
        self._polled_at = self._clock.monotonic()

    def _settle(self, found: Mapping[str, Sequence[Found]], blind: str, now: float) -> None:
        outcomes: dict[tuple[State, str], list[Call]] = {}
        for name, watched in list(self._watched.items()):
            seen = found.get(name)
            if not (seen is not None and landed(seen)) and now < watched.deadline:
                continue
            del self._watched[name]
            outcome = verdict(seen, blind)
            if outcome[0] is State.LANDED or self._journal.state(name) is not State.REJECTED:
                outcomes.setdefault(outcome, []).append(watched.call)
        for (state, detail), calls in outcomes.items():
            self._journal.move(calls, state, detail=detail)
            for _ in calls:
                self.landings.record(failed=state is State.STILL_MISSING)
