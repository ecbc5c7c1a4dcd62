"""How many calls a plan takes, and how long they will take. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from checkpoints.contract.model import Contract
from checkpoints.records import Record
from checkpoints.text import counted
from remediation.plan.groups import groups_of
from remediation.plan.model import Plan


class Estimate(Record):
    """How long a service's calls for so many dates will take, in seconds, and why."""

    service: str
    dates: int
    calls: int
    seconds: float
    basis: str


def estimates(
    plan: Plan, contract: Contract, measured: Mapping[str, tuple[int, float]]
) -> tuple[Estimate, ...]:
    """The time each service will take.

    ``measured`` holds, per service, the number of earlier calls and their median in seconds.
    """
    return tuple(
        _estimate(plan, contract, service, measured.get(service)) for service in plan.services()
    )


def _estimate(
    plan: Plan, contract: Contract, service: str, measured: tuple[int, float] | None
) -> Estimate:
    calls = len(groups_of(plan, contract, service))
    pace = contract.services[service].seconds_between_calls
    if measured is None:
        each, basis = pace, f"a minimum: {pace:g} s between calls, no call was timed yet"
    else:
        each = max(pace, measured[1])
        earlier = counted(measured[0], "earlier call")
        basis = f"{earlier}, median {measured[1]:.3g} s; {pace:g} s between calls"
    return Estimate(
        service=service,
        dates=len(plan.calls_of(service)),
        calls=calls,
        seconds=calls * each,
        basis=basis,
    )
