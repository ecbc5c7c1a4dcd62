"""What one request asks a service for: one date, a range of dates or a list of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from checkpoints.contract.model import Contract, Service
from checkpoints.dates import DAY, ranges_of
from remediation.plan.model import Call, Plan


@dataclass(frozen=True, slots=True)
class CallGroup:
    """The calls of one service that one request makes, oldest date first; at least one."""

    calls: tuple[Call, ...]

    @property
    def service(self) -> str:
        """Who is asked."""
        return self.calls[0].service

    @property
    def dates(self) -> tuple[date, ...]:
        """Every date that it asks for."""
        return tuple(call.date for call in self.calls)

    @property
    def first(self) -> date:
        """The oldest date."""
        return self.calls[0].date

    @property
    def last(self) -> date:
        """The latest date."""
        return self.calls[-1].date

    @property
    def said(self) -> str:
        """Its dates, for people: ``2024-11-05``, ``2024-11-05 → 2024-11-18``."""
        return ", ".join(map(str, ranges_of(self.dates)))

    @property
    def id(self) -> str:
        """Unique in a plan: ``phase4/2024-11-05``, or ``phase4/2024-11-05..2024-11-18``.

        Dates that are no range are all named, with commas.
        """
        if len(self.calls) == 1:
            return self.calls[0].id
        if is_range(self.dates):
            return f"{self.service}/{self.first}..{self.last}"
        return f"{self.service}/{','.join(map(str, self.dates))}"


def alone(call: Call) -> CallGroup:
    """One call by itself, as the canary is sent."""
    return CallGroup((call,))


def is_range(dates: Sequence[date]) -> bool:
    """Whether ascending dates are consecutive calendar days."""
    return (dates[-1] - dates[0]).days == len(dates) - 1


def grouped_for(service: Service, calls: Iterable[Call]) -> list[CallGroup]:
    """Calls of a service as it takes them: each by itself, in ranges, or in lists.

    A range holds consecutive days of these calls alone, so that it asks for nothing else; neither
    it nor a list holds more than ``at_most`` dates.
    """
    ordered = sorted(calls, key=lambda call: call.date)
    if service.dates_per_call == 1:
        return [alone(call) for call in ordered]
    parts = [ordered] if service.dates_per_call == "list" else _consecutive(ordered)
    size = service.at_most
    return [CallGroup(tuple(p[n : n + size])) for p in parts for n in range(0, len(p), size)]


def _consecutive(calls: Sequence[Call]) -> Iterator[list[Call]]:
    part: list[Call] = []
    for call in calls:
        if part and call.date != part[-1].date + DAY:
            yield part
            part = []
        part.append(call)
    if part:
        yield part


def groups_of(plan: Plan, contract: Contract, service: str) -> list[CallGroup]:
    """The requests that a run of a plan makes of a service: its first date as the canary, then the
    others together as far as it takes them."""
    first, *rest = plan.calls_of(service)
    return [alone(first), *grouped_for(contract.services[service], rest)]


def all_groups(plan: Plan, contract: Contract) -> list[CallGroup]:
    """The requests of all services, in the order in which they are made."""
    return [group for name in plan.services() for group in groups_of(plan, contract, name)]
