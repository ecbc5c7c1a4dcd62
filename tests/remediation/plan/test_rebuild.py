"""A plan to rebuild dates that are there: what was asked for, and what is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from checkpoints.archive.remediation import Why
from checkpoints.archive.report import Report
from checkpoints.contract.checks import checks_of
from checkpoints.contract.model import Contract
from checkpoints.errors import ExitCode
from remediation.errors import PlanError
from remediation.output.console import print_plan
from remediation.output.script import shell_script
from remediation.plan.model import Plan
from tests.support.reports import (
    CALENDAR,
    WARMUP,
    calls,
    check_of,
    holes,
    lacking,
    left_out,
    plan_for,
    report_of,
)
from tests.support.scripted_service import FIRST, LAST, raw_contract
from tests.support.warehouses import D, contract_of

WHY = "the source was corrected"
FULL = report_of([], {})


def rebuild(contract: Contract, report: Report, dataset: str, *days: str, **request: Any) -> Plan:
    dates = frozenset(map(D, days))
    return plan_for(
        contract, report, only_dataset=dataset, dates=dates, **{"because": WHY, **request}
    )


def looking_back(folder: Path, **days: int) -> Contract:
    """The datasets that are named look so many days back at their upstream."""
    raw = raw_contract("http://127.0.0.1:1", folder / "w.duckdb")
    datasets: dict[str, Any] = {n: {**of, "written_at": "w"} for n, of in raw["datasets"].items()}
    for name, number in days.items():
        rules = [*datasets[name].get("rules", []), {"rule": "fresh", "lookback_days": number}]
        datasets[name]["rules"] = rules
    return contract_of(folder, raw, datasets=datasets).contract


def fresh_report(contract: Contract, present: Mapping[str, Mapping[date, int]] = {}) -> Report:
    """A report in which every check of ``fresh`` passed."""
    checks = [
        {**check_of(check.pair.dataset, [], "PASSED", "fresh"), "id": check.id, "of": check.pair.of}
        for check in checks_of(contract)
        if check.kind == "fresh"
    ]
    return report_of(checks, present)


def printed(plan: Plan, report: Report) -> list[str]:
    console = Console(record=True, width=120, file=StringIO())
    print_plan(console, plan, report, ())
    return console.export_text().splitlines()


def test_dates_that_are_there_are_rebuilt_for_a_reason(contract: Contract) -> None:
    plan = rebuild(contract, FULL, "factors", "2025-01-09", "2025-01-07")
    assert calls(plan) == ["four 01-07 factors", "four 01-09 factors"]
    assert [call.rebuilds for call in plan.calls] == [("factors",)] * 2
    assert plan.because == WHY
    assert plan.exit_code is ExitCode.COMPLETE
    lines = printed(plan, FULL)
    assert f"rebuilt because: {WHY}" in lines
    assert "factors  2      rebuild  2025-01-07, 2025-01-09" in lines
    assert f": 2 calls. Rebuilt because: {WHY}" in shell_script(plan, contract).splitlines()[1]


def test_another_reason_is_another_plan_and_none_is_not_written(contract: Contract) -> None:
    plans = [
        rebuild(contract, FULL, "factors", "2025-01-07", because=why) for why in (WHY, "a bug")
    ]
    assert plans[0].id != plans[1].id
    written = plan_for(contract, lacking("factors", "2025-01-07")).model_dump_json()
    assert not [name for name in ("because", "rebuilds", "with_dependents") if name in written]


def test_nothing_else_that_failed_is_part_of_it(contract: Contract) -> None:
    names = ("summary", "factors", "cache")
    checks = [check_of(name, ["2025-01-07", "2025-01-09"]) for name in names]
    orphans = check_of("summary", ["2025-01-08"], kind="no_orphan_keys")
    unread = check_of("summary", [], outcome="ERRORED", kind="date_gap")
    report = report_of([*checks, orphans, unread], {})
    plan = rebuild(contract, report, "summary", "2025-01-07", "2025-01-08")
    assert calls(plan) == ["three 01-07 summary", "three 01-08 summary"]
    assert {entry.why for entry in plan.unplanned} == {Why.STALE}


def test_what_failed_on_the_same_dates_is_asked_of_them_as_well(tmp_path: Path) -> None:
    contract = looking_back(tmp_path, factors=0)
    (check,) = fresh_report(contract).checks
    days = ["2025-01-07", "2025-01-09"]
    failed = {**check_of("factors", days, kind="fresh"), "id": check.id, "of": "summary"}
    plan = rebuild(contract, report_of([failed], {}), "factors", "2025-01-07", "2025-01-08")
    assert [[c.kind for c in call.checks] for call in plan.calls] == [["fresh"], []]


def test_dates_that_are_not_called_are_listed_with_the_reason(tmp_path: Path) -> None:
    raw = raw_contract("http://127.0.0.1:1", tmp_path / "w.duckdb")
    services = {**raw["services"]}
    services["four"] = {**services["four"], "earliest_rebuildable": "2025-01-06"}
    protected = [
        {"dataset": "cache", "from": "2025-01-08", "to": "2025-01-08", "reason": "source gone"}
    ]
    contract = contract_of(tmp_path, raw, services=services, protected=protected).contract
    report = report_of([], {"summary": holes("2025-01-09"), "factors": holes("2025-01-09")})
    days = [f"2025-01-{n:02}" for n in (2, 5, 7, 8, 9, 10)]
    in_flight = frozenset({"four/2025-01-10"})
    plan = rebuild(contract, report, "factors", *days, in_flight=in_flight)
    assert calls(plan) == ["four 01-07 factors"]
    assert left_out(plan) == {
        ("factors", Why.NOT_DUE): ["01-02"],
        ("factors", Why.TOO_OLD): ["01-05"],
        ("factors", Why.PROTECTED): ["01-08"],
        ("factors", Why.UPSTREAM_EMPTY): ["01-09"],
        ("factors", Why.IN_FLIGHT): ["01-10"],
        ("scores", Why.STALE): ["01-07"],
    }


def test_a_date_that_is_not_there_is_filled_by_it(contract: Contract) -> None:
    plan = rebuild(contract, lacking("factors", "2025-01-07"), "factors", "2025-01-07")
    assert calls(plan) == ["four 01-07 factors"]


def test_dates_of_which_the_run_knows_nothing_are_an_error(contract: Contract) -> None:
    with pytest.raises(PlanError) as refused:
        rebuild(contract, FULL, "factors", "2024-12-30", "2024-12-31", "2025-01-07")
    assert str(refused.value) == (
        f"2024-12-30 → 2024-12-31: outside the window of run {FULL.run_id} ({FIRST} → {LAST}): "
        "run a checkpoint over them, as with python -m checkpoints run --from 2024-12-30 "
        "--to 2025-01-07"
    )


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"because": WHY, "dates": {D("2025-01-07")}}, "of one dataset: name it with --dataset"),
        ({"only_dataset": "factors", "dates": {D("2025-01-07")}}, "give it with --because"),
        (
            {"only_dataset": "factors", "dates": {D("2025-01-07")}, "because": " "},
            "give it with --because",
        ),
        ({"because": WHY}, "name them with --dates, or --from and --to"),
        (
            {"only_dataset": "x", "dates": {D("2025-01-07")}, "because": WHY},
            "--dataset 'x' is not in the contract",
        ),
        (
            {
                "only_dataset": "factors",
                "dates": {D("2025-01-07")},
                "because": WHY,
                "include_passing": True,
            },
            "leave it out",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    contract: Contract, request_: dict[str, Any], said: str
) -> None:
    with pytest.raises(PlanError, match=said):
        plan_for(contract, FULL, **request_)


def test_what_is_made_from_it_is_told_in_a_line_and_not_planned(tmp_path: Path) -> None:
    contract = looking_back(tmp_path, factors=2)
    report = fresh_report(contract)
    plan = rebuild(contract, report, "summary", "2025-01-07")
    assert calls(plan) == ["three 01-07 summary"]
    assert left_out(plan) == {
        ("factors", Why.STALE): ["01-07", "01-08", "01-09"],
        ("cache", Why.STALE): ["01-07"],
        ("scores", Why.STALE): ["01-07", "01-08", "01-09"],
    }
    lines = printed(plan, report)
    assert (
        "3 dates of factors, 1 date of cache, 3 dates of scores become stale by this plan: "
        "--with-dependents adds them" in lines
    )
    assert "Not planned" not in lines
    assert not plan.unrepaired


def test_what_is_made_from_it_is_rebuilt_after_it_through_all_layers(tmp_path: Path) -> None:
    contract = looking_back(tmp_path, factors=2, scores=1)
    report = fresh_report(contract)
    plan = rebuild(contract, report, "summary", "2025-01-07", with_dependents=True)
    assert calls(plan) == [
        "three 01-07 summary",
        "four 01-07 factors+cache",
        "four 01-08 factors",
        "four 01-09 factors",
        *(f"five 01-{n} scores" for n in ("07", "08", "09", "10")),
    ]
    assert all(call.rebuilds == call.datasets for call in plan.calls)
    assert [[check.dataset for check in call.checks] for call in plan.calls][:3] == [
        [],
        ["factors"],
        ["factors"],
    ]
    assert plan.calls[1].depends_on == ("three/2025-01-07",)
    assert plan.calls[5].depends_on == ("four/2025-01-08",)
    assert not plan.unplanned


def test_what_was_not_made_before_is_no_dependent(tmp_path: Path) -> None:
    contract = looking_back(tmp_path, factors=2)
    report = fresh_report(contract, {"factors": holes("2025-01-08")})
    plan = rebuild(contract, report, "summary", "2025-01-07", with_dependents=True)
    assert [call for call in calls(plan) if "factors" in call] == [
        "four 01-07 factors+cache",
        "four 01-09 factors",
    ]


def test_what_a_call_writes_beside_what_it_is_for_makes_others_stale(contract: Contract) -> None:
    plan = rebuild(contract, FULL, "cache", "2025-01-07", with_dependents=True)
    assert calls(plan) == ["four 01-07 cache", "five 01-07 scores"]


def test_what_is_filled_has_what_is_made_from_it_planned_unasked(tmp_path: Path) -> None:
    contract = looking_back(tmp_path, factors=1)
    short = check_of("summary", ["2025-01-07"])
    full = fresh_report(contract).model_dump(mode="json")["checks"]
    report = report_of([short, *full], {"summary": {D("2025-01-07"): 1}})
    plan = plan_for(contract, report)
    assert calls(plan) == ["three 01-07 summary", "four 01-07 factors", "four 01-08 factors"]
    assert not any(call.rebuilds for call in plan.calls)
    more = plan_for(contract, report, with_dependents=True)
    assert calls(more)[1:] == [
        "four 01-07 factors+cache",
        "four 01-08 factors",
        "five 01-07 scores",
        "five 01-08 scores",
    ]


def test_dependents_that_may_not_be_called_are_listed(tmp_path: Path) -> None:
    contract = looking_back(tmp_path, factors=1)
    report = fresh_report(contract)
    held = frozenset({"four/2025-01-08"})
    plan = rebuild(contract, report, "summary", "2025-01-07", with_dependents=True, in_flight=held)
    assert left_out(plan) == {("factors", Why.IN_FLIGHT): ["01-08"]}


DAYS = st.sampled_from(CALENDAR)
HELD = st.dictionaries(
    st.sampled_from(["raw", "summary", "factors", "cache", "scores"]),
    st.dictionaries(DAYS, st.integers(0, 2), max_size=6),
)


@settings(max_examples=60, deadline=None)
@given(
    dataset=st.sampled_from(["summary", "factors", "cache", "scores"]),
    dates=st.frozensets(DAYS, min_size=1, max_size=4),
    present=HELD,
    failed=st.dictionaries(
        st.sampled_from(["summary", "factors", "scores"]), st.frozensets(DAYS, max_size=5)
    ),
    lookback=st.integers(0, 4),
    with_dependents=st.booleans(),
)
def test_a_plan_never_holds_a_date_that_was_neither_asked_for_nor_made_from_one(
    tmp_path_factory: pytest.TempPathFactory,
    dataset: str,
    dates: frozenset[date],
    present: Mapping[str, Mapping[date, int]],
    failed: Mapping[str, frozenset[date]],
    lookback: int,
    *,
    with_dependents: bool,
) -> None:
    contract = looking_back(tmp_path_factory.mktemp("c"), factors=lookback)
    report = report_of([check_of(name, sorted(days)) for name, days in failed.items()], present)
    plan = plan_for(
        contract,
        report,
        only_dataset=dataset,
        dates=dates,
        because=WHY,
        with_dependents=with_dependents,
    )
    planned = {(name, call.date) for call in plan.calls for name in call.datasets}
    listed = {(u.dataset, day) for u in plan.unplanned for day in u.dates if u.why != Why.STALE}
    asked = {(dataset, day) for day in dates}
    assert asked <= planned | listed
    below = {"summary": ("factors", "cache", "scores"), "scores": ()}.get(dataset, ("scores",))
    allowed = {
        (name, day + timedelta(days=n))
        for name in below
        for day in dates
        for n in range(lookback + 1)
    }
    assert planned | listed <= (asked | allowed if with_dependents else asked)
    assert all(call.rebuilds == call.datasets for call in plan.calls)
    warm = {(name, day) for name, n in WARMUP.items() for day in CALENDAR[:n]}
    assert not planned & warm
