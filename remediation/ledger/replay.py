"""What the history of a plan adds up to. Pure.

The ledger holds the present state of each call beside every transition that led to it. Both are
written in one transaction, so they can only disagree where somebody or something changed the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from remediation.ledger.states import FOLLOWS, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a call stands: its state, how often it was sent, and why it stands there."""

    state: State = State.PLANNED
    attempts: int = 0
    detail: str = ""


Step = tuple[str, State, str]
"""The id of a call, the state it moved to, and the reason."""


def replay(steps: Iterable[Step]) -> dict[str, Standing]:
    """Fold transitions, in order, into where each call stands; every call begins as planned.

    Raises:
        ValueError: a state cannot follow the one before it.
    """
    standings: dict[str, Standing] = {}
    for call, state, detail in steps:
        before = standings.get(call, Standing())
        if state not in FOLLOWS[before.state]:
            raise ValueError(f"{call} went from {before.state} to {state}")
        sent = before.attempts + (state is State.SENDING)
        standings[call] = Standing(state=state, attempts=sent, detail=detail)
    return standings


def disagreements(held: Mapping[str, Standing], steps: Iterable[Step]) -> list[str]:
    """The calls that do not stand where their transitions led them, in order.

    Raises:
        ValueError: a state cannot follow the one before it.
    """
    replayed = replay(steps)
    every = sorted(held.keys() | replayed.keys())
    return [call for call in every if held.get(call) != replayed.get(call, Standing())]
