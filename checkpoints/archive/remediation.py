"""The remediation record: what one run of a plan did, and what the tables showed afterwards.

``remediation`` writes it beside the report whose failures the plan answers
(``uncommitted/runs/<run id>/remediation-<plan id>.json``); the pages and the sign-off read it.
``RemediationRecord.model_json_schema()`` describes it, as ``checkpoints/remediation.schema.json``
does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from operator import not_
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from checkpoints.coverage.results import CheckRecord, Verdict
from checkpoints.dates import DateRange
from checkpoints.errors import ExitCode
from checkpoints.records import Digest, Record
from checkpoints.rules.registry import RULES
from checkpoints.rules.rule import Rule


class State(StrEnum):
    """Where a call stands.

    ``planned``, and ``blocked`` where something must be put right first; ``sending`` is written
    before the socket opens; ``accepted``, ``rejected`` or ``unknown`` is what the answer said;
    ``verifying`` means that the tables are being watched; the last six are what they showed.
    What is ``multiplied`` has rows twice, and is not sent again while it has.
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
    MULTIPLIED = "multiplied"


DONE = frozenset({State.LANDED, State.NOTHING_THERE})
"""Nothing remains to be done; the tables showed it when they were last read."""


AS_ITS_UPSTREAM = "as its upstream"
"""How the reason begins where no call of the service can bring what is lacking."""


class Why(StrEnum):
    """Why dates are not planned."""

    NOT_DUE = "not due"
    NO_SERVICE = "no service"
    PROTECTED = "protected"
    TOO_OLD = "too old to be rebuilt"
    IN_FLIGHT = "in flight"
    UPSTREAM_EMPTY = "upstream has nothing"
    COMPLETE = "complete against its upstream"
    STALE = "made from what is written anew"
    PASSED = "its checks passed"
    NOT_REPAIRABLE = "a backfill does not remove them"
    ERRORED = "could not be evaluated"


class RowCheck(Record):
    """A check about rows that a date was planned for; ``name`` is as people say it."""

    id: str
    dataset: str
    kind: str
    name: str

    @property
    def rule(self) -> type[Rule]:
        """The rule that is applied."""
        return RULES[self.kind]


RowChecks = Annotated[tuple[RowCheck, ...], Field(exclude_if=not_)]
"""Not written where there are none: there the keys of the date are asked for alone."""


Rebuilds = Annotated[tuple[str, ...], Field(exclude_if=not_)]
"""The datasets whose rows a call is to write anew, whatever is there; not written where none."""

Because = Annotated[str, Field(exclude_if=not_)]
"""Why dates that are there are rebuilt, in the words of who asked; not written where none are."""


class CallStatus(Record):
    """A call and where it stands; ``detail`` is the reason where it is not done, or what its
    landing does not show.

    ``checks`` are those about rows that must pass on the date, beside having its keys;
    ``rebuilds`` names the datasets whose rows must have been written after the call.
    ``attempts`` is how often it was tried, and ``unsent`` how many of these are known not to have
    reached the service. ``answer`` is what the service said to the last; empty where nothing was
    heard. ``request`` names what it was last sent with others by.
    """

    service: str
    date: date
    datasets: tuple[str, ...]
    checks: RowChecks = ()
    rebuilds: Rebuilds = ()
    state: State
    attempts: int
    unsent: int = 0
    detail: str
    answer: str = ""
    request: Annotated[str, Field(exclude_if=not_)] = ""

    @property
    def id(self) -> str:
        """Unique in a plan: ``phase4/2024-11-05``."""
        return f"{self.service}/{self.date}"

    @property
    def sent(self) -> int:
        """How often the service may have been reached."""
        return self.attempts - self.unsent

    @property
    def why(self) -> str:
        """The reason, and what the service said to the last attempt where that is more."""
        said = f"the last attempt: {self.answer}" if self.answer not in self.detail else ""
        return "; ".join(filter(None, (self.detail, said)))


class DeliveryState(StrEnum):
    """Whether a service was told that a date landed.

    ``not verified``: the last reading of the window failed, and nothing is told before another;
    ``sending`` is written before it is told, and ``unknown`` where its answer was lost;
    ``withdrawn``: the contract does not ask for it any more.
    """

    NOT_VERIFIED = "not verified"
    DUE = "due"
    SENDING = "sending"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"


