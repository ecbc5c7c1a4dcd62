"""Tells the services of ``on_landed`` of the dates that landed, until each has taken it.

A notice is sent as a call is, by the same senders, and written down before it leaves: at least
once, always with the same Idempotency-Key. What becomes of it never changes what landed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from checkpoints.archive.remediation import (
    DOUBTFUL,
    SETTLED_DELIVERIES,
    CallStatus,
    Delivery,
    DeliveryState,
)
from checkpoints.contract.model import Contract
from checkpoints.text import dates
from remediation.backfill.sending import (
    A_MOMENT,
    LONGEST_SILENCE,
    LONGEST_WAIT,
    Attempt,
    Breaker,
    wait_before_repeat,
)
from remediation.errors import CredentialsError
from remediation.ledger.journal import Event
from remediation.ledger.ledger import Ledger, moment
from remediation.plan.groups import CallGroup, alone, grouped_for
from remediation.plan.model import Call, idempotency_key
from remediation.plan.notices import is_told_of, landed_notices
from remediation.service.answer import Answer, Kind
from remediation.service.dispatch import Dispatch
from remediation.service.kind import Access, service_of

GONE = "the date is not there any more"
NOT_ASKED_FOR = "the contract does not ask for it any more"
IN_DOUBT = "it may have been delivered: --resend-unknown sends it again"


@dataclass(frozen=True, slots=True)
class Notice:
    """What one request tells a service of the landings of a plan."""

    plan_id: str
    group: CallGroup

    @property
    def key(self) -> str:
        """Not that of a call for the same dates, should the service build them as well."""
        return idempotency_key(self.plan_id, f"on_landed/{self.group.id}")


class Delivering:
    """Sends what is due, and writes down what became of it.

    ``is_own`` tells from the id of a run whether it is one of the contract's; with
    ``resend_unknown`` what a service that is not idempotent may have taken is sent again.
    """

    def __init__(
        self,
        contract: Contract,
        ledger: Ledger,
        access: Access,
        tell: Callable[[Event], None],
        *,
        is_own: Callable[[str], bool],
        resend_unknown: bool = False,
    ) -> None:
        self._contract = contract
        self._ledger = ledger
        self._deliveries = ledger.deliveries
        self._access = access
        self._clock = access.clock
        self._tell = tell
        self._is_own = is_own
        self._resend_unknown = resend_unknown
        self._tried: set[tuple[str, str]] = set()

    def send_earlier(self) -> None:
        """Send what earlier runs did not deliver, also of other plans of the contract.

        Raises:
            LedgerError: it cannot be written down; nothing is sent after that.
        """
        due = list(self._earlier())
        self._send(due)
        for name in dict.fromkeys(delivery.service for delivery in due):
            open_ = {_key(found): found for found in self._deliveries.open()}
            own = [_key(found) for found in due if found.service == name]
            left = [open_[key] for key in own if key in open_]
            told = dates(len(own) - len(left))
            text = f"told of {told} that landed in an earlier run"
            if left:
                text = f"{text}, not of {dates(len(left))}: {left[-1].detail}"
            self._tell(_event(name, text))

    def send_landed(
        self, plan_id: str, calls: Sequence[CallStatus], unread: Collection[str] = ()
    ) -> tuple[Delivery, ...]:
        """Tell of what a plan made land, but for what the last reading could not judge: ``unread``
        are the names of those datasets.

        Returns all that is to be told of the plan, and whether it was.

        Raises:
            LedgerError: it cannot be written down; nothing is sent after that.
        """
        landed = landed_notices(self._contract, calls)
        unseen = [notice for notice in landed if not set(unread).isdisjoint(notice.datasets)]
        seen = [notice for notice in landed if notice not in unseen]
        self._deliveries.add(plan_id, unseen, verified=False)
        self._deliveries.add(plan_id, seen, verified=True)
        complete = {notice.id for notice in seen}
        self._send(
            [
                found
                for found in self._deliveries.of_plan(plan_id)
                if found.state not in SETTLED_DELIVERIES
                if found.id in complete and _key(found) not in self._tried
            ]
        )
        return tuple(self._deliveries.of_plan(plan_id))

    def _earlier(self) -> Iterator[Delivery]:
        """What is sent again; what the contract no longer asks for is withdrawn."""
        runs, waiting = dict(self._ledger.plan_ids()), self._deliveries.open()
        plans = {p for p in {found.plan_id for found in waiting} if self._is_own(runs[p])}
        complete = {plan_id: self._complete(plan_id) for plan_id in plans}
        for found in waiting:
            plan_id, group = found.plan_id, alone(_call(found))
            if plan_id not in plans:
                continue
            if not any(is_told_of(self._contract, found.service, n) for n in found.datasets):
                self._deliveries.move(plan_id, group, DeliveryState.WITHDRAWN, NOT_ASKED_FOR)
            elif found.id not in complete[plan_id]:
                self._deliveries.hold(plan_id, group, GONE)
            elif found.state is not DeliveryState.NOT_VERIFIED:
                yield found

    def _complete(self, plan_id: str) -> set[str]:
        """The ids of what is to be told of a plan, as its calls stand in the ledger."""
        calls = self._ledger.entries(plan_id)
        return {notice.id for notice in landed_notices(self._contract, calls)}

    def _send(self, due: Sequence[Delivery]) -> None:
        self._tried.update(map(_key, due))
        for name in dict.fromkeys(delivery.service for delivery in due):
            own = [found for found in due if found.service == name]
            sure = self._contract.services[name].idempotent or self._resend_unknown
            doubtful = [found for found in own if found.state in DOUBTFUL and not sure]
            self._hold(self._notices(doubtful), IN_DOUBT)
            notices = self._notices(found for found in own if found not in doubtful)
            if notices:
                sent, reason = self._send_to(name, notices)
                self._hold(notices[sent:], f"not sent: {reason}")

    def _notices(self, due: Iterable[Delivery]) -> list[Notice]:
        """What was sent together before is sent together again, with the same key."""
        found: dict[tuple[str, str], list[Call]] = {}
        for delivery in due:
            key = (delivery.plan_id, delivery.request)
            found.setdefault(key, []).append(_call(delivery))
        return [
            Notice(plan_id, group)
            for (plan_id, _), calls in found.items()
            for group in grouped_for(self._contract.services[calls[0].service], calls)
        ]

    def _hold(self, notices: Iterable[Notice], reason: str) -> None:
        for notice in notices:
            self._deliveries.hold(notice.plan_id, notice.group, reason)

    def _send_to(self, name: str, notices: Sequence[Notice]) -> tuple[int, str]:
        """Returns how many were sent, and why no more."""
        service = service_of(self._contract, name)
        if problems := service.problems(self._access.environment):
            return 0, "; ".join(problems)
        try:
            with service.open_sender(self._access) as sender:
                return self._send_with(Dispatch(sender), name, notices)
        except CredentialsError as error:
            return 0, str(error)

    def _send_with(
        self, dispatch: Dispatch, name: str, notices: Sequence[Notice]
    ) -> tuple[int, str]:
        service = self._contract.services[name]
        breaker = Breaker(service.breaker_after)
        for number, notice in enumerate(notices):
            if number:
                self._clock.sleep(service.seconds_between_calls)
            if reason := self._await_pause(name):
                return number, reason
            answer = self._deliver(dispatch, notice)
            breaker.record(failed=answer.kind is not Kind.ACCEPTED)
            if answer.stops or breaker.is_open:
                return number + 1, f"as {notice.group.id} before, {_said(answer)}"
        return len(notices), ""

    def _await_pause(self, name: str) -> str:
        """Wait as long as the service asked for; why nothing is sent where that is too long."""
        pause = self._ledger.pauses().get((name, service_of(self._contract, name).address))
        seconds = pause.seconds_left(self._clock.now()) if pause else 0.0
        if seconds > LONGEST_WAIT:
            return f"{name} {pause}"
        self._wait(name, seconds, str(pause))
        return ""

    def _wait(self, name: str, seconds: float, why: str) -> None:
        if seconds >= A_MOMENT:
            until = self._clock.now() + timedelta(seconds=seconds)
            self._tell(_event(name, f"waiting until {moment(until)}: {why}"))
        self._clock.sleep(seconds)

    def _deliver(self, dispatch: Dispatch, notice: Notice) -> Answer:
        """Attempts at one notice, until it is answered for good."""
        attempt = Attempt(group=notice.group)
        while True:
            answer = self._attempt(dispatch, notice, renew=attempt.renew)
            wait = wait_before_repeat(answer, attempt)
            if wait is None:
                return answer
            attempt = attempt.after_refusal(answer)
            self._wait(notice.group.service, wait, f"{notice.group.said} ({_said(answer)})")

    def _attempt(self, dispatch: Dispatch, notice: Notice, *, renew: bool) -> Answer:
        plan_id, group = notice.plan_id, notice.group
        self._deliveries.move(plan_id, group, DeliveryState.SENDING)
        dispatch.start(group, key=notice.key, renew=renew)
        try:
            answer = _last_answer(dispatch)
        except KeyboardInterrupt:
            dispatch.stop()  # it stays as sending, and is sent again
            raise
        if seconds := answer.retry_after:
            address = service_of(self._contract, group.service).address
            self._ledger.pause(group.service, address, seconds, answer.asked)
        self._deliveries.move(plan_id, group, _state(answer), _said(answer))
        return answer


def _last_answer(dispatch: Dispatch) -> Answer:
    """Where a job runs, the one at its end."""
    while True:
        found = dispatch.answer(LONGEST_SILENCE)
        if found and found[1].kind is not Kind.RUNNING:
            return found[1]


def _state(answer: Answer) -> DeliveryState:
    match answer.kind:
        case Kind.ACCEPTED:
            return DeliveryState.DELIVERED
        case Kind.UNKNOWN:
            return DeliveryState.UNKNOWN
    return DeliveryState.FAILED


def _said(answer: Answer) -> str:
    """In the words of the service, if it had any."""
    return answer.detail or (f"HTTP {answer.status}" if answer.status else str(answer.kind))


def _call(delivery: Delivery) -> Call:
    return Call(service=delivery.service, date=delivery.date, datasets=delivery.datasets)


def _key(delivery: Delivery) -> tuple[str, str]:
    return delivery.plan_id, delivery.id


def _event(service: str, text: str) -> Event:
    """Of no call of the plan."""
    return Event(service=service, total=0, settled=0, landed=0, text=text)
