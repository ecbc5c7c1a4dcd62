"""What a backfill makes of each kind of answer."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checkpoints.errors import ExitCode
from remediation.backfill.engine import backfill
from remediation.clock import Clock
from remediation.ledger.ledger import ledger_path, open_ledger
from remediation.plan.model import Plan
from remediation.service.dispatch import Dispatcher
from remediation.service.http import HttpSender
from tests.support.backfills import (
    EIGHT,
    FACTORS,
    NINE,
    SEVEN,
    carry_out,
    delete,
    history,
    plan_of,
    real_now,
    states,
    work_of,
)
from tests.support.scripted_service import (
    Project,
    answer,
    drop,
    half,
    land_and_answer,
    land_and_damage_the_day_before,
    land_soon_after,
    land_then_drop,
    project,
    silence,
)
from tests.support.warehouses import D


def test_200_with_nothing_written_is_not_done_and_stops_at_the_canary(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.otherwise["/four"] = answer(200)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07"]
        assert states(made, plan) == {
            "01-07": "still missing",
            "01-08": "blocked",
            "01-09": "blocked",
        }
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        assert [c.detail for c in record.remaining] == [
            "factors has 0 of 2",
            "the canary four/2025-01-07 did not land: it is still missing",
            "the canary four/2025-01-07 did not land: it is still missing",
        ]


def test_half_a_date_is_partial(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, half)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert states(made, plan) == {"01-07": "landed", "01-08": "partial", "01-09": "landed"}
        assert [c.detail for c in record.remaining] == ["factors has 1 of 2"]
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


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


def test_nothing_that_day_is_believed_where_the_upstream_has_nothing_either(
    tmp_path: Path,
) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        with duckdb.connect(str(made.database)) as connection:
            connection.execute("DELETE FROM s.summary WHERE d = DATE '2025-01-08'")
            connection.execute("DELETE FROM s.raw WHERE d = DATE '2025-01-08'")
        made.service.on("/four", EIGHT, answer(400))
        record = carry_out(made, plan)
        assert states(made, plan)["01-08"] == "nothing there"
        assert record.remaining == ()
        worse = {c.dataset for c in record.changes if c.regressions}
        assert worse == {"raw", "summary", "cache"}
        assert record.exit_code is not ExitCode.COMPLETE


def test_nothing_that_day_is_not_believed_where_only_the_upstream_lost_the_date(
    tmp_path: Path,
) -> None:
    with project(tmp_path, FACTORS) as made:
        plan = plan_of(made)
        delete(made, "summary", EIGHT)
        made.service.on("/four", EIGHT, answer(400))
        record = carry_out(made, plan)
        assert states(made, plan) == {"01-07": "landed", "01-08": "rejected", "01-09": "blocked"}
        assert record.remaining[0].detail == (
            "it says there is nothing that day and its upstream lacks it, but raw has data: "
            "HTTP 400: {}"
        )
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_a_timeout_is_unknown_and_is_looked_for_before_anything_else(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS, timeout_seconds=0.2, settle_seconds=5) as made:
        made.service.on("/four", EIGHT, silence(0.5, lands=True))
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
        assert history(made, plan, EIGHT) == ["sending", "unknown", "verifying", "landed"]
        assert record.exit_code is ExitCode.COMPLETE


@pytest.mark.parametrize("act", [drop, silence(0.6, lands=False)])
def test_what_was_lost_is_sent_again_after_a_look_at_the_tables(tmp_path: Path, act: Any) -> None:
    with project(tmp_path, FACTORS, timeout_seconds=0.2) as made:
        made.service.on("/four", EIGHT, act)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-08", "four 01-09"]
        once = ["sending", "unknown", "verifying"]
        assert history(made, plan, EIGHT)[:4] == [*once, "still missing"]
        assert record.exit_code is ExitCode.COMPLETE


def test_what_is_lost_again_and_again_is_sent_three_times(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, drop, drop, drop)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert Counter(made.service.sent) == {"four 01-07": 1, "four 01-08": 3, "four 01-09": 1}
        assert states(made, plan)["01-08"] == "still missing"
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


@pytest.mark.parametrize("status", [408, 409, 502, 504])
def test_what_may_be_at_work_is_looked_for_first(tmp_path: Path, status: int) -> None:
    with project(tmp_path, FACTORS, settle_seconds=2) as made:
        made.service.on("/four", EIGHT, land_soon_after(status, seconds=0.3))
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
        assert history(made, plan, EIGHT) == ["sending", "unknown", "verifying", "landed"]
        assert record.exit_code is ExitCode.COMPLETE


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
        assert carry_out(made, plan, resend_unknown=True).exit_code is ExitCode.COMPLETE
        assert made.service.sent[3:] == ["four 01-08"]


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


def test_a_contradiction_stops_the_service_and_shows_the_body(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(400, '{"error": "No games"}'))
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08"]
        assert [c.detail for c in record.remaining] == [
            "it says there is nothing that day, but its upstream has data: "
            'HTTP 400: {"error": "No games"}',
            "its answer for 2025-01-08 contradicts the tables: it says there is nothing that day, "
            'but its upstream has data: HTTP 400: {"error": "No games"}',
        ]


def test_a_canary_that_damages_the_day_before_goes_alone(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", SEVEN, land_and_damage_the_day_before)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07"]
        assert states(made, plan) == {"01-07": "landed", "01-08": "blocked", "01-09": "blocked"}
        assert record.remaining[0].detail == (
            "the canary damaged other dates: factors on 2025-01-06 had 2 of 2, now 0; "
            "cache on 2025-01-06 had 1 of 1, now 0"
        )
        worse = {(c.dataset, r.date) for c in record.changes for r in c.regressions}
        assert worse == {(name, D("2025-01-06")) for name in ("factors", "cache", "scores")}
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


def test_a_connection_lost_after_the_write_has_landed(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", SEVEN, land_then_drop)
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert Counter(made.service.sent) == {"four 01-07": 1, "four 01-08": 1, "four 01-09": 1}
        assert record.exit_code is ExitCode.COMPLETE


def test_a_refusal_for_good_stops_the_service(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(404, "no"))
        plan = plan_of(made)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08"]
        assert states(made, plan) == {"01-07": "landed", "01-08": "rejected", "01-09": "blocked"}
        assert record.remaining[1].detail == (
            "the service refuses every call, as four/2025-01-08: HTTP 404: no"
        )


class Held:
    """Tokens numbered by how often they were renewed."""

    def __init__(self) -> None:
        self.number = 1

    def token(self, audience: str, *, renew: bool = False) -> str:
        assert audience.startswith("http://127.0.0.1:")
        self.number += renew
        return f"token-{self.number}"


def carry_out_with_token(made: Project, plan: Plan) -> None:
    """As a run does for a service elsewhere; one on this machine gets no token."""
    contract = made.file().contract
    clock = Clock(now=real_now, monotonic=time.monotonic, sleep=time.sleep)
    sender = HttpSender(contract.services["four"], Held(), clock)
    with open_ledger(ledger_path(made.folder), real_now) as ledger:
        backfill(work_of(made, plan, ledger, clock, {"four": Dispatcher(sender)}))


def test_an_expired_token_is_renewed_once_and_the_run_goes_on(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(401, "expired"))
        plan = plan_of(made)
        carry_out_with_token(made, plan)
        assert [(c.short, c.headers["Authorization"]) for c in made.service.calls] == [
            ("four 01-07", "Bearer token-1"),
            ("four 01-08", "Bearer token-1"),
            ("four 01-08", "Bearer token-2"),
            ("four 01-09", "Bearer token-2"),
        ]
        assert set(states(made, plan).values()) == {"landed"}
        for path in (made.folder / "uncommitted").rglob("*"):
            assert path.is_dir() or b"token-" not in path.read_bytes()


def test_a_token_refused_twice_stops_the_service(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS) as made:
        made.service.on("/four", EIGHT, answer(401), answer(401))
        plan = plan_of(made)
        carry_out_with_token(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-08"]
        assert states(made, plan) == {"01-07": "landed", "01-08": "rejected", "01-09": "blocked"}
