"""Sends the calls of one service, at its pace, and settles each from the tables."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from checkpoints.contract.checks import coverage_pair
from checkpoints.errors import WarehouseError
from remediation.backfill.landing import nothing_there
from remediation.backfill.retrying import Breaker, Try, pause_after, try_again, wait_before_repeat
from remediation.backfill.watch import Watch
from remediation.backfill.work import Work
from remediation.ledger.journal import Journal
from remediation.ledger.states import DONE, State
from remediation.plan.model import Call, idempotency_key
from remediation.service.answer import Answer, Kind
from remediation.service.dispatch import Dispatch

LONGEST_SILENCE = 60.0


class Sending:
    """One loop that starts attempts, takes their answers and looks at the tables.

    ``answers`` counts consecutive calls that failed, ``landings`` dates that did not land.
    ``stopped`` says why no other call can fare better.
    """

    def __init__(self, work: Work, name: str, journal: Journal, watch: Watch) -> None:
        self._work = work
        self._name = name
        self._journal = journal
        self._watch = watch
        self._clock = work.clock
        self._service = work.contract.services[name]
        self._dispatch: Dispatch = work.dispatch[name]
        self._most = work.concurrency_of(name)
        self._flying: dict[str, Try] = {}
        self._lost: dict[str, Try] = {}
        self._queue: deque[Try] = deque()
        self._repeats: dict[str, Try] = {}
        self._next_attempt = self._clock.monotonic()
        self.answers = Breaker(self._service.breaker_after)
        self.landings = Breaker(self._service.breaker_after)
        self.stopped = ""

    def send(self, calls: Sequence[Call]) -> list[Call]:
        """Send calls until all are settled or the service must be left alone.

        Returns the calls that were not sent for that reason. Without calls, what is being
        watched is settled.
        """
        self._queue = deque(self._repeats.get(call.id, Try(call=call)) for call in calls)
        while self._queue or self._flying or self._watch:
            while self._may_start() and self._clock.monotonic() >= self._next_attempt:
                self._start(self._queue.popleft())
            if self.reason_to_stop() and not self._flying and not self._watch:
                break
            self._await_event()
        return [tried.call for tried in self._queue]

    def reason_to_stop(self) -> str:
        """Why nothing more is sent; empty when it may."""
        if self.answers.is_open:
            return f"{self.answers.failures} calls in a row failed"
        if self.landings.is_open:
            return f"{self.landings.failures} dates in a row did not land"
        return self.stopped

    def forgive(self) -> None:
        """Count failures anew."""
        for breaker in (self.answers, self.landings):
            breaker.record(failed=False)

    def _may_start(self) -> bool:
        """Pace apart. While it may be working unasked on a date, nothing else is sent to it."""
        free = len(self._flying) < self._most and not self._watch.is_unsure
        return bool(self._queue) and free and not self.reason_to_stop()

    def _start(self, tried: Try) -> None:
        call, now = tried.call, self._clock.now()
        longest = timedelta(seconds=self._service.timeout_seconds + self._service.settle_seconds)
        self._journal.move([call], State.SENDING, in_flight_until=now + longest)
        self._flying[call.id] = tried
        self._next_attempt = self._clock.monotonic() + self._service.seconds_between_calls
        key = idempotency_key(self._work.plan.id, call.id)
        self._dispatch.start(call, key=key, renew=tried.renew)

    def _await_event(self) -> None:
        """Wait until an answer comes, the next attempt may start, or it is time to look."""
        may_start, now = self._may_start(), self._clock.monotonic()
        look = self._watch.next_look(idle=not (self._flying or may_start))
        until = min(look, self._next_attempt) if may_start else look
        seconds = max(0.0, min(until - now, LONGEST_SILENCE))
        if not self._flying:
            self._clock.sleep(seconds)
        elif found := self._dispatch.answer(seconds):
            self._take(*found)
        if self._watch and self._clock.monotonic() >= look:
            self._look()

    def _take(self, call: Call, answer: Answer) -> None:
        tried = self._flying.pop(call.id)
        wait = wait_before_repeat(answer, tried)
        pause = pause_after(answer) if wait is None else wait
        self._next_attempt = max(self._next_attempt, self._clock.monotonic() + pause)
        if wait is None:
            self._judge(tried, answer)
            return
        self._record(call, State.PLANNED, answer)
        self._repeat(tried.after_refusal(answer))

    def _repeat(self, tried: Try) -> None:
        """As the next one; if it is held back until a probe, what it had so far still counts."""
        self._repeats[tried.call.id] = tried
        self._queue.appendleft(tried)

    def _judge(self, tried: Try, answer: Answer) -> None:
        call = tried.call
        doubt = self._doubt(call) if answer.kind is Kind.NOTHING_THAT_DAY else ""
        match answer.kind:
            case Kind.ACCEPTED:
                self._record(call, State.ACCEPTED, answer)
                self._watch.add(call, self._service.settle_seconds, unsure=False)
                self.answers.record(failed=False)
            case Kind.UNKNOWN:
                self._record(call, State.UNKNOWN, answer)
                self._lost[call.id] = tried
                self._watch.add(call, self._service.settle_seconds, unsure=True)
            case Kind.NOTHING_THAT_DAY if not doubt:
                self._record(call, State.NOTHING_THERE, answer)
                self.answers.record(failed=False)
            case _:
                detail = f"{doubt}: {answer.detail}" if doubt else answer.detail
                self._reject(call, replace(answer, detail=detail), stops=bool(doubt))

    def _reject(self, call: Call, answer: Answer, *, stops: bool) -> None:
        """It may have landed all the same."""
        self._record(call, State.REJECTED, answer)
        self._watch.add(call, 0, unsure=False)
        self._look()
        landed = self._journal.is_done(call.id)
        self.answers.record(failed=not landed)
        if answer.stops or answer.kind is Kind.UNAUTHORIZED:
            self.stopped = f"the service refuses every call, as {call.id}: {answer.detail}"
        elif stops and not landed:
            self.stopped = f"its answer for {call.date} contradicts the tables: {answer.detail}"

    def _look(self) -> None:
        """Look at the tables; what was lost and did not land may be sent again."""
        for call in self._watch.look():
            state = self._journal.state(call.id)
            lost = self._lost.pop(call.id, None)
            again = try_again(lost, state) if lost else None
            if again:
                self._journal.remark(self._name, f"{call.date} did not land: it is sent again")
                self._repeat(again)
            elif state is not State.REJECTED:
                self.landings.record(failed=state not in DONE)

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
