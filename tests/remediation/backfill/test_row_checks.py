"""Checks about rows: a date that was called for one of them has landed when that one passes."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive.remediation import Why
from checkpoints.errors import ExitCode
from remediation.ledger.plans import read_plan, write_plan
from remediation.output.ci import planned
from remediation.plan.model import Plan, content_hash
from remediation.plan.planning import Request, make_plan
from tests.support.backfills import EIGHT, NINE, SEVEN, carry_out, execute, states, writes
from tests.support.remediation_commands import seen, start, wait_for_call
from tests.support.reports import calls, left_out
from tests.support.scripted_service import Act, Project, answer, project, silence

BOTH = "s.factors", "s.summary"
COLUMNS = [f"ALTER TABLE {table} ADD COLUMN {column}" for table in BOTH
           for column in ("rate DOUBLE", "written TIMESTAMP")]  # fmt: skip
FULL = [f"UPDATE {table} SET rate = 1, written = d + INTERVAL 30 HOUR" for table in BOTH]
LATER = ["UPDATE s.factors SET written = d + INTERVAL 31 HOUR"]
EMPTY = "UPDATE s.factors SET rate = NULL WHERE d = ? AND k LIKE '%_0'"
TWICE = "INSERT INTO s.factors SELECT * FROM s.factors WHERE d = ?"
DELETE = "DELETE FROM s.factors WHERE d = ?"
INSERT = """INSERT INTO s.factors SELECT d, k, {rate}, TIMESTAMP '2025-01-20 12:00' FROM s.summary
WHERE d = ?"""
WRITE = (DELETE, INSERT.format(rate=1))
FILLED = {"rule": "filled", "columns": "rate"}
FRESH = {"rule": "fresh", "lookback_days": 1}
UNIQUE = {"rule": "unique_keys"}


@contextmanager
def made_with(
    folder: Path, *rules: Mapping[str, Any], lacking: tuple[str, ...] = (), **service: Any
) -> Iterator[Project]:
    """Factors have these rules alone; their service writes whole dates."""
    with project(folder, {"factors": lacking}) as made:
        execute(made.database, *COLUMNS, *FULL, *LATER)
        datasets = {name: {**of, "rules": []} for name, of in made.raw["datasets"].items()}
        datasets["summary"] |= {"written_at": "written"}
        datasets["factors"] |= {"written_at": "written", "rules": list(rules)}
        made.change(datasets=datasets, rules_for_keyed=[])
        made.change_service("four", **service)
        made.service.otherwise["/four"] = writes(*WRITE)
        yield made


def plan_of(made: Project) -> Plan:
    file, report = made.file(), made.check()
    return make_plan(report, file.contract, file.sha256, Request())


def asked(plan: Plan) -> list[str]:
    return [f"{c.date:%m-%d} {', '.join(check.name for check in c.checks)}" for c in plan.calls]


def remaining(record: Any) -> list[tuple[str, str, str]]:
    return [(f"{call.date:%m-%d}", str(call.state), call.detail) for call in record.remaining]


def test_a_column_that_was_empty_is_filled(tmp_path: Path) -> None:
    with made_with(tmp_path, FILLED) as made:
        for day in (SEVEN, NINE):
            execute(made.database, EMPTY, day=day)
        plan = plan_of(made)
        assert calls(plan) == ["four 01-07 factors", "four 01-09 factors"]
        assert asked(plan) == ["01-07 filled rate", "01-09 filled rate"]
        record = carry_out(made, plan)
        assert record.exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-07", "four 01-09"]
        assert [call.checks for call in record.calls] == [call.checks for call in plan.calls]


@pytest.mark.parametrize(
    ("rule", "breaks", "told"),
    [
        (
            {"rule": "within", "column": "rate", "to": 1},
            "rate = 2.39",
            "within rate to 1: 2 of 2 keys",
        ),
        (
            {"rule": "agrees", "column": "rate", "with": "summary.rate", "tolerance": 0.1},
            "rate = 1.2",
            "agrees rate: 2 keys differ",
        ),
        ({"rule": "rows_per_key", "at_most": 1}, "", "rows_per_key: 2 of 2 keys"),
    ],
)
def test_a_date_that_breaks_a_rule_about_rows_is_called_until_it_holds(
    tmp_path: Path, rule: dict[str, Any], breaks: str, told: str
) -> None:
    with made_with(tmp_path, rule) as made:
        broken = f"UPDATE s.factors SET {breaks} WHERE d = ?" if breaks else TWICE
        execute(made.database, broken, day=SEVEN)
        plan = plan_of(made)
        made.service.on("/four", SEVEN, answer(200))
        record = carry_out(made, plan)
        assert remaining(record) == [("01-07", "partial", told.replace(":", " of factors:"))]
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-07"] * 2


def test_a_column_that_stays_empty_has_not_landed_although_every_key_is_there(
    tmp_path: Path,
) -> None:
    with made_with(tmp_path, FILLED) as made:
        for day in (SEVEN, NINE):
            execute(made.database, EMPTY, day=day)
        half = INSERT.format(rate="CASE WHEN k LIKE '%_1' THEN 1 END")
        made.service.on("/four", SEVEN, writes(DELETE, half))
        record = carry_out(made, plan_of(made))
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        assert remaining(record) == [
            ("01-07", "partial", "filled rate of factors: 1 of 2 keys"),
            ("01-09", "blocked", "the canary four/2025-01-07 did not land: it is partial"),
        ]


def test_a_date_is_judged_alone_although_the_window_would_pass(tmp_path: Path) -> None:
    with made_with(tmp_path, {**FILLED, "at_least": 0.95}) as made:
        for day in (SEVEN, NINE):
            execute(made.database, EMPTY, day=day)
        plan = plan_of(made)
        made.service.on("/four", NINE, answer(200))
        record = carry_out(made, plan)
        assert record.verdict_after is not None
        assert record.verdict_after.passed
        assert remaining(record) == [("01-09", "partial", "filled rate of factors: 1 of 2 keys")]
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_stale_rows_are_made_from_what_is_there_now(tmp_path: Path) -> None:
    """The upstream of the 7th was written again: it is what the 7th and the 8th are made from."""
    again = "UPDATE s.summary SET written = TIMESTAMP '2025-01-20 10:00' WHERE d = ?"
    with made_with(tmp_path, FRESH) as made:
        execute(made.database, again, day=SEVEN)
        plan = plan_of(made)
        assert asked(plan) == ["01-07 fresh", "01-08 fresh"]
        old = INSERT.replace("20 12:00", "20 09:00").format(rate=1)
        made.service.on("/four", EIGHT, writes(DELETE, old))
        record = carry_out(made, plan)
        told = "fresh of factors: written 2025-01-20 14:00 (UTC)"  # 9 in New York
        assert remaining(record) == [("01-08", "partial", told)]
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-08"]


def test_stale_rows_of_any_of_several_upstreams_have_not_landed(tmp_path: Path) -> None:
    """What the 8th looks back at is read of each of them, by the look after its call."""
    again = "UPDATE s.summary SET written = TIMESTAMP '2025-01-20 10:00' WHERE d = ?"
    with made_with(tmp_path, FRESH) as made:
        execute(made.database, "ALTER TABLE s.raw ADD COLUMN written TIMESTAMP")
        execute(made.database, "UPDATE s.raw SET written = d + INTERVAL 29 HOUR")
        datasets = {name: {**of} for name, of in made.raw["datasets"].items()}
        datasets["raw"]["written_at"] = "written"
        datasets["factors"]["upstream"] = {"any_of": ["raw", "summary"]}
        made.change(datasets=datasets)
        execute(made.database, again, day=SEVEN)
        plan = plan_of(made)
        assert asked(plan) == ["01-07 fresh", "01-08 fresh"]
        old = INSERT.replace("20 12:00", "20 09:00").format(rate=1)
        made.service.on("/four", EIGHT, writes(DELETE, old))
        told = "fresh of factors: written 2025-01-20 14:00 (UTC)"
        assert remaining(carry_out(made, plan)) == [("01-08", "partial", told)]


def test_rows_that_stand_twice_are_no_work_for_a_service_that_may_append(tmp_path: Path) -> None:
    with made_with(tmp_path, UNIQUE) as made:
        execute(made.database, TWICE, day=SEVEN)
        plan = plan_of(made)
        assert not plan.calls
        assert left_out(plan) == {("factors", Why.NOT_REPAIRABLE): ["01-07"]}
        assert plan.unplanned[0].reason == (
            "rows that stand twice: only a service that replaces them repairs that; "
            "if a call of 'four' does, say so: replaces: true"
        )


def test_rows_that_stand_twice_are_replaced(tmp_path: Path) -> None:
    with made_with(tmp_path, UNIQUE, replaces=True) as made:
        for day in (SEVEN, EIGHT, NINE):
            execute(made.database, TWICE, day=day)
        plan = plan_of(made)
        assert asked(plan) == [f"01-0{n} unique_keys" for n in (7, 8, 9)]
        record = carry_out(made, plan)
        assert (record.exit_code, remaining(record)) == (ExitCode.COMPLETE, [])
        assert not any(change.regressions for change in record.changes)
        assert made.rows("factors", SEVEN) == 2


def test_a_service_that_says_that_it_replaces_and_appends_is_stopped(tmp_path: Path) -> None:
    with made_with(tmp_path, UNIQUE, replaces=True) as made:
        for day in (SEVEN, EIGHT, NINE):
            execute(made.database, TWICE, day=day)
        made.service.otherwise["/four"] = writes(INSERT.format(rate=1))
        record = carry_out(made, plan_of(made))
        assert [(c.date.day, str(c.state)) for c in record.calls] == [
            (7, "multiplied"),
            (8, "blocked"),
            (9, "blocked"),
        ]
        told = "factors on 2025-01-07: 6 rows for 2 keys, 4 rows for 2 keys before"
        assert record.calls[0].detail.startswith(told)
        assert made.service.sent == ["four 01-07"]


def test_what_one_plan_multiplied_another_may_replace(tmp_path: Path) -> None:
    appends: Act = writes(INSERT.format(rate=1), INSERT.format(rate=1))
    with made_with(
        tmp_path, {"rule": "conversion_ratio", "at_least": 1}, UNIQUE, lacking=(SEVEN,)
    ) as made:
        made.service.on("/four", SEVEN, appends)
        first = plan_of(made)
        carry_out(made, first)
        assert states(made, first) == {"01-07": "multiplied"}
        made.change_service("four", replaces=True)
        second = plan_of(made)
        assert asked(second) == ["01-07 unique_keys"]
        assert carry_out(made, second).exit_code is ExitCode.COMPLETE


def test_a_date_whose_rows_broke_a_rule_since_got_worse(tmp_path: Path) -> None:
    with made_with(tmp_path, FILLED, UNIQUE) as made:
        execute(made.database, EMPTY, day=SEVEN)
        plan = plan_of(made)
        made.service.on("/four", SEVEN, lambda *given: _also_empties_twelve(made, *given))
        record = carry_out(made, plan)
        (worse,) = [r for change in record.changes for r in change.regressions]
        assert (str(worse.date), worse.what) == ("2025-01-12", "filled rate: 1 of 2 keys")
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def _also_empties_twelve(made: Project, *given: Any) -> None:
    execute(made.database, EMPTY, day="2025-01-12")
    writes(*WRITE)(*given)


def test_a_date_that_broke_its_rule_again_is_called_again(tmp_path: Path) -> None:
    with made_with(tmp_path, FILLED) as made:
        execute(made.database, EMPTY, day=SEVEN)
        plan = plan_of(made)
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        execute(made.database, EMPTY, day=SEVEN)
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-07"] * 2


def test_a_killed_run_keeps_what_its_calls_are_for(tmp_path: Path) -> None:
    with made_with(tmp_path, FILLED, settle_seconds=2, timeout_seconds=2) as made:
        for day in (SEVEN, EIGHT):
            execute(made.database, EMPTY, day=day)
        made.check()
        _, said = seen(made, "plan")
        assert "factors  2      filled rate  2025-01-07 → 2025-01-08" in said.splitlines()
        made.service.on("/four", EIGHT, silence(0.5, lands=False))
        running = start(made, "run", "--yes")
        wait_for_call(made, 2)
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=10)
        code, said = seen(made, "resume")
        assert code == 0, said
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-08"]


@pytest.mark.parametrize("rules", [(FILLED,), (FILLED, UNIQUE)])
def test_a_date_without_keys_is_called_for_its_keys(
    tmp_path: Path, rules: tuple[dict[str, Any], ...]
) -> None:
    ratio = {"rule": "conversion_ratio", "at_least": 1}
    with made_with(tmp_path, ratio, *rules, lacking=(SEVEN,)) as made:
        plan = plan_of(made)
        assert asked(plan) == ["01-07 "]
        assert '"checks"' not in plan.model_dump_json()
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE


def test_what_is_made_from_rows_that_are_written_anew_is_made_again_by_the_same_plan(
    tmp_path: Path,
) -> None:
    with made_with(tmp_path, FRESH) as made:
        execute(made.database, "DELETE FROM s.summary WHERE d = ? AND k LIKE '%_1'", day=SEVEN)
        datasets = made.raw["datasets"]
        rules = [{"rule": "conversion_ratio", "at_least": 1}]
        made.change(datasets={**datasets, "summary": {**datasets["summary"], "rules": rules}})
        again = "INSERT INTO s.summary SELECT d, k, 1, TIMESTAMP '2025-01-20 10:00' FROM s.raw"
        delete = "DELETE FROM s.summary WHERE d = ?"
        made.service.on("/three", SEVEN, writes(delete, f"{again} WHERE d = ?"))
        plan = plan_of(made)
        assert asked(plan) == ["01-07 ", "01-07 fresh", "01-08 fresh"]
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["three 01-07", "four 01-07", "four 01-08"]
        text = planned(plan, ExitCode.COMPLETE, datetime(2025, 1, 21, tzinfo=UTC))[0].findings[1]
        assert text.message == "nothing was sent: 2 dates would be, 2 for fresh"


def test_what_is_called_for_its_rows_brings_no_keys_to_what_stands_below(tmp_path: Path) -> None:
    with made_with(tmp_path, {"rule": "conversion_ratio", "of": "raw", "at_least": 1}) as made:
        execute(made.database, "UPDATE s.summary SET rate = NULL WHERE d = ?", day=SEVEN)
        execute(made.database, "INSERT INTO s.raw VALUES (?, 'one more')", day=SEVEN)
        datasets = made.raw["datasets"]
        made.change(datasets={**datasets, "summary": {**datasets["summary"], "rules": [FILLED]}})
        plan = plan_of(made)
        assert calls(plan) == ["three 01-07 summary"]
        assert left_out(plan) == {("factors", Why.COMPLETE): ["01-07"]}


def test_a_plan_with_other_checks_is_another_plan(tmp_path: Path) -> None:
    with made_with(tmp_path, FILLED) as made:
        execute(made.database, EMPTY, day=SEVEN)
        plan = plan_of(made)
        (call,) = plan.calls
        bare = plan.model_copy(update={"calls": (call.model_copy(update={"checks": ()}),)})
        assert content_hash(bare) != plan.id
        path = made.folder / "plan.json"
        write_plan(plan, path)
        assert read_plan(path) == plan


def test_a_date_whose_duplicates_were_removed_has_not_landed_while_its_column_is_empty(
    tmp_path: Path,
) -> None:
    with made_with(tmp_path, FILLED) as made:
        execute(made.database, EMPTY, day=SEVEN)
        plan = plan_of(made)
        made.service.on("/four", SEVEN, writes(INSERT.format(rate="NULL")))
        carry_out(made, plan)
        assert states(made, plan) == {"01-07": "multiplied"}
        execute(made.database, "DELETE FROM s.factors WHERE written = '2025-01-20 12:00'")
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-07"] * 2
