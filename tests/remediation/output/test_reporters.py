"""The outcome of a run is said in the same words to people, to CI and to a log."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from checkpoints.archive.remediation import Change, Figures, RemediationRecord
from checkpoints.contract.model import Contract
from checkpoints.text import Detail
from remediation.ledger.ledger import LedgerEntry
from remediation.output.ci import findings_of, sections_of
from remediation.output.console import QuietReporter, print_plan
from remediation.output.csv import csv_of
from remediation.output.json_log import JsonLogReporter
from remediation.output.progress import ConsoleReporter
from remediation.output.reporter import Reporter, remaining
from remediation.plan.estimate import estimates
from remediation.plan.model import Plan
from tests.support.reports import check_of, lacking, plan_for, report_of
from tests.support.runs import repair_of
from tests.support.scripted_service import raw_contract
from tests.support.warehouses import D

NOW = datetime(2025, 2, 21, 9, 2, tzinfo=UTC)
NAME = "player_composite_factors"


def record_of(exit_code: int, calls: list[dict[str, Any]], **more: Any) -> RemediationRecord:
    report = report_of([check_of("factors", ["2025-01-07"])], {})
    of_this_run = {"exit_code": exit_code, "calls": calls, "seconds": 754.2, "verdict_after": None}
    empty = {"counts": {}, "changes": [], **more}
    return RemediationRecord.model_validate(repair_of(report, **of_this_run, **empty))


def call(day: str, state: str, detail: str = "", attempts: int = 1) -> dict[str, Any]:
    given = {"service": "four", "date": day, "datasets": ["factors"]}
    return {**given, "state": state, "attempts": attempts, "detail": detail}


def people(record: RemediationRecord, width: int = 80) -> str:
    out = io.StringIO()
    ConsoleReporter(Console(file=out, width=width), lambda: 0.0, {}).conclude(record, "record.json")
    return out.getvalue()


def logged(record: RemediationRecord) -> list[dict[str, Any]]:
    out = io.StringIO()
    JsonLogReporter(out.write, lambda: NOW, {}).conclude(record, "record.json")
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("exit_code", "word"),
    [
        (0, "COMPLETE"),
        (1, "INCOMPLETE"),
        (3, "COULD NOT TELL"),
        (4, "STILL INCOMPLETE"),
        (5, "NOTHING DUE"),
    ],
)
def test_the_terminal_ci_and_the_log_say_the_same_verdict(exit_code: int, word: str) -> None:
    record = record_of(exit_code, [call("2025-01-07", "landed")])
    quiet = io.StringIO()
    QuietReporter(Console(file=quiet, width=80)).conclude(record, "record.json")
    line = f"{word} 1 of 1 calls landed in 13 min"
    assert people(record).splitlines()[0] == quiet.getvalue().splitlines()[0] == line
    assert findings_of(record).verdict == f"{word}: 1 of 1 calls landed"
    assert logged(record)[-1]["message"] == f"{word}: 1 of 1 calls landed, 0 dates remain"


def test_what_remains_is_grouped_by_service_state_and_reason() -> None:
    dates = ("2025-01-07", "2025-01-08", "2025-01-09", "2025-01-10")
    states = ("rejected", "rejected", "planned", "planned")
    calls = [
        call(day, state, "boom" if state == "rejected" else "", attempts)
        for day, state, attempts in zip(dates, states, (1, 3, 0, 1), strict=True)
    ]
    record = record_of(4, calls)
    (rejected, unsent, refused) = remaining(record.remaining)
    assert (rejected.state, rejected.why, rejected.attempts) == ("rejected", "boom", [1, 3])
    assert rejected.dates == [D("2025-01-07"), D("2025-01-08")]
    assert (unsent.why, refused.why) == ("not sent yet", "")
    shown = people(record)
    assert "four     rejected  2      2025-01-07 → 2025-01-08  boom" in shown
    assert "four     planned   1      2025-01-09               not sent yet" in shown
    (_, _, _, _, first, *_) = sections_of(record)[0]  # below title, headings and rule
    assert first.endswith("| boom |")
    (finding,) = findings_of(record).findings[:1]
    assert finding.details.splitlines() == [
        "rejected, 2 dates (2025-01-07 → 2025-01-08): boom",
        "planned, 1 date (2025-01-09): not sent yet",
        "planned, 1 date (2025-01-10)",
    ]


def test_a_range_holds_no_date_that_is_not_meant() -> None:
    days = ("2025-01-07", "2025-01-14", "2025-01-15", "2025-01-21")
    record = record_of(4, [call(day, "blocked", "needs three") for day in days])
    rows = [line.split() for line in people(record).splitlines()]
    start = rows.index(["four", "blocked", "4", "2025-01-07", "needs", "three"])
    assert rows[start + 1 : start + 3] == [["2025-01-14", "→", "2025-01-15"], ["2025-01-21"]]
    ranges = "2025-01-07, 2025-01-14 → 2025-01-15, 2025-01-21"
    assert f"blocked, 4 dates ({ranges}): needs three" in findings_of(record).findings[0].details


def test_a_date_in_flight_is_apart_from_one_that_is_not() -> None:
    states = [
        group.state
        for group in remaining(
            LedgerEntry.model_validate({**call("2025-01-07", "unknown"), "in_flight": in_flight})
            for in_flight in (True, False)
        )
    ]
    assert states == ["unknown (in flight)", "unknown"]


@pytest.mark.parametrize(("width", "columns"), [(120, 6), (78, 6), (72, 5), (62, 4)])
def test_before_and_after_keeps_names_whole_and_leaves_out_columns_first(
    width: int, columns: int
) -> None:
    before = Figures(of="boxscores", expected=10, matched=5, lacking=(D("2025-01-07"),))
    change = Change(dataset=NAME, layer="L4", before=before, after=None, regressions=())
    shown = people(record_of(3, [], changes=[change]), width)
    (row,) = (line.split() for line in shown.splitlines() if NAME in line)
    assert row == [
        *(["L4"] if columns >= 5 else []),
        NAME,
        *(["boxscores"] if columns == 6 else []),
        *("50.0", "%", "unreadable", "1", "→", "?"),
    ]


def test_a_reporter_that_says_nothing_follows_a_run_as_well() -> None:
    record = record_of(0, [])
    with Reporter() as reporter:
        reporter.remark("odd")
        reporter.conclude(record, "record.json")


def planned(detail: Detail, outcome: str = "PASSED", **services: Any) -> str:
    """A plan of a report in which every second day of a dataset lacks keys."""
    odd = [f"2025-01-{day:02}" for day in range(5, 20, 2)]
    raw = raw_contract("http://127.0.0.1:1", Path("w.duckdb"), **services)
    contract = Contract.model_validate(raw)
    report = lacking("factors", *odd, outcome=outcome)
    out = io.StringIO()
    print_plan(Console(file=out, width=300), plan_for(contract, report), report, [], detail)
    return out.getvalue()


def test_the_dates_that_nobody_asks_for_are_listed_only_when_verbose() -> None:
    tolerated = "factors  8      lacks keys, but its checks passed (--include-passing plans it)"
    normal = planned(Detail.NORMAL)
    assert [line.rstrip() for line in normal.splitlines()][-2:] == [
        tolerated,
        "-v lists the dates that are not planned",
    ]
    verbose = planned(Detail.VERBOSE)
    assert f"{tolerated}: 2025-01-05, 2025-01-07, 2025-01-09, " in verbose
    assert "-v" not in verbose


def test_dates_that_nobody_repairs_are_always_said_from_the_first_to_the_last() -> None:
    options = {"outcome": "FAILED", "earliest_rebuildable": "2025-02-01"}
    said = "factors  8      four cannot rebuild dates before 2025-02-01: "
    assert f"{said}2025-01-05 → 2025-01-19, in 8 ranges" in planned(Detail.NORMAL, **options)
    assert f"{said}2025-01-05, 2025-01-07, " in planned(Detail.VERBOSE, **options)


def plan_in_ranges(days: int, **more: Any) -> tuple[Plan, Contract, list[str]]:
    """A plan of the days from 2025-01-06 on, in ranges, and what is shown of it."""
    raw = raw_contract("http://127.0.0.1:1", Path("w.duckdb"), seconds_between_calls=2, **more)
    contract = Contract.model_validate(raw)
    missing = [f"2025-01-{day:02}" for day in range(6, 6 + days)]
    report = lacking("factors", *missing)
    plan = plan_for(contract, report)
    out = io.StringIO()
    print_plan(Console(file=out, width=100), plan, report, estimates(plan, contract, {}))
    return plan, contract, [line.rstrip() for line in out.getvalue().splitlines()]


IN_RANGES = {
    "dates_per_call": "range",
    "at_most": 3,
    "body": {"start_date": "{from}", "end_date": "{to}"},
}


def test_where_a_call_takes_several_dates_both_are_counted() -> None:
    plan, contract, lines = plan_in_ranges(8, **IN_RANGES)
    assert lines[0].endswith(": 8 dates in 4 calls: 1 date first, then 3")
    assert [line.split()[:4] for line in lines[-2:]] == [
        ["service", "dates", "calls", "estimate"],
        ["four", "8", "4", "8"],
    ]
    assert csv_of(plan, contract).splitlines() == [
        "service,kind,dates,datasets",
        "four,http,2025-01-06,factors",
        "four,http,2025-01-07 2025-01-08 2025-01-09,factors",
        "four,http,2025-01-10 2025-01-11 2025-01-12,factors",
        "four,http,2025-01-13,factors",
    ]


def test_where_a_call_takes_one_date_calls_are_counted_alone() -> None:
    _, _, lines = plan_in_ranges(3)
    assert lines[0].endswith(": 3 calls")
    assert [line.split()[:3] for line in lines[-2:]] == [
        ["service", "calls", "estimate"],
        ["four", "3", "6"],
    ]


@pytest.mark.parametrize(("number", "said"), [(1, "1 date remains"), (2, "2 dates remain")])
def test_one_is_not_several(number: int, said: str) -> None:
    calls = [call(f"2025-01-{7 + n:02}", "rejected", "boom") for n in range(number)]
    assert said in logged(record_of(4, calls))[-1]["message"]
