"""Any schedule of faults, kills, interrupts, full disks, blind tables and clocks that are set."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from hypothesis import HealthCheck, Phase, given, settings

from remediation.ledger.states import State
from tests.simulation.model import Blow, Fault, Writes
from tests.simulation.model_plans import Options
from tests.simulation.model_runs import (
    Ending,
    Schedule,
    heal_and_finish,
    live_through,
    world_of,
)
from tests.simulation.schedules import DAYS, going_down, killed_in_flight, schedules

QUICKLY = settings(
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def survives(schedule: Schedule) -> None:
    """Every promise is kept until all is healed, and at the end."""
    with world_of(schedule) as world:
        live_through(world)
        heal_and_finish(world)


@settings(QUICKLY, max_examples=1300)
@given(schedules())
def test_whatever_happens_every_date_is_landed_or_explained(schedule: Schedule) -> None:
    survives(schedule)


@settings(QUICKLY, max_examples=900)
@given(schedules(late=True))
def test_a_service_that_works_for_longer_than_declared_is_never_believed(
    schedule: Schedule,
) -> None:
    survives(schedule)


@settings(QUICKLY, max_examples=300)
@given(going_down())
def test_a_service_that_goes_wrong_for_good_is_left_alone(schedule: Schedule) -> None:
    survives(schedule)


@settings(QUICKLY, max_examples=500)
@given(killed_in_flight())
def test_what_is_killed_in_flight_is_not_sent_while_it_is_worked_on(schedule: Schedule) -> None:
    survives(schedule)


def test_the_pause_that_a_last_refusal_asks_for_is_kept_as_well() -> None:
    schedule = Schedule(
        options=Options(breaker_after=3),
        dates={"four": DAYS[:6]},
        always={"four": Fault(status=429, retry_after=3)},
        sound_at_first=1,
    )
    with world_of(schedule) as world:
        live_through(world)
        assert world.promises.run.attempts["four/2025-01-08"] == 5
        heal_and_finish(world)


def test_a_date_that_is_held_back_for_a_probe_is_not_sent_more_often_for_it() -> None:
    schedule = Schedule(
        options=Options(concurrency=2, breaker_after=1),
        dates={"four": DAYS[:3]},
        faults={"four/2025-01-08": [Fault(status=429)]},
        always={"four": Fault(status=502, ends=0.25, writes=Writes.HALF)},
        sound_at_first=1,
    )
    with world_of(schedule) as world:
        live_through(world)
        assert world.promises.run.taken["four/2025-01-08"] == 3
        heal_and_finish(world)


def test_dates_that_are_sent_one_by_one_at_first_stay_alone_when_they_are_sent_again() -> None:
    lost = Fault(lost=True, ends=0.25)
    schedule = Schedule(
        options=Options(dates_per_call="range", concurrency=2, canary=2),
        dates={"four": DAYS[:3]},
        faults={"four/2025-01-07": [lost], "four/2025-01-08": [lost]},
    )
    slower = replace(schedule, look_seconds=1.0)
    with world_of(schedule) as world:
        world.time.at(5.0, partial(setattr, world, "schedule", slower))  # one look for both
        live_through(world)
        assert world.promises.is_all_done()


def test_a_job_that_is_told_of_while_a_run_is_interrupted_is_waited_for() -> None:
    schedule = Schedule(
        options=Options(stoppable=True),
        dates={"four": DAYS[:1]},
        faults={"four/2025-01-07": [Fault(job=1.0, ends=1.4, writes=Writes.ALL)]},
        blows=[(10, Blow.INTERRUPT)],
    )
    with world_of(schedule) as world:
        assert world.run(0, schedule.options) is Ending.INTERRUPTED
        noted = [step.state for step in world.ledger.history(world.plan(0).id)]
        assert noted == [State.SENDING, State.ACCEPTED, State.UNKNOWN, State.VERIFYING]
        live_through(world)
