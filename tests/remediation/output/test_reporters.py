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
from remediation.output.json_log import JsonLogReporter
from remediation.output.progress import ConsoleReporter
from remediation.output.reporter import Reporter, remaining
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


def planned(detail: Detail) -> str:
    """A plan of a report in which every second day lacks keys that nobody asks for."""
    odd = [f"2025-01-{day:02}" for day in range(5, 20, 2)]
    contract = Contract.model_validate(raw_contract("http://127.0.0.1:1", Path("w.duckdb")))
    report = lacking("factors", *odd, outcome="PASSED")
    out = io.StringIO()
    print_plan(Console(file=out, width=300), plan_for(contract, report), report, [], detail)
    return out.getvalue()


def test_dates_that_nobody_asks_for_are_listed_one_by_one_only_when_verbose() -> None:
    tolerated = "factors  8      lacks keys, but its checks passed (--include-passing plans it): "
    first_to_last = "2025-01-05 → 2025-01-19, in 8 ranges (--verbose shows them)"
    assert tolerated + first_to_last in planned(Detail.NORMAL)
    assert f"{tolerated}2025-01-05, 2025-01-07, 2025-01-09, " in planned(Detail.VERBOSE)


@pytest.mark.parametrize(("number", "said"), [(1, "1 date remains"), (2, "2 dates remain")])
def test_one_is_not_several(number: int, said: str) -> None:
    calls = [call(f"2025-01-{7 + n:02}", "rejected", "boom") for n in range(number)]
    assert said in logged(record_of(4, calls))[-1]["message"]
