"""When a call may be sent again, and after how long; and when to give a service up. Pure.

What the service is known not to have taken is repeated at once: a refused connection, 429 and
503, and once a 401 or 403 with fresh credentials. What may have been taken is sent again only
after the tables have shown that it did not land, and only to an idempotent service.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from remediation.ledger.states import State
from remediation.plan.model import Call
from remediation.service.answer import Answer, Kind

ATTEMPTS = 5
SENDS = 3
FIRST_WAIT = 0.5
LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A call that is to be sent: for the ``attempt``-th time after refusals, and the ``send``-th
    time after answers that were lost; with new credentials if ``renew``."""

    call: Call
    attempt: int = 1
    send: int = 1
    renew: bool = False

    def after_refusal(self, answer: Answer) -> Try:
        """The same once more."""
        return replace(self, attempt=self.attempt + 1, renew=answer.kind is Kind.UNAUTHORIZED)


def wait_before_repeat(answer: Answer, tried: Try) -> float | None:
    """Seconds until a call that was surely not taken is repeated; None: give up."""
    if tried.attempt >= ATTEMPTS:
        return None
    backoff = FIRST_WAIT * float(1 << (tried.attempt - 1))
    match answer.kind:
        case Kind.NOT_SENT if not answer.stops:
            return backoff
        case Kind.UNAUTHORIZED if not (answer.stops or tried.renew):
            return 0.0
        case Kind.BUSY:
            wait = backoff if answer.retry_after is None else answer.retry_after
            return wait if wait <= LONGEST_WAIT else None
    return None


def pause_after(answer: Answer) -> float:
    """Seconds for which a service asked not to be called at all, if that is not too long."""
    wait = answer.retry_after or 0.0
    return wait if wait <= LONGEST_WAIT else 0.0


def try_again(tried: Try, seen: State) -> Try | None:
    """The next try of a call whose answer was lost, from what the tables showed; None: no more.

    Where they could not be read nothing is known, and nothing is sent.
    """
    if seen not in (State.STILL_MISSING, State.PARTIAL) or tried.send >= SENDS:
        return None
    return Try(call=tried.call, send=tried.send + 1)


@dataclass(slots=True)
class Breaker:
    """Counts consecutive failures; open after ``limit`` of them."""

    limit: int
    failures: int = 0

    @property
    def is_open(self) -> bool:
        """True when the service should be left alone."""
        return self.failures >= self.limit

    def record(self, *, failed: bool) -> None:
        """Count one outcome; a success starts the count anew."""
        self.failures = self.failures + 1 if failed else 0
