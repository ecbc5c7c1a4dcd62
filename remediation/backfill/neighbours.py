"""Does a call damage the days beside its own? Looked at before and after the canary.

In all that the service builds, whether or not the plan asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from checkpoints.errors import WarehouseError
from remediation.backfill.landing import Found
from remediation.backfill.work import Work
from remediation.plan.model import Call
from remediation.plan.order import built_by

ONE_DAY = timedelta(days=1)


class Neighbours:
    """The day before and the day after each of some calls, as they are now.

    ``seen`` is what they had when they were looked at last, by the ids of their calls.

    Raises:
        WarehouseError: the tables cannot be read.
    """

    def __init__(self, work: Work, calls: Sequence[Call]) -> None:
        own = {call.id for call in calls}
        beside = {
            near.id: near
            for call in calls
            for day in (call.date - ONE_DAY, call.date + ONE_DAY)
            for near in [Call(service=call.service, date=day, datasets=_built(work, call))]
            if near.id not in own
        }
        self._work = work
        self._calls = list(beside.values())
        self._before = work.look(self._calls)
        self.seen = self._before

    def damage(self) -> str:
        """What the days lost since; empty when nothing."""
        try:
            after = self._work.look(self._calls)
        except WarehouseError as error:
            return f"the days beside the canary could not be looked at: {error}"
        self.seen = after
        lost = [text for call in self._calls for text in _lost(call, self._before, after)]
        return f"the canary damaged other dates: {'; '.join(lost)}" if lost else ""


def _built(work: Work, call: Call) -> tuple[str, ...]:
    return tuple(built_by(work.contract, call.service))


def _lost(
    call: Call, before: Mapping[str, Sequence[Found]], after: Mapping[str, Sequence[Found]]
) -> list[str]:
    return [
        f"{old.dataset} on {call.date} had {old.matched} of {old.expected}, now {new.matched}"
        for old, new in zip(before[call.id], after[call.id], strict=True)
        if new.matched < old.matched
    ]
