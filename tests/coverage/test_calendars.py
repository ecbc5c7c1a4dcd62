"""What is due by calendars: holes of a topmost dataset, holidays, grace, late data."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from checkpoints import validation
from checkpoints.archive.report import Report
from checkpoints.contract.checks import checks_of, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.late import late_in_words
from checkpoints.coverage.results import judged
from checkpoints.coverage.summary import summarize
from checkpoints.errors import ExitCode
from checkpoints.rules.evidence import CellState
from checkpoints.rules.rule import Outcome
from tests.support.projects import Days, every_day, frame_of
from tests.support.warehouses import BASIC, D, contract_of, fill

ALL = "orders items revenue"
SHOP: dict[str, Any] = {
    "version": 1, "timezone": "Europe/Berlin", "warehouse": "duckdb:///unused.duckdb",
    "calendar": "business_days", "holidays": {"country": "DE"}, "grace": "1 business day",
    "starts": "2024-04-22",
    "layers": {"raw": "orders", "core": "items", "mart": "revenue"},
    "datasets": {
        "orders": {"layer": "raw", "table": "s.orders", "date": "d", "key": "k"},
        "items": {
            "layer": "core", "table": "s.items", "date": "d", "key": "k", "upstream": "orders",
        },
        "revenue": {"layer": "mart", "table": "s.revenue", "date": "d", "upstream": "items"},
    },
    "rules_for_all": [{"rule": "daily_conversion_ratio", "at_least": 1}],
    "checkpoints": {"after_backfill": {"suites": ["raw", "core", "mart"]}},
}  # fmt: skip
FIRST, LAST = "2024-04-20", "2024-05-10"
"""A Saturday to a Friday, with the first of May and Ascension Day (the ninth)."""

BUSINESS = [22, 23, 24, 25, 26, 29, 30, 2, 3, 6, 7, 8, 10]


def shop(
    folder: Path, changes: Mapping[str, Mapping[str, Any]] | None = None, **of: Any
) -> Contract:
    """The contract, with keys changed: ``changes`` of datasets, by name, and ``of`` the whole."""
    raw = {**copy.deepcopy(SHOP), **of}
    for name, changed in (changes or {}).items():
        raw["datasets"][name].update(changed)
    return contract_of(folder, raw).contract


def traded(**lost: str) -> Days:
    """Every date as a date of trade, but for the days of a month that datasets have lost."""
    days = every_day(FIRST, LAST)
    for day, found in days.items():
        if day.day in BUSINESS:
            gone = [name for name, numbers in lost.items() if str(day.day) in numbers.split()]
            if held := " ".join(name for name in ALL.split() if name not in gone):
                found.append(held)
    return days


def states(frame: CoverageFrame, contract: Contract, name: str) -> dict[CellState, list[int]]:
    found: dict[CellState, list[int]] = {}
    for cell in frame.cells[upstream_pair(contract, name)]:
        found.setdefault(cell.state, []).append(cell.date.day)
    return found


def failed(contract: Contract, frame: CoverageFrame) -> dict[str, list[int]]:
    """The unexpected days of failed checks, by dataset and rule."""
    records = [judged(check, frame) for check in checks_of(contract)]
    return {
        f"{r.dataset} {r.kind}": [day.day for day in r.unexpected_dates]
        for r in records
        if r.outcome is Outcome.FAILED
    }


def test_a_hole_of_the_topmost_dataset_fails_and_a_holiday_is_none(tmp_path: Path) -> None:
    contract = shop(tmp_path)
    days = traded(orders="2 3", items="2 3", revenue="2 3")
    frame = frame_of(contract, days, as_of="2024-05-13")
    found = states(frame, contract, "orders")
    assert found[CellState.MISSING] == [2, 3]
    assert found[CellState.COMPLETE] == [n for n in BUSINESS if n not in (2, 3)]
    assert found[CellState.OFF] == [20, 21, 27, 28, 1, 4, 5, 9]
    assert failed(contract, frame) == {
        f"{name} daily_conversion_ratio": [2, 3] for name in ALL.split()
    }


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"rule": "conversion_ratio", "at_least": 0.9}, [2, 3, 6]),
        ({"rule": "daily_conversion_ratio", "at_least": 0.1}, [2, 3, 6]),
        ({"rule": "recent_coverage", "last_days": 14, "at_least": 0.9}, [2, 3, 6]),
        ({"rule": "date_gap", "at_most_days": 4}, [2, 3, 6]),
    ],
)
def test_every_rule_about_lost_dates_can_fail_for_a_topmost_dataset(
    tmp_path: Path, rule: dict[str, Any], expected: list[int]
) -> None:
    contract = shop(tmp_path, {"orders": {"rules": [rule]}}, rules_for_all=[])
    frame = frame_of(contract, traded(orders="2 3 6"), as_of="2024-05-13")
    assert failed(contract, frame) == {f"orders {rule['rule']}": expected}


def test_up_to_date_goes_by_the_whole_window_where_there_are_no_seasons(tmp_path: Path) -> None:
    rules = [{"rule": "up_to_date", "days": 3}]
    contract = shop(tmp_path, {"orders": {"rules": rules}}, rules_for_all=[])
    frame = frame_of(contract, traded(orders="6 7 8 10"), as_of="2024-05-10")
    assert failed(contract, frame) == {"orders up_to_date": [4, 5, 6, 7, 8, 9, 10]}


def test_the_sentence_of_a_topmost_dataset_names_its_calendar(tmp_path: Path) -> None:
    contract = shop(tmp_path)
    check = next(c for c in checks_of(contract) if c.dataset == "orders")
    assert check.sentence(by_date=True) == (
        "on every due date, orders holds at least 100 % of the dates of its calendar"
    )


def test_rules_that_compare_keys_do_not_hold_for_a_topmost_dataset(tmp_path: Path) -> None:
    keyed = [{"rule": "no_orphan_keys"}, {"rule": "no_null_keys"}]
    contract = shop(tmp_path, rules_for_keyed=keyed)
    of_orders = [check.kind for check in checks_of(contract) if check.dataset == "orders"]
    assert of_orders == ["no_null_keys", "daily_conversion_ratio"]


def test_a_due_date_whose_upstream_holds_nothing_is_still_due(tmp_path: Path) -> None:
    contract = shop(tmp_path, {"revenue": {"calendar": "daily"}})
    frame = frame_of(contract, traded(), as_of="2024-05-13")
    assert states(frame, contract, "revenue")[CellState.MISSING] == [27, 28, 1, 4, 5, 9]


def test_a_dataset_of_its_own_calendar_is_due_on_that_alone(tmp_path: Path) -> None:
    contract = shop(tmp_path, {"revenue": {"calendar": {"kind": "weekly", "weekday": "friday"}}})
    frame = frame_of(contract, traded(revenue="22 23 24 25 2 3"), as_of="2024-05-13")
    found = states(frame, contract, "revenue")
    assert found[CellState.COMPLETE] == [26, 10]
    assert found[CellState.MISSING] == [3]


def test_a_calendar_takes_precedence_over_the_reference(tmp_path: Path) -> None:
    datasets = copy.deepcopy(BASIC["datasets"])
    datasets["summary"]["calendar"] = "daily"
    datasets["lonely"] = {
        "layer": "L1", "table": "s.l", "date": "d", "key": "k", "calendar": "daily",
    }  # fmt: skip
    contract = contract_of(
        tmp_path, datasets=datasets, rules_for_all=SHOP["rules_for_all"]
    ).contract
    days = every_day("2025-01-05", "2025-01-09", "schedule raw summary factors lonely")
    days[D("2025-01-07")] = []
    frame = frame_of(contract, days)
    off = {n: states(frame, contract, n).get(CellState.OFF, []) for n in contract.names}
    assert off == {"schedule": [7], "raw": [7], "summary": [], "factors": [7], "lonely": []}
    assert failed(contract, frame)["lonely daily_conversion_ratio"] == [7]
    assert "raw daily_conversion_ratio" not in failed(contract, frame)


def test_dates_before_the_start_are_never_due(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, starts="2025-01-08").contract
    frame = frame_of(contract, every_day("2025-01-06", "2025-01-09", "schedule raw"))
    assert states(frame, contract, "summary") == {CellState.OFF: [6, 7], CellState.MISSING: [8, 9]}


def test_grace_of_business_days_passes_over_the_holiday(tmp_path: Path) -> None:
    contract = shop(tmp_path, {"revenue": {"grace": "2 business days"}})
    lost = traded(orders="8", items="8", revenue="8")
    frame = frame_of(contract, lost, as_of="2024-05-09")  # the ninth is no business day
    assert states(frame, contract, "orders")[CellState.NOT_DUE] == [8, 10]
    frame = frame_of(contract, lost, as_of="2024-05-10")
    assert states(frame, contract, "orders")[CellState.MISSING] == [8]
    assert states(frame, contract, "revenue")[CellState.NOT_DUE] == [8, 10]


def test_coverage_without_seasons_is_one_figure_of_the_window(tmp_path: Path) -> None:
    contract = shop(tmp_path)
    frame = frame_of(contract, traded(orders="2 3", items="2 3", revenue="2 3"), as_of="2024-05-13")
    summary = summarize(contract, frame)
    assert not summary.by_season
    figures = [(e.season, e.dataset, e.matched, e.expected) for e in summary.coverage]
    assert figures == [(None, "orders", 11, 13), (None, "items", 11, 11), (None, "revenue", 11, 11)]


def late(contract: Contract, days: Days, as_of: str) -> dict[str, tuple[list[int], date]]:
    frame = frame_of(contract, days, as_of=as_of)
    return {one.dataset: ([d.day for d in one.dates], one.until) for one in frame.late}


def test_what_is_late_fails_nothing_until_its_time_is_up(tmp_path: Path) -> None:
    contract = shop(tmp_path, {"revenue": {"late_days": 3}})
    lost = traded(revenue="2 3")  # due on the third and the sixth
    assert late(contract, lost, "2024-05-03") == {"revenue": ([2], D("2024-05-05"))}
    assert late(contract, lost, "2024-05-05") == {"revenue": ([2], D("2024-05-05"))}
    assert late(contract, lost, "2024-05-06") == {"revenue": ([3], D("2024-05-08"))}
    frame = frame_of(contract, lost, as_of="2024-05-08")
    assert failed(contract, frame) == {"revenue daily_conversion_ratio": [2]}
    assert late(contract, lost, "2024-05-09") == {}


def test_each_date_is_tolerated_as_long_as_its_own_dataset_says(tmp_path: Path) -> None:
    contract = shop(tmp_path, {"orders": {"late_days": 9}, "revenue": {"late_days": 4}})
    frame = frame_of(contract, traded(revenue="2 3"), as_of="2024-05-06")
    assert [str(one) for one in frame.late] == [
        "1 date of revenue is late (2024-05-02), tolerated until 2024-05-06",
        "1 date of revenue is late (2024-05-03), tolerated until 2024-05-09",
    ]
    assert late_in_words(frame.late) == (
        "2 dates of revenue are late, the first tolerated until 2024-05-06"
    )


def test_what_has_nothing_to_be_built_from_is_late_as_well(tmp_path: Path) -> None:
    contract = shop(tmp_path, {"orders": {"late_days": 3}})
    frame = frame_of(contract, traded(orders="8", items="8", revenue="8"), as_of="2024-05-10")
    assert failed(contract, frame) == {}
    assert [(one.dataset, one.until) for one in frame.late] == [
        (name, D("2024-05-12")) for name in ALL.split()
    ]


def test_what_lacks_more_than_a_late_upstream_is_not_late(tmp_path: Path) -> None:
    contract = shop(tmp_path, {"orders": {"late_days": 3}})
    frame = frame_of(contract, traded(items="8", revenue="8"), as_of="2024-05-10")
    assert failed(contract, frame) == {
        "items daily_conversion_ratio": [8], "revenue daily_conversion_ratio": [8],
    }  # fmt: skip
    assert frame.late == ()


def test_what_could_be_built_from_the_part_that_has_come_is_not_late(tmp_path: Path) -> None:
    contract = shop(tmp_path, {"items": {"late_days": 3}})
    days = {**traded(), D("2024-05-08"): ["orders items", "orders"]}
    frame = frame_of(contract, days, as_of="2024-05-10")
    assert [one.dataset for one in frame.late] == ["items"]
    assert failed(contract, frame) == {"revenue daily_conversion_ratio": [8]}


def test_a_measure_further_up_does_not_fail_for_what_a_late_one_between_lacks(
    tmp_path: Path,
) -> None:
    rules = [{"rule": "conversion_ratio", "of": "orders", "at_least": 1}]
    contract = shop(tmp_path, {"items": {"late_days": 3}, "revenue": {"rules": rules}})
    frame = frame_of(contract, traded(items="8", revenue="8"), as_of="2024-05-10")
    assert failed(contract, frame) == {}
    assert [one.dataset for one in frame.late] == ["items", "revenue"]


def test_of_any_of_several_sources_all_must_be_late(tmp_path: Path) -> None:
    datasets = {
        **copy.deepcopy(SHOP["datasets"]),
        "other": {"layer": "raw", "table": "s.other", "date": "d", "key": "k"},
    }
    datasets["items"]["upstream"] = {"any_of": ["orders", "other"]}
    datasets["orders"]["late_days"] = 3
    both = copy.deepcopy(datasets)
    both["other"]["late_days"] = 3
    days = traded(orders="8", items="8", revenue="8")
    assert list(late(shop(tmp_path, datasets=datasets), days, "2024-05-10")) == ["orders"]
    assert list(late(shop(tmp_path, datasets=both), days, "2024-05-10")) == list(both)


def checked(folder: Path, now: str, as_of: str | None = None, **changes: Any) -> Report:
    """The shop as it is at a moment of Berlin, in which nothing of the eighth of May has come."""
    tables = {
        name: [(D(f"2024-05-{n:02}"), "k") for n in (6, 7)] for name in ("orders", "items")
    }  # fmt: skip
    url = fill(folder / "w.duckdb", {**tables, "revenue": tables["items"]})
    raw = {**copy.deepcopy(SHOP), "starts": "2024-05-06", "warehouse": url, **changes}
    moment = datetime.fromisoformat(now).astimezone(UTC)
    asked: validation.Options = {
        "checkpoint": "after_backfill",
        "as_of": D(as_of) if as_of else None,
    }
    request = validation.request_of(contract_of(folder, raw), asked, moment, lambda: 0.0)
    return validation.check(request)


@pytest.mark.parametrize(
    ("now", "as_of", "code"),
    [
        ("2024-05-09 11:59+02:00", None, ExitCode.COMPLETE),
        ("2024-05-09 12:00+02:00", None, ExitCode.INCOMPLETE),
        ("2024-05-09 11:00+02:00", "2024-05-09", ExitCode.COMPLETE),  # which is today
        ("2024-06-01 11:00+02:00", "2024-05-08", ExitCode.COMPLETE),
        ("2024-06-01 11:00+02:00", "2024-05-09", ExitCode.INCOMPLETE),  # by the end of it
    ],
)
def test_hours_of_grace_compare_with_the_moment_of_the_run(
    tmp_path: Path, now: str, as_of: str | None, code: ExitCode
) -> None:
    assert checked(tmp_path, now, as_of, grace="36h").verdict.exit_code is code


def test_the_verdict_tells_what_is_late(tmp_path: Path) -> None:
    datasets = copy.deepcopy(SHOP["datasets"])
    datasets["orders"]["late_days"] = 2
    report = checked(tmp_path, "2024-05-10 09:00+02:00", datasets=datasets)
    assert report.verdict.exit_code is ExitCode.COMPLETE
    assert report.verdict.summary == (
        "3 of 3 evaluated checks passed; 1 date of orders, items, revenue is late, "
        "tolerated until 2024-05-11"
    )
    assert [str(one) for one in report.late][:1] == [
        "1 date of orders is late (2024-05-08), tolerated until 2024-05-11"
    ]
    report = checked(tmp_path, "2024-05-12 09:00+02:00", datasets=datasets)
    assert report.verdict.exit_code is ExitCode.INCOMPLETE
