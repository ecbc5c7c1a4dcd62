"""From what the tables hold to the state of a call. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from remediation.ledger.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A dataset on one date: keys (or batches) its upstream has, and how many of them it has."""

    dataset: str
    expected: int
    matched: int


def landed(found: Sequence[Found]) -> bool:
    """True when every dataset has all that its upstream has, and that is something."""
    return any(f.expected for f in found) and all(f.matched == f.expected for f in found)


def nothing_there(found: Sequence[Found]) -> bool:
    """True when no dataset could have anything: the upstreams have nothing either."""
    return not any(f.expected for f in found)


GONE = "it had landed and is not there any more"


def verdict(found: Sequence[Found] | None, blind: str) -> tuple[State, str]:
    """The state once the deadline has passed, and the reason for people.

    ``found`` is None when the tables could not be read, for the reason ``blind``.
    """
    if found is None:
        return State.UNKNOWN, f"the tables could not be read: {blind}"
    if landed(found):
        return State.LANDED, ""
    lacking = "; ".join(
        f"{f.dataset} has {f.matched} of {f.expected}" for f in found if f.matched < f.expected
    )
    if nothing_there(found):
        return State.STILL_MISSING, "the upstream has nothing on that date any more"
    some = any(f.matched for f in found)
    return State.PARTIAL if some else State.STILL_MISSING, lacking
