"""The rule that tells multiplied rows: by what a date had, and what is usual on other dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from remediation.backfill.rows import ENOUGH, Count, RowsBefore, extremes, is_multiplied
from tests.support.backfills import EIGHT, SEVEN
from tests.support.scripted_service import raw_contract
from tests.support.warehouses import D, contract_of

USUAL = [Count(20, 10), Count(22, 10), Count(2, 1)]
ALONE = [Count(3, 3), Count(10, 10)]
LEAGUE = [Count(3, 1), Count(4, 1)]
DAYS = st.dates(D("2025-01-01"), D("2025-01-25"))


@pytest.mark.parametrize(
    ("now", "before", "others", "multiplied"),
    [
        (Count(3, 2), Count(1, 1), ALONE, True),
        (Count(2, 2), Count(1, 1), ALONE, False),
        (Count(4, 2), Count(0, 0), ALONE, True),
        (Count(14, 12), Count(0, 0), ALONE, False),
        (Count(14, 12), Count(6, 6), ALONE, False),
        (Count(3, 3), Count(4, 2), ALONE, False),
        (Count(4, 2), Count(4, 2), ALONE, False),
        (Count(7, 3), Count(4, 2), ALONE, True),
        (Count(13, 3), Count(10, 2), ALONE, True),
        (Count(3, 2), Count(1, 1), [], True),
        (Count(3, 2), Count(1, 1), [Count(3, 2)], False),
        (Count(24, 2), Count(4, 1), [], False),
        (Count(48, 2), Count(24, 2), [], False),
        (Count(24, 1), Count(4, 1), [Count(48, 2)], False),
        (Count(36, 2), Count(12, 1), [Count(24, 2)], True),
        (Count(12, 6), Count(6, 6), [Count(10, 5), Count(8, 4)], False),
        (Count(60, 10), Count(10, 2), [Count(50, 10)], True),
        (Count(20, 10), Count(0, 0), USUAL, False),
        (Count(40, 10), Count(0, 0), USUAL, False),
        (Count(30, 10), Count(10, 5), USUAL, True),
        (Count(24, 10), Count(18, 9), USUAL, False),
        (Count(11, 1), Count(0, 0), LEAGUE, False),
        (Count(5, 1), Count(2, 1), LEAGUE, False),
        (Count(9, 1), Count(5, 1), [*LEAGUE, Count(3, 1)], False),
        (Count(8, 1), Count(4, 1), [*LEAGUE, Count(3, 1)], True),
        (Count(2, 1), Count(0, 0), [Count(1, 1)], False),
    ],
)
def test_rows_are_too_many_by_what_was_there_and_what_is_usual(
    now: Count, before: Count, others: list[Count], multiplied: bool
) -> None:
    assert is_multiplied(now, before, others, called=True) is multiplied


def test_a_date_that_was_not_called_may_have_no_row_twice() -> None:
    widely = [Count(2, 1), Count(30, 10), Count(10, 10)]
    twice = is_multiplied(Count(40, 10), Count(20, 10), widely, called=False)
    assert (twice, is_multiplied(Count(40, 10), Count(20, 10), widely, called=True)) == (
        True,
        False,
    )
    assert not is_multiplied(Count(40, 10), Count(10, 5), widely[1:], called=False)


few = st.integers(1, 40)
some = st.builds(Count, few, few)


@given(others=st.lists(some, min_size=1), before=some, keys=few, called=st.booleans(), at=st.data())
def test_a_date_with_as_many_rows_per_key_as_others_is_never_multiplied(
    others: list[Count], before: Count, keys: int, called: bool, at: st.DataObject
) -> None:
    most = max(others, key=lambda other: other.rate)
    now = Count(at.draw(st.integers(1, max(1, most.rows * keys // most.keys))), keys)
    assume(now.rate <= most.rate)
    assert not is_multiplied(now, before, others, called=called)


@given(rate=few, keys=st.lists(few, min_size=1), there=few, more=few, times=st.integers(1, 3))
def test_what_is_appended_to_a_part_of_a_date_is_always_seen_where_all_dates_are_alike(
    rate: int, keys: list[int], there: int, more: int, times: int
) -> None:
    others = [Count(rate * other, other) for other in keys]
    before, whole = Count(rate * there, there), rate * (there + more)
    now = Count(before.rows + times * whole, there + more)
    assert is_multiplied(now, before, others, called=True)


GRAIN = {D(f"2025-01-{day:02}"): Count(1, 4 + day % 3) for day in range(10, 20)}
UPSTREAM = {D(f"2025-01-{day:02}"): Count(4 + day % 3, 4 + day % 3) for day in range(10, 20)}


@pytest.mark.parametrize(
    ("others", "before", "now", "multiplied"),
    [
        (GRAIN, Count(1, 12), Count(2, 12), True),
        (GRAIN, Count(0, 12), Count(1, 12), False),
        (UPSTREAM, Count(3, 6), Count(6, 6), False),
        (UPSTREAM, Count(92, 184), Count(184, 184), False),
        (UPSTREAM, Count(92, 184), Count(276, 184), True),
        ({}, Count(2, 2), Count(4, 2), True),
    ],
)
def test_a_batch_without_keys_is_counted_by_those_above_or_by_date(
    tmp_path: Path, others: dict[date, Count], before: Count, now: Count, multiplied: bool
) -> None:
    contract = contract_of(tmp_path, raw_contract("http://localhost", tmp_path)).contract
    counts = {day: {"cache": count} for day, count in {**others, D(SEVEN): before}.items()}
    found = RowsBefore(contract, counts).multiplied(D(SEVEN), {"cache": now}, called=True)
    assert bool(found) is multiplied


COUNTS = {D(SEVEN): {"factors": Count(4, 2)}, D(EIGHT): {"factors": Count(2, 2)}}


def test_a_date_that_may_be_multiplied_already_says_nothing_of_what_is_usual(
    tmp_path: Path,
) -> None:
    contract = contract_of(tmp_path).contract
    seven, eight = D(SEVEN), D(EIGHT)
    rows = RowsBefore(contract, COUNTS, {seven})
    (found,) = rows.multiplied(seven, COUNTS[seven], called=True)
    assert str(found) == "factors on 2025-01-07: 4 rows for 2 keys"
    assert rows.multiplied(eight, {"factors": Count(4, 2)}, called=True)


def test_a_date_that_was_not_called_and_may_be_multiplied_already_tells_nothing(
    tmp_path: Path,
) -> None:
    rows = RowsBefore(contract_of(tmp_path).contract, COUNTS, {D(SEVEN)})
    assert not rows.multiplied(D(SEVEN), {"factors": Count(8, 2)}, called=False)


def test_a_date_whose_rows_are_to_be_replaced_is_not_what_is_usual(tmp_path: Path) -> None:
    counts = {D(day): {"factors": Count(4, 2)} for day in (SEVEN, EIGHT)}
    counts[D("2025-01-10")] = {"factors": Count(2, 2)}
    contract, once_more = contract_of(tmp_path).contract, {"factors": Count(6, 2)}
    to_be = {D(day): {"factors"} for day in (SEVEN, EIGHT)}
    rows = RowsBefore(contract, counts, replaced=to_be)
    assert rows.multiplied(D(SEVEN), once_more, called=True)
    assert not rows.multiplied(D(SEVEN), {"factors": Count(2, 2)}, called=True)
    assert not RowsBefore(contract, counts).multiplied(D(SEVEN), once_more, called=True)


@pytest.mark.parametrize(
    ("now", "twice", "multiplied"),
    [
        (Count(60, 10), {"factors"}, True),
        (Count(60, 10), set(), False),
        (Count(40, 10), {"factors"}, False),
        (Count(21, 10), {"factors"}, False),
    ],
)
def test_rows_that_still_stand_twice_may_not_have_become_more(
    tmp_path: Path, now: Count, twice: set[str], multiplied: bool
) -> None:
    counts = {D(f"2025-01-1{n}"): {"factors": usual} for n, usual in enumerate(USUAL)}
    counts[D(SEVEN)] = {"factors": Count(40, 10)}
    rows = RowsBefore(contract_of(tmp_path).contract, counts, replaced={D(SEVEN): {"factors"}})
    found = rows.multiplied(D(SEVEN), {"factors": now}, called=True, twice=twice)
    assert bool(found) is multiplied


@given(st.dictionaries(DAYS, st.builds(Count, st.integers(1, 9), st.integers(1, 9))))
def test_the_dates_at_the_ends_tell_as_much_as_all(counts: dict[date, Count]) -> None:
    for day in counts:
        assert told(extremes(counts), day) == told(counts, day)


def told(counts: Mapping[date, Count], apart_from: date) -> list[tuple[float, float]]:
    """What is asked of the other dates: whether there are enough, and their ends."""
    others = [count for day, count in counts.items() if day != apart_from]
    rows, rates = [count.rows for count in others], [count.rate for count in others]
    ends = [(min(values, default=0), max(values, default=0)) for values in (rows, rates)]
    return [(min(len(others), ENOUGH), 0), *ends]
