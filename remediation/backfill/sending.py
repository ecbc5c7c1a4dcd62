"""Sends the calls of one service, at its pace, and settles each from the tables.

Calls are sent in groups, as the service takes them, and each is settled by itself: of ten dates
that were asked for together, seven may have landed.

What the service is known not to have taken is repeated at once: a refused connection, 429 and
503, and once a 401 or 403 with fresh credentials. What may have been taken is sent again only
after the tables have shown that it did not land, and only to an idempotent service.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from checkpoints.contract.checks import coverage_pair
from checkpoints.contract.due import is_root
from checkpoints.errors import WarehouseError
from checkpoints.text import counted, dates
from remediation.backfill.tables import nothing_there
from remediation.backfill.watch import Watch
from remediation.backfill.work import Work
from remediation.ledger.journal import Journal
from remediation.ledger.ledger import Pause
from remediation.ledger.states import DONE, State
from remediation.plan.groups import CallGroup, alone, grouped_for
from remediation.plan.model import Call, idempotency_key
from remediation.service.answer import Answer, Kind
from remediation.service.dispatch import Dispatch
from remediation.service.kind import service_of

ATTEMPTS = 5
"""At most, where the service refuses a call for now."""

SENDS = 3
"""At most, where the answer to a call is lost and its date does not land."""

FIRST_WAIT = 0.5
LONGEST_WAIT = 300.0
STOP_SECONDS = 5.0
"""What is under way and can be ended has so long to end when a run is interrupted."""

LONGEST_SILENCE = 60.0
MALFORMED = 400
HAS_DATA = "has data"
OTHER_FORM = (
    'the service may want another form, such as /process-date with {"analysis_date": …} or '
    '/process with {"game_date": …}: comments beside phase4 in gx/pipeline.yml have the forms'
)
"""What a status 400 may mean where there is something to do, and the service took no call yet."""

A_MOMENT = 1.0
"""Seconds; a shorter wait is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt at calls that are made together; ``renew``: with new credentials.

    ``number`` counts the attempts of one sending: the service refused those before. ``sending``
    counts how often the calls may have been taken: the answers before were lost.
    """

    group: CallGroup
    number: int = 1
    sending: int = 1
    renew: bool = False

    def after_refusal(self, answer: Answer) -> Attempt:
        """The next attempt of the same sending."""
        return replace(self, number=self.number + 1, renew=answer.kind is Kind.UNAUTHORIZED)


def wait_before_repeat(answer: Answer, attempt: Attempt) -> float | None:
    """Seconds until a call that was surely not taken is repeated; None: give up."""
    if attempt.number >= ATTEMPTS:
        return None
    backoff = FIRST_WAIT * float(1 << (attempt.number - 1))
    match answer.kind:
        case Kind.NOT_SENT if not answer.stops:
            return backoff
        case Kind.UNAUTHORIZED if not (answer.stops or attempt.renew):
            return 0.0
        case Kind.BUSY:
            wait = backoff if answer.retry_after is None else answer.retry_after
            return wait if wait <= LONGEST_WAIT else None
    return None


def may_be_sent_again(attempt: Attempt, seen: State) -> bool:
    """Whether a call whose answer was lost is sent again, from what the tables showed.

    Where they could not be read nothing is known, and nothing is sent.
    """
    return seen in (State.STILL_MISSING, State.PARTIAL) and attempt.sending < SENDS


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


class Sending:
    """One loop that starts attempts, takes their answers and looks at the tables.

    ``answers`` counts consecutive calls that failed, ``landings`` dates that did not land.
    ``stopped`` says why no other call can fare better, ``pause`` that the service asked for a
    pause which is longer than is waited, ``hint`` what may be wrong with every request.
    """

    def __init__(self, work: Work, name: str, journal: Journal, watch: Watch) -> None:
        self._work = work
        self._name = name
        self._journal = journal
        self._watch = watch
        self._clock = work.clock
        self._service = work.contract.services[name]
        self._address = service_of(work.contract, name).address
        self._dispatch: Dispatch = work.dispatch[name]
        chosen = work.pace.concurrency or self._service.concurrency
        self._limit = 1 if self._service.ordered else chosen
        self._unanswered: dict[str, Attempt] = {}
        self._lost: dict[str, Attempt] = {}
        self._queue: deque[Attempt] = deque()
        # By call: what is held back until a probe landed may be sent in other groups.
        self._repeats: dict[str, Attempt] = {}
        self._next_attempt = self._told = self._clock.monotonic()
        self.answers = Breaker(self._service.breaker_after)
        self.landings = Breaker(self._service.breaker_after)
        self.stopped = ""
        self.pause = ""
        self.hint = ""
        self._was_accepted = False

    def send(self, calls: Sequence[Call], *, one_by_one: bool = False) -> list[Call]:
        """Send calls until all are settled or the service must be left alone.

        Returns the calls that were not sent for that reason. Without calls, what is being
        watched is settled.
        """
        groups = map(alone, calls) if one_by_one else grouped_for(self._service, calls)
        self._queue = deque(map(self._attempt, groups))
        while self._queue or self._unanswered or self._watch:
            while self._may_start() and self._clock.monotonic() >= self._next_attempt:
                self._start(self._queue.popleft())
            if self.reason_to_stop() and not self._unanswered and not self._watch:
                break
            self._await_event()
        return [call for attempt in self._queue for call in attempt.group.calls]

    def _attempt(self, group: CallGroup) -> Attempt:
        """The next attempt at calls: those before count, also those of any one of them."""
        before = [self._repeats[c.id] for c in group.calls if c.id in self._repeats]
        return Attempt(
            group=group,
            number=max((attempt.number for attempt in before), default=1),
            sending=max((attempt.sending for attempt in before), default=1),
            renew=any(attempt.renew for attempt in before),
        )

    def interrupt(self) -> None:
        """End what is under way where that is possible, and write down what it answers."""
        until = self._clock.monotonic() + (STOP_SECONDS if self._dispatch.stop() else 0.0)
        while self._unanswered and (left := until - self._clock.monotonic()) > 0:
            if found := self._dispatch.answer(left):
                self._note_end(*found)

    def _note_end(self, group: CallGroup, answer: Answer) -> None:
        """Nobody waits for it any more: whatever it says, the tables are looked at."""
        taken = answer.kind in (Kind.ACCEPTED, Kind.RUNNING)
        self._record(group, State.ACCEPTED if taken else State.UNKNOWN, answer)
        if answer.kind is not Kind.RUNNING:
            self._unanswered.pop(group.id)
            self._watch_all(group, self._service.settle_seconds, unsure=not taken)

    def keep_earlier_pause(self) -> None:
        """Keep a pause that the service asked an earlier run for, or the run of another plan."""
        if pause := self._work.ledger.pauses().get((self._name, self._address)):
            self._keep(pause, pause.seconds_left(self._clock.now()))

    def _keep(self, pause: Pause, seconds: float) -> None:
        """Send nothing for so long; where that is longer than is waited, nothing at all."""
        self._next_attempt = max(self._next_attempt, self._clock.monotonic() + seconds)
        self._journal.waits(pause)
        if seconds > LONGEST_WAIT:
            self.pause = f"{self._name} {pause}"

    def reason_to_stop(self) -> str:
        """Why nothing more is sent; empty when it may."""
        if self.pause:
            return self.pause
        if self.answers.is_open:
            return f"{counted(self.answers.failures, 'call')} in a row failed"
        if self.landings.is_open:
            return f"{dates(self.landings.failures)} in a row did not land"
        return self.stopped

    def reset_failures(self) -> None:
        """Count failures anew."""
        self.answers.failures = self.landings.failures = 0

    def _may_start(self) -> bool:
        """Whether the next attempt may start, apart from the pause between two.

        While the service may be working on a date without having said so, nothing is sent to it.
        """
        free = len(self._unanswered) < self._limit and not self._watch.is_unsure
        return bool(self._queue) and free and not self.reason_to_stop()

    def _start(self, attempt: Attempt) -> None:
        group, now = attempt.group, self._clock.now()
        longest = timedelta(seconds=self._service.timeout_seconds + self._service.settle_seconds)
        request = group.id if len(group.calls) > 1 else ""
        until = now + longest
        self._journal.move(group.calls, State.SENDING, in_flight_until=until, request=request)
        self._unanswered[group.id] = attempt
        for call in group.calls:
            self._watch.note_sent(call)
        self._next_attempt = self._clock.monotonic() + self._service.seconds_between_calls
        key = idempotency_key(self._work.plan.id, group.id)
        self._dispatch.start(group, key=key, renew=attempt.renew)

    def _await_event(self) -> None:
        """Wait until an answer comes, the next attempt may start, or it is time to look."""
        may_start, now = self._may_start(), self._clock.monotonic()
        look = self._watch.next_look(idle=not (self._unanswered or may_start))
        until = min(look, self._next_attempt) if may_start else look
        seconds = max(0.0, min(until - now, LONGEST_SILENCE))
        if not self._unanswered:
            self._clock.sleep(seconds)
        elif found := self._dispatch.answer(seconds):
            self._take(*found)
        if self._watch and self._clock.monotonic() >= look:
            self._look()
            if not (self._unanswered or may_start):
                self._tell_what_is_watched()

    def _take(self, group: CallGroup, answer: Answer) -> None:
        if answer.kind is Kind.RUNNING:
            self._record(group, State.ACCEPTED, answer)
            self.tell_wait(self._service.settle_seconds, f"{group.said}, {answer.detail}")
            return
        attempt = self._unanswered.pop(group.id)
        if seconds := answer.retry_after:
            ledger, key = self._work.ledger, (self._name, self._address)
            self._keep(ledger.pause(*key, seconds, answer.asked), seconds)
        wait = wait_before_repeat(answer, attempt)
        self._next_attempt = max(self._next_attempt, self._clock.monotonic() + (wait or 0.0))
        if wait is None:
            self._judge(attempt, answer)
            return
        self._record(group, State.PLANNED, answer)
        again = attempt.after_refusal(answer)
        self._repeat(again)
        if wait and not answer.retry_after:
            said = f"HTTP {answer.status}" if answer.status else answer.detail
            self.tell_wait(wait, f"attempt {again.number} of {ATTEMPTS} at {group.said} ({said})")

    def tell_wait(self, seconds: float, what: str) -> None:
        """Tell what is waited for, and until when, unless it is over in a moment."""
        if seconds >= A_MOMENT:
            until = self._clock.now() + timedelta(seconds=seconds)
            self._journal.waits_for(self._name, what, until)

    def _tell_what_is_watched(self) -> None:
        """Tell once how long dates are looked for, where there is nothing else to do."""
        deadline = self._watch.deadline
        if self._watch and deadline > self._told:
            self._told = deadline
            self.tell_wait(deadline - self._clock.monotonic(), f"for {self._watch.said} to land")

    def _repeat(self, attempt: Attempt) -> None:
        """Put it first in the queue.

        If it is held back until a probe landed, its earlier attempts still count.
        """
        self._repeats.update(dict.fromkeys((call.id for call in attempt.group.calls), attempt))
        self._queue.appendleft(attempt)

    def _judge(self, attempt: Attempt, answer: Answer) -> None:
        group = attempt.group
        doubt = self._doubt(group) if answer.kind is Kind.NOTHING_THAT_DAY else ""
        match answer.kind:
            case Kind.ACCEPTED:
                self._record(group, State.ACCEPTED, answer)
                self._watch_all(group, self._service.settle_seconds, unsure=False)
                self.answers.record(failed=False)
                self._was_accepted = True
            case Kind.UNKNOWN:
                self._record(group, State.UNKNOWN, answer)
                if not answer.at_work:
                    self._lost.update(dict.fromkeys((call.id for call in group.calls), attempt))
                self._watch_all(group, self._service.settle_seconds, unsure=True)
            case Kind.NOTHING_THAT_DAY if not doubt:
                self._record(group, State.NOTHING_THERE, answer)
                self.answers.record(failed=False)
            case _:
                self.hint = self._hint(answer, doubt)
                detail = ": ".join(filter(None, (doubt, answer.detail)))
                detail = "; ".join(filter(None, (detail, self.hint)))
                self._reject(group, replace(answer, detail=detail), stops=bool(doubt))

    def _hint(self, answer: Answer, doubt: str) -> str:
        """That the service may not understand the request; empty where it took one before."""
        malformed = self._service.kind == "http" and answer.status == MALFORMED
        refused = answer.kind is Kind.REJECTED or doubt.endswith(HAS_DATA)
        return OTHER_FORM if malformed and refused and not self._was_accepted else ""

    def _watch_all(self, group: CallGroup, seconds: float, *, unsure: bool) -> None:
        for call in group.calls:
            self._watch.add(call, seconds, unsure=unsure)

    def _reject(self, group: CallGroup, answer: Answer, *, stops: bool) -> None:
        """Look at the tables at once: it may have landed all the same."""
        self._record(group, State.REJECTED, answer)
        self._watch_all(group, 0, unsure=False)
        self._look()
        landed = all(self._journal.is_done(call.id) for call in group.calls)
        self.answers.record(failed=not landed)
        if answer.stops or answer.kind is Kind.UNAUTHORIZED:
            self.stopped = f"the service refuses every call, as {group.id}: {answer.detail}"
        elif stops and not landed:
            self.stopped = f"its answer for {group.said} contradicts the tables: {answer.detail}"

    def _look(self) -> None:
        """Look at the tables; what was lost and did not land may be sent again."""
        again: dict[Attempt, list[Call]] = {}
        for call in self._watch.look():
            state, lost = self._journal.state(call.id), self._lost.pop(call.id, None)
            if state is State.MULTIPLIED:
                self.stopped = f"{call.id} multiplied rows"
            if lost and may_be_sent_again(lost, state):
                again.setdefault(lost, []).append(call)
            elif state is not State.REJECTED:
                self.landings.record(failed=state not in DONE)
        for lost, calls in reversed(again.items()):
            self._send_again(calls, lost.sending + 1)

    def _send_again(self, calls: Iterable[Call], sending: int) -> None:
        """Those of a group that landed are left out of the next, and no others are put in."""
        for group in reversed(grouped_for(self._service, calls)):
            self._journal.remark(self._name, f"{group.said} did not land: it is sent again")
            self._repeat(Attempt(group=group, sending=sending))

    def _doubt(self, group: CallGroup) -> str:
        """Why "nothing that day" is not believed; empty where no table above has data either.

        An upstream alone proves little: it may have lost the date as well.
        """
        claim = "it says there is nothing that day"
        names = {name for call in group.calls for name in call.datasets}
        if roots := sorted(name for name in names if is_root(self._work.contract, name)):
            return f"{claim}, but the calendar of {', '.join(roots)} has the date"
        try:
            found = self._work.tables.look(group.calls)
            if not all(nothing_there(found[call.id]) for call in group.calls):
                return f"{claim}, but its upstream {HAS_DATA}"
            found = self._work.tables.look(group.calls, at_source=True)
        except WarehouseError as error:
            return f"{claim}, and the tables could not be read to check it ({error})"
        if all(nothing_there(found[call.id]) for call in group.calls):
            return ""
        compared = {coverage_pair(self._work.contract, name).of or name for name in names}
        return f"{claim} and its upstream lacks it, but {', '.join(sorted(compared))} {HAS_DATA}"

    def _record(self, group: CallGroup, state: State, answer: Answer) -> None:
        self._journal.move(
            group.calls,
            state,
            detail=answer.detail,
            status=answer.status,
            seconds=None if answer.kind is Kind.RUNNING else answer.seconds,
            unsent=answer.kind is Kind.NOT_SENT,
            in_flight_until=self._clock.now() + timedelta(seconds=self._service.settle_seconds),
        )
