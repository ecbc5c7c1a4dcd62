"""A backfill against a real service and real tables: what is sent, and what the tables show."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checkpoints.errors import ExitCode, WarehouseError
from checkpoints.rules.rule import Outcome
from remediation.errors import CredentialsError
from remediation.ledger.journal import Event
from remediation.ledger.states import State
from remediation.plan.model import Plan
from remediation.plan.planning import Request, make_plan
from remediation.service.credentials import Tokens
from tests.support.backfills import (
    EIGHT,
    FACTORS,
    NINE,
    SEVEN,
    THREE_DAYS,
    carry_out,
    delete,
    entries,
    history,
    plan_of,
    states,
)
from tests.support.scripted_service import Project, answer, land_and_answer, project
from tests.support.warehouses import D


def test_a_backfill_lands_and_is_proven_from_the_tables(made: Project, plan: Plan) -> None:
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


def test_an_upstream_that_does_not_land_blocks_what_needs_it(tmp_path: Path) -> None:
    hole = (SEVEN, EIGHT)
    with project(tmp_path, dict.fromkeys(("summary", "factors", "cache", "scores"), hole)) as made:
        made.service.on("/three", EIGHT, answer(500))
        plan = plan_of(made, only=None)
        record = carry_out(made, plan)
        assert made.service.sent == ["three 01-07", "three 01-08", "four 01-07", "five 01-07"]
        assert [(c.service, c.state.value, c.detail) for c in record.remaining] == [
            ("three", "rejected", "HTTP 500: {}"),
            ("four", "blocked", "needs three, which is rejected"),
            ("five", "blocked", "needs four, which is blocked"),
        ]


def test_a_date_never_sent_is_blocked_though_it_matches_a_partial_upstream(tmp_path: Path) -> None:
    with project(
        tmp_path, dict.fromkeys(("summary", "factors", "cache", "scores"), (SEVEN,))
    ) as made:
        for path in ("/three", "/four", "/five"):
            made.service.write(path, D(SEVEN), most=1)
        made.service.on("/three", SEVEN, answer(422))
        plan = plan_of(made, only=None)
        record = carry_out(made, plan)
        assert made.service.sent == ["three 01-07"]
        assert [(c.service, c.state.value) for c in record.remaining] == [
            ("three", "rejected"),
            ("four", "blocked"),
            ("five", "blocked"),
        ]


def without_keys_above_factors(made: Project) -> None:
    datasets = made.raw["datasets"]
    batch = {name: value for name, value in datasets["summary"].items() if name != "key"}
    made.change(datasets={**datasets, "summary": batch})


def test_keys_are_counted_though_the_upstream_has_none(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        without_keys_above_factors(made)
        made.service.on("/four", SEVEN, land_and_answer(200, most=1))
        plan = plan_of(made)
        carry_out(made, plan)
        assert states(made, plan) == {"01-07": "partial", "01-08": "blocked", "01-09": "blocked"}


def test_keys_lost_since_are_counted_though_the_upstream_has_none(tmp_path: Path) -> None:
    def land_and_damage(handler: Any, service: Any, path: str, day: date) -> None:
        service.write(path, D(SEVEN), most=1)
        land_and_answer(200)(handler, service, path, day)

    with project(tmp_path, FACTORS) as made:
        without_keys_above_factors(made)
        made.service.on("/four", NINE, land_and_damage)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        assert [(str(c.date), c.state, c.detail) for c in record.remaining] == [
            (
                SEVEN,
                "partial",
                "it was landed, and the window read again lacks it: factors has 1 of 2",
            )
        ]


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


def test_rules_that_still_fail_are_not_complete(tmp_path: Path) -> None:
    with project(tmp_path, {**FACTORS, "scores": THREE_DAYS}) as made:
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert record.remaining == ()
        assert record.exit_code is ExitCode.INCOMPLETE


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
        assert states(made, plan) == {"01-07": "planned", "01-08": "landed", "01-09": "landed"}
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE


def test_what_is_there_already_is_not_called(made: Project, plan: Plan) -> None:
    made.service.write("/four", plan.calls[0].date)
    carry_out(made, plan)
    assert made.service.sent == ["four 01-08", "four 01-09"]
    assert history(made, plan, SEVEN) == ["landed"]
    assert entries(made, plan)["four/2025-01-07"].detail == "was there already"


def test_at_most_so_many_dates_are_sent(made: Project, plan: Plan) -> None:
    record = carry_out(made, plan, max_dates=2)
    assert made.service.sent == ["four 01-07", "four 01-08"]
    assert states(made, plan)["01-09"] == "planned"
    assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
    assert carry_out(made, plan, max_dates=2).exit_code is ExitCode.COMPLETE


def test_a_date_that_got_worse_is_named_as_a_regression(made: Project, plan: Plan) -> None:
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
    assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_a_date_that_got_worse_under_rules_that_pass_is_not_complete(made: Project) -> None:
    plan = plan_of(made)
    lenient = [{"rule": "conversion_ratio", "of": "raw", "at_least": 0.5}]
    datasets = made.raw["datasets"]
    made.change(datasets={**datasets, "cache": {**datasets["cache"], "rules": lenient}})
    file, report = made.file(), made.check()
    plan = make_plan(report, file.contract, file.sha256, Request(only_dataset="factors"))

    def damage(handler: Any, service: Any, path: str, day: Any) -> None:
        delete(made, "cache", "2025-01-15")
        land_and_answer(200)(handler, service, path, day)

    made.service.on("/four", NINE, damage)
    record = carry_out(made, plan)
    assert record.verdict_after is not None
    assert record.verdict_after.passed
    assert [c.dataset for c in record.changes if c.regressions] == ["cache"]
    assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_a_warehouse_that_is_away_while_verifying_leaves_the_date_unknown(
    made: Project, plan: Plan
) -> None:
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


def test_nothing_is_sent_when_the_tables_cannot_be_read(made: Project, plan: Plan) -> None:
    made.database.rename(made.database.with_suffix(".away"))
    with pytest.raises(WarehouseError):
        carry_out(made, plan)
    assert made.service.sent == []


def test_nothing_is_sent_when_a_table_that_would_be_verified_is_gone(
    made: Project, plan: Plan
) -> None:
    with duckdb.connect(str(made.database)) as connection:
        connection.execute("DROP TABLE s.factors")
    with pytest.raises(WarehouseError, match="table 'factors' is not in schema 's'"):
        carry_out(made, plan)
    assert made.service.sent == []


def test_all_tokens_are_checked_before_anything_is_sent(tmp_path: Path) -> None:
    hole = (SEVEN,)
    with project(tmp_path, dict.fromkeys(("summary", "factors", "cache", "scores"), hole)) as made:
        made.change_service("five", url="https://service.example", auth="identity_token")
        plan = plan_of(made, only=None)

        def fetch(audience: str) -> str:
            raise CredentialsError(f"no identity token for {audience!r}")

        with pytest.raises(CredentialsError, match=r"service\.example"):
            carry_out(made, plan, tokens=Tokens(fetch, time.time))
        assert made.service.sent == []


def test_a_busy_warehouse_is_waited_for(made: Project, plan: Plan) -> None:
    """A writer in another process holds the file when the tables are to be read."""
    program = (
        f"import duckdb, time; c = duckdb.connect({str(made.database)!r}); "
        "print('held', flush=True); time.sleep(0.2); c.close()"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    record = carry_out(made, plan)
    holder.wait()
    holder.stdout.close()
    assert record.exit_code is ExitCode.COMPLETE


def test_events_count_up_to_the_end(made: Project) -> None:
    events: list[Event] = []
    carry_out(made, plan_of(made), events=events)
    assert [e.text for e in events if e.state is None] == ["canary 2025-01-07 landed: 2 to go"]
    assert (events[-1].settled, events[-1].landed, events[-1].total) == (3, 3, 3)


def test_what_its_upstream_lacks_keeps_a_date_from_having_landed(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        with duckdb.connect(str(made.database)) as connection:
            game = "SELECT min(k) FROM s.raw WHERE d = ?"
            statement = f"DELETE FROM s.summary WHERE d = ? AND k = ({game})"
            connection.execute(statement, [D(SEVEN), D(SEVEN)])
        plan = plan_of(made)
        for _ in range(2):  # it is not called again for what its service cannot bring
            record = carry_out(made, plan)
            assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
            assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
            assert [(c.id[-5:], str(c.state), c.detail) for c in record.remaining] == [
                ("01-07", "partial", "as its upstream, factors has 1 of the 2 that 'raw' has")
            ]


def test_a_date_whose_rows_are_to_be_written_again_is_called_although_its_keys_are_there(
    tmp_path: Path,
) -> None:
    with project(tmp_path, {}) as made:
        datasets = made.raw["datasets"]
        kind = "expect_column_values_to_not_be_null"
        declared = [{"type": kind, "column": "k", "repairable": True}]
        made.change(
            datasets={**datasets, "factors": {**datasets["factors"], "expectations": declared}}
        )
        report = made.check()
        failed = report.checks[0].model_copy(
            update={
                "dataset": "factors", "of": "summary", "kind": kind, "stock": "repairable_rows",
                "outcome": Outcome.FAILED, "unexpected_dates": (D(SEVEN),),
            }
        )  # fmt: skip
        report = report.model_copy(update={"checks": (*report.checks, failed)})
        file = made.file()
        plan = make_plan(report, file.contract, file.sha256, Request())
        record = carry_out(made, plan)

    assert made.service.sent == ["four 01-07"]
    assert states(made, plan) == {"01-07": "landed"}
    assert record.verdict_after is not None
    assert record.verdict_after.summary.endswith("; 1 expectation is judged by run only")
