"""The plan: what is called, in which order, and what is left out and why."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.contract import Contract
from checkpoints.coverage import Status
from checkpoints.report import Report
from remediation.errors import PlanError
from remediation.plan import Plan, Why, estimates
from remediation.plan_file import check_fits, newest_plan, read_plan, write_plan
from remediation.planning import REPAIRABLE, Request, candidates, make_plan
from tests.scripted_service import FIRST, LAST, TODAY, raw_contract
from tests.warehouses import D, contract_of

SHA = "a" * 64
UPSTREAM = {
    "raw": "schedule",
    "summary": "raw",
    "factors": "summary",
    "cache": "summary",
    "scores": "factors",
}
WARMUP = {"factors": 3, "cache": 5, "scores": 3}
CALENDAR = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    folder = tmp_path_factory.mktemp("contract")
    return contract_of(folder, raw_contract("http://127.0.0.1:1", folder / "w.duckdb")).contract


def check_of(
    dataset: str, dates: Any, outcome: str = "FAILED", kind: str = "conversion_ratio"
) -> dict[str, Any]:
    return {
        "id": f"{dataset}-{kind}-{outcome}",
        "suite": "L4",
        "dataset": dataset,
        "of": "raw",
        "match": "keys",
        "kind": kind,
        "severity": "critical",
        "threshold": 0.8,
        "outcome": outcome,
        "observed": 0.5,
        "matched": 1,
        "expected": 2,
        "unexpected_dates": [str(d) for d in dates],
        "message": "table 'x' is gone" if outcome == "ERRORED" else "",
    }


def report_of(
    checks: list[dict[str, Any]], present: dict[str, dict[date, int]], sha: str = SHA
) -> Report:
    """A report in which each dataset has so many of two games; 2 where nothing is said."""
    datasets = []
    for name, upstream in UPSTREAM.items():
        days = []
        for n, day in enumerate(CALENDAR):
            status = Status.WARM_UP if n < WARMUP.get(name, 0) else Status.DUE
            expected = present.get(upstream, {}).get(day, 2)
            here = present.get(name, {}).get(day, 2)
            matched = min(expected, here)
            days.append([str(day), status, expected, here, matched, here - matched, 0])
        datasets.append(
            {
                "name": name,
                "layer": "L4",
                "of": upstream,
                "match": "keys",
                "by_date": False,
                "days": days,
            }
        )
    return Report.model_validate_json(
        json.dumps(
            {
                "schema_version": 1,
                "run_id": "20250121T000000000000Z-after_backfill",
                "checkpoint": "after_backfill",
                "judge": "rules",
                "window": {"first": str(FIRST), "last": str(LAST)},
                "window_label": "January",
                "as_of": str(TODAY),
                "started_at": "2025-01-21T00:00:00Z",
                "seconds": 0.1,
                "provenance": {
                    "contract": "pipeline.yml",
                    "contract_sha256": sha,
                    "warehouse": "duckdb:///w.duckdb",
                    "revision": None,
                    "dirty": None,
                    "versions": {},
                    "user": "someone",
                },
                "verdict": {
                    "exit_code": 1,
                    "passed": False,
                    "summary": "failed",
                    "declared": len(checks),
                    "counts": {},
                    "fail_on": "critical",
                },
                "checks": checks,
                "datasets": datasets,
                "coverage": [],
            }
        )
    )


def holes(*days: str) -> dict[date, int]:
    return {D(day): 0 for day in days}


def plan_for(contract: Contract, report: Report, **request: Any) -> Plan:
    return make_plan(report, contract, SHA, Request(**request))


def calls(plan: Plan) -> list[str]:
    return [f"{c.service} {c.date:%m-%d} {'+'.join(c.datasets)}" for c in plan.calls]


def left_out(plan: Plan) -> dict[tuple[str, Why], list[str]]:
    return {(u.dataset, u.why): [f"{d:%m-%d}" for d in u.dates] for u in plan.unplanned}


def test_one_call_per_service_and_date_carries_all_its_datasets(contract: Contract) -> None:
    hole = holes("2025-01-07", "2025-01-09")
    report = report_of(
        [check_of("factors", hole), check_of("cache", hole, kind="date_gap")],
        {"factors": hole, "cache": hole},
    )
    assert calls(plan_for(contract, report)) == [
        "four 01-07 factors+cache",
        "four 01-09 factors+cache",
    ]


def test_a_dataset_in_its_warm_up_is_not_expected_of_the_call(contract: Contract) -> None:
    hole = holes("2025-01-04", "2025-01-06")
    report = report_of(
        [check_of("factors", hole), check_of("cache", hole, kind="date_gap")],
        {"factors": hole, "cache": hole},
    )
    plan = plan_for(contract, report)
    assert calls(plan) == ["four 01-04 factors", "four 01-06 factors+cache"]
    assert left_out(plan) == {("cache", Why.NOT_DUE): ["01-04"]}


def test_upstream_layer_goes_first_then_the_oldest_date(contract: Contract) -> None:
    hole = holes("2025-01-08", "2025-01-07")
    tables = ("summary", "factors", "scores")
    report = report_of([check_of(t, hole) for t in reversed(tables)], dict.fromkeys(tables, hole))
    plan = plan_for(contract, report)
    assert [c.id for c in plan.calls] == [
        "three/2025-01-07",
        "three/2025-01-08",
        "four/2025-01-07",
        "four/2025-01-08",
        "five/2025-01-07",
        "five/2025-01-08",
    ]
    assert plan.calls[2].depends_on == ("three/2025-01-07",)
    assert plan.calls[4].depends_on == ("four/2025-01-07",)


def test_a_date_whose_upstream_has_nothing_is_left_out_with_the_reason(contract: Contract) -> None:
    hole = holes("2025-01-07")
    report = report_of([check_of("factors", hole)], {"summary": hole, "factors": hole})
    plan = plan_for(contract, report)
    assert calls(plan) == []
    (entry,) = plan.unplanned
    assert entry.reason == "its upstream 'summary' has nothing on these dates"
    assert entry.dates == (D("2025-01-07"),)


def test_a_protected_dataset_forbids_the_call_that_would_rebuild_it(tmp_path: Path) -> None:
    protected = [
        {"dataset": "cache", "from": "2025-01-07", "to": "2025-01-08", "reason": "source gone"}
    ]
    raw = raw_contract("http://127.0.0.1:1", tmp_path / "w.duckdb")
    contract = contract_of(tmp_path, raw, protected=protected).contract
    hole = holes("2025-01-07", "2025-01-09")
    plan = plan_for(contract, report_of([check_of("factors", hole)], {"factors": hole}))
    assert calls(plan) == ["four 01-09 factors"]
    assert [u.reason for u in plan.unplanned] == [
        "four would rebuild 'cache', protected: source gone"
    ]


def test_a_date_in_flight_is_not_planned_again(contract: Contract) -> None:
    hole = holes("2025-01-07", "2025-01-09")
    report = report_of([check_of("factors", hole)], {"factors": hole})
    plan = plan_for(contract, report, in_flight=frozenset({"four/2025-01-07"}))
    assert calls(plan) == ["four 01-09 factors"]
    assert left_out(plan) == {("factors", Why.IN_FLIGHT): ["01-07"]}


def test_a_dataset_without_a_service_and_errors_and_orphans_are_listed(contract: Contract) -> None:
    hole = holes("2025-01-07")
    report = report_of(
        [
            check_of("raw", hole),
            check_of("factors", (), outcome="ERRORED"),
            check_of("summary", ["2025-01-12"], kind="no_orphan_keys"),
        ],
        {"raw": hole},
    )
    plan = plan_for(contract, report)
    assert plan.calls == ()
    assert left_out(plan) == {
        ("raw", Why.NO_SERVICE): ["01-07"],
        ("factors", Why.ERRORED): [],
        ("summary", Why.NOT_REPAIRABLE): ["01-12"],
    }


def test_what_is_complete_against_its_own_upstream_is_not_called(contract: Contract) -> None:
    one = {D("2025-01-07"): 1}
    report = report_of([check_of("scores", one)], {"factors": one, "scores": one})
    plan = plan_for(contract, report)
    assert calls(plan) == []
    assert left_out(plan)["scores", Why.COMPLETE] == ["01-07"]


def test_passed_checks_are_planned_only_when_asked(contract: Contract) -> None:
    hole = holes("2025-01-07")
    report = report_of([check_of("factors", hole, outcome="PASSED")], {"factors": hole})
    without = plan_for(contract, report)
    assert calls(without) == []
    assert left_out(without) == {("factors", Why.PASSED): ["01-07"]}
    assert calls(plan_for(contract, report, include_passing=True)) == ["four 01-07 factors"]


def test_orphans_of_a_date_whose_upstream_is_rebuilt_are_not_listed(contract: Contract) -> None:
    hole = holes("2025-01-07")
    orphans = check_of("scores", ["2025-01-07", "2025-01-12"], kind="no_orphan_keys")
    report = report_of([check_of("factors", hole), {**orphans, "of": "factors"}], {"factors": hole})
    assert left_out(plan_for(contract, report)) == {("scores", Why.NOT_REPAIRABLE): ["01-12"]}
    only = {**orphans, "of": "factors", "unexpected_dates": ["2025-01-07"]}
    report = report_of([check_of("factors", hole), only], {"factors": hole})
    assert plan_for(contract, report).unplanned == ()


def test_one_dataset_alone(contract: Contract) -> None:
    hole = holes("2025-01-07")
    report = report_of(
        [check_of("factors", hole), check_of("cache", hole, kind="date_gap")],
        {"factors": hole, "cache": hole},
    )
    assert calls(plan_for(contract, report, only_dataset="cache")) == ["four 01-07 cache"]
    with pytest.raises(PlanError, match="--dataset 'caches' is not in the contract"):
        plan_for(contract, report, only_dataset="caches")


def test_a_report_of_another_contract_is_refused(contract: Contract) -> None:
    with pytest.raises(PlanError, match="another contract"):
        plan_for(contract, report_of([], {}, sha="b" * 64))


def test_services_that_need_each_other_are_refused(tmp_path: Path) -> None:
    raw = raw_contract("http://127.0.0.1:1", tmp_path / "w.duckdb")
    raw["datasets"]["scores"]["service"] = "three"
    contract = contract_of(tmp_path, raw).contract
    hole = holes("2025-01-07")
    report = report_of([check_of("factors", hole)], {"factors": hole})
    with pytest.raises(PlanError, match="four → three → four"):
        plan_for(contract, report)


def test_the_estimate_says_what_it_is_based_on(tmp_path: Path) -> None:
    raw = raw_contract("http://127.0.0.1:1", tmp_path / "w.duckdb", seconds_between_calls=2)
    contract = contract_of(tmp_path, raw).contract
    hole = holes("2025-01-07", "2025-01-08", "2025-01-09")
    plan = plan_for(contract, report_of([check_of("factors", hole)], {"factors": hole}))
    (guess,) = estimates(plan, contract, {})
    (known,) = estimates(plan, contract, {"four": (12, 30.0)})
    assert (guess.seconds, known.seconds) == (6, 90)
    assert guess.basis == "a minimum: 2 s between calls, no call was timed yet"
    assert known.basis == "12 earlier calls, median 30 s; 2 s between calls"


def a_plan(contract: Contract) -> Plan:
    hole = holes("2025-01-07", "2025-01-09")
    return plan_for(contract, report_of([check_of("factors", hole)], {"factors": hole}))


def test_a_plan_is_read_back_as_it_was_written(contract: Contract, tmp_path: Path) -> None:
    plan = a_plan(contract)
    path = tmp_path / "uncommitted" / "plans" / "p.json"
    write_plan(plan, path)
    assert read_plan(path) == plan
    assert newest_plan(tmp_path) == path


def test_the_plan_file_has_not_changed_its_format(contract: Contract) -> None:
    golden = Path(__file__).parent / "golden" / "plan.json"
    assert json.loads(a_plan(contract).model_dump_json()) == json.loads(golden.read_text())


def test_a_plan_changed_by_hand_is_refused(contract: Contract, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    write_plan(a_plan(contract), path)
    path.write_text(path.read_text().replace("2025-01-09", "2025-01-10"))
    with pytest.raises(PlanError, match="changed by hand"):
        read_plan(path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2}', "\x00"])
def test_a_damaged_plan_is_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(PlanError, match="is not a plan of version 1"):
        read_plan(path)


def test_a_plan_of_another_contract_or_warehouse_is_refused(contract: Contract) -> None:
    plan = a_plan(contract)
    check_fits(plan, SHA, "duckdb:///w.duckdb")
    with pytest.raises(PlanError) as refusal:
        check_fits(plan, "c" * 64, "duckdb:///other.duckdb")
    assert len(refusal.value.problems) == 2
    assert "give --warehouse duckdb:///w.duckdb" in refusal.value.problems[1]


def test_planning_imports_no_network_database_or_clock() -> None:
    forbidden = [
        "requests",
        "urllib3",
        "sqlite3",
        "sqlalchemy",
        "duckdb",
        "pandas",
        "time",
        "great_expectations",
        "google",
    ]
    program = (
        "import sys; before = set(sys.modules)\n"
        "import remediation.planning, remediation.plan, remediation.landing, remediation.retrying\n"
        f"print([m for m in {forbidden} if m in set(sys.modules) - before - {{'time'}}])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
    source = Path(__file__).parent.parent / "remediation"
    for name in ("planning.py", "plan.py", "landing.py", "retrying.py", "order.py", "states.py"):
        text = (source / name).read_text()
        assert "import time" not in text
        assert ".now(" not in text
        assert ".today(" not in text


SOME_DATES = st.lists(st.sampled_from(CALENDAR), max_size=8, unique=True)
NAMES = list(UPSTREAM)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    present = {name: {day: draw(st.integers(0, 1)) for day in draw(SOME_DATES)} for name in NAMES}
    checks = []
    for name in NAMES:
        for kind in ("conversion_ratio", "date_gap", "no_orphan_keys"):
            outcome = draw(st.sampled_from(["PASSED", "FAILED", "ERRORED", "NOT_EVALUATED"]))
            checks.append(check_of(name, draw(SOME_DATES), outcome=outcome, kind=kind))
    return report_of(checks, present)


@given(report=reports(), passing=st.booleans(), seed=st.integers(0, 99), data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_candidate_is_planned_or_explained(
    contract: Contract, report: Report, passing: bool, seed: int, data: st.DataObject
) -> None:
    protected = data.draw(st.sampled_from(CALENDAR))
    raw = contract.model_dump(mode="json", by_alias=True)
    raw["protected"] = [
        {"dataset": "cache", "from": str(protected), "to": str(protected), "reason": "kept"}
    ]
    guarded = Contract.model_validate(raw)
    flying = frozenset(f"four/{day}" for day in data.draw(SOME_DATES))
    request = Request(include_passing=passing, in_flight=flying)
    plan = make_plan(report, guarded, SHA, request)

    planned = {(name, day) for name, days in plan.dates_of().items() for day in days}
    asides = {Why.NOT_REPAIRABLE, Why.ERRORED, Why.PASSED}
    explained = [(u.dataset, d) for u in plan.unplanned if u.why not in asides for d in u.dates]
    wanted = {(n, d) for n, days in candidates(report, request).items() for d in days}
    assert planned | set(explained) == wanted
    assert not planned & set(explained)
    assert len(explained) == len(set(explained))
    assert not any(call.service == "four" and call.date == protected for call in plan.calls)
    assert not flying & {call.id for call in plan.calls}
    due = {(r.name, d.date): d for r in report.datasets for d in r.days if d.status is Status.DUE}
    for name, day in planned:
        assert due[name, day].missing or (UPSTREAM[name], day) in planned

    place = {call.id: n for n, call in enumerate(plan.calls)}
    assert all(place[d] < place[c.id] for c in plan.calls for d in c.depends_on)
    for name, day in planned:
        if (UPSTREAM[name], day) in planned:
            service = guarded.datasets[name].service
            above = guarded.datasets[UPSTREAM[name]].service
            assert f"{above}/{day}" in plan.calls[place[f"{service}/{day}"]].depends_on

    shuffled = [*report.checks]
    random.Random(seed).shuffle(shuffled)
    mixed = tuple(
        c.model_copy(update={"unexpected_dates": tuple(reversed(c.unexpected_dates))})
        for c in shuffled
    )
    again = report.model_copy(update={"checks": mixed, "datasets": report.datasets[::-1]})
    assert make_plan(again, guarded, SHA, request) == plan


def test_errors_never_plan(contract: Contract) -> None:
    hole = holes("2025-01-07")
    for kind in REPAIRABLE:
        report = report_of([check_of("factors", hole, "ERRORED", kind)], {"factors": hole})
        plan = plan_for(contract, report, include_passing=True)
        assert plan.calls == ()
        assert plan.unplanned[0].reason.endswith("table 'x' is gone")
