"""When an attempt may be repeated, and after how long; and when to give a service up. Pure.

Only what the service is known not to have taken is repeated: a refused connection, 429 and 503,
and once a 401 with fresh credentials.
"""

from __future__ import annotations

from dataclasses import dataclass

from remediation.answer import Answer, Kind

ATTEMPTS = 5
FIRST_WAIT = 0.5
LONGEST_WAIT = 300.0


def wait_before_repeat(answer: Answer, attempt: int) -> float | None:
    """Seconds until the next attempt, after attempt number ``attempt`` (from 1); None: give up."""
    if attempt >= ATTEMPTS:
        return None
    backoff = FIRST_WAIT * float(1 << (attempt - 1))
    match answer.kind:
        case Kind.NOT_SENT if not answer.stops:
            return backoff
        case Kind.UNAUTHORIZED if attempt == 1:
            return 0.0
        case Kind.BUSY:
            wait = backoff if answer.retry_after is None else answer.retry_after
            return wait if wait <= LONGEST_WAIT else None
    return None


@dataclass(slots=True)
class Breaker:
    """Counts consecutive failures; open after ``limit`` of them."""

    limit: int
    failures: int = 0

    @property
    def is_open(self) -> bool:
        """True when the service should not be called any more."""
        return self.failures >= self.limit

    def record(self, *, failed: bool) -> None:
        """Count one outcome; a success starts the count anew."""
        self.failures = self.failures + 1 if failed else 0
