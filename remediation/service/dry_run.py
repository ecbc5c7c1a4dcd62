"""What a run would send, without sending it."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from checkpoints.contract.model import Contract
from checkpoints.records import Record
from remediation.plan.model import Plan
from remediation.service.request import request_for


class RequestRecord(Record):
    """One exact request; credentials are added when it is sent."""

    service: str
    date: date
    method: str
    url: str
    body: dict[str, Any]


class DryRun(Record):
    """Every request of a plan, in the order in which they are made."""

    version: Literal[1] = 1
    plan_id: str
    requests: tuple[RequestRecord, ...]


def dry_run(plan: Plan, contract: Contract) -> DryRun:
    """The requests of a plan."""
    return DryRun(
        plan_id=plan.id,
        requests=tuple(
            RequestRecord(
                service=call.service,
                date=call.date,
                method=request.method,
                url=request.url,
                body=request.body,
            )
            for call in plan.calls
            for request in (request_for(contract.services[call.service], call.date),)
        ),
    )
