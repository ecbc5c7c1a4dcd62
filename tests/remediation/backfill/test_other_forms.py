"""A canary that is refused with 400 although there is data: the service may want another form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from remediation.backfill.sending import OTHER_FORM
from tests.support.backfills import EIGHT, FACTORS, SEVEN, carry_out, entries, plan_of
from tests.support.scripted_service import Project, answer, project


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path, FACTORS) as running:
        yield running


@pytest.mark.parametrize("nothing_that_day", [[400], [404]])
def test_a_canary_that_is_refused_with_400_suggests_another_form(
    made: Project, nothing_that_day: list[int]
) -> None:
    made.change_service("four", nothing_that_day=nothing_that_day)
    plan = plan_of(made)
    made.service.on("/four", SEVEN, answer(400, "analysis_date is required"))
    refused, *blocked = carry_out(made, plan).remaining
    assert "analysis_date is required" in refused.detail
    assert refused.detail.endswith(f"; {OTHER_FORM}")
    assert {call.detail for call in blocked} == {
        f"the canary four/2025-01-07 did not land: it is rejected; {OTHER_FORM}"
    }


@pytest.mark.parametrize(("day", "status"), [(EIGHT, 400), (SEVEN, 500), (SEVEN, 422)])
def test_nothing_is_suggested_once_a_call_was_taken_or_for_another_status(
    made: Project, day: str, status: int
) -> None:
    plan = plan_of(made)
    made.service.on("/four", day, answer(status))
    carry_out(made, plan)
    assert all(OTHER_FORM not in entry.detail for entry in entries(made, plan).values())
