"""Runs that are killed with SIGKILL at every step; ``resume`` finishes what they began."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from remediation.ledger.plans import kept_path, write_plan
from remediation.plan.planning import Request, make_plan
from tests.support.backfills import EIGHT, NINE, SEVEN
from tests.support.commands import environment
from tests.support.forks import fork
from tests.support.killing import POINTS
from tests.support.remediation_commands import seen, states, strict_on_scores
from tests.support.scripted_service import Project, answer, project

TEN = "2025-01-10"
HOLE = (SEVEN, EIGHT, NINE, TEN)
ALL = [f"{service} {day[5:]}" for service in ("four", "five") for day in HOLE]
ONCE = ("before the plan is registered", "before the record is written")
KILLS = [(point, 1 if point in ONCE else n, at) for point in POINTS for n, at in ((2, 1), (3, 3))]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    patient = {"timeout_seconds": 2, "settle_seconds": 1}
    with project(tmp_path, {"factors": HOLE, "scores": HOLE}, **patient) as running:
        strict_on_scores(running)
        report, file = running.check(), running.file()
        plan = make_plan(report, file.contract, file.sha256, Request())
        write_plan(plan, kept_path(running.folder, plan.id))
        yield running


def killed(made: Project, point: str, number: int, *arguments: str) -> None:
    """Run until the process kills itself, and wait for what the service began."""
    contract = str(made.folder / "pipeline.yml")
    run = ("run", "--yes", "--contract", contract, *arguments)
    ran = fork("tests.support.killing", point, str(number), *run, env=environment())
    _, said = ran.communicate(timeout=60)
    assert ran.returncode == -9, said
    made.service.settle()


def there(made: Project) -> set[str]:
    """The calls of the plan whose dates are in the tables."""
    tables = {"four": "factors", "five": "scores"}
    return {
        f"{service} {day[5:]}"
        for service, table in tables.items()
        for day in HOLE
        if made.rows(table, day) == 2
    }


def finished(made: Project, arguments: tuple[str, ...]) -> None:
    """Resume to the end, or run where the plan was not yet registered as started."""
    code, said = seen(made, "resume", *arguments)
    if "Nothing to resume" in said:
        code, said = seen(made, "run", "--yes", *arguments)
    assert code == 0, said
    assert there(made) == set(ALL)
    assert set(states(made).values()) == {"landed"}


@pytest.mark.parametrize(("point", "number", "concurrency"), KILLS)
def test_what_a_killed_run_began_is_finished_and_nothing_is_sent_twice(
    made: Project, point: str, number: int, concurrency: int
) -> None:
    at = ("--concurrency", str(concurrency))
    killed(made, point, number, *at)
    before, landed = len(made.service.sent), there(made)
    assert set(made.service.sent) == landed
    finished(made, at)
    assert not landed & set(made.service.sent[before:])
    assert Counter(made.service.sent) == Counter(ALL)


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("point", ["before the answer is recorded", "when verification begins"])
def test_what_did_not_land_before_the_kill_is_sent_once_more(
    made: Project, point: str, concurrency: int
) -> None:
    made.service.on("/four", EIGHT, answer(200))
    at = ("--concurrency", str(concurrency))
    killed(made, point, 2, *at)
    before, landed = list(made.service.sent), there(made)
    finished(made, at)
    assert "four 01-08" in set(before) - landed
    assert not landed & set(made.service.sent[len(before) :])
    assert Counter(made.service.sent) == Counter([*ALL, "four 01-08"])


def test_a_run_may_be_killed_again_and_again(made: Project) -> None:
    for point in ("after the write-ahead", "before the answer is recorded", "between two dates"):
        killed(made, point, 1)
    finished(made, ())
    assert Counter(made.service.sent) == Counter(ALL)
