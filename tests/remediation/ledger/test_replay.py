"""The present state of every call is what its transitions add up to."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediation.ledger.ledger import open_ledger
from remediation.ledger.replay import Standing, disagreements, replay
from remediation.ledger.states import FOLLOWS, State
from tests.remediation.ledger.test_ledger import FIRST, SECOND, noon, plan_of


def test_transitions_are_folded_in_order() -> None:
    steps = [
        ("a", State.SENDING, ""),
        ("b", State.BLOCKED, "needs a"),
        ("a", State.PLANNED, "HTTP 503"),
        ("a", State.SENDING, ""),
    ]
    assert replay(steps) == {
        "a": Standing(state=State.SENDING, attempts=2),
        "b": Standing(state=State.BLOCKED, detail="needs a"),
    }


def test_an_impossible_history_is_refused() -> None:
    with pytest.raises(ValueError, match="a went from planned to accepted"):
        replay([("a", State.ACCEPTED, "")])


def test_every_disagreement_is_found() -> None:
    sent = Standing(state=State.SENDING, attempts=1)
    steps = [("a", State.SENDING, ""), ("b", State.SENDING, "")]
    held = {"a": sent, "b": sent, "c": Standing()}
    assert disagreements(held, steps) == []
    assert disagreements({**held, "a": Standing()}, steps) == ["a"]
    assert disagreements({"a": sent, "c": sent}, steps) == ["b", "c"]


@given(seed=st.integers(0, 10_000))
def test_any_walk_through_the_states_replays(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    path: Path = tmp_path_factory.mktemp("ledger") / "l.sqlite3"
    chance, plan = random.Random(seed), plan_of(FIRST, SECOND)
    with open_ledger(path, noon) as ledger:
        ledger.register(plan)
        states = {call.id: State.PLANNED for call in plan.calls}
        for step in range(12):
            call = chance.choice(plan.calls)
            state = chance.choice(sorted(FOLLOWS[states[call.id]]))
            ledger.move(plan.id, [call], state, detail=f"step {step}")
            states[call.id] = state
        held = {
            e.id: Standing(state=e.state, attempts=e.attempts, detail=e.detail)
            for e in ledger.entries(plan.id)
        }
        steps = [(t.id, t.state, t.detail) for t in ledger.history(plan.id)]
        assert {name: standing.state for name, standing in held.items()} == states
        assert disagreements(held, steps) == []
