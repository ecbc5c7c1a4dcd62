"""What was seen of one run of a backfill in the model; times and places are those of the model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from remediation.ledger.states import State
from remediation.plan.model import Plan
from tests.simulation.model_plans import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A transition, and the time of the model.

    ``together`` are the calls that were moved at once; ``running``: another answer follows.
    """

    at: float
    call: str
    before: State
    state: State
    together: tuple[str, ...]
    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look at a call showed, when, and its place among all looks and changes."""

    landed: bool
    some: bool
    empty: bool
    at: float
    number: int


@dataclass(kw_only=True)
class ServiceRun:
    """What one run did with one service; times are those of the model.

    ``outstanding`` are the calls of each request that is not answered; those of them that are
    ``running`` have been taken.
    """

    outstanding: dict[str, frozenset[str]] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    dates: list[date] = field(default_factory=list)
    moves: list[Moved] = field(default_factory=list)
    last_start: float = float("-inf")
    not_before: float = 0
    pause_unwritten: bool = False
    stopped_by: frozenset[str] = frozenset()
    renewed: set[str] = field(default_factory=set)
    unauthorized: set[str] = field(default_factory=set)
    backing_off: set[str] = field(default_factory=set)
    at_first: dict[tuple[str, date], int] = field(default_factory=dict)


@dataclass(kw_only=True)
class Run:
    """What one run did; ``seen`` and ``source`` are its latest looks, by call; ``tried``
    when it tried to look, and ``answered`` when it was told that a call was taken or lost.
    ``offset`` is by how much the wall clock was wrong when it began."""

    plan: Plan
    options: Options
    services: dict[str, ServiceRun]
    offset: timedelta
    steps: int = 0
    ending: bool = False
    told_to_end: int = -1
    disk_full: bool = False
    seen: dict[str, Seen] = field(default_factory=dict)
    source: dict[str, Seen] = field(default_factory=dict)
    tried: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
