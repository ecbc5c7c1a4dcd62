"""A backfill against a real service and real tables: what is sent, and what the tables show."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checkpoints.archive import stored_report
from checkpoints.errors import ExitCode, WarehouseError
from checkpoints.reading import Reading
from remediation import running
from remediation.backfill import Work, backfill
from remediation.clock import Clock
from remediation.credentials import IdentityTokens
from remediation.errors import CredentialsError, ServiceNotCallable
from remediation.journal import Event
from remediation.ledger import Entry, Transition, ledger_path, open_ledger, read_ledger
from remediation.plan import Plan
from remediation.planning import Request, make_plan
from remediation.record import RemediationRecord
from remediation.running import run
from remediation.service import Sender
from remediation.states import State
from remediation.verification import Tables
from tests.scripted_service import (
    Project,
    answer,
    drop,
    half,
    land_and_answer,
    land_then_drop,
    project,
    silence,
)

SEVEN, EIGHT, NINE = "2025-01-07", "2025-01-08", "2025-01-09"
THREE_DAYS = (SEVEN, EIGHT, NINE)
FACTORS = {"factors": THREE_DAYS}
SLEPT: list[float] = []


def real_now() -> datetime:
    return datetime.now(UTC)


def quick_sleep(seconds: float) -> None:
    """Long waits are noted and cut short."""
    SLEPT.append(seconds)
    time.sleep(min(seconds, 0.05))


def plan_of(made: Project, only: str | None = "factors") -> Plan:
    """The plan of a contract under which every date that lacks a key fails a check."""
    datasets = made.raw["datasets"]
    strict = [{"rule": "conversion_ratio", "of": "raw", "at_least": 1.0}]
    made.change(
        datasets={
            name: {**dataset, "rules": strict} if "service" in dataset else dataset
            for name, dataset in datasets.items()
        }
    )
    file, report = made.file(), made.check()
    return make_plan(report, file.contract, file.sha256, Request(only_dataset=only))


def request_of(
    made: Project,
    plan: Plan,
    events: list[Event] | None = None,
    clock: Clock | None = None,
    tokens: Any = None,
    **options: Any,
) -> running.Request:
    file = made.file()
    return running.Request(
        file=file,
        plan=plan,
        report=stored_report(file.project, plan.run_id),
        warehouse=file.contract.warehouse,
        as_of=plan.as_of,
        by="someone",
        tokens=tokens,
        reading=Reading(),
        clock=clock or Clock(now=real_now, monotonic=time.monotonic, sleep=time.sleep),
        tell=(events if events is not None else []).append,
        **options,
    )


def carry_out(made: Project, plan: Plan, **options: Any) -> RemediationRecord:
    record, path = run(request_of(made, plan, **options))
    assert RemediationRecord.model_validate_json(path.read_text()) == record
    return record


def entries(made: Project, plan: Plan) -> dict[str, Entry]:
    with read_ledger(ledger_path(made.folder), real_now) as ledger:
        assert ledger is not None
        return {e.id: e for e in ledger.entries(plan.id)}


def states(made: Project, plan: Plan) -> dict[str, str]:
    return {name[-5:]: str(e.state) for name, e in entries(made, plan).items()}


def history(made: Project, plan: Plan, day: str) -> list[str]:
    with read_ledger(ledger_path(made.folder), real_now) as ledger:
        assert ledger is not None
        found: list[Transition] = ledger.history(plan.id)
    return [str(t.state) for t in found if str(t.date) == day]


def delete(made: Project, table: str, day: str) -> None:
    for _ in range(200):
        try:
            with duckdb.connect(str(made.database)) as connection:
                connection.execute(f"DELETE FROM s.{table} WHERE d = ?", [day])
            return
        except duckdb.Error:
            time.sleep(0.02)
    raise AssertionError("the warehouse was never free")


def test_a_backfill_lands_and_is_proven_from_the_tables(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
        assert states(made, plan) == dict.fromkeys(("01-07", "01-08", "01-09"), "landed")
        assert history(made, plan, SEVEN) == ["sending", "accepted", "verifying", "landed"]
        assert record.exit_code is ExitCode.COMPLETE
        assert record.counts == {"four": {State.LANDED: 3}}
        assert record.verdict_after is not None
        assert (record.verdict_before.passed, record.verdict_after.passed) == (False, True)
        (change,) = [c for c in record.changes if c.dataset == "factors"]
        assert (len(change.before.lacking), change.after and len(change.after.lacking)) == (3, 0)
        assert record.remaining == ()


def test_layers_follow_each_other_and_each_is_seen_to_land_first(tmp_path: Path) -> None:
    hole = (SEVEN, EIGHT)
    with project(tmp_path, dict.fromkeys(("summary", "factors", "cache", "scores"), hole)) as made:
        plan = plan_of(made, only=None)
        record = carry_out(made, plan)
        assert made.service.sent == [
            "three 01-07",
            "three 01-08",
            "four 01-07",
            "four 01-08",
            "five 01-07",
            "five 01-08",
        ]
        assert record.exit_code is ExitCode.COMPLETE
        assert made.check().verdict.passed


def test_200_with_nothing_written_is_not_done_and_stops_at_the_canary(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.otherwise["/four"] = answer(200)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07"]
        assert states(made, plan) == {
            "01-07": "still missing",
            "01-08": "blocked",
            "01-09": "blocked",
        }
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        assert [c.detail for c in record.remaining] == [
            "factors has 0 of 2",
            "the canary four/2025-01-07 did not land: it is still missing",
            "the canary four/2025-01-07 did not land: it is still missing",
        ]


def test_half_a_date_is_partial(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, half)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert states(made, plan) == {"01-07": "landed", "01-08": "partial", "01-09": "landed"}
        assert [c.detail for c in record.remaining] == ["factors has 1 of 2"]
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_a_failed_processor_in_a_200_is_noted_and_the_table_decides(tmp_path: Path) -> None:
    mixed = json.dumps({"results": [{"processor": "p", "status": "error", "error": "no rows"}]})
    with project(tmp_path, FACTORS, results={"path": "results"}) as made:
        fine = json.dumps({"results": [{"status": "success"}]})
        made.service.otherwise["/four"] = land_and_answer(200, fine)
        made.service.on("/four", EIGHT, answer(200, mixed))
        made.service.on("/four", NINE, land_and_answer(200, mixed))
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert states(made, plan) == {"01-07": "landed", "01-08": "rejected", "01-09": "landed"}
        assert [c.detail for c in record.remaining] == ["p: error (no rows)"]


def test_nothing_that_day_is_not_believed_where_the_upstream_has_data(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(400, '{"error": "No games"}'))
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert states(made, plan)["01-08"] == "rejected"
        assert [c.detail for c in record.remaining] == [
            "it says there is nothing that day, but its upstream has data: "
            'HTTP 400: {"error": "No games"}'
        ]


def test_nothing_that_day_is_believed_where_the_upstream_has_nothing_either(
    tmp_path: Path,
) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        with duckdb.connect(str(made.database)) as connection:
            connection.execute("DELETE FROM s.summary WHERE d = DATE '2025-01-08'")
            connection.execute("DELETE FROM s.raw WHERE d = DATE '2025-01-08'")
        made.service.on("/four", EIGHT, answer(400))
        record = carry_out(made, plan)
        assert states(made, plan)["01-08"] == "nothing there"
        assert record.remaining == ()
        worse = {c.dataset for c in record.changes if c.regressions}
        assert worse == {"raw", "summary", "cache"}
        assert record.exit_code is not ExitCode.COMPLETE


def test_nothing_that_day_is_not_believed_where_only_the_upstream_lost_the_date(
    tmp_path: Path,
) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        delete(made, "summary", EIGHT)
        made.service.on("/four", EIGHT, answer(400))
        record = carry_out(made, plan)
        assert states(made, plan)["01-08"] == "rejected"
        assert [c.detail for c in record.remaining] == [
            "it says there is nothing that day and its upstream lacks it, but raw has data: "
            "HTTP 400: {}"
        ]
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_what_landed_and_is_gone_is_called_again(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        delete(made, "factors", EIGHT)
        made.service.calls.clear()
        made.service.on("/four", EIGHT, answer(500))
        events: list[Event] = []
        record = carry_out(made, plan, events=events)
        assert events[0].text == "done in an earlier run and not there any more: 1 dates"
        assert (events[0].settled, events[0].landed) == (2, 2)
        assert made.service.sent == ["four 01-08"]
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        delete(made, "factors", NINE)
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-08", "four 01-08", "four 01-09"]
        assert "planned" in history(made, plan, NINE)


def test_the_reason_of_a_date_that_is_gone_stays_until_it_is_called(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        carry_out(made, plan)
        delete(made, "factors", SEVEN)
        delete(made, "factors", NINE)
        record = carry_out(made, plan, max_dates=1)
        assert [(str(c.date), str(c.state), c.detail) for c in record.remaining] == [
            (NINE, "planned", "it had landed and is not there any more: factors has 0 of 2")
        ]


def test_nothing_there_is_looked_at_again_when_the_upstream_has_data_now(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
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


def test_what_is_deleted_during_the_run_is_not_complete(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (SEVEN, EIGHT), "scores": (NINE,)}) as made:
        plan = plan_of(made, only=None)

        def land_and_delete(handler: Any, service: Any, path: str, day: Any) -> None:
            delete(made, "factors", SEVEN)
            land_and_answer(200)(handler, service, path, day)

        made.service.on("/five", NINE, land_and_delete)
        record = carry_out(made, plan)
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        assert [(c.service, str(c.date), str(c.state), c.detail) for c in record.remaining] == [
            (
                "four",
                SEVEN,
                "still missing",
                "it was landed, and the window read again lacks it: factors has 0 of 2",
            )
        ]
        assert record.counts["four"] == {State.LANDED: 1, State.STILL_MISSING: 1}


def test_rules_that_still_fail_are_not_complete(tmp_path: Path) -> None:
    with project(tmp_path, {**FACTORS, "scores": THREE_DAYS}) as made:
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert record.remaining == ()
        assert record.exit_code is ExitCode.INCOMPLETE


def test_a_blocked_date_has_no_reason_of_an_earlier_run(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", SEVEN, answer(500))
        plan = plan_of(made)
        assert "canary" in carry_out(made, plan).remaining[-1].detail
        events: list[Event] = []
        record = carry_out(made, plan, events=events, max_dates=1)
        assert (events[0].settled, events[0].total) == (0, 1)
        assert [(str(c.state), c.detail) for c in record.remaining] == [("planned", "")] * 2


def test_what_an_earlier_run_gave_up_is_not_settled_before_it_is_tried(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(500))
        made.service.on("/four", NINE, answer(500))
        plan = plan_of(made)
        carry_out(made, plan)
        events: list[Event] = []
        carry_out(made, plan, events=events)
        assert (events[0].state, events[0].settled, events[0].landed) == (State.SENDING, 1, 1)
        assert (events[-1].settled, events[-1].landed) == (3, 3)


def test_a_service_that_is_down_blocks_what_needs_it_once_per_reason(tmp_path: Path) -> None:
    hole = (SEVEN, EIGHT, NINE, "2025-01-10")
    with project(tmp_path, dict.fromkeys(("factors", "scores"), hole)) as made:
        made.service.otherwise["/four"] = answer(500)
        events: list[Event] = []
        carry_out(made, plan_of(made, only=None), events=events)
        blocked = [(len(e.calls), e.text) for e in events if e.state is State.BLOCKED]
        assert blocked == [
            (3, "the canary four/2025-01-07 did not land: it is rejected"),
            (1, "needs four, which is rejected"),
            (3, "needs four, which is blocked"),
        ]


def test_a_timeout_is_unknown_and_is_looked_for_before_anything_else(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS, timeout_seconds=0.2, settle_seconds=5) as made:
        made.service.on("/four", EIGHT, silence(0.5, lands=True))
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
        assert history(made, plan, EIGHT) == ["sending", "unknown", "verifying", "landed"]
        assert record.exit_code is ExitCode.COMPLETE


@pytest.mark.parametrize("act", [drop, silence(0.6, lands=False)])
def test_what_was_lost_is_not_sent_again_in_the_same_run(tmp_path: Path, act: Any) -> None:
    with project(tmp_path, FACTORS, timeout_seconds=0.2) as made:
        made.service.on("/four", EIGHT, act)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
        assert states(made, plan)["01-08"] == "still missing"
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_a_connection_lost_after_the_write_has_landed(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", SEVEN, land_then_drop)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert Counter(made.service.sent) == {"four 01-07": 1, "four 01-08": 1, "four 01-09": 1}
        assert record.exit_code is ExitCode.COMPLETE


def test_a_busy_service_is_asked_again_after_the_time_it_names(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", SEVEN, answer(429, Retry_After="7"), answer(503))
        plan = plan_of(made)
        SLEPT.clear()
        clock = Clock(now=real_now, monotonic=time.monotonic, sleep=quick_sleep)
        record = carry_out(made, plan, clock=clock)
        assert made.service.sent == ["four 01-07"] * 3 + ["four 01-08", "four 01-09"]
        assert [s for s in SLEPT if s >= 0.5] == [7, 1]
        assert history(made, plan, SEVEN)[:5] == [
            "sending",
            "planned",
            "sending",
            "planned",
            "sending",
        ]
        assert entries(made, plan)["four/2025-01-07"].attempts == 3
        assert record.exit_code is ExitCode.COMPLETE


def test_a_service_that_is_not_there_is_tried_again_then_given_up(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.change_service("four", url="http://127.0.0.1:1")
        plan = plan_of(made)
        SLEPT.clear()
        clock = Clock(now=real_now, monotonic=time.monotonic, sleep=quick_sleep)
        record = carry_out(made, plan, clock=clock)
        assert [s for s in SLEPT if s >= 0.5] == [0.5, 1, 2, 4]
        assert made.service.sent == []
        assert states(made, plan)["01-07"] == "rejected"
        assert record.remaining[0].detail.startswith("cannot connect")
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_the_breaker_stops_a_failing_service_after_its_limit(tmp_path: Path) -> None:
    hole = tuple(f"2025-01-{n:02}" for n in range(7, 15))
    with project(tmp_path, {"factors": hole}) as made:
        plan = plan_of(made)
        made.service.otherwise["/four"] = answer(500, "boom")
        made.service.script.clear()
        made.service.on("/four", SEVEN, land_and_answer(200))
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09", "four 01-10"]
        assert Counter(states(made, plan).values()) == {"landed": 1, "rejected": 3, "blocked": 4}
        assert {c.detail for c in record.remaining if c.state is State.BLOCKED} == {
            "3 calls in a row failed"
        }


def test_dates_that_never_land_open_the_breaker_too(tmp_path: Path) -> None:
    hole = tuple(f"2025-01-{n:02}" for n in range(7, 15))
    with project(tmp_path, {"factors": hole}, timeout_seconds=0.1, settle_seconds=0.1) as made:
        plan = plan_of(made)
        made.service.otherwise["/four"] = silence(0.2, lands=False)
        made.service.on("/four", SEVEN, land_and_answer(200))
        record = carry_out(made, plan)
        assert len(made.service.sent) == 4
        assert "3 dates in a row never landed" in {c.detail for c in record.remaining}


def test_a_refusal_for_good_stops_the_service(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(403, "no"))
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08"]
        assert states(made, plan) == {"01-07": "landed", "01-08": "rejected", "01-09": "blocked"}
        assert record.remaining[1].detail == (
            "the service refuses every call, as four/2025-01-08: HTTP 403: no"
        )


def test_an_upstream_that_does_not_land_blocks_what_needs_it(tmp_path: Path) -> None:
    hole = (SEVEN, EIGHT)
    with project(tmp_path, dict.fromkeys(("summary", "factors", "cache", "scores"), hole)) as made:
        made.service.on("/three", EIGHT, answer(500))
        plan = plan_of(made, only=None)
        record = carry_out(made, plan)
        assert made.service.sent == [
            "three 01-07",
            "three 01-08",
            "four 01-07",
            "five 01-07",
        ]
        assert [(c.service, c.state.value, c.detail) for c in record.remaining] == [
            ("three", "rejected", "HTTP 500: {}"),
            ("four", "blocked", "needs three, which is rejected"),
            ("five", "blocked", "needs four, which is blocked"),
        ]


def test_a_second_run_sends_only_what_has_not_landed(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(500))
        plan = plan_of(made)
        assert carry_out(made, plan).exit_code is ExitCode.BACKFILL_INCOMPLETE
        made.service.calls.clear()
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-08"]
        assert entries(made, plan)["four/2025-01-08"].attempts == 2
        made.service.calls.clear()
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == []


def test_every_attempt_at_a_call_carries_the_same_key(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(500))
        plan = plan_of(made)
        carry_out(made, plan)
        carry_out(made, plan)
        keys = {}
        for call in made.service.calls:
            keys.setdefault(call.short, set()).add(call.headers["Idempotency-Key"])
        assert [len(k) for k in keys.values()] == [1, 1, 1]
        assert len(set.union(*keys.values())) == 3


@pytest.mark.parametrize("killed_in", ["sending", "accepted", "unknown", "verifying"])
@pytest.mark.parametrize("landed", [True, False])
def test_what_a_killed_run_left_is_looked_for_before_it_is_sent_again(
    tmp_path: Path, killed_in: str, landed: bool
) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        walk = {"sending": [], "verifying": ["accepted", "verifying"]}.get(killed_in, [killed_in])
        with open_ledger(ledger_path(made.folder), real_now) as ledger:
            ledger.register(plan)
            for state in ["sending", *walk]:
                ledger.move(
                    plan.id,
                    plan.calls[:1],
                    State(state),
                    in_flight_until=real_now() + timedelta(seconds=0.5),
                )
        if landed:
            made.service.write("/four", plan.calls[0].date)
        started = time.monotonic()
        record = carry_out(made, plan)
        assert made.service.sent == [
            *([] if landed else ["four 01-07"]),
            "four 01-08",
            "four 01-09",
        ]
        assert landed or time.monotonic() - started > 0.5
        assert record.exit_code is ExitCode.COMPLETE


def test_a_date_that_another_plan_has_in_flight_is_not_sent(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
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


def test_what_is_there_already_is_not_called(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        made.service.write("/four", plan.calls[0].date)
        carry_out(made, plan)
        assert made.service.sent == ["four 01-08", "four 01-09"]
        assert history(made, plan, SEVEN) == ["landed"]
        assert entries(made, plan)["four/2025-01-07"].detail == "was there already"


def test_at_most_so_many_dates_are_sent(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        record = carry_out(made, plan, max_dates=2)
        assert made.service.sent == ["four 01-07", "four 01-08"]
        assert states(made, plan)["01-09"] == "planned"
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        assert carry_out(made, plan, max_dates=2).exit_code is ExitCode.COMPLETE


def test_a_date_that_got_worse_is_named_as_a_regression(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)

        def damage(handler: Any, service: Any, path: str, day: Any) -> None:
            service.write(path, day - timedelta(days=4), most=1)
            land_and_answer(200)(handler, service, path, day)

        made.service.on("/four", NINE, damage)
        record = carry_out(made, plan)
        worse = [(c.dataset, str(r.date), r.what) for c in record.changes for r in c.regressions]
        assert worse == [
            ("factors", "2025-01-05", "matched keys 2 → 1"),
            ("scores", "2025-01-05", "matched keys 2 → 1, orphan keys 0 → 1"),
        ]
        assert record.remaining == ()
        assert record.exit_code is ExitCode.INCOMPLETE


def test_a_date_that_got_worse_under_rules_that_pass_is_not_complete(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        lenient = [{"rule": "conversion_ratio", "of": "raw", "at_least": 0.5}]
        datasets = made.raw["datasets"]
        made.change(datasets={**datasets, "cache": {**datasets["cache"], "rules": lenient}})
        file, report = made.file(), made.check()
        plan = make_plan(report, file.contract, file.sha256, Request(only_dataset="factors"))

        def damage(handler: Any, service: Any, path: str, day: Any) -> None:
            land_and_answer(200)(handler, service, path, day)
            delete(made, "cache", "2025-01-15")

        made.service.on("/four", NINE, damage)
        record = carry_out(made, plan)
        assert record.verdict_after is not None
        assert record.verdict_after.passed
        assert [c.dataset for c in record.changes if c.regressions] == ["cache"]
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_every_attempt_keeps_the_pace_of_the_service(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS, seconds_between_calls=30) as made:
        made.service.on("/four", EIGHT, answer(503))
        plan = plan_of(made)
        time_told = [0.0]

        def sleep(seconds: float) -> None:
            time_told[0] += seconds

        seen: list[float] = []

        def note(event: Event) -> None:
            if event.state is State.SENDING:
                seen.append(time_told[0])

        clock = Clock(now=real_now, monotonic=lambda: time_told[0], sleep=sleep)
        request = request_of(made, plan, clock=clock)
        run(replace(request, tell=note))
        assert seen == [0, 30, 60, 90]


def test_a_warehouse_that_is_away_while_verifying_leaves_the_date_unknown(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        away = made.database.with_suffix(".away")

        def land_and_hide(handler: Any, service: Any, path: str, day: Any) -> None:
            service.write(path, day)
            made.database.rename(away)
            answer(200)(handler, service, path, day)

        made.service.on("/four", SEVEN, land_and_hide)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07"]
        assert states(made, plan)["01-07"] == "unknown"
        assert "could not be read" in record.remaining[0].detail
        assert record.exit_code is ExitCode.COULD_NOT_TELL
        assert record.changes == ()
        away.rename(made.database)
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]


def test_nothing_is_sent_when_the_tables_cannot_be_read(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        made.database.rename(made.database.with_suffix(".away"))
        with pytest.raises(WarehouseError):
            carry_out(made, plan)
        assert made.service.sent == []


def test_nothing_is_sent_when_a_table_that_would_be_verified_is_gone(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        with duckdb.connect(str(made.database)) as connection:
            connection.execute("DROP TABLE s.factors")
        with pytest.raises(WarehouseError, match="table 'factors' is not in schema 's'"):
            carry_out(made, plan)
        assert made.service.sent == []


def test_all_addresses_and_tokens_are_checked_before_anything_is_sent(tmp_path: Path) -> None:
    hole = (SEVEN,)
    with project(tmp_path, dict.fromkeys(("summary", "factors", "cache", "scores"), hole)) as made:
        made.change_service("five", url="${PHASE5_URL}")
        plan = plan_of(made, only=None)
        with pytest.raises(ServiceNotCallable, match=r"services.five: .*PHASE5_URL is not set"):
            carry_out(made, plan)
        made.change_service("five", url="https://service.example", auth="identity_token")
        plan = plan_of(made, only=None)

        def fetch(audience: str) -> str:
            raise CredentialsError(f"no identity token for {audience!r}")

        with pytest.raises(CredentialsError, match=r"service\.example"):
            carry_out(made, plan, tokens=IdentityTokens(fetch, time.time))
        assert made.service.sent == []


def test_a_busy_warehouse_is_waited_for(tmp_path: Path) -> None:
    """A writer in another process holds the file when the tables are to be read."""
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        program = (
            f"import duckdb, time; c = duckdb.connect({str(made.database)!r}); "
            "print('held', flush=True); time.sleep(0.7); c.close()"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        record = carry_out(made, plan)
        holder.wait()
        holder.stdout.close()
        assert record.exit_code is ExitCode.COMPLETE


def test_events_count_up_to_the_end(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        events: list[Event] = []
        carry_out(made, plan_of(made), events=events)
        assert [e.text for e in events if e.state is None] == ["canary 2025-01-07 landed: 2 to go"]
        assert (events[-1].settled, events[-1].landed, events[-1].total) == (3, 3, 3)


class Held:
    """Tokens numbered by how often they were renewed."""

    def __init__(self) -> None:
        self.number = 1

    def token(self, audience: str, *, renew: bool = False) -> str:
        assert audience.startswith("http://127.0.0.1:")
        self.number += renew
        return f"token-{self.number}"


def carry_out_with_token(made: Project, plan: Plan) -> None:
    """As a run does for a service elsewhere; one on this machine gets no token."""
    events: list[Event] = []
    contract, clock = (
        made.file().contract,
        Clock(now=real_now, monotonic=time.monotonic, sleep=time.sleep),
    )
    tables = Tables(
        contract=contract, url=contract.warehouse, as_of=plan.as_of, clock=clock, reading=Reading()
    )
    with open_ledger(ledger_path(made.folder), real_now) as ledger:
        backfill(
            Work(
                plan=plan,
                contract=contract,
                ledger=ledger,
                senders={"four": Sender(contract.services["four"], Held(), clock)},
                look=tables.look,
                look_source=tables.look_source,
                clock=clock,
                tell=events.append,
            )
        )


def test_an_expired_token_is_renewed_once_and_the_run_goes_on(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(401, "expired"))
        plan = plan_of(made)
        carry_out_with_token(made, plan)
        assert [(c.short, c.headers["Authorization"]) for c in made.service.calls] == [
            ("four 01-07", "Bearer token-1"),
            ("four 01-08", "Bearer token-1"),
            ("four 01-08", "Bearer token-2"),
            ("four 01-09", "Bearer token-2"),
        ]
        assert set(states(made, plan).values()) == {"landed"}
        for path in (made.folder / "uncommitted").rglob("*"):
            assert path.is_dir() or b"token-" not in path.read_bytes()


def test_a_token_refused_twice_stops_the_service(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(401), answer(401))
        plan = plan_of(made)
        carry_out_with_token(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-08"]
        assert states(made, plan) == {"01-07": "landed", "01-08": "rejected", "01-09": "blocked"}
