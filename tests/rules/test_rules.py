"""The definitions, one by one, with literal dates."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.checks import checks_of, pairs_of
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame, build_frame
from checkpoints.coverage.layout import HALF, layout_of
from checkpoints.coverage.presence import presence_of
from checkpoints.coverage.results import judged
from checkpoints.dates import DateRange, ranges_of
from checkpoints.rules.evidence import Cell, Pair, Status
from checkpoints.rules.rule import Outcome
from tests.support.warehouses import BASIC, D, contract_of

SCHEDULE, RAW, SUMMARY, FACTORS = 1, 2, 4, 8
ALL = SCHEDULE | RAW | SUMMARY | FACTORS
NULL_OF_SUMMARY = SUMMARY << HALF


def with_rules(folder: Path, name: str, *rules: dict[str, Any], **dataset: Any) -> Contract:
    datasets = {n: {**d, "rules": []} for n, d in BASIC["datasets"].items()}
    datasets[name] = {**datasets[name], "warmup_days": 0, **dataset, "rules": list(rules)}
    return contract_of(folder, datasets=datasets, rules_for_keyed=[]).contract


def frame_of(
    contract: Contract,
    keys: dict[str, dict[int, int]],
    first: str = "2025-01-06",
    last: str = "2025-01-31",
    as_of: str = "2025-02-10",
) -> CoverageFrame:
    rows = [(D(day), mask, n) for day, masks in keys.items() for mask, n in masks.items()]
    window = Window(range=DateRange(D(first), D(last)), label="")
    presence = presence_of(layout_of(contract), rows)
    return build_frame(contract, presence, window, D(as_of), pairs_of(contract))


def verdict(contract: Contract, frame: CoverageFrame) -> tuple[str, float | None, list[str]]:
    (check,) = (c for c in checks_of(contract) if c.kind != "up_to_date")
    found = judged(check, frame)
    return str(found.outcome), found.observed, [str(d) for d in found.unexpected_dates]


RATIO = {"rule": "conversion_ratio", "at_least": 0.8}


def test_conversion_is_of_keys_and_cannot_pass_100_percent(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", RATIO)
    frame = frame_of(contract, {"2025-01-10": {SCHEDULE | RAW: 3, SCHEDULE | SUMMARY: 5}})
    assert verdict(contract, frame) == ("FAILED", 0.0, ["2025-01-10"])


def test_conversion_exactly_at_its_threshold_passes(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", {**RATIO, "at_least": 0.55})
    frame = frame_of(contract, {"2025-01-10": {ALL: 11, SCHEDULE | RAW: 9}})
    assert verdict(contract, frame) == ("PASSED", 0.55, ["2025-01-10"])


def test_match_count_compares_counts_and_says_surplus_is_orphan(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", RATIO, match="count")
    frame = frame_of(contract, {"2025-01-10": {SCHEDULE | RAW: 3, SCHEDULE | SUMMARY: 5}})
    assert verdict(contract, frame) == ("PASSED", 1.0, [])
    (cell,) = (c for c in frame.cells[Pair("summary", "raw", "count")] if c.expected)
    assert (cell.matched, cell.orphans) == (3, 2)


def test_match_count_of_the_upstream_does_not_spread_to_another_comparison(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "factors", {**RATIO, "of": "raw"}, match="count")
    frame = frame_of(contract, {"2025-01-10": {SCHEDULE | RAW: 3, SCHEDULE | FACTORS: 3}})
    assert verdict(contract, frame)[:2] == ("FAILED", 0.0)


def test_a_date_is_due_one_day_later_and_not_before(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", RATIO)
    keys = {"2025-01-26": {SCHEDULE | RAW: 1}}
    assert verdict(contract, frame_of(contract, keys, as_of="2025-01-27"))[0] == "FAILED"
    assert verdict(contract, frame_of(contract, keys, as_of="2025-01-26"))[0] == "NOT_EVALUATED"


def test_warm_up_is_the_first_calendar_days_of_each_season(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "factors", RATIO, warmup_days=3)
    keys = {f"2025-01-0{n}": {SCHEDULE | RAW | SUMMARY: 1} for n in (1, 2, 3, 4)}
    frame = frame_of(contract, keys, first="2025-01-01")
    assert verdict(contract, frame) == ("FAILED", 0.0, ["2025-01-04"])


def test_a_known_gap_does_not_count_until_it_expires(tmp_path: Path) -> None:
    gap = {"dataset": "summary", "from": D("2025-01-10"), "to": D("2025-01-12"), "owner": "me"}
    with_rules(tmp_path, "summary", RATIO)
    datasets = {n: {**d, "rules": []} for n, d in BASIC["datasets"].items()}
    datasets["summary"]["rules"] = [RATIO]
    contract = contract_of(
        tmp_path,
        datasets=datasets,
        rules_for_keyed=[],
        known_gaps=[{**gap, "until": D("2025-02-15"), "reason": "source lost"}],
    ).contract
    keys = {"2025-01-10": {SCHEDULE | RAW: 1}, "2025-01-13": {ALL: 1}}
    assert verdict(contract, frame_of(contract, keys, as_of="2025-02-15"))[0] == "PASSED"
    assert verdict(contract, frame_of(contract, keys, as_of="2025-02-16"))[0] == "FAILED"


GAP = {"rule": "date_gap", "at_most_days": 3}
PRESENT, ABSENT = {ALL: 1}, {SCHEDULE | RAW: 1}


def test_a_gap_is_measured_in_calendar_days_between_due_dates(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", GAP)
    keys = {"2025-01-10": ABSENT, "2025-01-13": ABSENT, "2025-01-14": PRESENT}
    expected = ("FAILED", 4, ["2025-01-10", "2025-01-13"])
    assert verdict(contract, frame_of(contract, keys)) == expected


def test_a_break_without_games_is_no_gap(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", GAP)
    keys = {"2025-01-10": PRESENT, "2025-01-20": PRESENT, "2025-01-21": ABSENT}
    assert verdict(contract, frame_of(contract, keys)) == ("PASSED", 1, [])


def test_only_the_dates_of_long_gaps_are_unexpected(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", {**GAP, "at_most_days": 1})
    keys = {
        **{f"2025-01-{n}": ABSENT for n in (10, 12, 13)},
        **{f"2025-01-{n}": PRESENT for n in (11, 14)},
    }
    expected = ("FAILED", 2, ["2025-01-12", "2025-01-13"])
    assert verdict(contract, frame_of(contract, keys)) == expected


def test_a_date_with_only_orphans_is_inside_the_gap(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", {**GAP, "at_most_days": 0})
    keys = {"2025-01-10": {SCHEDULE | RAW: 1, SUMMARY: 2}}
    assert verdict(contract, frame_of(contract, keys)) == ("FAILED", 1, ["2025-01-10"])


def test_recent_coverage_looks_at_the_days_that_end_on_the_latest_due_date(tmp_path: Path) -> None:
    rule = {"rule": "recent_coverage", "last_days": 7, "at_least": 0.9}
    contract = with_rules(tmp_path, "summary", rule)
    keys = {"2025-01-13": ABSENT, "2025-01-14": PRESENT, "2025-01-20": PRESENT}
    assert verdict(contract, frame_of(contract, keys)) == ("PASSED", 1.0, [])
    keys = {"2025-01-14": ABSENT, "2025-01-20": PRESENT}
    assert verdict(contract, frame_of(contract, keys)) == ("FAILED", 0.5, ["2025-01-14"])


def test_daily_conversion_names_only_the_dates_below_the_threshold(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", {"rule": "daily_conversion_ratio", "at_least": 0.8})
    keys = {"2025-01-10": {ALL: 4, SCHEDULE | RAW: 1}, "2025-01-11": {ALL: 3, SCHEDULE | RAW: 1}}
    assert verdict(contract, frame_of(contract, keys)) == ("FAILED", 0.75, ["2025-01-11"])


def test_orphans_count_on_every_date_whatever_its_status(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", {"rule": "no_orphan_keys"}, warmup_days=31)
    keys = {"2025-01-10": {SUMMARY: 2}, "2025-01-31": {SUMMARY: 1, SCHEDULE: 1}}
    frame = frame_of(contract, keys, as_of="2025-01-31")
    assert verdict(contract, frame) == ("FAILED", 3, ["2025-01-10", "2025-01-31"])


def test_an_empty_table_fails_coverage_and_is_not_green_for_orphans(tmp_path: Path) -> None:
    keys = {"2025-01-10": ABSENT}
    contract = with_rules(tmp_path, "summary", {"rule": "no_orphan_keys"})
    assert verdict(contract, frame_of(contract, keys))[0] == "NOT_EVALUATED"
    contract = with_rules(tmp_path, "summary", RATIO)
    assert verdict(contract, frame_of(contract, keys)) == ("FAILED", 0.0, ["2025-01-10"])


@pytest.mark.parametrize("rule", [RATIO, {"rule": "daily_conversion_ratio", "at_least": 0.5}])
def test_a_due_date_that_the_upstream_lost_too_is_missing(
    tmp_path: Path, rule: dict[str, Any]
) -> None:
    contract = with_rules(tmp_path, "factors", rule)
    lost = verdict(contract, frame_of(contract, {"2025-01-10": ABSENT}))
    assert lost == ("FAILED", 0.0, ["2025-01-10"])


def test_nine_of_ten_dates_lost_in_both_fail_although_the_tenth_is_whole(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "factors", RATIO)
    keys = {f"2025-01-{10 + n}": ABSENT for n in range(9)} | {"2025-01-19": {ALL: 9}}
    outcome, observed, dates = verdict(contract, frame_of(contract, keys))
    assert (outcome, observed, len(dates)) == ("FAILED", 1.0, 9)


def test_a_date_without_upstream_that_holds_data_is_no_gap(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "factors", {"rule": "date_gap", "at_most_days": 0})
    keys = {"2025-01-10": {SCHEDULE | FACTORS: 3}}
    assert verdict(contract, frame_of(contract, keys)) == ("PASSED", 0, [])


def test_null_keys_are_no_keys_and_are_reported_by_date(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", {"rule": "no_null_keys"})
    keys = {"2025-01-10": {ALL: 1, NULL_OF_SUMMARY: 1}}
    assert verdict(contract, frame_of(contract, keys)) == ("FAILED", 1, ["2025-01-10"])


def test_a_date_grain_says_present_or_not_per_date(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "summary", RATIO, key=[])
    keys = {"2025-01-10": {SUMMARY: 1, SCHEDULE | RAW: 9}, "2025-01-11": {SCHEDULE | RAW: 5}}
    assert verdict(contract, frame_of(contract, keys)) == ("FAILED", 0.5, ["2025-01-11"])


def test_an_unreadable_dataset_errs_its_checks_and_no_others(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-10")), label="")
    presence = presence_of(layout_of(contract), [(D("2025-01-10"), ALL, 1)])
    unreadable = {"summary": "gone"}
    frame = build_frame(contract, presence, window, D("2025-02-01"), pairs_of(contract), unreadable)
    checks = [check for check in checks_of(contract) if check.rule.compares]
    outcomes = {(c.dataset, c.of): judged(c, frame) for c in checks}
    assert outcomes["raw", "schedule"].outcome is Outcome.PASSED
    assert outcomes["factors", "raw"].outcome is Outcome.PASSED
    for pair in (("summary", "raw"), ("factors", "summary")):
        assert (outcomes[pair].outcome, outcomes[pair].message) == (Outcome.ERRORED, "gone")


def test_an_unreadable_reference_errs_all_that_is_compared_and_itself(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-10")), label="")
    frame = build_frame(
        contract,
        presence_of(layout_of(contract), []),
        window,
        D("2025-02-01"),
        pairs_of(contract),
        {"schedule": "gone"},
    )
    checks = [c for c in checks_of(contract) if c.rule.compares or c.dataset == "schedule"]
    assert {judged(c, frame).outcome for c in checks} == {Outcome.ERRORED}


@pytest.mark.parametrize(
    ("dates", "calendar", "expected"),
    [
        ((10, 11, 13), (), ["2025-01-10 → 2025-01-11", "2025-01-13"]),
        ((10, 11, 13), (10, 11, 13), ["2025-01-10 → 2025-01-13"]),
        ((10, 13), (10, 11, 13), ["2025-01-10", "2025-01-13"]),
        ((), (10,), []),
    ],
)
def test_ranges_bridge_dates_that_do_not_matter(
    dates: tuple[int, ...], calendar: tuple[int, ...], expected: list[str]
) -> None:
    days = [date(2025, 1, n) for n in calendar]
    assert [str(r) for r in ranges_of([date(2025, 1, n) for n in dates], days)] == expected


def test_missing_is_what_is_expected_and_not_matched() -> None:
    assert Cell(D("2025-01-01"), Status.DUE, 5, 6, 3, 3, 0).missing == 2


LATEST = {"rule": "up_to_date", "days": 3}
IN_THE_SEASON = {f"2025-01-{n:02}": {ALL: 1} for n in range(6, 16)}


def latest_in(folder: Path, days: dict[str, dict[int, int]], *, as_of: str, **window: str) -> Any:
    contract = with_rules(folder, "schedule", LATEST)
    (check,) = checks_of(contract)
    found = judged(check, frame_of(contract, days, as_of=as_of, **window))
    return str(found.outcome), found.observed, [str(d) for d in found.unexpected_dates]


def test_a_reference_that_stopped_is_late_by_the_days_since_its_latest_date(tmp_path: Path) -> None:
    days = IN_THE_SEASON
    assert latest_in(tmp_path, days, as_of="2025-01-18") == ("PASSED", 3, [])
    late = [f"2025-01-{n}" for n in (16, 17, 18, 19)]
    assert latest_in(tmp_path, days, as_of="2025-01-19") == ("FAILED", 4, late)


def test_a_reference_is_judged_up_to_the_end_of_its_season(tmp_path: Path) -> None:
    days = {"2025-03-30": {ALL: 1}}
    ends = {"first": "2025-03-20", "last": "2025-05-20"}
    assert latest_in(tmp_path, days, as_of="2025-06-01", **ends) == ("PASSED", 1, [])
    summer = {"first": "2025-04-10", "last": "2025-05-20"}
    assert latest_in(tmp_path, {}, as_of="2025-06-01", **summer)[0] == "NOT_EVALUATED"


def test_in_a_short_window_the_latest_date_may_lie_before_it(tmp_path: Path) -> None:
    week = {"first": "2025-01-17", "last": "2025-01-18"}
    found = latest_in(tmp_path, {"2025-01-15": {ALL: 1}}, as_of="2025-01-18", **week)
    assert found == ("PASSED", 3, [])
    assert latest_in(tmp_path, {}, as_of="2025-01-18", **week)[:2] == ("FAILED", 4)


def test_a_season_that_has_only_begun_is_not_late(tmp_path: Path) -> None:
    opening = {"first": "2025-01-01", "last": "2025-01-03"}
    assert latest_in(tmp_path, {}, as_of="2025-01-03", **opening)[0] == "PASSED"


def test_a_reference_has_the_rule_unless_the_contract_gives_it_another(tmp_path: Path) -> None:
    default = [c.rule.threshold for c in checks_of(contract_of(tmp_path).contract)
               if c.kind == "up_to_date"]  # fmt: skip
    assert default == [10]
    own = checks_of(with_rules(tmp_path, "schedule", LATEST))
    assert [c.rule.threshold for c in own] == [3]


def test_every_season_of_a_window_is_judged_for_its_end(tmp_path: Path) -> None:
    seasons = [
        {"name": "a", "from": "2025-01-01", "to": "2025-02-28"},
        {"name": "b", "from": "2025-04-01", "to": "2025-06-30"},
    ]
    datasets = {n: {**d, "rules": []} for n, d in BASIC["datasets"].items()}
    datasets["schedule"]["rules"] = [LATEST]
    contract = contract_of(
        tmp_path, datasets=datasets, rules_for_keyed=[], seasons=seasons
    ).contract
    days = {"2025-02-20": {ALL: 1}, "2025-04-03": {ALL: 1}}
    frame = frame_of(contract, days, "2025-01-01", "2025-04-04", "2025-04-05")
    (check,) = checks_of(contract)
    found = judged(check, frame)
    assert (found.outcome, found.observed) == (Outcome.FAILED, 8)
    assert (str(found.unexpected_dates[0]), len(found.unexpected_dates)) == ("2025-02-21", 8)
    assert found.message == "no keys after 2025-02-20"


def test_warm_up_is_no_reason_to_be_late(tmp_path: Path) -> None:
    contract = with_rules(tmp_path, "factors", LATEST, warmup_days=14)
    days = {f"2025-01-{n:02}": {SCHEDULE | RAW | SUMMARY: 1} for n in range(6, 19)}
    (check,) = (c for c in checks_of(contract) if c.dataset == "factors")
    for as_of, outcome in (("2025-01-15", Outcome.PASSED), ("2025-01-18", Outcome.FAILED)):
        frame = frame_of(contract, days, "2025-01-01", "2025-01-31", as_of)
        assert judged(check, frame).outcome is outcome
