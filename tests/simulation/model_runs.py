"""A schedule of faults and blows, and the runs of the real engine that live through it."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Unpack

from checkpoints.errors import WarehouseError
from checkpoints.rules.evidence import Cell, Status
from remediation.backfill.engine import backfill
from remediation.backfill.tables import Held
from remediation.backfill.work import Pace, Work
from remediation.clock import Clock
from remediation.errors import LedgerError
from remediation.ledger.file import opened_for_writing
from remediation.ledger.ledger import Ledger, MoveDetails, Pause
from remediation.ledger.states import State
from remediation.plan.groups import CallGroup
from remediation.plan.model import Call, Plan
from remediation.service.answer import Answer, Kind
from tests.simulation.model import KEYS, Blow, Blows, Crash, Fault, Services, Time, Warehouse
from tests.simulation.model_plans import BUILDS, Options, contract_of, plan_of
from tests.simulation.promises import Promises

TO_END = 0.1
"""Seconds that it takes to end what is under way."""

MEMORY = Path(":memory:")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """All that happens. ``dates`` are those that each service has to build.

    ``faults`` meet the calls one by one, ``always`` all later ones but those ``sound_at_first``,
    until everything heals.
    ``blind`` are (start, length) in seconds; ``vanishing``
    (when, dataset, date, when it is back or None).
    After each blow ``pauses`` seconds pass, and by ``plans`` one of two equal plans is run.
    """

    options: Options
    dates: Mapping[str, tuple[date, ...]]
    faults: Mapping[str, Sequence[Fault]] = field(default_factory=dict)
    always: Mapping[str, Fault] = field(default_factory=dict)
    sound_at_first: int = 0
    blind: Sequence[tuple[float, float]] = ()
    vanishing: Sequence[tuple[float, str, date, float | None]] = ()
    blows: Sequence[tuple[int, Blow]] = ()
    pauses: Sequence[float] = ()
    plans: Sequence[int] = ()
    look_seconds: float = 0
    promised: bool = True


class Ending(StrEnum):
    """How a run ended."""

    BY_ITSELF = "by itself"
    CUT_SHORT = "cut short"
    INTERRUPTED = "interrupted"
    BLIND = "blind"


class WatchedLedger(Ledger):
    """The real ledger; blows strike around every write."""

    def watched_by(self, world: World) -> None:
        self.world = world

    def move(
        self, plan_id: str, calls: Collection[Call], state: State, **details: Unpack[MoveDetails]
    ) -> None:
        self.world.point("write")
        super().move(plan_id, calls, state, **details)
        detail, status = details.get("detail", ""), details.get("status")
        self.world.promises.moved(plan_id, calls, state, detail, status)
        self.world.point("written")

    def pause(self, service: str, address: str, seconds: float, reason: str) -> Pause:
        self.world.point("write")
        pause = super().pause(service, address, seconds, reason)
        self.world.promises.paused(service, seconds)
        self.world.point("written")
        return pause


class Line:
    """A client's connections to one service; what was under way is lost with its run.

    ``_answers`` are (when, place among equals, group, fault, whether another follows).
    """

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._service = world.contract.services[name]
        self._answers: list[tuple[float, int, CallGroup, Fault, bool]] = []

    def start(self, group: CallGroup, *, key: str, renew: bool = False) -> None:
        world = self._world
        world.point("send")
        world.promises.starts(group, key=key, renew=renew)
        fault = world.services.take(group)
        world.promises.sent(group, taken=fault.ends > 0)
        seconds = min(fault.after, self._service.timeout_seconds)
        self._will_answer(seconds, group, fault, running=fault.job > 0)
        world.point("sent")

    def _will_answer(self, seconds: float, group: CallGroup, fault: Fault, running: bool) -> None:
        due, number = self._world.time.elapsed + seconds, next(self._world.warehouse.sequence)
        heapq.heappush(self._answers, (due, number, group, fault, running))

    def stop(self) -> bool:
        """End what is under way, where that is possible: its answers are lost, and come soon."""
        if self._world.schedule.options.stoppable:
            under_way, self._answers = self._answers, []
            for _, _, group, fault, running in under_way:
                self._world.services.kill(group)
                self._will_answer(TO_END, group, replace(fault, lost=True, job=TO_END), running)
        return self._world.schedule.options.stoppable

    def answer(self, seconds: float) -> tuple[CallGroup, Answer] | None:
        world = self._world
        world.point("wait")
        left = world.time.elapsed + seconds
        if not self._answers or self._answers[0][0] > left:
            world.time.advance(seconds)
            world.point("wait")
            return None
        world.time.advance(self._answers[0][0] - world.time.elapsed)
        _, _, group, fault, running = heapq.heappop(self._answers)
        if running:
            self._will_answer(fault.job, group, fault, running=False)
            answer = Answer(kind=Kind.RUNNING, detail="it runs as a job")
        else:
            late = fault.after > self._service.timeout_seconds
            answer = fault.answer(self._service, world.time.now(), late)
        world.point("wait")
        world.promises.answered(group, answer)
        return group, replace(answer, seconds=fault.after)


class World:
    """Everything that outlives a run, and the runs themselves."""

    def __init__(self, schedule: Schedule, connection: sqlite3.Connection) -> None:
        self.schedule = schedule
        self.contract = contract_of(schedule.options)
        self.time = Time()
        cells = {
            (name, day): 0
            for service, days in schedule.dates.items()
            for name in BUILDS[service]
            for day in days
        }
        self.warehouse = Warehouse(contract=self.contract, cells=cells, blind=schedule.blind)
        self.services = Services(
            time=self.time,
            warehouse=self.warehouse,
            faults={name: list(faults) for name, faults in schedule.faults.items()},
            always=dict(schedule.always),
            sound_at_first=schedule.sound_at_first,
        )
        self.blows = Blows(schedule.blows)
        self.connection = connection
        self.ledger = WatchedLedger(connection, self.time.now, MEMORY)
        self.ledger.watched_by(self)
        self.promises = Promises(self)
        self.promised = schedule.promised
        for when, dataset, day, back in schedule.vanishing:
            self.time.at(when, partial(self.warehouse.write, dataset, day, 0))
            if back is not None:
                self.time.at(back, partial(self.warehouse.write, dataset, day, KEYS))

    def plan(self, number: int) -> Plan:
        return plan_of(tuple(self.schedule.dates.items()), number)

    def point(self, where: str) -> None:
        """A place where the run can be struck."""
        self.promises.step()
        match self.blows.strike(where):
            case Blow.CRASH:
                raise Crash(where)
            case Blow.INTERRUPT:
                self.promises.ends()
                raise KeyboardInterrupt
            case Blow.DISK_FULL:
                self.promises.ends()
                self.promises.run.disk_full = True
                raise LedgerError("the disk is full")
            case Blow.FORWARD:
                self.time.jump(1)
            case Blow.BACKWARD:
                self.time.jump(-1)

    def sleep(self, seconds: float) -> None:
        self.point("wait")
        self.time.advance(seconds)
        self.point("wait")

    def look(
        self, calls: Sequence[Call], *, at_source: bool = False, before_exit: bool = False
    ) -> Mapping[str, Held]:
        """A look takes its time, and shows the tables as they are in the middle of it."""
        if not calls:
            return {}
        self.point("last look" if before_exit else "look")
        self.promises.tries(calls)
        self.time.advance(self.schedule.look_seconds)
        if self.warehouse.is_blind(self.time.elapsed):
            raise WarehouseError("the warehouse is away")
        found = {
            call.id: Held(
                {
                    name: Cell(call.date, Status.DUE, expected, matched, matched, 0, 0)
                    for name, expected, matched in self.warehouse.compare(call, at_source)
                }
            )
            for call in calls
        }
        self.promises.looked(calls, at_source)
        self.time.advance(self.schedule.look_seconds)
        self.point("last look" if before_exit else "look")
        return found

    def run(self, number: int, options: Options) -> Ending:
        """One run of a plan, from the ledger, the tables and the services alone."""
        plan = self.plan(number)
        self.promises.begins(plan, options)
        work = Work(
            plan=plan,
            contract=self.contract,
            ledger=self.ledger,
            dispatch={name: Line(self, name) for name in plan.services()},
            tables=self,
            clock=Clock(now=self.time.now, monotonic=self.time.monotonic, sleep=self.sleep),
            tell=lambda _: None,
            pace=Pace(
                canary=options.canary,
                max_dates=options.max_dates,
                concurrency=options.at_a_time,
                resend_unknown=options.resend_unknown,
            ),
        )
        ending = self._carried_out(work)
        self.promises.replays()
        if ending is Ending.BY_ITSELF:
            self.promises.ended()
        elif ending is Ending.INTERRUPTED:
            self.promises.interrupted()
        return ending

    def _carried_out(self, work: Work) -> Ending:
        try:
            backfill(work)
        except WarehouseError:
            return Ending.BLIND
        except KeyboardInterrupt:
            return Ending.INTERRUPTED
        except Crash:
            return Ending.CUT_SHORT
        except LedgerError as error:
            if str(error) != "the disk is full":
                raise
            return Ending.CUT_SHORT
        return Ending.BY_ITSELF

    def heal(self) -> None:
        """From now on everything works, and nothing is under way any more."""
        self.services.faults.clear()
        self.services.always.clear()
        self.blows.end()
        self.warehouse.blind = ()
        self.time.advance(100_000)


@contextmanager
def world_of(schedule: Schedule) -> Iterator[World]:
    """A world with an empty ledger, kept in memory."""
    with opened_for_writing(MEMORY) as connection:
        yield World(schedule, connection)


def live_through(world: World) -> None:
    """Run and resume until a run ends by itself after every blow has struck."""
    schedule = world.schedule
    pauses, plans = list(schedule.pauses), list(schedule.plans)
    for _ in range(len(schedule.blows) + 40):
        number = plans.pop(0) if plans else 0
        if world.run(number, schedule.options) is Ending.BY_ITSELF and not plans:
            return
        world.time.advance(pauses.pop(0) if pauses else 10)
    raise AssertionError("no run ended by itself")


def heal_and_finish(world: World) -> None:
    """As soon as everything works, everything lands: two dates at a time, or as many as asked."""
    world.heal()
    schedule = world.schedule
    options = replace(schedule.options, resend_unknown=True)
    days = len(next(iter(schedule.dates.values())))
    for number in sorted({0, *schedule.plans}):
        for _ in range(2 + days // (options.max_dates or days)):
            assert world.run(number, options) is Ending.BY_ITSELF
            if world.promises.is_all_done():
                break
        else:
            raise AssertionError("it does not land when everything works")
