"""From what the tables hold to the state of a call: the calls that were sent are watched.

A call is watched until it has landed or its time is up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from checkpoints.contract.model import Service
from checkpoints.errors import WarehouseError
from remediation.clock import Clock
from remediation.ledger.journal import Journal
from remediation.ledger.states import IN_FLIGHT, State
from remediation.plan.model import Call

FIRST_PAUSE = 0.1
GONE = "it had landed and is not there any more"
RESEND = "check that it is not still working on the date, then resume with --resend-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysFound:
    """A dataset on one date: keys (or batches) its upstream has, and how many of them it has."""

    dataset: str
    expected: int
    matched: int


Found = Mapping[str, Sequence[KeysFound]]
"""What the tables hold for each dataset of a call, by the id of the call."""


class LooksAtTables(Protocol):
    """Reads what the tables hold on the dates of calls.

    Each method raises a WarehouseError when they cannot be read.
    """

    def look(self, calls: Sequence[Call]) -> Found:
        """Each dataset against its upstream."""
        ...

    def look_against_source(self, calls: Sequence[Call]) -> Found:
        """Each dataset against what its coverage is measured by."""
        ...

    def look_before_exit(self, calls: Sequence[Call]) -> Found:
        """As ``look``, for a run that was interrupted: it does not take long."""
        ...


def has_landed(found: Sequence[KeysFound]) -> bool:
    """True when every dataset has all that its upstream has, and that is something."""
    return any(f.expected for f in found) and all(f.matched == f.expected for f in found)


def nothing_there(found: Sequence[KeysFound]) -> bool:
    """True when no dataset could have anything: the upstreams have nothing either."""
    return not any(f.expected for f in found)


def outcome_of(found: Sequence[KeysFound]) -> tuple[State, str]:
    """The state of a call whose time is up, and the reason for people."""
    if has_landed(found):
        return State.LANDED, ""
    if nothing_there(found):
        return State.STILL_MISSING, "the upstream has nothing on that date any more"
    some = any(f.matched for f in found)
    lacking = "; ".join(
        f"{f.dataset} has {f.matched} of {f.expected}" for f in found if f.matched < f.expected
    )
    return State.PARTIAL if some else State.STILL_MISSING, lacking


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
        self,
        service: Service,
        tables: LooksAtTables,
        journal: Journal,
        clock: Clock,
        *,
        resendable: bool,
    ) -> None:
        self._service = service
        self._tables = tables
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
        """Watch a call for ``seconds``; a rejected one changes its state only if it landed."""
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

    def look(self, *, before_exit: bool = False) -> list[Call]:
        """Look once at every watched call; returns those that are settled by it."""
        if not self._watched:
            return []
        calls = [w.call for w in self._watched.values()]
        new = [c for c in calls if self._journal.state(c.id) in IN_FLIGHT - {State.VERIFYING}]
        self._journal.move(new, State.VERIFYING)
        # A deadline that passes while the tables are being read must not count against a call.
        now, problem = self._clock.monotonic(), ""
        look = self._tables.look_before_exit if before_exit else self._tables.look
        found: Found = {}
        try:
            found = look(calls)
        except WarehouseError as error:
            problem = f"the tables could not be read: {error}"
        settled = self._settle(found, problem, now)
        self._looked_at = self._clock.monotonic()
        self._pause = max(FIRST_PAUSE, 2 * self._pause)
        return settled

    def _settle(self, found: Found, problem: str, now: float) -> list[Call]:
        """``problem`` is the reason for which nothing was found out."""
        settled = []
        outcomes: dict[tuple[State, str], list[Call]] = {}
        for name, watched in list(self._watched.items()):
            state, detail = (State.UNKNOWN, problem) if problem else outcome_of(found[name])
            if state is not State.LANDED and now < watched.deadline:
                continue
            del self._watched[name]
            settled.append(watched.call)
            if state is not State.LANDED and not self._resendable:
                state = State.UNKNOWN
                detail = f"{detail}; {watched.call.service} is not idempotent: {RESEND}"
            if state is State.LANDED or self._journal.state(name) is not State.REJECTED:
                outcomes.setdefault((state, detail), []).append(watched.call)
        for (state, detail), calls in outcomes.items():
            self._journal.move(calls, state, detail=detail)
        return settled
