"""What a later run makes of what an earlier one left behind."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from checkpoints.errors import ExitCode
from remediation.ledger.journal import Event
from remediation.ledger.ledger import ledger_path, open_ledger
from remediation.ledger.states import State
from remediation.plan.model import Plan
from remediation.plan.planning import Request, make_plan
from tests.support.backfills import (
    EIGHT,
    FACTORS,
    NINE,
    SEVEN,
    Skipping,
    carry_out,
    delete,
    entries,
    history,
    plan_of,
    real_now,
)
from tests.support.scripted_service import Project, answer, project


def test_what_landed_and_is_gone_is_called_again(made: Project, plan: Plan) -> None:
    assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
    delete(made, "factors", EIGHT)
    made.service.calls.clear()
    made.service.on("/four", EIGHT, answer(500))
    events: list[Event] = []
    record = carry_out(made, plan, events=events)
    assert events[0].text == "done in an earlier run and not there any more: 1 date"
    assert (events[0].settled, events[0].landed) == (2, 2)
    assert made.service.sent == ["four 01-08"]
    assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
    delete(made, "factors", NINE)
    assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
    assert made.service.sent == ["four 01-08", "four 01-08", "four 01-09"]
    assert "planned" in history(made, plan, NINE)


def test_the_reason_of_a_date_that_is_gone_stays_until_it_is_called(
    made: Project, plan: Plan
) -> None:
    carry_out(made, plan)
    delete(made, "factors", SEVEN)
    delete(made, "factors", NINE)
    record = carry_out(made, plan, max_dates=1)
    assert [(str(c.date), str(c.state), c.detail) for c in record.remaining] == [
        (NINE, "planned", "it had landed and is not there any more: factors has 0 of 2")
    ]


def test_nothing_there_is_looked_at_again_when_the_upstream_has_data_now(
    made: Project, plan: Plan
) -> None:
    delete(made, "summary", EIGHT)
    delete(made, "raw", EIGHT)
    made.service.on("/four", EIGHT, answer(400))
    carry_out(made, plan)
    carry_out(made, plan)
    assert made.service.sent.count("four 01-08") == 1
    with duckdb.connect(str(made.database)) as connection:
        for table in ("raw", "summary"):
            connection.execute(
                f"INSERT INTO s.{table} SELECT d, k FROM s.scores WHERE d = ?", [EIGHT]
            )
    assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
    assert made.service.sent.count("four 01-08") == 2


def test_a_blocked_date_has_no_reason_of_an_earlier_run(made: Project, plan: Plan) -> None:
    made.service.on("/four", SEVEN, answer(500))
    assert "canary" in carry_out(made, plan).remaining[-1].detail
    events: list[Event] = []
    record = carry_out(made, plan, events=events, max_dates=1)
    assert (events[0].settled, events[0].total) == (0, 1)
    assert [(str(c.state), c.detail) for c in record.remaining] == [("planned", "")] * 2


def test_what_an_earlier_run_gave_up_is_not_settled_before_it_is_tried(
    made: Project, plan: Plan
) -> None:
    made.service.on("/four", EIGHT, answer(500))
    made.service.on("/four", NINE, answer(500))
    carry_out(made, plan)
    events: list[Event] = []
    carry_out(made, plan, events=events)
    assert (events[0].state, events[0].settled, events[0].landed) == (State.SENDING, 1, 1)
    assert (events[-1].settled, events[-1].landed) == (3, 3)


def test_a_second_run_sends_only_what_has_not_landed(made: Project, plan: Plan) -> None:
    made.service.on("/four", EIGHT, answer(500))
    assert carry_out(made, plan).exit_code is ExitCode.BACKFILL_INCOMPLETE
    made.service.calls.clear()
    assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
    assert made.service.sent == ["four 01-08"]
    assert entries(made, plan)["four/2025-01-08"].attempts == 2
    made.service.calls.clear()
    assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
    assert made.service.sent == []


@pytest.mark.parametrize("killed_in", ["sending", "accepted", "unknown", "verifying"])
@pytest.mark.parametrize("landed", [True, False])
def test_what_a_killed_run_left_is_looked_for_before_it_is_sent_again(
    tmp_path: Path, killed_in: str, landed: bool
) -> None:
    with project(tmp_path, FACTORS, settle_seconds=20) as made:
        plan, until = plan_of(made), real_now() + timedelta(seconds=20)
        walk = {"sending": [], "verifying": ["accepted", "verifying"]}.get(killed_in, [killed_in])
        with open_ledger(ledger_path(made.folder), real_now) as ledger:
            ledger.register(plan)
            for state in ["sending", *walk]:
                ledger.move(plan.id, plan.calls[:1], State(state), in_flight_until=until)
        if landed:
            made.service.write("/four", plan.calls[0].date)
        time_told = Skipping()
        record = carry_out(made, plan, clock=time_told.clock)
        assert made.service.sent == [
            *([] if landed else ["four 01-07"]),
            "four 01-08",
            "four 01-09",
        ]
        assert landed or time_told.now() > until
        assert record.exit_code is ExitCode.COMPLETE


def test_a_date_that_another_plan_has_in_flight_is_not_sent(made: Project, plan: Plan) -> None:
    other = make_plan(
        made.check(), made.file().contract, made.file().sha256, Request(only_dataset="factors")
    )
    with open_ledger(ledger_path(made.folder), real_now) as ledger:
        ledger.register(other)
        until = real_now() + timedelta(minutes=5)
        ledger.move(other.id, other.calls[1:2], State.SENDING, in_flight_until=until)
    record = carry_out(made, plan)
    assert made.service.sent == ["four 01-07", "four 01-09"]
    assert record.remaining[0].detail == "another plan sent it, and it may still be in flight"
