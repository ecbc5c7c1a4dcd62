"""Rows that a service multiplies: no key shows them, and a date that has them never landed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.dates import DAY, DateRange
from checkpoints.errors import ExitCode
from checkpoints.warehouse.reading import open_warehouse
from remediation.plan.model import Plan
from tests.support.backfills import (
    EIGHT,
    FACTORS,
    NINE,
    SEVEN,
    THREE_DAYS,
    carry_out,
    entries,
    execute,
    history,
    plan_of,
    states,
    writes,
)
from tests.support.remediation_commands import seen, typed
from tests.support.scripted_service import Act, Project, drop, land, project, reply
from tests.support.warehouses import BASIC, D, contract_of, fill

ONE_OF_TWO = "INSERT INTO s.factors SELECT d, min(k) FROM s.summary WHERE d = ? GROUP BY d"
APPEND = "INSERT INTO s.factors SELECT d, k FROM s.summary WHERE d = ?"
APPEND_CACHE = "INSERT INTO s.cache SELECT d, k FROM s.summary WHERE d = ?"
PLAYERS = "INSERT INTO s.factors SELECT d, k FROM s.summary, range(12) WHERE d = ?"
DELETE = "DELETE FROM s.factors WHERE d = ?"
DISTINCT = """
CREATE OR REPLACE TEMP TABLE once AS SELECT DISTINCT d, k FROM s.factors;
DELETE FROM s.factors; INSERT INTO s.factors SELECT d, k FROM once
"""


def then(*acts: Callable[..., None]) -> Act:
    """All of them, of which the last one answers."""

    def act(handler: Any, service: Any, path: str, day: date) -> None:
        for one in acts[:-1]:
            one(None, service, path, day)
        acts[-1](handler, service, path, day)

    return act


def executes(*statements: str, on: str) -> Callable[..., None]:
    return lambda _handler, service, *_: execute(service.database, *statements, day=on)


@pytest.fixture
def partial(tmp_path: Path) -> Iterator[Project]:
    """One key of two on three days, and a service that appends."""
    with project(tmp_path, FACTORS) as made:
        for day in THREE_DAYS:
            execute(made.database, ONE_OF_TWO, day=day)
        made.service.otherwise["/four"] = writes(APPEND)
        yield made


def remains(record: RemediationRecord) -> list[tuple[str, str, str]]:
    return [(f"{call.date:%m-%d}", str(call.state), call.detail) for call in record.remaining]


MULTIPLIED = (
    "factors on 2025-01-07: 3 rows for 2 keys, 1 row for 1 key before: four appends: "
    "remove the duplicates and see that it replaces a date, then resume"
)


def test_a_service_that_appends_is_stopped_at_its_canary(partial: Project) -> None:
    plan = plan_of(partial)
    record = carry_out(partial, plan)
    assert partial.service.sent == ["four 01-07"]
    assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
    stopped = "the canary four/2025-01-07 did not land: it is multiplied"
    assert remains(record) == [
        ("01-07", "multiplied", MULTIPLIED),
        ("01-08", "blocked", stopped),
        ("01-09", "blocked", stopped),
    ]
    assert history(partial, plan, SEVEN) == [
        "sending",
        "accepted",
        "verifying",
        "multiplied",
    ]


def test_the_command_says_which_rows_and_how_many_and_sends_nothing_more(
    partial: Project,
) -> None:
    plan_of(partial)
    typed(partial, "plan")
    code, said = seen(partial, "run", "--yes", COLUMNS="250")
    assert code == 4
    assert "factors on 2025-01-07: 3 rows for 2 keys, 1 row for 1 key before" in said
    code, said = seen(partial, "resume", COLUMNS="250")
    assert code == 4
    assert "factors on 2025-01-07: 3 rows for 2 keys, 1 row for 1 key before" in said
    assert "four/2025-01-07 multiplied rows" in said
    assert partial.service.sent == ["four 01-07"]
    _, said = seen(partial, "status", COLUMNS="250")
    assert "1 multiplied" in said


def test_a_date_whose_duplicates_were_removed_has_landed(partial: Project) -> None:
    plan = plan_of(partial)
    carry_out(partial, plan)
    execute(partial.database, *DISTINCT.split(";"))
    partial.service.otherwise["/four"] = land
    record = carry_out(partial, plan)
    assert record.exit_code is ExitCode.COMPLETE
    assert partial.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
    assert history(partial, plan, SEVEN)[-1] == "landed"


def test_a_date_that_was_emptied_is_called_again(partial: Project) -> None:
    plan = plan_of(partial)
    carry_out(partial, plan)
    execute(partial.database, DELETE, day=SEVEN)
    partial.service.otherwise["/four"] = land
    assert carry_out(partial, plan).exit_code is ExitCode.COMPLETE
    assert partial.service.sent == ["four 01-07", "four 01-07", "four 01-08", "four 01-09"]


def test_a_call_after_the_canary_that_multiplies_rows_stops_the_service(
    tmp_path: Path,
) -> None:
    with project(tmp_path, {"factors": (SEVEN, EIGHT, NINE)}) as made:
        execute(made.database, ONE_OF_TWO, day=EIGHT)
        made.service.otherwise["/four"] = writes(APPEND)
        made.change_service("four", seconds_between_calls=0.3, poll_seconds=0.05)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08"]
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        assert states(made, plan) == {
            "01-07": "landed",
            "01-08": "multiplied",
            "01-09": "blocked",
        }
        assert entries(made, plan)["four/2025-01-09"].detail == "four/2025-01-08 multiplied rows"


@pytest.mark.parametrize("status", [500, 504])
def test_rows_that_are_multiplied_are_seen_whatever_the_service_says(
    partial: Project, status: int
) -> None:
    partial.service.otherwise["/four"] = writes(APPEND, status=status)
    plan = plan_of(partial)
    carry_out(partial, plan)
    assert partial.service.sent == ["four 01-07"]
    assert states(partial, plan)["01-07"] == "multiplied"


def test_rows_that_are_there_twice_for_a_moment_are_not_multiplied(partial: Project) -> None:
    def append_then_replace(handler: Any, service: Any, _path: str, day: date) -> None:
        execute(service.database, APPEND, day=day)
        reply(handler, 200)
        time.sleep(0.15)
        execute(service.database, DELETE, APPEND, day=day)

    partial.service.otherwise["/four"] = append_then_replace
    partial.change_service("four", settle_seconds=5)
    record = carry_out(partial, plan_of(partial))
    assert record.exit_code is ExitCode.COMPLETE


def test_players_of_one_game_that_become_those_of_two_have_landed(tmp_path: Path) -> None:
    """The key is the game: every game has many rows, and a date that was half there few."""
    with project(tmp_path, FACTORS) as made:
        execute(
            made.database,
            "INSERT INTO s.factors SELECT f.d, f.k FROM s.factors AS f, range(11)",
            "INSERT INTO s.factors SELECT DATE '2025-01-07', '20250107_0' FROM range(4)",
        )
        made.service.otherwise["/four"] = writes(DELETE, PLAYERS)
        record = carry_out(made, plan_of(made))
        assert record.exit_code is ExitCode.COMPLETE
        assert made.rows("factors", SEVEN) == 24


def test_players_that_are_there_twice_are_multiplied(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        execute(
            made.database,
            "INSERT INTO s.factors SELECT f.d, f.k FROM s.factors AS f, range(11)",
            "INSERT INTO s.factors SELECT DATE '2025-01-07', '20250107_0' FROM range(12)",
        )
        made.service.otherwise["/four"] = writes(PLAYERS)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert remains(record)[0][:2] == ("01-07", "multiplied")
        assert "36 rows for 2 keys, 12 rows for 1 key before" in remains(record)[0][2]
        assert states(made, plan)["01-08"] == "blocked"
        assert remains(carry_out(made, plan))[0] == remains(record)[0]
        assert made.service.sent == ["four 01-07"]


def test_what_the_service_builds_besides_is_not_multiplied_either(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        execute(made.database, "INSERT INTO s.cache SELECT d, k FROM s.cache")
        made.service.otherwise["/four"] = writes(APPEND, APPEND_CACHE)
        record = carry_out(made, plan_of(made))
        assert made.service.sent == ["four 01-07"]
        (told, *_) = remains(record)
        assert told[1] == "multiplied"
        assert told[2].startswith("cache on 2025-01-07: 4 rows, 2 rows before: four appends")


def test_a_canary_that_multiplies_the_rows_of_the_day_before_is_the_last_call(
    tmp_path: Path,
) -> None:
    with project(tmp_path, FACTORS) as made:
        beside = executes(APPEND, on="2025-01-06")
        made.service.otherwise["/four"] = then(beside, land)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07"]
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        assert entries(made, plan)["four/2025-01-08"].detail == (
            "the canary multiplied rows of other dates: "
            "factors on 2025-01-06: 4 rows for 2 keys, 2 rows for 2 keys before"
        )


def test_rows_of_any_other_date_are_compared_when_all_is_sent(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (EIGHT, NINE)}) as made:
        far = executes(APPEND, on="2025-01-12")
        made.service.otherwise["/four"] = then(far, land)
        record = carry_out(made, plan_of(made), canary=2)
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        assert {str(call.state) for call in record.calls} == {"landed"}
        worse = [(c.dataset, str(r.date), r.what) for c in record.changes for r in c.regressions]
        assert worse == [("factors", "2025-01-12", "rows 2 → 6 for 2 keys")]


def test_a_date_that_landed_and_is_appended_to_by_the_next_call_is_multiplied(
    made: Project, plan: Plan
) -> None:
    def with_the_day_before(handler: Any, service: Any, path: str, day: date) -> None:
        before = executes(APPEND, on=str(day - DAY))
        then(before, land)(handler, service, path, day)

    made.service.on("/four", EIGHT, with_the_day_before)
    record = carry_out(made, plan)
    assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
    assert [remains(record)[0][:2], len(remains(record))] == [("01-07", "multiplied"), 1]
    assert (
        "factors on 2025-01-07: 4 rows for 2 keys, 2 rows for 2 keys before"
        in (remains(record)[0][2])
    )
    assert states(made, plan)["01-07"] == "multiplied"


def test_what_a_lost_call_left_is_what_the_next_sending_may_multiply(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (SEVEN,)}) as made:
        lost = then(executes(ONE_OF_TWO, on=SEVEN), drop)
        made.service.on("/four", SEVEN, lost, writes(APPEND))
        record = carry_out(made, plan_of(made))
        assert made.service.sent == ["four 01-07", "four 01-07"]
        assert remains(record) == [("01-07", "multiplied", MULTIPLIED)]


def test_a_date_is_multiplied_until_all_its_duplicates_are_removed(partial: Project) -> None:
    partial.service.otherwise["/four"] = writes(APPEND, APPEND)
    plan = plan_of(partial)
    carry_out(partial, plan)
    one = "DELETE FROM s.factors WHERE rowid = (SELECT max(rowid) FROM s.factors WHERE d = ?)"
    execute(partial.database, one, day=SEVEN)
    for _ in range(2):
        assert remains(carry_out(partial, plan))[0] == (
            "01-07",
            "multiplied",
            MULTIPLIED.replace("3 rows", "5 rows").replace(
                "before:", "before, now 4 rows for 2 keys:"
            ),
        )
    execute(partial.database, one, one.replace("max", "min"), day=SEVEN)
    partial.service.otherwise["/four"] = land
    assert carry_out(partial, plan).exit_code is ExitCode.COMPLETE


def test_another_plan_does_not_call_a_date_that_is_multiplied(partial: Project) -> None:
    first = plan_of(partial)
    partial.service.otherwise["/four"] = writes(ONE_OF_TWO)
    carry_out(partial, first)
    second = plan_of(partial)
    assert second.id != first.id
    partial.service.otherwise["/four"] = land
    record = carry_out(partial, second)
    assert partial.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
    assert remains(record) == [
        (
            "01-07",
            "blocked",
            "another plan's call multiplied its rows: remove the duplicates, then resume that plan",
        )
    ]


def test_rows_are_counted_of_whole_keys_and_only_when_asked_for(tmp_path: Path) -> None:
    seven = D(SEVEN)
    rows = [(seven, "a"), (seven, "a"), (seven, "b"), (seven, None)]
    tables = dict.fromkeys(("schedule", "raw", "summary", "factors"), rows)
    url = fill(tmp_path / "w.duckdb", {**tables, "raw": [(seven, "c")]})
    file = contract_of(tmp_path, BASIC)
    with open_warehouse(file.contract, url) as warehouse:
        found = warehouse.presence([DateRange(seven, seven)], with_rows=True)
        without = warehouse.presence([DateRange(seven, seven)])
    assert found.rows == {seven: {"schedule": 3, "raw": 1, "summary": 3, "factors": 3}}
    assert (found.by_date, without.rows) == (without.by_date, {})
    assert [found.keys(seven, name) for name in ("schedule", "raw")] == [2, 1]
