"""What a backfill promises, whatever happens: watched while it runs, and checked at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from remediation.backfill.sending import ATTEMPTS, FIRST_WAIT, SENDS
from remediation.ledger.states import DONE, FOLLOWS, IN_FLIGHT, SETTLED, State
from remediation.plan.groups import CallGroup
from remediation.plan.model import Call, Plan
from remediation.service.answer import Answer, Kind
from tests.simulation.breaking import breaker_held
from tests.simulation.model import KEYS
from tests.simulation.model_plans import Options
from tests.simulation.observed import Moved, Run, Seen, ServiceRun

if TYPE_CHECKING:
    from tests.simulation.model_runs import World

MOST_STEPS = 4000
SLACK = 1e-3
REASONED = SETTLED - DONE


class Promises:
    """Fails as soon as one is broken."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._states: dict[tuple[str, str], State] = {}
        self._sent: Counter[tuple[str, str]] = Counter()
        self._sent_at: dict[str, float] = {}
        self._keys: dict[str, tuple[str, str]] = {}
        self._key_of: dict[tuple[str, str], str] = {}
        self._undecided: set[str] = set()
        self._pauses: list[tuple[str, float, float]] = []
        self.run: Run

    def begins(self, plan: Plan, options: Options) -> None:
        """A run takes up a plan."""
        services = {name: ServiceRun() for name in plan.services()}
        offset = self._world.time.offset
        self.run = Run(plan=plan, options=options, services=services, offset=offset)
        for call in plan.calls:
            if options.max_dates is None and self.state(call.id) in IN_FLIGHT - {State.ACCEPTED}:
                services[call.service].unsure.add(call.id)

    def state(self, call: str) -> State:
        """As its transitions left it."""
        return self._states.get((self.run.plan.id, call), State.PLANNED)

    def step(self) -> None:
        """Every run ends."""
        self.run.steps += 1
        assert self.run.steps <= MOST_STEPS, "the run does not end"

    def ends(self) -> None:
        """The run was told to end, or cannot write: nothing may be sent any more."""
        self.run.ending = True
        self.run.told_to_end = next(self._world.warehouse.sequence)

    def tries(self, calls: Sequence[Call]) -> None:
        """A look begins, and may not succeed."""
        self.run.tried.update((call.id, self._world.time.elapsed) for call in calls)

    def looked(self, calls: Sequence[Call], of_source: bool) -> None:
        """Note what the tables showed."""
        tables, number = self._world.warehouse, next(self._world.warehouse.sequence)
        for call in calls:
            found = tables.compare(call, of_source)
            seen = Seen(
                landed=any(e for _, e, _ in found) and all(e == m for _, e, m in found),
                some=any(m for _, _, m in found),
                empty=not any(e for _, e, _ in found),
                at=self._world.time.elapsed,
                number=number,
            )
            (self.run.source if of_source else self.run.seen)[call.id] = seen

    def starts(self, group: CallGroup, *, key: str, renew: bool) -> None:
        """A request is about to leave."""
        run, of = self.run, self.run.services[group.service]
        assert not run.ending, "sent after the end"
        self._as_declared(group)
        for call in group.calls:
            self._written_ahead(call, group)
            self._alone(call, of)
            self._upstream_landed(call)
            self._in_order(call, of)
        self._canary_alone(group, of)
        self._same_key(group, key)
        self._renews(group, renew, of)
        self._at_pace(of)
        self._not_in_a_pause(group.service)
        for call in group.calls:
            run.attempts[call.id] += 1
            assert run.attempts[call.id] <= SENDS * ATTEMPTS, "attempted too often"

    def _as_declared(self, group: CallGroup) -> None:
        """A date, consecutive days or a list; of the plan alone, oldest first, not too many."""
        options, days = self.run.options, group.dates
        most = 1 if options.dates_per_call == 1 else options.at_most
        assert 1 <= len(days) <= most, f"{len(days)} dates in one request"
        assert list(days) == sorted(set(days)), "the dates of a request are not in order"
        planned = {call.id: call for call in self.run.plan.calls}
        assert all(planned[call.id] is call for call in group.calls), "sent and not planned"
        if options.dates_per_call == "range":
            assert days[-1] - days[0] == timedelta(days=len(days) - 1), f"a gap in {group.id}"

    def _canary_alone(self, group: CallGroup, of: ServiceRun) -> None:
        """The dates that are sent first are sent one by one, whatever becomes of them."""
        if len(group.calls) > 1:
            canary = of.dates[: self.run.options.canary]
            assert not {*canary}.intersection(group.dates), "a canary is sent with others"

    def _same_key(self, group: CallGroup, key: str) -> None:
        """Every attempt at a request has its key, and no other request has it."""
        asked = (self.run.plan.id, group.id)
        assert self._keys.setdefault(key, asked) == asked, "the key of another request"
        assert self._key_of.setdefault(asked, key) == key, "another key"

    def _renews(self, group: CallGroup, renew: bool, of: ServiceRun) -> None:
        """What was unauthorized is repeated with new credentials, and nothing else."""
        calls = {call.id for call in group.calls}
        assert renew == bool(calls & of.unauthorized), "renewed for nothing, or not renewed"
        of.renewed = of.renewed | calls if renew else of.renewed - calls

    def _written_ahead(self, call: Call, group: CallGroup) -> None:
        row = self._world.connection.execute(
            "SELECT state, attempts, in_flight_until, request FROM calls "
            "WHERE plan_id = ? AND service = ? AND date = ?",
            (self.run.plan.id, call.service, str(call.date)),
        ).fetchone()
        assert row[0] == State.SENDING, "sent before it was written down"
        assert row[1] > self._sent[self.run.plan.id, call.id], "an attempt is not counted"
        assert row[3] == (group.id if len(group.calls) > 1 else ""), "sent with others unsaid"
        options, now = self.run.options, self._world.time.now()
        longest = timedelta(seconds=options.timeout_seconds + options.settle_seconds - 1)
        if self._world.time.set_forward_at < self._world.time.elapsed:
            assert datetime.fromisoformat(row[2]) >= now + longest, "in flight for too short a time"

    def _alone(self, call: Call, of: ServiceRun) -> None:
        """One call per date at a time, and none where nobody knows what became of the last."""
        world, options = self._world, self.run.options
        in_flight = frozenset[str]().union(*of.outstanding.values())
        assert call.id not in in_flight, f"{call.id} in two requests at a time"
        self._not_elsewhere(call)
        clock_lied = world.time.set_forward_at >= self._sent_at.get(call.id, 0)
        if world.promised and not clock_lied:
            assert not world.services.is_working_on(call), f"two calls of {call.id} in flight"
        if not (options.idempotent or options.resend_unknown):
            assert call.id not in self._undecided, f"{call.id} sent again, its outcome unknown"

    def _not_elsewhere(self, call: Call) -> None:
        """No other plan's call for the date is in flight, by what the ledger said at first."""
        if self._world.schedule.plans and self._world.time.offset == self.run.offset:
            other = self._world.connection.execute(
                "SELECT plan_id FROM calls WHERE plan_id != ? AND service = ? AND date = ? "
                f"AND state IN ({', '.join('?' * len(IN_FLIGHT))}) AND in_flight_until > ?",
                (
                    *(self.run.plan.id, call.service, str(call.date), *IN_FLIGHT),
                    self._world.time.now().isoformat(),
                ),
            ).fetchone()
            assert other is None, f"{call.id} is in flight elsewhere"

    def _upstream_landed(self, call: Call) -> None:
        calls = {other.id: other for other in self.run.plan.calls}
        for name in call.depends_on:
            assert self.state(name) in DONE, f"{call.id} sent before {name} landed"
            assert self._holds(calls[name]), f"{call.id} sent and {name} is not in the tables"

    def _holds(self, call: Call) -> bool:
        """Whether the tables show that a call is done, or did when this run looked last."""
        tables, run = self._world.warehouse, self.run
        if self.state(call.id) is State.LANDED:
            seen = run.seen[call.id]
            return tables.has_landed(call) or tables.changed_at(call) > seen.number
        number = min(run.seen[call.id].number, run.source[call.id].number)
        is_done = tables.has_nothing(call) or tables.has_landed(call)
        return is_done or tables.changed_at(call) > number

    def _at_pace(self, of: ServiceRun) -> None:
        options, now = self.run.options, self._world.time.elapsed
        most = 1 if options.ordered else options.at_a_time or options.concurrency
        assert len(of.outstanding) < most, "too many calls at a time"
        others = [s for s in self.run.services.values() if s is not of and s.outstanding]
        assert not others, "two services at a time"
        assert now >= of.last_start + options.seconds_between_calls - SLACK, "too fast"
        assert now >= of.not_before - SLACK, "the service asked for a pause"
        assert not of.unsure, f"sent while {sorted(of.unsure)} may be in flight unasked"
        assert not of.stopped_by, f"sent after {sorted(of.stopped_by)} were refused for good"
        of.last_start = now

    def paused(self, service: str, seconds: float) -> None:
        """A pause that a service asked for is in the ledger, for every later run."""
        now = self._world.time.elapsed
        self.run.services[service].pause_unwritten = False
        self._pauses.append((service, now, now + seconds))

    def _not_in_a_pause(self, service: str) -> None:
        """No run sends anything during a pause that a service asked any run for.

        A wall clock that was set forward since hides it from a later run, and from no other.
        """
        time = self._world.time
        for name, asked_at, until in self._pauses:
            if name == service and time.set_forward_at < asked_at:
                assert time.elapsed >= until - SLACK, "sent during a pause"

    def _in_order(self, call: Call, of: ServiceRun) -> None:
        """Oldest first, and nothing after the canary before it landed without damage."""
        if not of.dates:
            of.at_first = dict(self._world.warehouse.cells)
        if call.date not in of.dates:
            assert all(day < call.date for day in of.dates), "not in order"
            of.dates.append(call.date)
        most = self.run.options.max_dates
        assert most is None or len(of.dates) <= most, "more dates than asked for"
        canary = of.dates[: self.run.options.canary]
        if call.date not in canary:
            for day in canary:
                assert self.state(f"{call.service}/{day}") in DONE, "the canary did not land"
                self._undamaged(call, day, of)

    def _undamaged(self, call: Call, canary: date, of: ServiceRun) -> None:
        """The day before the canary was looked at once it had landed, and had lost nothing."""
        tables, beside = self._world.warehouse, canary - timedelta(days=1)
        if beside in of.dates:
            return
        seen = self.run.seen[f"{call.service}/{beside}"]
        landed = self.run.seen[f"{call.service}/{canary}"]
        assert seen.number > landed.number, "the days beside the canary were not looked at"
        for name in call.datasets:
            above = of.at_first.get((tables.upstream(name), beside), KEYS)
            before = min(above, of.at_first.get((name, beside), KEYS))
            lost = tables.keys(name, beside) < before
            known = tables.losses.get((name, beside), -1) < seen.number
            assert not (lost and known), f"{name} was damaged on {beside}"

    def sent(self, group: CallGroup, *, taken: bool) -> None:
        """A request has left."""
        run = self.run
        run.services[group.service].outstanding[group.id] = frozenset(c.id for c in group.calls)
        for call in group.calls:
            self._sent[run.plan.id, call.id] += 1
            self._sent_at[call.id] = self._world.time.elapsed
            self._undecided.add(call.id)
            run.taken[call.id] += taken
            assert run.taken[call.id] <= SENDS, f"{call.id} was taken too often"

    def answered(self, group: CallGroup, answer: Answer) -> None:
        """The client got its answer."""
        of, now = self.run.services[group.service], self._world.time.elapsed
        calls = of.outstanding[group.id]
        if answer.kind is Kind.RUNNING:
            of.running |= calls
            return
        del of.outstanding[group.id]
        of.running -= calls
        if answer.retry_after:
            of.not_before = max(of.not_before, now + answer.retry_after)
            of.pause_unwritten = True
        if answer.kind is Kind.UNKNOWN:
            of.unsure |= calls
        if answer.kind in {Kind.ACCEPTED, Kind.UNKNOWN}:
            self.run.answered.update(dict.fromkeys(calls, now))
        of.unauthorized -= calls
        of.backing_off -= calls
        if answer.kind in {Kind.BUSY, Kind.NOT_SENT} and answer.retry_after is None:
            of.backing_off |= calls
        if answer.kind is Kind.UNAUTHORIZED:
            of.unauthorized |= calls
        if answer.stops or (answer.kind is Kind.UNAUTHORIZED and calls & of.renewed):
            of.stopped_by = calls

    def moved(
        self, plan: str, calls: Collection[Call], state: State, detail: str, status: int | None
    ) -> None:
        """A transition was written."""
        together = tuple(call.id for call in calls)
        for call in calls:
            of, before = self.run.services[call.service], self.state(call.id)
            assert state in FOLLOWS[before], f"from {before} to {state}"
            assert not of.pause_unwritten, "the pause is not written down first"
            self._states[plan, call.id] = state
            now = self._world.time.elapsed
            of.moves.append(
                Moved(
                    at=now,
                    call=call.id,
                    before=before,
                    state=state,
                    together=together,
                    running=call.id in of.running and state is State.ACCEPTED,
                )
            )
            assert detail or status or state not in REASONED, f"{call.id} is {state}: no reason"
            self._shown(call, state)
            self._decided(call, before, state, of)
            if state is State.REJECTED and status == 400:
                of.stopped_by = frozenset(together)

    def _shown(self, call: Call, state: State) -> None:
        """The tables are believed, as they were when they were looked at last, and nothing else."""
        seen = self.run.seen.get(call.id)
        match state:
            case State.LANDED:
                assert seen is not None, f"{call.id} landed unseen"
                assert seen.landed, f"{call.id} is not in the tables"
            case State.NOTHING_THERE:
                source = self.run.source.get(call.id)
                assert seen is not None, f"{call.id} believed unseen"
                assert source is not None, f"{call.id} believed, the source unseen"
                assert seen.empty, f"{call.id} has an upstream"
                assert source.empty, f"{call.id} has a source"
            case State.STILL_MISSING | State.PARTIAL:
                assert seen is not None, f"{call.id} missing unseen"
                assert not seen.landed, f"{call.id} is in the tables"
                assert seen.empty or seen.some == (state is State.PARTIAL), "half is half"
                since = self.run.answered.get(call.id, float("-inf"))
                due = since + self.run.options.settle_seconds - SLACK
                assert seen.at >= due, f"{call.id} was given up too early"
            case _:
                pass

    def _decided(self, call: Call, before: State, state: State, of: ServiceRun) -> None:
        """Whether anybody may still be working on the call, as far as can be known."""
        answered = before in {State.SENDING, State.ACCEPTED} and state not in IN_FLIGHT
        if answered or state in DONE:
            self._undecided.discard(call.id)
        if state in SETTLED and before is State.VERIFYING:
            of.unsure.discard(call.id)
        if all(self.state(name) in DONE for name in of.stopped_by):
            of.stopped_by = frozenset()
        if before is State.SENDING and state is State.PLANNED and call.id in of.backing_off:
            of.not_before = max(of.not_before, self._world.time.elapsed + FIRST_WAIT)

    def replays(self) -> None:
        """The transitions, folded in order, are what the ledger says."""
        plan, ledger = self.run.plan, self._world.ledger
        folded = {call.id: (State.PLANNED, 0, "") for call in plan.calls}
        for step in ledger.history(plan.id):
            state, sent, _ = folded[step.id]
            assert step.state in FOLLOWS[state], f"{step.id} from {state} to {step.state}"
            sent += step.state is State.SENDING
            assert step.attempt == sent, f"{step.id} is its attempt {step.attempt}"
            folded[step.id] = (step.state, sent, step.detail)
        held = {e.id: (e.state, e.attempts, e.detail) for e in ledger.entries(plan.id)}
        assert held == folded, "the ledger does not replay"
        for call in plan.calls:
            assert self._sent[plan.id, call.id] <= folded[call.id][1], "sent and not written"

    def interrupted(self) -> None:
        """What had landed is written down, if tables could be read and the disk has room."""
        tables = self._world.warehouse
        if self.run.disk_full:
            return
        touched = {move.call for of in self.run.services.values() for move in of.moves}
        for call in self.run.plan.calls:
            asked = IN_FLIGHT - {State.SENDING}
            under_way = call.id in self.run.services[call.service].running
            watched = self.state(call.id) in asked and call.id in touched and not under_way
            if watched and not tables.blind and tables.has_landed(call):
                assert tables.changed_at(call) > self.run.told_to_end, f"{call.id} had landed"

    def ended(self) -> None:
        """A run ended by itself: every call is done and seen, or explained."""
        run = self.run
        details = {e.id: e.detail for e in self._world.ledger.entries(run.plan.id)}
        for call in run.plan.calls:
            state = self.state(call.id)
            if state in DONE:
                assert self._holds(call), f"{call.id} is {state}, and the tables differ"
            elif not self._is_left_out(call):
                assert state in SETTLED or self._is_gone(call), f"{call.id} is left {state}"
                assert details[call.id], f"{call.id} is {state} for no reason"
            if state is State.REJECTED:
                self._looked_after(call)
        for name, of in run.services.items():
            assert not of.outstanding, f"{name} was not waited for"
            breaker_held(of.moves, run.options.breaker_after)

    def _looked_after(self, call: Call) -> None:
        """What was rejected may have landed all the same."""
        moves = self.run.services[call.service].moves
        rejected = [m.at for m in moves if m.call == call.id and m.state is State.REJECTED]
        for at in rejected[-1:]:
            assert self.run.tried[call.id] >= at, f"{call.id} was rejected and not looked at"

    def _is_gone(self, call: Call) -> bool:
        """It had landed, and this run saw that it did not stay."""
        moves = [m for m in self.run.services[call.service].moves if m.call == call.id]
        return bool(moves) and moves[-1].state is State.PLANNED and moves[-1].before in DONE

    def _is_left_out(self, call: Call) -> bool:
        """Only so many dates are dealt with, the oldest that are not done."""
        run = self.run
        touched = {move.call for of in run.services.values() for move in of.moves}
        earlier = {
            other.date
            for other in run.plan.calls
            if other.date < call.date and (other.id in touched or self.state(other.id) not in DONE)
        }
        return run.options.max_dates is not None and len(earlier) >= run.options.max_dates

    def is_all_done(self) -> bool:
        """Whether nothing of the plan remains to be done."""
        return all(self.state(call.id) in DONE for call in self.run.plan.calls)
