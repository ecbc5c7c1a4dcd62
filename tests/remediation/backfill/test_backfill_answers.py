"""What a backfill makes of each kind of answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checkpoints.errors import ExitCode
from remediation.ledger.ledger import ledger_path, read_ledger
from remediation.ledger.status import status_of
from remediation.output.ci import sections_of
from remediation.plan.model import Plan
from tests.support.backfills import (
    EIGHT,
    FACTORS,
    NINE,
    Skipping,
    carry_out,
    delete,
    plan_of,
    real_now,
    states,
)
from tests.support.scripted_service import Project, answer, drop, half, land_and_answer, project


def test_a_failed_processor_in_a_200_is_noted_and_the_table_decides(tmp_path: Path) -> None:
    mixed = json.dumps({"results": [{"processor": "p", "status": "error", "error": "no rows"}]})
    with project(tmp_path, FACTORS, results={"path": "results"}) as made:
        fine = json.dumps({"results": [{"status": "success"}]})
        made.service.otherwise["/four"] = land_and_answer(200, fine)
        made.service.on("/four", EIGHT, answer(200, mixed))
        made.service.on("/four", NINE, land_and_answer(200, mixed))
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert states(made, plan) == {"01-07": "landed", "01-08": "rejected", "01-09": "landed"}
        assert [c.detail for c in record.remaining] == ["p: error (no rows)"]


@pytest.mark.parametrize(
    ("act", "state", "said"),
    [
        (answer(200), "still missing", "HTTP 200"),
        (half, "partial", "HTTP 200"),
        (answer(502, "<html>\n<h1>Bad gateway</h1>"), "still missing", "HTTP 502: <html> <h1>Bad"),
        (drop, "still missing", "the connection was lost"),
        (answer(502, Retry_After="1"), "still missing", "HTTP 502: {} (Retry-After: 1)"),
        (answer(500, "boom"), "rejected", "HTTP 500: boom"),
    ],
)
def test_what_the_service_said_last_is_kept_beside_what_the_tables_showed(
    made: Project, plan: Plan, act: Any, state: str, said: str
) -> None:
    made.service.on("/four", EIGHT, act, act, act)
    record = carry_out(made, plan, clock=Skipping().clock)
    (remains,) = record.remaining
    assert remains.state == state
    assert remains.answer.startswith(said)
    shown = remains.why.split("; the last attempt: ")
    assert shown == ([said] if state == "rejected" else [remains.detail, remains.answer])
    with read_ledger(ledger_path(made.folder), real_now) as ledger:
        assert ledger is not None
        (of_plan,) = status_of(ledger, real_now(), None).plans
    assert [entry.why for entry in of_plan.open] == [remains.why]
    (_, section) = sections_of(record)[:2]
    assert f"| {remains.why.replace('|', '')[:20]}" in "".join(section)


def test_nothing_that_day_is_not_believed_where_only_the_upstream_lost_the_date(
    made: Project, plan: Plan
) -> None:
    delete(made, "summary", EIGHT)
    made.service.on("/four", EIGHT, answer(400))
    record = carry_out(made, plan)
    assert states(made, plan) == {"01-07": "landed", "01-08": "rejected", "01-09": "blocked"}
    assert record.remaining[0].detail == (
        "it says there is nothing that day and its upstream lacks it, but raw has data: "
        "HTTP 400: {}"
    )
    assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_only_a_person_sends_again_what_is_not_idempotent(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS, idempotent=False) as made:
        made.service.on("/four", EIGHT, drop)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
        assert states(made, plan)["01-08"] == "unknown"
        assert record.remaining[0].detail == (
            "factors has 0 of 2; four is not idempotent: check that it is not still working on "
            "the date, then resume with --resend-unknown"
        )
        carry_out(made, plan)
        other = plan_of(made)  # another plan, of a later report, may not send it either
        assert other.id != plan.id
        record = carry_out(made, other)
        assert "it is not known what became of it" in record.remaining[0].detail
        assert len(made.service.sent) == 3
        made.service.on("/four", EIGHT, drop, drop)  # a person looked into the earlier sending only
        carry_out(made, plan, resend_unknown=True)
        assert made.service.sent[3:] == ["four 01-08"]
        assert states(made, plan)["01-08"] == "unknown"
        made.service.on("/four", EIGHT)
        assert carry_out(made, plan, resend_unknown=True).exit_code is ExitCode.COMPLETE
        assert made.service.sent[3:] == ["four 01-08"] * 2


@pytest.mark.parametrize("act", [answer(500), half, answer(200)])
def test_what_may_have_begun_is_not_done_twice_where_that_matters(tmp_path: Path, act: Any) -> None:
    with project(tmp_path, FACTORS, idempotent=False) as made:
        made.service.on("/four", EIGHT, act)
        plan = plan_of(made)
        for _ in range(2):
            carry_out(made, plan)
            assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
            assert states(made, plan)["01-08"] == "unknown"
        assert carry_out(made, plan, resend_unknown=True).exit_code is ExitCode.COMPLETE
