"""The calls of one service that were sent: each is watched until it landed or its time is up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from checkpoints.errors import WarehouseError
from checkpoints.text import dates
from remediation.backfill.rebuilt import Rebuilds
from remediation.backfill.rows import Multiplied, RowsBefore
from remediation.backfill.tables import Held, outcome_of
from remediation.backfill.work import Work
from remediation.ledger.journal import Journal, grouped
from remediation.ledger.states import IN_FLIGHT, State
from remediation.plan.model import Call

FIRST_PAUSE = 0.1
UNDO = "remove the duplicates and see that it replaces a date, then resume"
RESEND = "check that it is not still working on the date, then resume with --resend-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A call that was sent; ``deadline`` is a monotonic time.

    ``unsure``: it is not known what the service does of it; nothing is sent meanwhile.
    """

    call: Call
    deadline: float
    unsure: bool


class Watch:
    """The calls of one service that are being watched.

    One that did not land stays ``unknown`` where it may not be sent again: what the service did
    of it, it might do twice. ``rows`` are those from before anything was sent, ``rebuilds`` what
    is known of those that are written anew.
    """

    def __init__(self, work: Work, name: str, journal: Journal) -> None:
        self._poll_seconds = work.contract.services[name].poll_seconds
        self._tables = work.tables
        self._journal = journal
        self._clock = work.clock
        self._idempotent = work.contract.services[name].idempotent
        self._resendable = work.is_resendable(name)
        self._sent: set[str] = set()
        self.rows = RowsBefore(work.contract, {})
        self.rebuilds = Rebuilds(work.ledger, work.plan.id)
        self._watched: dict[str, Watched] = {}
        self._looked_at = work.clock.monotonic()
        self._pause = 0.0

    def __bool__(self) -> bool:
        return bool(self._watched)

    @property
    def is_unsure(self) -> bool:
        """True while the service may be working on a date that it has not said it took, or whose
        rows it may be multiplying."""
        return any(watched.unsure for watched in self._watched.values())

    @property
    def deadline(self) -> float:
        """When the last of them is out of time, as a monotonic time."""
        return max((watched.deadline for watched in self._watched.values()), default=0.0)

    @property
    def said(self) -> str:
        """``2025-01-07``, ``3 dates``."""
        calls = [watched.call for watched in self._watched.values()]
        return str(calls[0].date) if len(calls) == 1 else dates(len(calls))

    def add(self, call: Call, seconds: float, *, unsure: bool) -> None:
        """Watch a call for ``seconds``; a rejected one changes its state only if it landed."""
        deadline = self._clock.monotonic() + seconds
        self._watched[call.id] = Watched(call=call, deadline=deadline, unsure=unsure)
        self._pause = 0.0

    def note_sent(self, call: Call) -> None:
        """Nobody has looked into what this run sends: it is not sent again on their word."""
        self._sent.add(call.id)

    def next_look(self, *, idle: bool) -> float:
        """When to look, as a monotonic time: soon and then less often if there is only that to do.

        Looking costs a query, so it is done seldom while calls are being made.
        """
        if not self._watched:
            return float("inf")
        nearest = min(watched.deadline for watched in self._watched.values())
        pause = min(self._pause, self._poll_seconds) if idle else self._poll_seconds
        return min(self._looked_at + pause, max(nearest, self._looked_at))

    def look(self, *, before_exit: bool = False) -> list[Call]:
        """Look once at every watched call; returns those that are settled by it."""
        if not self._watched:
            return []
        calls = [watched.call for watched in self._watched.values()]
        new = [c for c in calls if self._journal.state(c.id) in IN_FLIGHT - {State.VERIFYING}]
        self._journal.move(new, State.VERIFYING)
        # A deadline that passes while the tables are being read must not count against a call.
        now = self._clock.monotonic()
        found: Mapping[str, Held] = {}
        try:
            wide = [self._with_all_present(call) for call in calls]
            found = self._tables.look(wide, before_exit=before_exit)
            outcomes = {call.id: self.outcome(call, found[call.id]) for call in calls}
            self._hold(outcomes)
        except WarehouseError as error:
            unknown = State.UNKNOWN, f"the tables could not be read: {error}"
            outcomes = dict.fromkeys(self._watched, unknown)
        settled = self._settle(outcomes, now)
        for call in settled:
            state, _ = outcomes[call.id]
            if call.id in found and state is not State.MULTIPLIED:
                landed = state is State.LANDED
                self.rows.settled(call.date, found[call.id].counts, landed=landed)
        self._looked_at = self._clock.monotonic()
        self._pause = max(FIRST_PAUSE, 2 * self._pause)
        return settled

    def _with_all_present(self, call: Call) -> Call:
        """A call writes all that its service builds, also what need not land by it."""
        present = self.rows.present(call.date)
        return call.model_copy(
            update={"datasets": tuple(dict.fromkeys([*call.datasets, *present]))}
        )

    def _hold(self, outcomes: Mapping[str, tuple[State, str]]) -> None:
        """Rows may be there twice while a date is replaced: nothing is sent until that is known."""
        for name, (state, _) in outcomes.items():
            if state is State.MULTIPLIED:
                self._watched[name] = replace(self._watched[name], unsure=True)

    def outcome(self, call: Call, held: Held) -> tuple[State, str]:
        """The state of a call whose time is up, and the reason for people."""
        twice = held.standing_twice
        if multiplied := self.rows.multiplied(call.date, held.counts, called=True, twice=twice):
            return State.MULTIPLIED, why_multiplied(call.service, multiplied)
        return outcome_of(self.rebuilds.judged(call, held.of(call.datasets)))

    def _settle(self, outcomes: Mapping[str, tuple[State, str]], now: float) -> list[Call]:
        """Stop watching what landed and what is out of time, and write down what it came to."""
        over = [
            watched.call
            for name, watched in self._watched.items()
            if outcomes[name][0] is State.LANDED or now >= watched.deadline
        ]
        moves = []
        for call in over:
            del self._watched[call.id]
            state, detail = outcomes[call.id]
            seen = state in (State.LANDED, State.MULTIPLIED)
            resendable = self._resendable and (self._idempotent or call.id not in self._sent)
            if not (seen or resendable):
                state = State.UNKNOWN
                detail = f"{detail}; {call.service} is not idempotent: {RESEND}"
            if seen or self._journal.state(call.id) is not State.REJECTED:
                moves.append(((state, detail), call))
        for (state, detail), calls in grouped(moves).items():
            self._journal.move(calls, state, detail=detail)
        return over


def why_multiplied(service: str, found: Collection[Multiplied]) -> str:
    """Which rows of a call's date are multiplied, and what is to be done."""
    return f"{'; '.join(map(str, found))}: {service} appends: {UNDO}"
