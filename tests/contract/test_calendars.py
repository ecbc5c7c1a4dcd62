"""Calendars, holidays and grace: which dates a contract promises, and when each is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.contract.calendar import Calendar, Grace, Holidays, grace_of, is_business_day
from checkpoints.contract.due import moment_of
from checkpoints.contract.window import resolve_window
from checkpoints.dates import DateRange
from checkpoints.errors import ContractError
from tests.support.warehouses import BASIC, D, contract_of

BERLIN = Holidays(country="DE", subdivision="BE")
WEEK = DateRange(D("2024-04-29"), D("2024-05-05"))
"""Monday to Sunday; Wednesday the first of May is a holiday in Germany."""

ORDERS: dict[str, Any] = {
    "version": 1,
    "timezone": "Europe/Berlin",
    "warehouse": "duckdb:///unused.duckdb",
    "calendar": "business_days",
    "layers": {"raw": "orders"},
    "datasets": {"orders": {"layer": "raw", "table": "s.orders", "date": "d", "key": "k"}},
    "rules_for_all": [{"rule": "daily_conversion_ratio", "at_least": 1}],
    "checkpoints": {"after_backfill": {"suites": ["raw"]}},
}
DAYS = st.dates(D("2000-01-01"), D("2030-12-31"))


def days_of(written: object, dates: DateRange, holidays: Holidays | None = None) -> list[int]:
    calendar = Calendar.model_validate(written)
    return [day.day for day in dates.dates() if calendar.has(day, holidays)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("daily", [29, 30, 1, 2, 3, 4, 5]),
        ("business_days", [29, 30, 1, 2, 3]),
        ({"kind": "business_days"}, [29, 30, 1, 2, 3]),
        ("weekly", [29]),
        ({"kind": "weekly", "weekday": "friday"}, [3]),
        ("monthly", [1]),
        ({"kind": "monthly", "day": 2}, [2]),
        ({"kind": "monthly", "day": "2"}, [2]),
        ({"kind": "monthly", "day": "last"}, [30]),
        ({"kind": "monthly", "day": 31}, [30]),
    ],
)
def test_a_calendar_has_the_dates_of_its_kind(written: object, expected: list[int]) -> None:
    assert days_of(written, WEEK) == expected


def test_a_holiday_of_the_country_or_its_part_is_no_business_day() -> None:
    assert days_of("business_days", WEEK, BERLIN) == [29, 30, 2, 3]
    women = DateRange(D("2024-03-08"), D("2024-03-08"))  # in Berlin, and not in all of Germany
    assert days_of("business_days", women, BERLIN) == []
    assert days_of("business_days", women, Holidays(country="DE")) == [8]


@given(day=st.one_of(st.just("last"), st.integers(1, 31)), first=DAYS)
def test_a_monthly_calendar_has_one_date_in_every_month(day: object, first: date) -> None:
    calendar = Calendar.model_validate({"kind": "monthly", "day": day})
    month = [first.replace(day=1) + timedelta(days=n) for n in range(31)]
    month = [one for one in month if one.month == first.month]
    (found,) = [one for one in month if calendar.has(one, None)]
    assert found == month[-1] or found.day == day


@pytest.mark.parametrize(
    ("text", "grace"),
    [
        ("2 business days", Grace(2, "business days")),
        ("1 business day", Grace(1, "business days")),
        ("36h", Grace(36, "hours")),
        ("36 hours", Grace(36, "hours")),
        ("3 days", Grace(3, "days")),
        ("0 days", Grace(0, "days")),
    ],
)
def test_grace_is_a_number_of_business_days_hours_or_days(text: str, grace: Grace) -> None:
    assert grace_of(text) == grace


def due_on(day: date, grace: Grace, holidays: Holidays | None) -> datetime:
    """The first moment at which a date is due, counted forwards."""
    start = datetime(day.year, day.month, day.day)
    if grace.unit == "hours":
        return start + timedelta(hours=grace.amount)
    left = grace.amount
    while left:
        start += timedelta(days=1)
        left -= grace.unit == "days" or is_business_day(start.date(), holidays)
    return start


@given(
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2026, 12, 31)),
    grace=st.builds(Grace, st.integers(0, 9), st.sampled_from(["hours", "days", "business days"])),
    holidays=st.sampled_from([None, BERLIN]),
)
def test_the_last_due_date_is_the_latest_whose_grace_has_passed(
    moment: datetime, grace: Grace, holidays: Holidays | None
) -> None:
    last = grace.last_due(moment, holidays)
    assert due_on(last, grace, holidays) <= moment
    assert due_on(last + timedelta(days=1), grace, holidays) > moment


@given(moment=st.datetimes(datetime(2020, 1, 1), datetime(2026, 12, 31)), days=st.integers(0, 9))
def test_24_hours_are_a_day(moment: datetime, days: int) -> None:
    hours = Grace(24 * days, "hours").last_due(moment, None)
    assert hours == Grace(days, "days").last_due(moment, None)


def test_the_moment_of_a_run_is_now_and_of_another_date_its_end(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, ORDERS).contract
    now = datetime(2024, 5, 2, 22, 30, tzinfo=UTC)  # half past midnight of the third, in Berlin
    assert moment_of(contract, D("2024-05-03"), now) == datetime(2024, 5, 3, 0, 30)
    past = moment_of(contract, D("2024-05-02"), now)
    assert past.date() == D("2024-05-02")
    assert past.hour == 23


def test_grace_of_a_dataset_takes_precedence_over_that_of_the_contract(tmp_path: Path) -> None:
    datasets = {
        "orders": ORDERS["datasets"]["orders"],
        "slow": {**ORDERS["datasets"]["orders"], "grace": "36h"},
    }
    contract = contract_of(tmp_path, ORDERS, datasets=datasets, grace="2 business days").contract
    assert str(contract.grace_of("orders")) == "2 business days"
    assert str(contract.grace_of("slow")) == "36 hours"
    days = contract_of(tmp_path, ORDERS, datasets=datasets, grace_days=3).contract
    assert str(days.grace_of("orders")) == "3 days"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"calendar": None}, "reference: is missing: name the dataset that says on which dates"),
        ({"reference": "orders"}, "calendar: either the reference or a calendar says when"),
        ({"calendar": "dayly"}, "calendar.kind: Input should be 'daily', 'business_days'"),
        ({"calendar": {"kind": "daily", "weekday": "friday"}}, "weekday is of a weekly calendar"),
        ({"calendar": {"kind": "monthly", "day": 32}}, "neither a day of a month, 1 to 31, nor"),
        ({"holidays": {"country": "DDE"}}, "country 'DDE' is not known: did you mean 'DE'"),
        ({"holidays": {"country": "Germany"}}, "country 'Germany' is not known: give its code"),
        (
            {"holidays": {"country": "DE", "subdivision": "be"}},
            "subdivision 'be' of DE is not known: did you mean 'BE'?",
        ),
        (
            {"calendar": "weekly", "holidays": {"country": "DE"}},
            "holidays: only business days know holidays",
        ),
        ({"grace": "2 weeks"}, "grace: is no grace such as '2 business days', '36h' or '3 days'"),
        ({"grace": "61 days"}, "grace: is more than 60 days"),
        ({"grace": 3}, "grace: is no grace such as"),
        ({"grace": "3 days", "grace_days": 3}, "grace: grace_days says the same"),
        (
            {"datasets": {"orders": {**ORDERS["datasets"]["orders"], "warmup_days": 3}}},
            "datasets.orders.warmup_days: are the first days of a season, and the contract has",
        ),
        (
            {"checkpoints": {"daily": {"suites": ["raw"], "windows": [{"window": "season"}]}}},
            "checkpoints.daily.windows[0].window: the contract has no seasons",
        ),
        (
            {"cross_layer": [{"rule": "no_orphan_keys", "dataset": "orders"}]},
            "'orders' has no upstream whose keys it could be compared with",
        ),
        ({"seasons": []}, "seasons: is empty: give at least one"),
    ],
)
def test_what_says_nothing_sound_about_due_dates_is_refused(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ContractError) as caught:
        contract_of(tmp_path, {k: v for k, v in {**ORDERS, **changes}.items() if v is not None})
    assert any(problem in one for one in caught.value.problems), caught.value.problems


def test_a_reference_that_tolerates_late_data_needs_a_calendar(tmp_path: Path) -> None:
    datasets = {**BASIC["datasets"], "schedule": {**BASIC["datasets"]["schedule"], "late_days": 2}}
    with pytest.raises(ContractError, match=r"datasets\.schedule\.late_days: 'schedule' is the"):
        contract_of(tmp_path, datasets=datasets)


def test_without_seasons_the_window_is_all_since_the_start(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, ORDERS, starts="2024-01-02").contract
    found = resolve_window(contract, as_of=D("2024-05-03"))
    assert found.range == DateRange(D("2024-01-02"), D("2024-05-03"))
    assert found.label == "since 2024-01-02"
    with pytest.raises(ContractError, match="starts on 2024-01-02, after 2023-12-31"):
        resolve_window(contract, as_of=D("2023-12-31"))


def test_without_seasons_and_start_it_is_said_which_options_to_give(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, ORDERS).contract
    with pytest.raises(ContractError, match="neither seasons nor starts: say which dates with"):
        resolve_window(contract, as_of=D("2024-05-03"))
    with pytest.raises(ContractError, match="--season '2024': the contract has no seasons"):
        resolve_window(contract, as_of=D("2024-05-03"), season="2024")
