"""Makes the calls of a plan: layer by layer, canary first, at the service's pace, verified.

The calls of one service are settled before the next service's begin, so a call is made only
when what it depends on has been seen to land.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from checkpoints.errors import CheckpointsError, WarehouseError
from remediation.backfill.sending import Sending
from remediation.backfill.watch import (
    GONE,
    RESEND,
    Found,
    KeysFound,
    Watch,
    has_landed,
    nothing_there,
    outcome_of,
)
from remediation.backfill.work import Work
from remediation.ledger.journal import Journal
from remediation.ledger.states import DONE, IN_FLIGHT, State
from remediation.plan.model import Call
from remediation.plan.order import built_by

IN_FLIGHT_ELSEWHERE = "another plan sent it, and it may still be in flight"
UNKNOWN_ELSEWHERE = f"another plan sent it, and it is not known what became of it: {RESEND}"
ONE_DAY = timedelta(days=1)


def backfill(work: Work) -> None:
    """Carry out a plan as far as possible; the ledger says what became of each call.

    What landed in an earlier run is looked at first: what is gone is called again.

    Raises:
        WarehouseError: the tables cannot be read before a service's first call.
        LedgerError: a transition cannot be written; nothing is sent after that.
        KeyboardInterrupt: Ctrl-C was pressed; what was seen to land until then is written down.
    """
    work.ledger.register(work.plan)
    gone = _reopen(work)
    selected = _selected(work)
    journal = Journal(work.plan, work.ledger, selected, work.tell)
    for service, number in gone.items():
        journal.remark(service, f"done in an earlier run and not there any more: {number} dates")
    for service in work.plan.services():
        calls = [c for c in selected if c.service == service and not journal.is_done(c.id)]
        if calls:
            ServiceBackfill(work, journal, service).run_or_settle(calls)


def _selected(work: Work) -> list[Call]:
    """The calls of the oldest dates that are not done, or all."""
    done = {entry.id for entry in work.ledger.entries(work.plan.id) if entry.state in DONE}
    dates = sorted({call.date for call in work.plan.calls if call.id not in done})
    chosen = set(dates[: work.pace.max_dates])
    return [call for call in work.plan.calls if call.id in done or call.date in chosen]


def _reopen(work: Work) -> Counter[str]:
    """Put back to planned what is not there any more, and what was blocked in an earlier run.

    Returns how many dates of each service were done and are not any more.
    """
    plan, ledger = work.plan, work.ledger
    states = {entry.id: entry.state for entry in ledger.entries(plan.id)}
    gone: dict[str, list[Call]] = {}
    for call, reason in _gone(work, states):
        gone.setdefault(reason, []).append(call)
    blocked = [call for call in plan.calls if states[call.id] is State.BLOCKED]
    ledger.move(plan.id, blocked, State.PLANNED)
    for reason, calls in gone.items():
        ledger.move(plan.id, calls, State.PLANNED, detail=reason)
    return Counter(call.service for calls in gone.values() for call in calls)


def _gone(work: Work, states: Mapping[str, State]) -> Iterator[tuple[Call, str]]:
    """The calls that were done and are not, and why; one query, two where a day had nothing."""
    arrived = [call for call in work.plan.calls if states[call.id] is State.LANDED]
    empty = [call for call in work.plan.calls if states[call.id] is State.NOTHING_THERE]
    found, source = work.tables.look([*arrived, *empty]), work.tables.look_against_source(empty)
    for call in arrived:
        if not has_landed(found[call.id]):
            yield call, f"{GONE}: {outcome_of(found[call.id])[1]}"
    for call in empty:
        still = nothing_there(found[call.id]) and nothing_there(source[call.id])
        if not still and not has_landed(found[call.id]):
            yield call, "it said there was nothing that day, and now there should be"


class ServiceBackfill:
    """The calls of one service."""

    def __init__(self, work: Work, journal: Journal, name: str) -> None:
        self._work = work
        self._name = name
        self._journal = journal
        self._clock = work.clock
        self._service = work.contract.services[name]
        resendable = work.is_resendable(name)
        self._watch = Watch(self._service, work.tables, journal, work.clock, resendable=resendable)
        self._sending = Sending(work, name, journal, self._watch)

    def run_or_settle(self, calls: Sequence[Call]) -> None:
        """Run; when interrupted, look once more, so that what landed is not left in flight."""
        try:
            self._run(calls)
        except KeyboardInterrupt:
            with suppress(CheckpointsError):  # the next run looks again
                self._watch.look(before_exit=True)
            raise

    def _run(self, calls: Sequence[Call]) -> None:
        """Send what is missing, the canary first."""
        self._remark_if_ordered()
        self._await_earlier(calls)
        waiting = self._unblocked(self._still_missing(calls))
        if not waiting:
            return
        size = self._work.pace.canary
        canary, rest = waiting[:size], waiting[size:]
        adjacent = AdjacentDates(self._work, canary)
        rest = [*self._sending.send(canary), *rest]
        reason = self._reason_against_more(canary, adjacent)
        self._reopen_gone(adjacent.found)
        if reason:
            self._block(rest, reason)
            return
        if rest:
            self._journal.remark(self._name, f"canary {canary[0].date} landed: {len(rest)} to go")
            self._send(rest)

    def _remark_if_ordered(self) -> None:
        if self._service.ordered and (self._work.pace.concurrency or 1) > 1:
            self._journal.remark(self._name, "declared as ordered: one call at a time")

    def _await_earlier(self, calls: Sequence[Call]) -> None:
        """Settle what an earlier run sent: the tables are looked at before anything is repeated."""
        now, limit = self._clock.now(), self._service.timeout_seconds + self._service.settle_seconds
        earlier = [c for c in calls if self._journal.state(c.id) in IN_FLIGHT]
        longest = 0.0
        for call in earlier:
            until = self._journal.entries[call.id].in_flight_until or now
            # No call is in flight for longer, whatever became of the clock since.
            seconds = min(max(0.0, (until - now).total_seconds()), limit)
            unsure = self._journal.state(call.id) is not State.ACCEPTED
            self._watch.add(call, seconds, unsure=unsure)
            longest = max(longest, seconds)
        if earlier:
            text = f"looking for {len(earlier)} dates that an earlier run sent"
            self._journal.remark(self._name, f"{text}, for at most {longest:.0f} s")
        self._sending.send([])
        self._sending.reset_failures()  # what an earlier run left behind does not count here

    def _still_missing(self, calls: Sequence[Call]) -> list[Call]:
        """The calls whose data are not there yet; what is there already is not called."""
        waiting = [c for c in calls if self._journal.state(c.id) not in IN_FLIGHT | DONE]
        found = self._work.tables.look(waiting)
        present = [call for call in waiting if has_landed(found[call.id])]
        self._journal.move(present, State.LANDED, detail="was there already")
        return [call for call in waiting if not self._journal.is_done(call.id)]

    def _unblocked(self, calls: Sequence[Call]) -> list[Call]:
        """The calls whose upstream landed and that no other plan has in flight."""
        free: list[Call] = []
        blocked: dict[str, list[Call]] = {}
        sent = self._sent_elsewhere()
        for call in calls:
            lacking = [d for d in call.depends_on if not self._journal.is_done(d)]
            if lacking:
                service, state = lacking[0].rpartition("/")[0], self._journal.state(lacking[0])
                blocked.setdefault(f"needs {service}, which is {state}", []).append(call)
            elif call.id in sent:
                blocked.setdefault(sent[call.id], []).append(call)
            else:
                free.append(call)
        for reason, held in blocked.items():
            self._block(held, reason)
        return free

    def _sent_elsewhere(self) -> dict[str, str]:
        """What other plans sent and must not be sent here, with the reason."""
        ledger, plan = self._work.ledger, self._work.plan.id
        reasons: dict[str, str] = {}
        if not self._work.is_resendable(self._name):
            reasons.update(dict.fromkeys(ledger.in_flight(None, plan), UNKNOWN_ELSEWHERE))
        in_flight = ledger.in_flight(self._clock.now(), plan)
        return {**reasons, **dict.fromkeys(in_flight, IN_FLIGHT_ELSEWHERE)}

    def _block(self, calls: Sequence[Call], reason: str) -> None:
        self._journal.move(calls, State.BLOCKED, detail=reason)

    def _reason_against_more(self, canary: Sequence[Call], adjacent: AdjacentDates) -> str:
        """Why nothing more may be sent after the canary; empty when it may."""
        for call in canary:
            if not self._journal.is_done(call.id):
                state = self._journal.state(call.id)
                return f"the canary {call.id} did not land: it is {state}"
        if damage := adjacent.damage():
            self._journal.remark(self._name, damage)
        return damage

    def _reopen_gone(self, found: Found) -> None:
        """Put back to planned what had landed and was seen not to be there any more."""
        gone = [
            call
            for call in self._work.plan.calls_of(self._name)
            if call.id in found and self._journal.state(call.id) is State.LANDED
            if not has_landed([f for f in found[call.id] if f.dataset in call.datasets])
        ]
        self._journal.move(gone, State.PLANNED, detail=GONE)

    def _send(self, calls: Sequence[Call]) -> None:
        """Send; where the service fails again and again, go on only if one probe lands."""
        rest = self._sending.send(calls)
        while rest:
            reason = self._sending.reason_to_stop()
            if self._sending.stopped:
                self._block(rest, reason)
                return
            probe, rest = rest[0], rest[1:]
            unsent = self._probe(probe, reason)
            if not self._journal.is_done(probe.id):
                self._block([*unsent, *rest], f"{reason}, and the probe {probe.id} did not land")
                return
            rest = self._sending.send(rest)

    def _probe(self, call: Call, reason: str) -> list[Call]:
        """Leave the service alone for a while, then try one date; returns it if it was not sent."""
        seconds = self._service.probe_after_seconds
        self._journal.remark(self._name, f"{reason}: one more is tried in {seconds:g} s")
        self._clock.sleep(seconds)
        self._sending.reset_failures()
        return self._sending.send([call])


class AdjacentDates:
    """The day before and the day after each of some calls: does a call damage them?

    They are looked at before and after the canary, in all datasets that the service builds,
    whether or not the plan asks for them. ``found`` is what was there at the last look.

    Raises:
        WarehouseError: the tables cannot be read.
    """

    def __init__(self, work: Work, calls: Sequence[Call]) -> None:
        own = {call.id for call in calls}
        adjacent = {
            near.id: near
            for call in calls
            for day in (call.date - ONE_DAY, call.date + ONE_DAY)
            for near in [Call(service=call.service, date=day, datasets=_built(work, call))]
            if near.id not in own
        }
        self._tables = work.tables
        self._calls = list(adjacent.values())
        self._before = self._tables.look(self._calls)
        self.found = self._before

    def damage(self) -> str:
        """What the adjacent dates lost since; empty when nothing."""
        try:
            self.found = self._tables.look(self._calls)
        except WarehouseError as error:
            return f"the days beside the canary could not be looked at: {error}"
        lost = [
            text
            for call in self._calls
            for text in _lost(call, self._before[call.id], self.found[call.id])
        ]
        return f"the canary damaged other dates: {'; '.join(lost)}" if lost else ""


def _built(work: Work, call: Call) -> tuple[str, ...]:
    return tuple(built_by(work.contract, call.service))


def _lost(call: Call, before: Sequence[KeysFound], after: Sequence[KeysFound]) -> list[str]:
    return [
        f"{old.dataset} on {call.date} had {old.matched} of {old.expected}, now {new.matched}"
        for old, new in zip(before, after, strict=True)
        if new.matched < old.matched
    ]
