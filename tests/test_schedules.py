"""Any schedule of faults, kills, interrupts, full disks, blind tables and clocks that are set."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings

from tests.model_runs import Schedule, heal_and_finish, live_through, world_of
from tests.schedules import going_down, schedules

QUICKLY = settings(
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@settings(QUICKLY, max_examples=1600)
@given(schedules())
def test_whatever_happens_every_date_is_landed_or_explained(schedule: Schedule) -> None:
    with world_of(schedule) as world:
        live_through(world)
        heal_and_finish(world)


@settings(QUICKLY, max_examples=1100)
@given(schedules(late=True))
def test_a_service_that_works_for_longer_than_declared_is_never_believed(
    schedule: Schedule,
) -> None:
    with world_of(schedule) as world:
        live_through(world)
        heal_and_finish(world)


@settings(QUICKLY, max_examples=300)
@given(going_down())
def test_a_service_that_goes_wrong_for_good_is_left_alone(schedule: Schedule) -> None:
    with world_of(schedule) as world:
        live_through(world)
        heal_and_finish(world)
