"""The plan: which service is called for which dates, in which order, and what is left out.

A plan is a versioned JSON document that names itself: its id is the hash of everything else
in it, so a dry run and the real run of one plan are the same plan. Pure.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from operator import not_
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from checkpoints.archive.remediation import Because, Rebuilds, RowChecks, Unplanned, Why
from checkpoints.dates import DateRange
from checkpoints.errors import ExitCode, worst
from checkpoints.records import Record

PLAN_VERSION: Final = 1
SHORT: Final = 12


UNREPAIRED = frozenset(Why) - {Why.NOT_DUE, Why.PASSED, Why.NOT_REPAIRABLE, Why.STALE}
"""Dates of failed checks that lack data, or may, and are left as they are."""


class Call(Record):
    """One call of a service for one date, and the datasets that must land by it.

    ``checks`` are those about rows that must pass on the date, beside having its keys;
    ``rebuilds`` names those of the datasets whose rows are to be written anew: the call is made
    even where all keys are there. Of these, ``tolerated`` names those that lack keys for which no
    failed check asks: as many as there were are enough. ``depends_on`` are the ids of the calls
    that must land first.
    """

    service: str
    date: date
    datasets: tuple[str, ...]
    checks: RowChecks = ()
    rebuilds: Rebuilds = ()
    tolerated: Annotated[tuple[str, ...], Field(exclude_if=not_)] = ()
    depends_on: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Unique in a plan: ``phase4/2024-11-05``."""
        return call_id(self.service, self.date)


class Plan(Record):
    """Calls in the order in which they are made, and what was left out.

    ``because`` is why dates are rebuilt that are there. Without it, those of ``rebuilds`` are of
    rows on which an expectation failed: that they have landed says nothing of it, and a run judges
    it again. ``with_dependents``, the dates that are made from those were planned as well.
    """

    version: Literal[1] = PLAN_VERSION
    id: str = Field(pattern=r"^[0-9a-f]{64}$")
    run_id: str
    contract_sha256: str
    warehouse: str
    window: DateRange
    as_of: date
    only_dataset: str | None = None
    only_layer: str | None = None
    include_passing: bool = False
    because: Because = ""
    with_dependents: Annotated[bool, Field(exclude_if=not_)] = False
    calls: tuple[Call, ...]
    unplanned: tuple[Unplanned, ...]

    @model_validator(mode="after")
    def _names_itself(self) -> Plan:
        if self.id != content_hash(self):
            raise ValueError("the content does not match the id: it was changed by hand")
        return self

    @model_validator(mode="after")
    def _sound(self) -> Plan:
        earlier: set[str] = set()
        for call in self.calls:
            if call.id in earlier:
                raise ValueError(f"call {call.id} appears twice")
            if not earlier.issuperset(call.depends_on):
                raise ValueError(f"call {call.id} comes before one that it depends on")
            earlier.add(call.id)
        return self

    @property
    def short_id(self) -> str:
        """The first 12 digits, for people."""
        return self.id[:SHORT]

    @property
    def unrepaired(self) -> tuple[Unplanned, ...]:
        """What was left out although data may be lacking there."""
        return tuple(entry for entry in self.unplanned if entry.why in UNREPAIRED)

    @property
    def exit_code(self) -> ExitCode:
        """Whether what it was made from could be evaluated."""
        errored = any(entry.why is Why.ERRORED for entry in self.unplanned)
        return ExitCode.COULD_NOT_TELL if errored else ExitCode.COMPLETE

    def exit_code_without_calls(self, said: ExitCode) -> ExitCode:
        """What a run of a plan without calls ends in, after a report that ended in ``said``."""
        return worst(said, ExitCode.BACKFILL_INCOMPLETE) if self.unrepaired else said

    def services(self) -> tuple[str, ...]:
        """The services called, in the order of their first call."""
        return tuple(dict.fromkeys(call.service for call in self.calls))

    def calls_of(self, service: str) -> tuple[Call, ...]:
        """The calls of one service, oldest date first."""
        return tuple(call for call in self.calls if call.service == service)

    def rebuilt(self) -> int:
        """How many calls write rows anew, whatever is there."""
        return sum(bool(call.rebuilds) for call in self.calls)

    def dates_of(self) -> dict[tuple[str, str], tuple[date, ...]]:
        """The planned dates, in order, by dataset and what is asked of rows: ``rebuild``, and the
        names of the checks about them."""
        dates: dict[tuple[str, str], list[date]] = {}
        for call in self.calls:
            for dataset in call.datasets:
                anew = ["rebuild"] if dataset in call.rebuilds else []
                names = [*anew, *(c.name for c in call.checks if c.dataset == dataset)]
                asked = ", ".join(dict.fromkeys(names))
                dates.setdefault((dataset, asked), []).append(call.date)
        return {asked: tuple(sorted(days)) for asked, days in dates.items()}


def call_id(service: str, day: date) -> str:
    """The name of a call within a plan."""
    return f"{service}/{day}"


def idempotency_key(plan_id: str, call: str) -> str:
    """The same for every attempt at one call of a plan, and for no other call."""
    return hashlib.sha256(f"{plan_id}/{call}".encode()).hexdigest()[:32]


def content_hash(plan: Plan) -> str:
    """SHA-256 of the canonical JSON of everything but the id, in hexadecimal."""
    content = plan.model_dump(mode="json", exclude={"id"})
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
