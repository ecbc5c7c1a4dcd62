"""The states of a call, and which may follow which. Pure."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a call stands.

    ``planned``, and ``blocked`` where something must be put right first; ``sending`` is written
    before the socket opens; ``accepted``, ``rejected`` or ``unknown`` is what the answer said;
    ``verifying`` means that the tables are being watched; the last five are what they showed.
    """

    PLANNED = "planned"
    BLOCKED = "blocked"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    VERIFYING = "verifying"
    LANDED = "landed"
    PARTIAL = "partial"
    STILL_MISSING = "still missing"
    NOTHING_THERE = "nothing there"


SETTLED = frozenset(State) - {State.PLANNED, State.SENDING, State.ACCEPTED, State.VERIFYING}
"""Nothing more happens to the call in this run, or only a last look."""

IN_FLIGHT = frozenset({State.SENDING, State.ACCEPTED, State.UNKNOWN, State.VERIFYING})
"""The service may be working on the date."""

DONE = frozenset({State.LANDED, State.NOTHING_THERE})
"""Nothing remains to be done; the tables showed it when they were last looked at."""

_SEEN = frozenset({State.LANDED, State.PARTIAL, State.STILL_MISSING, State.NOTHING_THERE})
_AGAIN = frozenset({State.SENDING, State.BLOCKED, State.LANDED})

FOLLOWS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.SENDING, State.BLOCKED, State.LANDED}),
    State.BLOCKED: frozenset({State.PLANNED, State.SENDING, State.BLOCKED, State.LANDED}),
    # Back to planned only when it is known that the service did not take the date.
    State.SENDING: frozenset(
        {
            State.PLANNED,
            State.ACCEPTED,
            State.REJECTED,
            State.UNKNOWN,
            State.VERIFYING,
            State.NOTHING_THERE,
        }
    ),
    State.ACCEPTED: frozenset({State.VERIFYING}),
    State.UNKNOWN: frozenset({State.VERIFYING}),
    State.VERIFYING: frozenset({State.UNKNOWN, *_SEEN}),
    State.REJECTED: _AGAIN,
    State.PARTIAL: _AGAIN,
    State.STILL_MISSING: _AGAIN,
    # What is done is looked at again when a run begins: it may be gone.
    State.LANDED: frozenset({State.PLANNED}),
    State.NOTHING_THERE: frozenset({State.PLANNED}),
}
