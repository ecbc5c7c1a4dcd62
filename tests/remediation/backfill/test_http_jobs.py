"""Services that only begin a job: the ledger, the tables and the record have the last word."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.backfills import EIGHT, FACTORS, NINE, SEVEN, carry_out, history, plan_of, states
from tests.support.remediation_commands import start, typed, wait_for_call
from tests.support.remediation_commands import states as newest_states
from tests.support.scripted_service import Act, ScriptedService, answer, project
from tests.support.warehouses import D

JOB = {
    "url": "/jobs/{$.id}",
    "poll_seconds": 0.05,
    "done": {"$.state": "success"},
    "failed": {"$.state": "failed"},
    "reason": "$.note",
}


def begun(day: str) -> Act:
    return answer(202, json.dumps({"id": day}))


def state(name: str, **more: Any) -> Act:
    return answer(200, json.dumps({"state": name, **more}))


def landed(handler: Any, service: ScriptedService, path: str, day: Any) -> None:
    """The job ends, and its rows are there."""
    service.write("/four", D(path.rpartition("/")[2]))
    state("success")(handler, service, path, day)


def test_each_date_ends_as_its_job_and_the_tables_say(tmp_path: Path) -> None:
    with project(tmp_path, FACTORS, settle_seconds=3) as made:
        made.change_service("four", job=JOB)
        plan = plan_of(made)
        for day in (SEVEN, EIGHT, NINE):
            made.service.on("/four", day, begun(day))
        made.service.jobs = {
            f"/jobs/{SEVEN}": [answer(404), state("running"), landed],
            f"/jobs/{EIGHT}": [state("running"), state("failed", note="no source table")],
            f"/jobs/{NINE}": [landed],
        }
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
        assert states(made, plan) == {"01-07": "landed", "01-08": "rejected", "01-09": "landed"}
        expected = ["sending", "accepted", "accepted", "verifying", "landed"]
        assert history(made, plan, SEVEN) == expected
        details = {str(call.date): call.detail for call in record.calls}
        assert "its job failed: no source table" in details[EIGHT]
        assert record.exit_code == 4


def test_a_job_that_is_done_and_wrote_nothing_did_not_land(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (SEVEN,)}) as made:
        made.change_service("four", job=JOB)
        plan = plan_of(made)
        made.service.on("/four", SEVEN, begun(SEVEN))
        made.service.jobs = {f"/jobs/{SEVEN}": [state("success")]}
        record = carry_out(made, plan)
        assert states(made, plan) == {"01-07": "still missing"}
        assert record.exit_code == 4


def test_a_job_that_never_ends_is_not_begun_again(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (SEVEN,)}, settle_seconds=0.3) as made:
        made.change_service("four", job=JOB)
        plan = plan_of(made)
        made.service.on("/four", SEVEN, begun(SEVEN))
        made.service.jobs = {f"/jobs/{SEVEN}": [state("running")]}
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07"]
        assert states(made, plan) == {"01-07": "still missing"}
        assert "its job was still running after 0.3 s" in record.calls[0].why


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_ends_before_its_job_leaves_the_rest_to_the_tables(
    tmp_path: Path, number: int
) -> None:
    with project(tmp_path, {"factors": (SEVEN,)}, settle_seconds=5) as made:
        made.change_service("four", job=JOB)
        plan_of(made)
        made.service.on("/four", SEVEN, begun(SEVEN))
        made.service.jobs = {f"/jobs/{SEVEN}": [state("running")]}
        typed(made, "plan")
        running = start(made, "run", "--yes")
        wait_for_call(made, 1)
        while not made.service.polls:
            time.sleep(0.02)
        running.send_signal(number)
        running.communicate(timeout=10)
        assert newest_states(made) == {"four/2025-01-07": "accepted"}
        made.service.write("/four", D(SEVEN))
        assert typed(made, "resume")[0] == 0
        assert newest_states(made) == {"four/2025-01-07": "landed"}
        assert made.service.sent == ["four 01-07"]
