"""Which state of a call may follow which. Pure.

The states themselves are part of the remediation record.
"""

from __future__ import annotations

from checkpoints.archive.remediation import DONE, State

__all__ = ["DONE", "FOLLOWS", "IN_FLIGHT", "SETTLED", "State"]

SETTLED = frozenset(State) - {State.PLANNED, State.SENDING, State.ACCEPTED, State.VERIFYING}
"""Nothing more happens to the call in this run, or only a last look."""

IN_FLIGHT = frozenset({State.SENDING, State.ACCEPTED, State.UNKNOWN, State.VERIFYING})
"""The service may be working on the date."""

_SEEN = frozenset(
    {
        State.LANDED,
        State.PARTIAL,
        State.STILL_MISSING,
        State.NOTHING_THERE,
        State.MULTIPLIED,
    }
)
_ANSWERED = frozenset({State.ACCEPTED, State.REJECTED, State.UNKNOWN, State.NOTHING_THERE})
_AGAIN = frozenset({State.SENDING, State.BLOCKED, State.LANDED, State.MULTIPLIED})

FOLLOWS: dict[State, frozenset[State]] = {
    State.PLANNED: _AGAIN,
    State.BLOCKED: _AGAIN | {State.PLANNED},
    # Back to planned only when it is known that the service did not take the date.
    State.SENDING: _ANSWERED | {State.PLANNED, State.VERIFYING},
    # A job that the service took may fail before the tables are looked at.
    State.ACCEPTED: frozenset({State.VERIFYING, *_ANSWERED}),
    State.UNKNOWN: frozenset({State.VERIFYING}),
    State.VERIFYING: frozenset({State.UNKNOWN, *_SEEN}),
    State.REJECTED: _AGAIN,
    State.PARTIAL: _AGAIN,
    State.STILL_MISSING: _AGAIN,
    # Never sent: a service that appends would append once more.
    State.MULTIPLIED: frozenset({State.MULTIPLIED, State.LANDED, State.PLANNED}),
    # What is done is looked at again: it may be gone, or another call may have multiplied it.
    State.LANDED: frozenset({State.PLANNED, State.MULTIPLIED}),
    State.NOTHING_THERE: frozenset({State.PLANNED, State.MULTIPLIED}),
}
