"""Which services are told of which dates: the ``on_landed`` of what a plan's calls build. Pure.

A service is told of a date once, however many datasets name it, and when all of them that a plan
asks for are complete. What it is told is asked of it as a call is: a ``Call`` of that service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TypeVar

from checkpoints.archive.remediation import DONE, CallStatus, State
from checkpoints.contract.model import Contract
from remediation.plan.groups import CallGroup, grouped_for
from remediation.plan.model import Call, Plan

AnyCall = TypeVar("AnyCall", Call, CallStatus)


def notices_of(plan: Plan, contract: Contract) -> list[CallGroup]:
    """The requests that follow where every call of a plan lands, by service and date."""
    found = _by_notice(contract, plan.calls)
    told = [_notice(contract, key, calls) for key, calls in found.items()]
    return [
        group
        for name in dict.fromkeys(notice.service for notice in told)
        for group in grouped_for(contract.services[name], (n for n in told if n.service == name))
    ]


def landed_notices(contract: Contract, calls: Iterable[CallStatus]) -> list[Call]:
    """What is to be told after a run of a plan, whose calls stand as they do.

    A date that was there without a call of the plan is not told.
    """
    return [
        _notice(contract, key, landed)
        for key, of_date in _by_notice(contract, calls).items()
        if all(call.state in DONE for call in of_date)
        and (landed := [c for c in of_date if c.state is State.LANDED and c.sent])
    ]


def _by_notice(
    contract: Contract, calls: Iterable[AnyCall]
) -> Mapping[tuple[str, date], list[AnyCall]]:
    """The calls that something is told of, by who is told and the date; the oldest date first."""
    found: dict[tuple[str, date], list[AnyCall]] = {}
    for call in calls:
        told = {d.on_landed for name, d in contract.datasets.items() if name in call.datasets}
        for service in sorted(filter(None, told)):
            found.setdefault((service, call.date), []).append(call)
    return dict(sorted(found.items()))


def _notice(
    contract: Contract, key: tuple[str, date], calls: Sequence[Call] | Sequence[CallStatus]
) -> Call:
    service, day = key
    names = dict.fromkeys(name for call in calls for name in call.datasets)
    datasets = tuple(n for n in names if is_told_of(contract, service, n))
    return Call(service=service, date=day, datasets=datasets)


def is_told_of(contract: Contract, service: str, dataset: str) -> bool:
    """Whether a service is told of the dates of a dataset; no longer where it is gone."""
    found = contract.datasets.get(dataset)
    return found is not None and found.on_landed == service
