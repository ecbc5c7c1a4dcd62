"""The plan: what is called, in which order, and what is left out and why."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from checkpoints.archive.remediation import Why
from checkpoints.contract.model import Contract
from checkpoints.rules.registry import RULES
from remediation.errors import PlanError
from remediation.output.console import print_plan
from tests.support.reports import (
    calls,
    check_of,
    holes,
    lacking,
    left_out,
    plan_for,
    report_of,
    truthful_report,
)
from tests.support.scripted_service import raw_contract
from tests.support.warehouses import D, contract_of


def test_one_call_per_service_and_date_carries_all_its_datasets(contract: Contract) -> None:
    report = lacking("factors cache", "2025-01-07", "2025-01-09")
    assert calls(plan_for(contract, report)) == [
        "four 01-07 factors+cache",
        "four 01-09 factors+cache",
    ]


def test_a_dataset_in_its_warm_up_is_not_expected_of_the_call(contract: Contract) -> None:
    report = lacking("factors cache", "2025-01-04", "2025-01-06")
    plan = plan_for(contract, report)
    assert calls(plan) == ["four 01-04 factors", "four 01-06 factors+cache"]
    assert left_out(plan) == {("cache", Why.NOT_DUE): ["01-04"]}


def test_upstream_layer_goes_first_then_the_oldest_date(contract: Contract) -> None:
    report = lacking("scores factors summary", "2025-01-08", "2025-01-07")
    plan = plan_for(contract, report)
    assert [c.id for c in plan.calls] == [
        f"{name}/{day}"
        for name in ("three", "four", "five")
        for day in ("2025-01-07", "2025-01-08")
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
    plan = plan_for(contract, lacking("factors", "2025-01-07", "2025-01-09"))
    assert calls(plan) == ["four 01-09 factors"]
    assert [u.reason for u in plan.unplanned] == [
        "four would rebuild 'cache', protected: source gone"
    ]


def test_a_date_in_flight_is_not_planned_again(contract: Contract) -> None:
    report = lacking("factors", "2025-01-07", "2025-01-09")
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
    report = lacking("factors", "2025-01-07", outcome="PASSED")
    without = plan_for(contract, report)
    assert calls(without) == []
    assert left_out(without) == {("factors", Why.PASSED): ["01-07"]}
    assert calls(plan_for(contract, report, include_passing=True)) == ["four 01-07 factors"]


def test_an_option_is_proposed_only_for_dates_that_it_would_plan(tmp_path: Path) -> None:
    protected = [
        {"dataset": "cache", "from": "2025-01-09", "to": "2025-01-09", "reason": "source gone"}
    ]
    raw = raw_contract("http://127.0.0.1:1", tmp_path / "w.duckdb")
    contract = contract_of(tmp_path, raw, protected=protected).contract
    hole, above = holes("2025-01-07", "2025-01-09", "2025-01-11"), holes("2025-01-11")
    passed = [check_of(name, hole, "PASSED") for name in ("factors", "raw")]
    report = report_of(passed, {"factors": hole, "summary": above, "raw": above})
    said = {(u.dataset, u.dates): u.reason for u in plan_for(contract, report).unplanned}
    tolerated = "lacks keys, but its checks passed"
    seven, nine, eleven = map(D, ("2025-01-07", "2025-01-09", "2025-01-11"))
    assert said == {
        ("raw", (seven, nine, eleven)): (
            f"{tolerated} (the contract names no service that builds it)"
        ),
        ("factors", (seven,)): f"{tolerated} (--include-passing plans it)",
        ("factors", (nine,)): (f"{tolerated} (four would rebuild 'cache', protected: source gone)"),
        ("factors", (eleven,)): f"{tolerated} (its upstream 'summary' has nothing on these dates)",
    }


def test_orphans_of_a_date_whose_upstream_is_rebuilt_are_not_listed(contract: Contract) -> None:
    hole = holes("2025-01-07")
    orphans = check_of("scores", ["2025-01-07", "2025-01-12"], kind="no_orphan_keys")
    report = report_of([check_of("factors", hole), {**orphans, "of": "factors"}], {"factors": hole})
    assert left_out(plan_for(contract, report)) == {("scores", Why.NOT_REPAIRABLE): ["01-12"]}
    only = {**orphans, "of": "factors", "unexpected_dates": ["2025-01-07"]}
    report = report_of([check_of("factors", hole), only], {"factors": hole})
    assert plan_for(contract, report).unplanned == ()


def test_one_dataset_alone(contract: Contract) -> None:
    report = lacking("factors cache", "2025-01-07")
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
    report = lacking("factors", "2025-01-07")
    with pytest.raises(PlanError, match="four → three → four"):
        plan_for(contract, report)


def test_errors_never_plan(contract: Contract) -> None:
    hole = holes("2025-01-07")
    for kind in (name for name, rule in RULES.items() if rule.repairable):
        report = report_of([check_of("factors", hole, "ERRORED", kind)], {"factors": hole})
        plan = plan_for(contract, report, include_passing=True)
        assert plan.calls == ()
        assert plan.unplanned[0].reason.endswith("table 'x' is gone")


def test_dates_before_the_earliest_that_can_be_rebuilt_are_left_out(tmp_path: Path) -> None:
    url, database = "http://127.0.0.1:1", tmp_path / "w.duckdb"
    raw = raw_contract(url, database, earliest_rebuildable="2025-01-08")
    contract = contract_of(tmp_path, raw).contract
    plan = plan_for(contract, lacking("factors", "2025-01-07", "2025-01-08"))
    assert calls(plan) == ["four 01-08 factors"]
    assert left_out(plan) == {("factors", Why.TOO_OLD): ["01-07"]}
    assert [u.reason for u in plan.unrepaired] == ["four cannot rebuild dates before 2025-01-08"]


def test_one_layer_alone(contract: Contract) -> None:
    report = lacking("summary factors cache scores", "2025-01-07")
    everything = plan_for(contract, report)
    only = plan_for(contract, report, only_layer="L3")
    assert calls(only) == ["three 01-07 summary"]
    assert (only.only_layer, only.unplanned) == ("L3", ())
    assert only.id != everything.id
    assert calls(plan_for(contract, report, only_layer="L4", only_dataset="cache")) == []
    with pytest.raises(PlanError) as refusal:
        plan_for(contract, report, only_layer="L9", only_dataset="caches")
    assert refusal.value.problems == (
        "--dataset 'caches' is not in the contract, which has: "
        "schedule, raw, summary, factors, cache, scores",
        "--layer 'L9' is not in the contract, which has: reference, L1, L3, L4, L5",
    )
    with pytest.raises(PlanError, match="--dataset 'cache' is not in --layer 'L3'"):
        plan_for(contract, report, only_layer="L3", only_dataset="cache")


def test_layer_and_dates_are_part_of_the_plans_id(contract: Contract) -> None:
    report = lacking("scores", "2025-01-07")
    whole, part = plan_for(contract, report), plan_for(contract, report, only_layer="L5")
    assert calls(whole) == calls(part)
    assert whole.id != part.id


ADJACENT = [{"rule": "conversion_ratio", "at_least": 0.9}]


def adjacent(folder: Path) -> Contract:
    """A contract in which every layer is compared with the one above it, and with nothing else."""
    raw = raw_contract("http://127.0.0.1:1", folder / "w.duckdb")
    raw["datasets"] = {
        name: {**dataset, "rules": ADJACENT} if "service" in dataset else dataset
        for name, dataset in raw["datasets"].items()
    }
    return contract_of(folder, raw).contract


def test_what_a_filled_upstream_will_show_to_be_missing_is_planned_with_it(tmp_path: Path) -> None:
    contract = adjacent(tmp_path)
    hole = holes("2025-01-07", "2025-01-08", "2025-01-09")
    report = truthful_report(contract, dict.fromkeys(("summary", "factors", "scores"), hole))
    failed = {check.dataset for check in report.checks if check.outcome == "FAILED"}
    assert failed == {"summary", "factors", "scores"}
    plan = plan_for(contract, report)
    built = ("three", "summary"), ("four", "factors"), ("five", "scores")
    days = ("01-07", "01-08", "01-09")
    assert calls(plan) == [f"{service} {day} {name}" for service, name in built for day in days]
    assert plan.calls[-1].depends_on == ("four/2025-01-09",)
    assert calls(plan_for(contract, report, only_layer="L4")) == []


def test_what_a_filled_upstream_will_still_let_pass_is_not_planned(tmp_path: Path) -> None:
    contract = adjacent(tmp_path)
    hole = holes("2025-01-07", "2025-01-08", "2025-01-09")
    present = {"summary": hole, "factors": holes("2025-01-09")}  # 16 of 17 dates once it is filled
    plan = plan_for(contract, truthful_report(contract, present))
    assert [call[:11] for call in calls(plan)] == ["three 01-07", "three 01-08", "three 01-09"]


def test_a_layer_without_datasets_is_said_to_have_none(tmp_path: Path) -> None:
    raw = raw_contract("http://127.0.0.1:1", tmp_path / "w.duckdb")
    raw["layers"] = {**raw["layers"], "L6": "nothing yet"}
    contract = contract_of(tmp_path, raw).contract
    with pytest.raises(PlanError, match="--layer 'L6' has no datasets"):
        plan_for(contract, lacking("factors", "2025-01-07"), only_layer="L6")


def through_a_view(folder: Path, layer: str, rules: Any) -> Contract:
    """Between the factors and the scores a dataset that no service builds."""
    raw = raw_contract("http://127.0.0.1:1", folder / "w.duckdb")
    datasets = raw["datasets"]
    view = {key: datasets["factors"][key] for key in ("date", "key", "upstream", "warmup_days")}
    datasets["view"] = {**view, "layer": "L4", "table": "s.view", "upstream": "factors"}
    datasets["scores"] |= {"upstream": "view", "layer": layer, "rules": rules}
    datasets["factors"]["rules"] = ADJACENT
    datasets["factors"]["service"], datasets["scores"]["service"] = "three", "four"
    del datasets["summary"]["service"], datasets["cache"]
    return contract_of(folder, raw).contract


@pytest.mark.parametrize("layer", ["L4", "L5"])
def test_what_stands_below_a_view_waits_for_the_service_above_it(
    tmp_path: Path, layer: str
) -> None:
    contract = through_a_view(tmp_path, layer, ADJACENT)
    plan = plan_for(contract, lacking("factors scores", "2025-01-07"))
    assert calls(plan) == ["three 01-07 factors", "four 01-07 scores"]
    assert plan.calls[1].depends_on == ("three/2025-01-07",)


def test_a_view_will_have_what_the_plan_brings_to_its_upstream(tmp_path: Path) -> None:
    contract = through_a_view(tmp_path, "L5", ADJACENT)
    days = ("01-07", "01-08", "01-09", "01-10")
    half = {D(f"2025-{day}"): 1 for day in days}
    names = ("factors", "view", "scores")
    known = {"factors": "summary", "view": "factors", "scores": "view"}
    report = truthful_report(contract, dict.fromkeys(names, half), {"summary": "raw", **known})
    plan = plan_for(contract, report)
    assert [check.dataset for check in report.checks if check.outcome == "FAILED"] == ["factors"]
    assert calls(plan) == [
        *(f"three {day} factors" for day in days),
        *(f"four {day} scores" for day in days),
    ]
    assert {call.depends_on for call in plan.calls[4:]} == {(f"three/2025-{d}",) for d in days}


def test_the_dates_of_an_expectation_are_written_again_although_no_key_is_missing(
    contract: Contract,
) -> None:
    kind = "expect_column_values_to_not_be_null"
    check = {**check_of("factors", [D("2025-01-07"), D("2025-01-09")], kind=kind), "of": "summary"}
    repairable = report_of([{**check, "stock": "repairable_rows"}], {})
    other = report_of([{**check, "stock": "rows"}], {})

    plan = plan_for(contract, repairable)
    assert calls(plan) == ["four 01-07 factors", "four 01-09 factors"]
    assert [call.rebuilds for call in plan.calls] == [("factors",), ("factors",)]
    console = Console(record=True, width=120, file=StringIO())
    print_plan(console, plan, repairable, ())
    assert "2 are of rows that fail an expectation: the next run" in console.export_text()
    assert calls(plan_for(contract, other)) == []
    assert left_out(plan_for(contract, other)) == {
        ("factors", Why.NOT_REPAIRABLE): ["01-07", "01-09"]
    }


def test_a_passed_expectation_asks_for_nothing(contract: Contract) -> None:
    check = check_of("factors", [], outcome="PASSED", kind="expect_column_values_to_not_be_null")
    report = report_of([{**check, "of": "summary", "stock": "repairable_rows"}], {})

    plan = plan_for(contract, report)

    assert (plan.calls, plan.unplanned) == ((), ())
