"""Makes the calls of a plan: layer by layer, canary first, at the service's pace, verified.

The calls of one service are settled before the next service's begin, so a call is made only
when what it depends on has been seen to land.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date

from checkpoints.contract.model import Contract
from checkpoints.dates import DAY
from checkpoints.errors import CheckpointsError, WarehouseError
from checkpoints.text import dates
from remediation.backfill.rebuilt import Rebuilds
from remediation.backfill.rows import RowsBefore
from remediation.backfill.sending import Sending
from remediation.backfill.tables import Held, has_landed, nothing_there, outcome_of
from remediation.backfill.watch import RESEND, Watch
from remediation.backfill.work import Work
from remediation.ledger.journal import Journal, grouped
from remediation.ledger.states import DONE, IN_FLIGHT, State
from remediation.plan.model import Call, Plan
from remediation.plan.order import built_by

GONE = "it had landed and is not there any more"
IN_FLIGHT_ELSEWHERE = "another plan sent it, and it may still be in flight"
MULTIPLIED_ELSEWHERE = (
    "another plan's call multiplied its rows: remove the duplicates, then resume that plan"
)
UNKNOWN_ELSEWHERE = f"another plan sent it, and it is not known what became of it: {RESEND}"


def backfill(work: Work) -> tuple[Journal, dict[str, RowsBefore]]:
    """Carry out a plan as far as possible; the ledger says what became of each call.

    What landed in an earlier run is looked at first: what is gone is called again. Returns the
    journal and the rows before, by service, for what is seen afterwards.

    Raises:
        WarehouseError: the tables cannot be read before a service's first call.
        LedgerError: a transition cannot be written; nothing is sent after that.
        KeyboardInterrupt: Ctrl-C was pressed; what was seen to land until then is written down.
    """
    work.ledger.register(work.plan)
    gone = _reopen(work)
    work.send_earlier()
    selected = _selected(work)
    journal = Journal(work.plan, work.ledger, selected, work.tell)
    for service, number in gone.items():
        journal.remark(service, f"done in an earlier run and not there any more: {dates(number)}")
    rows = {}
    for service in work.plan.services():
        calls = [c for c in selected if c.service == service and not journal.is_done(c.id)]
        if calls:
            rows[service] = ServiceBackfill(work, journal, service).run_or_settle(calls)
    return journal, rows


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
    gone = grouped(_gone(work, states))
    blocked = [call for call in plan.calls if states[call.id] is State.BLOCKED]
    for reason, calls in {"": blocked, **gone}.items():
        ledger.move(plan.id, calls, State.PLANNED, detail=reason)
    return Counter(call.service for calls in gone.values() for call in calls)


def _gone(work: Work, states: Mapping[str, State]) -> Iterator[tuple[str, Call]]:
    """The calls that were done and are not, and why; one query, two where a day had nothing."""
    arrived = [call for call in work.plan.calls if states[call.id] is State.LANDED]
    empty = [call for call in work.plan.calls if states[call.id] is State.NOTHING_THERE]
    found, source = work.tables.look([*arrived, *empty]), work.tables.look(empty, at_source=True)
    rebuilds = Rebuilds(work.ledger, work.plan.id)
    for call in arrived:
        if not has_landed(held := rebuilds.judged(call, found[call.id])):
            yield f"{GONE}: {outcome_of(held)[1]}", call
    for call in empty:
        still = nothing_there(found[call.id]) and nothing_there(source[call.id])
        if not still and not has_landed(found[call.id]):
            yield "it said there was nothing that day, and now there should be", call


class ServiceBackfill:
    """The calls of one service."""

    def __init__(self, work: Work, journal: Journal, name: str) -> None:
        self._work = work
        self._name = name
        self._journal = journal
        self._clock = work.clock
        self._service = work.contract.services[name]
        self._watch = Watch(work, name, journal)
        self._sending = Sending(work, name, journal, self._watch)

    def run_or_settle(self, calls: Sequence[Call]) -> RowsBefore:
        """Run; when interrupted, look once more, so that what landed is not left in flight.

        Returns the rows that there were before, and what its calls left.
        """
        try:
            self._run(calls)
        except KeyboardInterrupt:
            with suppress(CheckpointsError):  # the next run looks again
                self._sending.interrupt()
                self._watch.look(before_exit=True)
            raise
        return self._watch.rows

    def _run(self, calls: Sequence[Call]) -> None:
        """Send what is missing, the canary first."""
        if self._service.ordered and (self._work.pace.concurrency or 1) > 1:
            self._journal.remark(self._name, "declared as ordered: one call at a time")
        self._settle_multiplied(self._read_rows())
        self._await_earlier(calls)
        # A date whose upstream did not land is not looked at: it may match what is half there.
        free = self._unblocked([c for c in calls if self._is_waiting(c)], self._lacks)
        waiting = self._unblocked(self._still_missing(free), self._sent_elsewhere())
        multiplied = self._calls_in({State.MULTIPLIED})
        if multiplied:
            self._block(waiting, f"{multiplied[0].id} multiplied rows")
        if multiplied or not waiting:
            return
        self._sending.keep_earlier_pause()
        if reason := self._sending.pause:
            self._block(waiting, reason)
            return
        size = self._work.pace.canary
        canary, rest = waiting[:size], waiting[size:]
        adjacent = adjacent_calls(self._work.plan, self._work.contract, self._name, canary)
        before = self._work.tables.look(adjacent)
        rest = [*self._sending.send(canary, one_by_one=True), *rest]
        if reason := self._reason_against_more(canary, adjacent, before):
            self._block(rest, reason)
        elif rest:
            self._journal.remark(self._name, f"canary {canary[0].date} landed: {len(rest)} to go")
            self._send(rest)

    def _calls_in(self, states: Collection[State]) -> list[Call]:
        calls = self._work.plan.calls_of(self._name)
        return [call for call in calls if self._journal.state(call.id) in states]

    def _read_rows(self) -> dict[str, Held]:
        """What the whole window holds before anything is sent: the rows that are usual."""
        calls = calls_of_window(self._work.plan, self._work.contract, self._name)
        found = self._work.tables.look(calls)
        unsure = {call.id for call in self._calls_in(IN_FLIGHT | {State.MULTIPLIED})}
        unsure |= self._work.ledger.multiplied(self._work.plan.id)
        self._watch.rows = RowsBefore(
            self._work.contract,
            {call.date: found[call.id].counts for call in calls},
            {call.date for call in calls if call.id in unsure},
            {call.date: names for call in calls if (names := standing_twice(call))},
        )
        self._reopen_gone(found)
        return dict(found)

    def _settle_multiplied(self, found: Mapping[str, Held]) -> None:
        """Only the tables show that the duplicates of an earlier run were removed."""
        for call in self._calls_in({State.MULTIPLIED}):
            held, told = found[call.id], self._journal.entries[call.id].detail
            if still := self._watch.rows.still_multiplied(call.date, held.counts, told):
                self._journal.move([call], State.MULTIPLIED, detail=still)
                continue
            state, detail = outcome_of(self._judged(call, held))
            if state is State.LANDED:
                self._journal.move([call], state, detail="its duplicates were removed")
            else:
                self._journal.move([call], State.PLANNED, detail=detail)

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
            sought = f"{dates(len(earlier))} that an earlier run sent"
            self._journal.remark(self._name, f"looking for {sought}, for at most {longest:.0f} s")
            self._sending.tell_wait(longest, f"for {sought}")
        self._sending.send([])
        self._sending.reset_failures()  # what an earlier run left behind does not count here

    def _is_waiting(self, call: Call) -> bool:
        return self._journal.state(call.id) not in IN_FLIGHT | DONE | {State.MULTIPLIED}

    def _still_missing(self, calls: Sequence[Call]) -> list[Call]:
        """The calls whose data are not there yet, or not as expected; no other is made.

        What is to be rebuilt is looked at before its first call, which is made whatever is there.
        """
        found = self._work.tables.look(calls)
        anew = [c for c in calls if c.rebuilds and not self._journal.entries[c.id].sent]
        self._watch.rebuilds.note(anew, found)
        datasets = self._work.contract.datasets
        silent = {n for c in anew for n in c.rebuilds if not datasets[n].written_at}
        if silent:
            names, have = ", ".join(sorted(silent)), "has" if len(silent) == 1 else "have"
            text = f"{names} {have} no written_at: an accepted call counts as a rebuild"
            self._journal.remark(self._name, text)
        sent = {call.id for call in calls}.difference(call.id for call in anew)
        present = [c for c in calls if c.id in sent and has_landed(self._judged(c, found[c.id]))]
        self._journal.move(present, State.LANDED, detail="was there already")
        return [call for call in calls if not self._journal.is_done(call.id)]

    def _judged(self, call: Call, held: Held) -> Held:
        """What the datasets of a call hold, by all that is asked of them."""
        return self._watch.rebuilds.judged(call, held.of(call.datasets))

    def _unblocked(self, calls: Sequence[Call], obstacle: Callable[[Call], str]) -> list[Call]:
        """The calls without an obstacle; the others are blocked."""
        blocked = grouped((obstacle(call), call) for call in calls)
        free = blocked.pop("", [])
        for reason, held in blocked.items():
            self._block(held, reason)
        return free

    def _lacks(self, call: Call) -> str:
        """What a call needs and has not got; empty when nothing."""
        for needed in call.depends_on:
            if not self._journal.is_done(needed):
                service = needed.rpartition("/")[0]
                return f"needs {service}, which is {self._journal.state(needed)}"
        return ""

    def _sent_elsewhere(self) -> Callable[[Call], str]:
        """Says why a call must not be sent here: another plan sent it; empty when it may."""
        ledger, plan = self._work.ledger, self._work.plan.id
        resendable = self._work.is_resendable(self._name)
        unknown = frozenset() if resendable else ledger.in_flight(None, plan)
        in_flight = ledger.in_flight(self._clock.now(), plan)
        calls = self._work.plan.calls_of(self._name)
        there = [
            call.id
            for call in calls
            if self._watch.rows.present(call.date) and not standing_twice(call)
        ]
        multiplied = ledger.multiplied(plan).intersection(there)
        reasons = {
            **dict.fromkeys(multiplied, MULTIPLIED_ELSEWHERE),
            **dict.fromkeys(unknown, UNKNOWN_ELSEWHERE),
            **dict.fromkeys(in_flight, IN_FLIGHT_ELSEWHERE),
        }
        return lambda call: reasons.get(call.id, "")

    def _block(self, calls: Sequence[Call], reason: str) -> None:
        self._journal.move(calls, State.BLOCKED, detail=reason)

    def _reason_against_more(
        self, canary: Sequence[Call], adjacent: Sequence[Call], before: Mapping[str, Held]
    ) -> str:
        """Why nothing more may be sent after the canary; empty when it may.

        ``before`` is what the dates adjacent to the canary held; what is gone there is planned
        again.
        """
        seen, failed = before, [call for call in canary if not self._journal.is_done(call.id)]
        if failed:
            state = self._journal.state(failed[0].id)
            reason = f"the canary {failed[0].id} did not land: it is {state}"
            reason = self._sending.pause or "; ".join(filter(None, (reason, self._sending.hint)))
        else:
            try:
                seen = self._work.tables.look(adjacent)
                reason = damage_of(adjacent, before, seen) or self._multiplied(adjacent, seen)
            except WarehouseError as error:
                reason = f"the days beside the canary could not be looked at: {error}"
            if reason:
                self._journal.remark(self._name, reason)
        self._reopen_gone(seen)
        return reason

    def _multiplied(self, calls: Sequence[Call], found: Mapping[str, Held]) -> str:
        """Which rows of the dates beside the canary are multiplied; empty when none are."""
        rows = self._watch.rows
        told = [rows.multiplied(c.date, found[c.id].counts, called=False) for c in calls]
        text = "; ".join(str(one) for of_date in told for one in of_date)
        return f"the canary multiplied rows of other dates: {text}" if text else ""

    def _reopen_gone(self, found: Mapping[str, Held]) -> None:
        """Put back to planned what had landed and was seen not to be there any more."""
        gone = [
            call
            for call in self._work.plan.calls_of(self._name)
            if call.id in found and self._journal.state(call.id) is State.LANDED
            if not has_landed(self._judged(call, found[call.id]))
        ]
        self._journal.move(gone, State.PLANNED, detail=GONE)

    def _send(self, calls: Sequence[Call]) -> None:
        """Send; where the service fails again and again, go on only if one probe lands."""
        rest = self._sending.send(calls)
        while rest:
            reason = self._sending.reason_to_stop()
            if self._sending.stopped or self._sending.pause:
                self._block(rest, reason)
                return
            probe, rest = rest[0], rest[1:]
            unsent = self._probe(probe, reason)
            if not self._journal.is_done(probe.id):
                reason = f"{reason}, and the probe {probe.id} did not land"
                self._block([*unsent, *rest], self._sending.pause or reason)
                return
            rest = self._sending.send(rest)

    def _probe(self, call: Call, reason: str) -> list[Call]:
        """Leave the service alone for a while, then try one date; returns it if it was not sent."""
        seconds = self._service.probe_after_seconds
        self._journal.remark(self._name, f"{reason}: one more is tried in {seconds:g} s")
        self._sending.tell_wait(seconds, f"one more try, {call.date} ({reason})")
        self._clock.sleep(seconds)
        self._sending.reset_failures()
        return self._sending.send([call], one_by_one=True)


def standing_twice(call: Call) -> frozenset[str]:
    """The datasets whose rows stand twice on the date of a call that is to replace them."""
    return frozenset(c.dataset for c in call.checks if c.rule.repaired_by_replacing)


def calls_of_window(plan: Plan, contract: Contract, service: str) -> list[Call]:
    """Every date of the plan's window and the days beside its calls, in all that is built."""
    called = {call.date for call in plan.calls_of(service)}
    return _whole(plan, contract, service, {*plan.window.dates(), *called, *_beside(called)})


