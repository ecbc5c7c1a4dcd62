"""Whether a service that failed again and again was left alone, from the transitions of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from remediation.backfill.sending import SENDS
from remediation.ledger.states import DONE, IN_FLIGHT, State
from tests.simulation.observed import Moved

PROBE_AFTER = 5
SLACK = 1e-3
NOT_LANDED = frozenset({State.STILL_MISSING, State.PARTIAL})
MISSED = NOT_LANDED | {State.UNKNOWN}


@dataclass(kw_only=True)
class Tally:
    """Calls that failed in a row, and dates that did not land in a row."""

    failed: int = 0
    missed: int = 0
    since: float = 0
    probe: str = ""
    in_air: set[str] = field(default_factory=set)
    landed: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)

    def note(self, move: Moved) -> None:
        """An outcome that is not undone by another attempt in the same run.

        A request that was rejected did not fail where all of its dates landed all the same.
        """
        if move.state is State.REJECTED:
            self.failed += move.call == move.together[0]
            self.rejected = {*move.together}
        elif move.before is State.REJECTED:
            self.rejected.discard(move.call)
            self.failed = self.failed if self.rejected else 0
        elif move.state is State.ACCEPTED or move.before is State.SENDING:
            self.failed = 0
        if move.before is State.VERIFYING and move.state in MISSED:
            self.missed += 1
        elif move.state is State.LANDED:
            self.missed = 0

    def settle(self, move: Moved) -> None:
        """Whatever comes of it, the call is not in the air any more."""
        if move.state not in IN_FLIGHT or move.before is State.VERIFYING:
            self.in_air.discard(move.call)
            self.since = move.at
        if move.state in DONE:
            self.landed.add(move.call)

    def start(self, move: Moved, limit: int) -> None:
        """A request is sent."""
        if self.probe and move.together != (self.probe,):
            assert self.probe in self.landed, f"sent before the probe {self.probe} landed"
            self.probe = ""
        if not self.probe and max(self.failed, self.missed) >= limit:
            assert len(move.together) == 1, "the probe is more than one date"
            assert not self.in_air - {move.call}, "the breaker is open and calls are in the air"
            assert move.at >= self.since + PROBE_AFTER - SLACK, "the breaker is open"
            self.failed, self.missed, self.probe = 0, 0, move.call
        self.in_air.update(move.together)


def breaker_held(moves: Sequence[Moved], limit: int) -> None:
    """Only one probe is sent once ``limit`` calls failed, or dates did not land, in a row."""
    tally, lost = Tally(), Counter[str]()
    last = {move.call: n for n, move in enumerate(moves) if move.state is State.SENDING}
    answers: dict[str, State] = {}
    for number, move in enumerate(moves):
        if move.state is State.SENDING:
            answers[move.call] = State.SENDING
            if move.call == move.together[0]:
                tally.start(move, limit)
            continue
        tally.settle(move)
        if move.running:
            continue
        if move.before in (State.SENDING, State.ACCEPTED) and move.state is not State.VERIFYING:
            answers[move.call] = move.state
            lost[move.call] += move.state is State.UNKNOWN
        answer = answers.get(move.call, State.PLANNED)
        to_be_sent_again = (
            answer is State.UNKNOWN and lost[move.call] < SENDS and move.state in NOT_LANDED
        )
        is_last = number > last.get(move.call, len(moves)) or move.state is State.ACCEPTED
        if is_last and not to_be_sent_again:
            tally.note(move)
