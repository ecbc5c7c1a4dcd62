"""What a backfill is carried out with, and how fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from checkpoints.contract.model import Contract
from remediation.backfill.tables import Held
from remediation.clock import Clock
from remediation.ledger.journal import Event
from remediation.ledger.ledger import Ledger
from remediation.plan.model import Call, Plan
from remediation.service.dispatch import Dispatch


class LooksAtTables(Protocol):
    """Reads what the tables hold; see ``Tables``, or the model of them in the simulation."""

    def look(
        self, calls: Sequence[Call], *, at_source: bool = False, before_exit: bool = False
    ) -> Mapping[str, Held]:
        """What the datasets of each call hold on its date."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much is sent, and how much at a time.

    ``canary`` dates of each service must land before its others are sent; at most ``max_dates``
    dates are dealt with; ``concurrency`` takes precedence over the contract's. With
    ``resend_unknown`` a person takes it upon them to send once more what a service that is not
    idempotent may have done in an earlier run.
    """

    canary: int = 1
    max_dates: int | None = None
    concurrency: int | None = None
    resend_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A plan and everything that a backfill of it needs.

    ``send_earlier`` sends what earlier runs did not deliver, before the first call.
    """

    plan: Plan
    contract: Contract
    ledger: Ledger
    dispatch: Mapping[str, Dispatch]
    tables: LooksAtTables
    clock: Clock
    tell: Callable[[Event], None]
    pace: Pace
    send_earlier: Callable[[], None] = lambda: None

    def is_resendable(self, service: str) -> bool:
        """Whether a call of an earlier run whose outcome is unknown may be sent again."""
        return self.contract.services[service].idempotent or self.pace.resend_unknown
