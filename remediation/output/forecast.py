"""How long a service's remaining dates will take, from how long those of this run took. Pure."""

from __future__ import annotations

from remediation.ledger.journal import Event
from remediation.ledger.states import State


class Forecast:
    """One service's dates. Times are monotonic seconds.

    A rate over the latest events would say nothing: a date takes minutes, and what is there
    already is settled in an instant. So the clock starts at the first call that is sent, and dates
    settled before do not count. ``each`` is the seconds per date until one is settled, if known.
    """

    def __init__(self, each: float | None = None) -> None:
        self._each = each
        self._began: tuple[float, int] | None = None
        self._seen: tuple[float, int] | None = None

    def note(self, event: Event, at: float) -> None:
        """Take notice of an event."""
        if self._began is None:
            if event.state is not State.SENDING:
                return
            self._began = at, event.settled
        began, before = self._began
        settled = event.settled - before
        if self._seen is None or event.settled != self._seen[1]:
            self._seen = at, event.settled
            if settled > 0:
                self._each = (at - began) / settled

    def seconds_left(self, total: int, at: float) -> float | None:
        """How long until so many dates are settled; None when nothing tells."""
        if self._seen is None or self._each is None or self._seen[1] >= total:
            return None
        since, settled = self._seen
        return max(0.0, (total - settled) * self._each - (at - since))
