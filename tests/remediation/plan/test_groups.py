"""Which dates one request asks for."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.contract.model import Contract, Service
from remediation.plan.groups import all_groups, grouped_for, groups_of
from remediation.plan.model import Call, Plan
from tests.support.reports import plan_for, truthful_report
from tests.support.warehouses import D

FIRST = D("2024-11-05")


def taking(dates_per_call: int | str, at_most: int = 14) -> Service:
    return Service.model_validate(
        {"kind": "http", "dates_per_call": dates_per_call, "at_most": at_most}
    )


def calls_on(*days: str | date, service: str = "four") -> list[Call]:
    return [Call(service=service, date=D(str(day)), datasets=("factors",)) for day in days]


def ids(service: Service, *days: str) -> list[str]:
    return [group.id for group in grouped_for(service, calls_on(*days))]


@given(
    offsets=st.lists(st.integers(0, 60), unique=True, max_size=40),
    together=st.sampled_from([1, "range", "list"]),
    at_most=st.integers(1, 20),
)
def test_every_call_is_in_one_request_that_its_service_takes(
    offsets: list[int], together: int | str, at_most: int
) -> None:
    calls = calls_on(*(FIRST + timedelta(days=n) for n in offsets))
    groups = grouped_for(taking(together, at_most), calls)
    sent = [call for group in groups for call in group.calls]
    assert sent == sorted(calls, key=lambda call: call.date)
    for group in groups:
        assert 1 <= len(group.calls) <= (1 if together == 1 else at_most)
        assert together != "range" or (group.last - group.first).days == len(group.calls) - 1
    for one, other in pairwise(groups):  # none could have been one with it
        full = together == 1 or len(one.calls) == at_most
        assert full or (together == "range" and other.first - one.last > timedelta(days=1))
    assert len({group.id for group in groups}) == len(groups)


@pytest.mark.parametrize(
    ("together", "at_most", "requests"),
    [
        (1, 14, ["four/2024-11-05", "four/2024-11-06", "four/2024-11-07", "four/2024-11-09"]),
        ("range", 14, ["four/2024-11-05..2024-11-07", "four/2024-11-09"]),
        ("range", 2, ["four/2024-11-05..2024-11-06", "four/2024-11-07", "four/2024-11-09"]),
        ("list", 14, ["four/2024-11-05,2024-11-06,2024-11-07,2024-11-09"]),
        ("list", 3, ["four/2024-11-05..2024-11-07", "four/2024-11-09"]),
        ("list", 2, ["four/2024-11-05..2024-11-06", "four/2024-11-07,2024-11-09"]),
    ],
)
def test_a_request_is_named_by_its_dates(
    together: int | str, at_most: int, requests: list[str]
) -> None:
    days = ("2024-11-09", "2024-11-06", "2024-11-05", "2024-11-07")
    assert ids(taking(together, at_most), *days) == requests


def test_people_read_the_dates_of_a_request_as_ranges() -> None:
    days = ("2024-12-31", "2025-01-01", "2025-01-03")
    (group,) = grouped_for(taking("list"), calls_on(*days))
    assert group.said == "2024-12-31 → 2025-01-01, 2025-01-03"
    assert (group.first, group.last) == (D("2024-12-31"), D("2025-01-03"))
    assert group.dates == tuple(map(D, days))


def test_a_range_goes_over_the_end_of_a_month_and_a_leap_day() -> None:
    days = ("2024-02-28", "2024-02-29", "2024-03-01")
    assert ids(taking("range"), *days) == ["four/2024-02-28..2024-03-01"]


def test_nothing_is_asked_for_in_no_request() -> None:
    assert grouped_for(taking("range"), []) == []


def test_a_thousand_dates_are_a_canary_and_72_ranges(contract: Contract) -> None:
    four = contract.services["four"].model_copy(update={"dates_per_call": "range"})
    many = contract.model_copy(update={"services": {**contract.services, "four": four}})
    calls = calls_on(*(FIRST + timedelta(days=n) for n in range(1000)))
    plan = plan_for(contract, truthful_report(contract, {}))
    groups = groups_of(plan.model_copy(update={"calls": tuple(calls)}), many, "four")
    assert [len(group.calls) for group in groups] == [1, *[14] * 71, 5]
    assert groups[1].id == "four/2024-11-06..2024-11-19"


def test_the_requests_of_a_plan_go_service_by_service_canary_first(contract: Contract) -> None:
    services = {
        "three": contract.services["three"],
        "four": contract.services["four"].model_copy(update={"dates_per_call": "range"}),
        "five": contract.services["five"].model_copy(update={"dates_per_call": "list"}),
    }
    plan = Plan.model_construct(
        calls=(
            *calls_on("2025-01-07", "2025-01-08", service="three"),
            *calls_on("2025-01-07", "2025-01-08", "2025-01-09", service="four"),
            *calls_on("2025-01-07", "2025-01-09", "2025-01-11", service="five"),
        )
    )
    groups = all_groups(plan, contract.model_copy(update={"services": services}))
    assert [group.id for group in groups] == [
        "three/2025-01-07",
        "three/2025-01-08",
        "four/2025-01-07",
        "four/2025-01-08..2025-01-09",
        "five/2025-01-07",
        "five/2025-01-09,2025-01-11",
    ]
