"""Makes the calls of a plan: layer by layer, canary first, at the service's pace, verified.

The calls of one service are settled before the next service's begin, so a call is made only
when what it depends on has been seen to land.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

from checkpoints.contract import Contract
from checkpoints.errors import CheckpointsError, WarehouseError
from checkpoints.rules import coverage_pair
from remediation.answer import Answer, Kind
from remediation.clock import Clock
from remediation.journal import Event, Journal
from remediation.landing import landed, nothing_there
from remediation.ledger import Ledger
from remediation.plan import Call, Plan
from remediation.reopening import reopen
from remediation.retrying import Breaker, wait_before_repeat
from remediation.states import DONE, IN_FLIGHT, State
from remediation.watch import Look, Watch

IN_FLIGHT_ELSEWHERE = "another plan sent it, and it may still be in flight"


class Sends(Protocol):
    """Makes one attempt at one date."""

    def send(self, day: date, *, key: str, renew: bool = False) -> Answer:
        """Never raises for what the network or the service does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A plan and everything it is carried out with.

    ``look`` compares with the upstream, ``look_source`` with what coverage is measured by.
    ``canary`` dates of each service must land before its others are sent; at most ``max_dates``
    dates are dealt with.
    """

    plan: Plan
    contract: Contract
    ledger: Ledger
    senders: Mapping[str, Sends]
    look: Look
    look_source: Look
    clock: Clock
    tell: Callable[[Event], None]
    canary: int = 1
    max_dates: int | None = None


def backfill(work: Work) -> None:
    """Carry out a plan as far as it goes; the ledger says what became of each call.

    What landed in an earlier run is looked at first: what is gone is called again.

    Raises:
        WarehouseError: the tables cannot be read before a service's first call.
        LedgerError: a transition cannot be written; nothing is sent after that.
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
        self._watch = Watch(self._service, work.look, journal, work.clock)
        self._answers = Breaker(self._service.breaker_after)
        self._stopped = ""
        self._next_attempt = self._clock.monotonic()

    def run_or_settle(self, calls: Sequence[Call]) -> None:
        """Run; when interrupted, look once more, so that what landed is not left in flight."""
        try:
            self._run(calls)
        except KeyboardInterrupt:
            with suppress(CheckpointsError):  # the next run looks again
                self._watch.poll()
            raise

    def _run(self, calls: Sequence[Call]) -> None:
        """Send what is missing, the canary first."""
        self._await_earlier(calls)
        waiting = self._still_missing(self._unblocked(calls))
        canary, rest = waiting[: self._work.canary], waiting[self._work.canary :]
        self._send(canary)
        failed = [c for c in canary if not self._journal.is_done(c.id)]
        if failed:
            state = self._journal.state(failed[0].id)
            self._block(rest, f"the canary {failed[0].id} did not land: it is {state}")
            return
        if rest and canary:
            self._journal.remark(self._name, f"canary {canary[0].date} landed: {len(rest)} to go")
        self._send(rest)

    def _await_earlier(self, calls: Sequence[Call]) -> None:
        """Settle what an earlier run sent: the tables are looked at before anything is repeated."""
        now, longest = self._clock.now(), 0.0
        earlier = [c for c in calls if self._journal.state(c.id) in IN_FLIGHT]
        for call in earlier:
            until = self._journal.entries[call.id].in_flight_until or now
            seconds = max(0.0, (until - now).total_seconds())
            self._watch.add(call, seconds)
            longest = max(longest, seconds)
        if earlier:
            text = f"looking for {len(earlier)} dates that an earlier run sent"
            self._journal.remark(self._name, f"{text}, for at most {longest:.0f} s")
        self._watch.settle()
        # What an earlier run left behind does not count against this one.
        self._watch.landings.record(failed=False)

    def _unblocked(self, calls: Sequence[Call]) -> list[Call]:
        """The calls whose upstream landed and that no other plan has in flight."""
        elsewhere = self._work.ledger.in_flight(self._clock.now(), self._work.plan.id)
        free: list[Call] = []
        blocked: dict[str, list[Call]] = {}
        for call in calls:
            if self._journal.state(call.id) in IN_FLIGHT | DONE:
                continue
            lacking = [d for d in call.depends_on if not self._journal.is_done(d)]
            if lacking:
                service, state = lacking[0].rpartition("/")[0], self._journal.state(lacking[0])
                blocked.setdefault(f"needs {service}, which is {state}", []).append(call)
            elif call.id in elsewhere:
                blocked.setdefault(IN_FLIGHT_ELSEWHERE, []).append(call)
            else:
                free.append(call)
        for reason, held in blocked.items():
            self._block(held, reason)
        return free

    def _still_missing(self, calls: Sequence[Call]) -> list[Call]:
        """The calls whose data are not there yet; what is there already is not called."""
        found = self._work.look(calls)
        there = {call.id for call in calls if landed(found[call.id])}
        present = [call for call in calls if call.id in there]
        self._journal.move(present, State.LANDED, detail="was there already")
        return [call for call in calls if call.id not in there]

    def _block(self, calls: Sequence[Call], reason: str) -> None:
        self._journal.move(calls, State.BLOCKED, detail=reason)

    def _send(self, calls: Sequence[Call]) -> None:
        for number, call in enumerate(calls):
            if reason := self._reason_to_stop():
                self._block(calls[number:], reason)
                break
            self._call(call)
            self._watch.poll_if_due()
        self._watch.settle()

    def _reason_to_stop(self) -> str:
        if self._answers.is_open:
            return f"{self._answers.failures} calls in a row failed"
        if self._watch.landings.is_open:
            return f"{self._watch.landings.failures} dates in a row never landed"
        return self._stopped

    def _call(self, call: Call) -> None:
        answer = self._attempts(call)
        doubt = self._doubt(call) if answer.kind is Kind.NOTHING_THAT_DAY else ""
        failed = False
        match answer.kind:
            case Kind.ACCEPTED:
                self._record(call, State.ACCEPTED, answer)
                self._watch.add(call, self._service.settle_seconds)
            case Kind.UNKNOWN:
                # It may be working on the date: nothing else is sent until that is settled.
                self._record(call, State.UNKNOWN, answer)
                self._watch.add(call, self._service.settle_seconds)
                self._watch.settle()
            case Kind.NOTHING_THAT_DAY if not doubt:
                self._record(call, State.NOTHING_THERE, answer)
            case _:
                detail = f"{doubt}: {answer.detail}" if doubt else answer.detail
                self._record(call, State.REJECTED, replace(answer, detail=detail))
                self._watch.add(call, 0)
                self._watch.poll()
                failed = not self._journal.is_done(call.id)
        self._answers.record(failed=failed)
        if answer.stops or answer.kind is Kind.UNAUTHORIZED:
            self._stopped = f"the service refuses every call, as {call.id}: {answer.detail}"

    def _attempts(self, call: Call) -> Answer:
        """Attempts at one call, as long as it is sure that the service did not take it."""
        key = hashlib.sha256(f"{self._work.plan.id}/{call.id}".encode()).hexdigest()[:32]
        longest = timedelta(seconds=self._service.timeout_seconds + self._service.settle_seconds)
        attempt, renew = 1, False
        while True:
            self._keep_pace()
            until = self._clock.now() + longest
            self._journal.move([call], State.SENDING, in_flight_until=until)
            answer = self._work.senders[self._name].send(call.date, key=key, renew=renew)
            wait = wait_before_repeat(answer, attempt)
            if wait is None:
                return answer
            self._record(call, State.PLANNED, answer)
            self._clock.sleep(wait)
            attempt, renew = attempt + 1, answer.kind is Kind.UNAUTHORIZED

    def _keep_pace(self) -> None:
        self._clock.sleep(max(0.0, self._next_attempt - self._clock.monotonic()))
        self._next_attempt = self._clock.monotonic() + self._service.seconds_between_calls

    def _doubt(self, call: Call) -> str:
        """Why "nothing that day" is not believed; empty where nothing above has data either.

        An upstream alone proves little: it may have lost the date as well.
        """
        claim = "it says there is nothing that day"
        try:
            if not nothing_there(self._work.look([call])[call.id]):
                return f"{claim}, but its upstream has data"
            found = self._work.look_source([call])[call.id]
        except WarehouseError as error:
            return f"{claim}, and the tables could not be read to check it ({error})"
        if nothing_there(found):
            return ""
        compared = {coverage_pair(self._work.contract, name).of or name for name in call.datasets}
        return f"{claim} and its upstream lacks it, but {', '.join(sorted(compared))} has data"

    def _record(self, call: Call, state: State, answer: Answer) -> None:
        self._journal.move(
            [call],
            state,
            detail=answer.detail,
            status=answer.status,
            seconds=answer.seconds,
            in_flight_until=self._clock.now() + timedelta(seconds=self._service.settle_seconds),
        )
