"""A plan and everything it is carried out with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from checkpoints.contract.model import Contract
from remediation.backfill.watch import Look
from remediation.clock import Clock
from remediation.ledger.journal import Event
from remediation.ledger.ledger import Ledger
from remediation.plan.model import Plan
from remediation.service.dispatch import Dispatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much is sent, and how much at a time.

    ``canary`` dates of each service must land before its others are sent; at most ``max_dates``
    dates are dealt with; ``concurrency`` takes precedence over the contract's. With
    ``resend_unknown`` a person takes it upon them to send again what a service that is not
    idempotent may have done.
    """

    canary: int = 1
    max_dates: int | None = None
    concurrency: int | None = None
    resend_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a backfill needs.

    ``look`` compares with the upstream, ``look_source`` with what coverage is measured by, and
    ``last_look`` is ``look`` for a run that was interrupted: it does not take long.
    ``canary`` dates of each service must land before its others are sent; at most ``max_dates``
    dates are dealt with; ``concurrency`` goes before the contract's. With ``resend_unknown`` a
    person takes it upon them to send again what a service that is not idempotent may have done.
    """

    plan: Plan
    contract: Contract
    ledger: Ledger
    dispatch: Mapping[str, Dispatch]
    look: Look
    look_source: Look
    last_look: Look
    clock: Clock
    tell: Callable[[Event], None]
    canary: int = 1
    max_dates: int | None = None
    concurrency: int | None = None
    resend_unknown: bool = False

    def concurrency_of(self, service: str) -> int:
        """How many calls of a service may be in the air at a time."""
        declared = self.contract.services[service]
        return 1 if declared.ordered else self.concurrency or declared.concurrency

    def is_resendable(self, service: str) -> bool:
        """Whether a call of unknown outcome may be sent again."""
        return self.contract.services[service].idempotent or self.resend_unknown
