"""What is decided from facts alone: calendars, holidays, dates and keys by their names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from checkpoints.adoption.calendars import habit_of
from checkpoints.adoption.columns import date_choice
from checkpoints.adoption.facts import Dated, Table
from checkpoints.adoption.holiday_lists import best_fit
from checkpoints.dates import DateRange
from checkpoints.warehouse.engine import Column

SPRING = DateRange(date(2024, 1, 1), date(2024, 6, 30)).dates()
HOLE = DateRange(date(2024, 3, 4), date(2024, 4, 12))
LASTS = ("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31", "2024-06-30")


def without(days: Iterable[date], *missing: str) -> list[date]:
    return [day for day in days if str(day) not in missing]


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (SPRING, "daily"),
        ([day for day in SPRING if day not in HOLE], "daily"),
        (without(SPRING, "2024-01-05", "2024-02-11", "2024-05-30"), "daily"),
        ([day for day in SPRING if day.weekday() < 5], "business_days"),
        ([day for day in SPRING if day.weekday() < 5 and day not in HOLE], "business_days"),
        ([day for day in SPRING if day.weekday() == 4], "{kind: weekly, weekday: friday}"),
        ([day for day in SPRING if day.day == 15], "{kind: monthly, day: 15}"),
        ([day for day in SPRING if str(day) in LASTS], "{kind: monthly, day: last}"),
        ([day for day in SPRING if day.weekday() < 6], "irregular"),
        ([day for day in SPRING if day.toordinal() ** 2 % 7 > 3], "irregular"),
        (SPRING[:3], "daily"),
    ],
)
def test_a_calendar_is_seen_in_dates_though_some_are_missing(days: list[date], text: str) -> None:
    assert habit_of(days).text == text


def test_holidays_are_those_of_the_part_of_a_country_that_explain_the_most() -> None:
    year = DateRange(date(2025, 1, 1), date(2025, 12, 31))
    saxon = {
        "2025-01-01", "2025-04-18", "2025-04-21", "2025-05-01", "2025-05-29", "2025-06-09",
        "2025-10-03", "2025-10-31", "2025-11-19", "2025-12-25", "2025-12-26",
    }  # fmt: skip
    missing = {date.fromisoformat(day) for day in saxon}
    fit = best_fit(missing, year)
    assert fit is not None
    assert (fit.country, fit.subdivision) == ("DE", "SN")
    assert best_fit({date(2025, 2, 11), date(2025, 7, 23), date(2025, 9, 17)}, year) is None


def table(rows: int, partitioned_by: str | None = None, **days: int) -> Table:
    """A table with columns of so many dates each."""
    first, last = date(2024, 1, 1), date(2024, 6, 30)
    dated = {name: Dated(rows, first, last, count) for name, count in days.items()}
    columns = {name: Column("DATE", "date", "date") for name in days}
    return Table(
        path=("s", "t"), columns=columns, rows=rows, dated=dated, partitioned_by=partitioned_by
    )


def test_the_date_is_what_a_row_is_about_and_not_when_it_was_written() -> None:
    choice = date_choice(table(900, order_date=180, created_at=180, due_date=190, loaded_at=12))
    assert (choice.column, choice.written_at) == ("order_date", "loaded_at")
    assert date_choice(table(900, created_at=180, updated_at=180)).column == "created_at"
    assert date_choice(table(900, birth_date=800, updated_at=3)).column is None
    beside = date_choice(table(900, order_date=180, created_at=180))
    assert (beside.column, beside.written_at) == ("order_date", "created_at")


def test_a_column_with_one_date_is_none_and_that_of_the_partition_comes_first() -> None:
    assert date_choice(table(900, date=1, sold_on=180)).column == "sold_on"
    assert date_choice(table(900, "arrival_day", event_date=180, arrival_day=180)).column == (
        "arrival_day"
    )


def test_where_two_may_be_the_date_it_is_not_sure() -> None:
    choice = date_choice(table(900, order_date=180, booking_date=180))
    assert (choice.column, choice.others, choice.sure) == ("order_date", ("booking_date",), False)
