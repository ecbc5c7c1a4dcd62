"""Repairs under a calendar: it says that a date is due, whatever a service answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from remediation.plan.planning import Request, make_plan
from tests.support.backfills import EIGHT, NINE, carry_out, states
from tests.support.scripted_service import Project, answer, project


def under_a_calendar(made: Project) -> None:
    """Games without a schedule: the raw ones are the topmost, and a service loads them."""
    datasets = {n: {**d} for n, d in made.raw["datasets"].items() if n in ("raw", "summary")}
    del datasets["raw"]["upstream"]
    datasets["raw"]["service"] = datasets["summary"]["service"] = "four"
    changes: dict[str, Any] = {"datasets": datasets, "calendar": "daily", "starts": "2025-01-02"}
    made.raw.pop("reference")
    made.raw.pop("seasons")
    made.change(
        **changes,
        rules_for_all=[{"rule": "daily_conversion_ratio", "at_least": 1}],
        checkpoints={"after_backfill": {"suites": list(made.raw["layers"])}},
    )


def test_nothing_that_day_is_not_believed_of_a_date_that_the_calendar_has(tmp_path: Path) -> None:
    with project(tmp_path, {"raw": (EIGHT, NINE), "summary": (EIGHT, NINE)}) as made:
        under_a_calendar(made)
        made.service.on("/four", EIGHT, answer(400))
        file, report = made.file(), made.check()
        plan = make_plan(report, file.contract, file.sha256, Request())
        assert [str(call.date) for call in plan.calls] == [EIGHT, NINE]
        record = carry_out(made, plan)
        assert states(made, plan)["01-08"] == "rejected"
        assert "nothing that day, but the calendar of raw has" in record.remaining[0].detail
