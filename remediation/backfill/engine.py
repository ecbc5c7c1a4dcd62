"""Makes the calls of a plan: layer by layer, canary first, at the service's pace, verified.

The calls of one service are settled before the next service's begin, so a call is made only
when what it depends on has been seen to land.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from checkpoints.errors import CheckpointsError
from remediation.backfill.landing import GONE, Found, landed
from remediation.backfill.neighbours import Neighbours
from remediation.backfill.reopening import reopen
from remediation.backfill.sending import Sending
from remediation.backfill.watch import RESEND, Watch
from remediation.backfill.work import Work
from remediation.ledger.journal import Journal
from remediation.ledger.states import DONE, IN_FLIGHT, State
from remediation.plan.model import Call

IN_FLIGHT_ELSEWHERE = "another plan sent it, and it may still be in flight"
UNKNOWN_ELSEWHERE = f"another plan sent it, and it is not known what became of it: {RESEND}"
EVER = datetime.min.replace(tzinfo=UTC)


def backfill(work: Work) -> None:
    """Carry out a plan as far as it goes; the ledger says what became of each call.

    What landed in an earlier run is looked at first: what is gone is called again.

    Raises:
        WarehouseError: the tables cannot be read before a service's first call.
        LedgerError: a transition cannot be written; nothing is sent after that.
        KeyboardInterrupt: Ctrl-C was pressed; what was seen to land until then is written down.
    """
    work.ledger.register(work.plan)
    gone = reopen(work.plan, work.ledger, work.look, work.look_source)
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
    chosen = set(dates[: work.max_dates])
    return [call for call in work.plan.calls if call.id in done or call.date in chosen]


class ServiceBackfill:
    """The calls of one service."""

    def __init__(self, work: Work, journal: Journal, name: str) -> None:
        self._work = work
        self._name = name
        self._journal = journal
        self._clock = work.clock
        self._service = work.contract.services[name]
        resendable = work.is_resendable(name)
        self._watch = Watch(self._service, work.look, journal, work.clock, resendable=resendable)
        self._sending = Sending(work, name, journal, self._watch)

    def run_or_settle(self, calls: Sequence[Call]) -> None:
        """Run; when interrupted, look once more, so that what landed is not left in flight."""
        try:
            self._run(calls)
        except KeyboardInterrupt:
            with suppress(CheckpointsError):  # the next run looks again
                self._watch.look(self._work.last_look)
            raise

    def _run(self, calls: Sequence[Call]) -> None:
        """Send what is missing, the canary first."""
        self._say_if_ordered()
        self._await_earlier(calls)
        waiting = self._unblocked(self._still_missing(calls))
        if not waiting:
            return
        canary, rest = waiting[: self._work.canary], waiting[self._work.canary :]
        neighbours = Neighbours(self._work, canary)
        rest = [*self._sending.send(canary), *rest]
        reason = self._fault_of(canary, neighbours)
        self._put_back(neighbours.seen)
        if reason:
            self._block(rest, reason)
            return
        if rest:
            self._journal.remark(self._name, f"canary {canary[0].date} landed: {len(rest)} to go")
            self._send(rest)

    def _say_if_ordered(self) -> None:
        if self._service.ordered and (self._work.concurrency or 1) > 1:
            self._journal.remark(self._name, "declared as ordered: one call at a time")

    def _await_earlier(self, calls: Sequence[Call]) -> None:
        """Settle what an earlier run sent: the tables are looked at before anything is repeated."""
        now, most = self._clock.now(), self._service.timeout_seconds + self._service.settle_seconds
        earlier = [c for c in calls if self._journal.state(c.id) in IN_FLIGHT]
        longest = 0.0
        for call in earlier:
            until = self._journal.entries[call.id].in_flight_until or now
            # No call is in flight for longer, whatever became of the clock since.
            seconds = min(max(0.0, (until - now).total_seconds()), most)
            unsure = self._journal.state(call.id) is not State.ACCEPTED
            self._watch.add(call, seconds, unsure=unsure)
            longest = max(longest, seconds)
        if earlier:
            text = f"looking for {len(earlier)} dates that an earlier run sent"
            self._journal.remark(self._name, f"{text}, for at most {longest:.0f} s")
        self._sending.send([])
        self._sending.forgive()  # what an earlier run left behind does not count against this one

    def _still_missing(self, calls: Sequence[Call]) -> list[Call]:
        """The calls whose data are not there yet; what is there already is not called."""
        waiting = [c for c in calls if self._journal.state(c.id) not in IN_FLIGHT | DONE]
        found = self._work.look(waiting)
        present = [call for call in waiting if landed(found[call.id])]
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
            reasons.update(dict.fromkeys(ledger.in_flight(EVER, plan), UNKNOWN_ELSEWHERE))
        in_flight = ledger.in_flight(self._clock.now(), plan)
        return {**reasons, **dict.fromkeys(in_flight, IN_FLIGHT_ELSEWHERE)}

    def _block(self, calls: Sequence[Call], reason: str) -> None:
        self._journal.move(calls, State.BLOCKED, detail=reason)

    def _fault_of(self, canary: Sequence[Call], neighbours: Neighbours) -> str:
        """Why nothing more may be sent after the canary; empty when it may."""
        for call in canary:
            if not self._journal.is_done(call.id):
                state = self._journal.state(call.id)
                return f"the canary {call.id} did not land: it is {state}"
        if damage := neighbours.damage():
            self._journal.remark(self._name, damage)
        return damage

    def _put_back(self, seen: Mapping[str, Sequence[Found]]) -> None:
        """What had landed and was seen not to be there any more is to be called again."""
        gone = [
            call
            for call in self._work.plan.calls_of(self._name)
            if call.id in seen and self._journal.state(call.id) is State.LANDED
            if not landed([f for f in seen[call.id] if f.dataset in call.datasets])
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
        self._sending.forgive()
        return self._sending.send([call])