SETTLED_DELIVERIES = frozenset({DeliveryState.DELIVERED, DeliveryState.WITHDRAWN})
"""Nothing more is sent."""

DOUBTFUL = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN})
"""The service may have been told."""


class Delivery(Record):
    """That the service ``on_landed`` of ``datasets`` is told that a date landed by a plan.

    ``attempts`` is how often it was sent; ``detail`` is what came back last, or why nothing was
    sent. ``request`` names the dates that it was last sent with, and its Idempotency-Key.
    """

    plan_id: str
    service: str
    date: date
    datasets: tuple[str, ...]
    state: DeliveryState
    attempts: int = 0
    detail: str = ""
    request: str = ""

    @property
    def id(self) -> str:
        """Unique in a plan: ``pubsub/2024-11-05``."""
        return f"{self.service}/{self.date}"


class Unplanned(Record):
    """Dates of a dataset for which nothing is called; ``reason`` is a sentence."""

    dataset: str
    why: Why
    reason: str
    dates: tuple[date, ...]


class Figures(Record):
    """A dataset against ``of`` over the due dates: keys, and the dates that lack some."""

    of: str | None
    expected: int
    matched: int
    lacking: tuple[date, ...]


class Regression(Record):
    """A date that got worse, and how."""

    date: date
    what: str


class Change(Record):
    """A dataset before and after; ``after`` is None when it could not be read."""

    dataset: str
    layer: str
    before: Figures
    after: Figures | None
    regressions: tuple[Regression, ...]


class Orphans(Record):
    """The keys of a dataset that its upstream ``of`` lacks: how many, and on which dates."""

    dataset: str
    of: str
    keys: int
    dates: tuple[date, ...]


class RemediationRecord(Record):
    """One plan as it stands after a run of it.

    ``report`` is the run report that it answers; ``plan_file`` and ``ledger`` are paths below the
    folder of the contract, as is the report's. ``counts`` are calls by service and state.
    ``changes`` compare the window of the report with a fresh read of the same window;
    ``verdict_after`` and ``checks_after`` are what the checkpoint's rules say of that read, and
    ``orphans`` what it holds that does not belong: no call removes it. All are missing when
    ``problem`` says why the tables could not be read. ``because`` is why dates that were there
    were rebuilt. ``deliveries`` say who was told of what landed: they change no verdict.
    """

    version: Literal[1] = 1
    plan_id: str
    run_id: str
    report: Digest
    plan_file: str
    ledger: str
    contract_sha256: str
    warehouse: str
    by: str
    because: Because = ""
    window: DateRange
    started_at: AwareDatetime
    seconds: float
    exit_code: ExitCode
    counts: dict[str, dict[State, int]]
    calls: tuple[CallStatus, ...]
    unplanned: tuple[Unplanned, ...]
    verdict_before: Verdict
    verdict_after: Verdict | None = None
    checks_after: tuple[CheckRecord, ...] = ()
    changes: tuple[Change, ...] = ()
    orphans: Annotated[tuple[Orphans, ...], Field(exclude_if=not_)] = ()
    deliveries: Annotated[tuple[Delivery, ...], Field(exclude_if=not_)] = ()
    problem: str = ""

    @property
    def undelivered(self) -> tuple[Delivery, ...]:
        """What is to be told and was not."""
        return tuple(d for d in self.deliveries if d.state not in SETTLED_DELIVERIES)

    @property
    def remaining(self) -> tuple[CallStatus, ...]:
        """The calls whose dates have not landed."""
        return tuple(call for call in self.calls if call.state not in DONE)

    @property
    def changed(self) -> tuple[Change, ...]:
        """The datasets whose figures are no longer the same."""
        return tuple(c for c in self.changes if c.after is None or c.after != c.before)


def counts_of(calls: Iterable[CallStatus]) -> dict[str, dict[State, int]]:
    """How many calls of each service are in each state."""
    counts: dict[str, Counter[State]] = {}
    for call in calls:
        counts.setdefault(call.service, Counter())[call.state] += 1
    return {service: dict(by_state) for service, by_state in counts.items()}