def adjacent_calls(
    plan: Plan, contract: Contract, service: str, calls: Sequence[Call]
) -> list[Call]:
    """The day before and the day after each call of a service, which it may damage."""
    called = {call.date for call in calls}
    return _whole(plan, contract, service, _beside(called) - called)


def _beside(called: Collection[date]) -> set[date]:
    return {day + step for day in called for step in (-DAY, DAY)}


def _whole(plan: Plan, contract: Contract, service: str, days: Collection[date]) -> list[Call]:
    """Dates in all datasets that a service builds, whether or not a plan asks for them."""
    built = tuple(built_by(contract, service))
    whole = Call(service=service, date=plan.window.first, datasets=built)
    planned = {call.date: call for call in plan.calls_of(service)}
    return [
        planned.get(day, whole).model_copy(update={"date": day, "datasets": built})
        for day in sorted(days)
    ]


def damage_of(calls: Sequence[Call], before: Mapping[str, Held], after: Mapping[str, Held]) -> str:
    """What the dates of some calls lost between two looks; empty when nothing."""
    lost = [
        f"{name} on {call.date} had {old.matched} of {old.expected}, now {new.matched}"
        for call in calls
        for name, old in before[call.id].cells.items()
        if (new := after[call.id].cells[name]).matched < old.matched
    ]
    return f"the canary damaged other dates: {'; '.join(lost)}" if lost else ""
