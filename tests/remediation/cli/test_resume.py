"""Runs that are interrupted, and ``resume``: nothing is lost, nothing is sent twice in flight."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from remediation.ledger.plans import kept_path, newest_plan
from tests.support.backfills import EIGHT, NINE, SEVEN
from tests.support.remediation_commands import newest, seen, start, states, typed, wait_for_call
from tests.support.scripted_service import Act, Project, answer, land, project, silence


@pytest.mark.parametrize(
    ("signal_number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)],
)
@pytest.mark.parametrize("lands", [True, False])
def test_an_interrupted_run_is_taken_up_again(
    made: Project, signal_number: int, code: int, lands: bool
) -> None:
    made.change_service("four", settle_seconds=3, timeout_seconds=3)
    made.service.on("/four", EIGHT, silence(1, lands=lands), land)
    made.check()
    typed(made, "plan")
    running = start(made, "run", "--yes")
    wait_for_call(made, 2)
    running.send_signal(signal_number)
    _, err = running.communicate(timeout=10)
    assert running.returncode == code
    command = f"python -m remediation resume --contract {made.folder / 'pipeline.yml'}"
    if code == 130:
        assert f"interrupted: the ledger is intact; to continue: {command}" in err.splitlines()
    found = states(made)
    assert found["four/2025-01-08"] == "sending"
    assert found["four/2025-01-07"] == "landed"
    code_again, said = seen(made, "plan", "--out", str(made.folder / "other.json"))
    assert "four may still be working on an earlier call: 2025-01-08" in said
    assert code_again == 0
    code_again, said = seen(made, "resume")
    assert code_again == 0
    again = [] if lands else ["four 01-08"]
    assert made.service.sent[:3] == ["four 01-07", "four 01-08", *(again or ["four 01-09"])]
    assert made.service.sent.count("four 01-08") == 1 + len(again)
    assert "looking for 1 date that an earlier run sent" in said
    assert set(states(made).values()) == {"landed"}


def test_a_pause_that_a_service_asked_for_survives_the_kill(made: Project) -> None:
    called_at: list[float] = []

    def noted(act: Act) -> Act:
        def act_noted(*given: Any) -> None:
            called_at.append(time.monotonic())
            act(*given)

        return act_noted

    made.service.on("/four", EIGHT, noted(answer(429, Retry_After="8")), noted(land))
    made.check()
    typed(made, "plan")
    running = start(made, "run", "--yes")
    wait_for_call(made, 2)
    while states(made)["four/2025-01-08"] == "sending":
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=10)
    _, said = seen(made, "status")
    assert said.startswith("four asked for a pause until 20")
    code, said = seen(made, "resume")
    assert code == 0
    assert "four  asked for a pause until 20" in said
    assert called_at[1] - called_at[0] > 7.9


def test_an_interrupt_takes_a_last_look_at_what_was_accepted(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (SEVEN, EIGHT, NINE, "2025-01-10")}) as made:
        made.change_service("four", poll_seconds=60, timeout_seconds=5)
        made.service.on("/four", "2025-01-10", silence(3, lands=False), land)
        made.check()
        typed(made, "plan")
        running = start(made, "run", "--yes")
        wait_for_call(made, 4)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=10)
        assert running.returncode == 130
        assert states(made) == {
            "four/2025-01-07": "landed",
            "four/2025-01-08": "landed",
            "four/2025-01-09": "landed",
            "four/2025-01-10": "sending",
        }


def test_there_may_be_nothing_to_resume(made: Project) -> None:
    nothing = (0, "Nothing to resume: every plan that was started is finished.\n", "")
    assert typed(made, "resume") == nothing
    made.check()
    typed(made, "plan")
    assert typed(made, "resume") == nothing
    assert typed(made, "run", "--yes")[0] == 0
    assert typed(made, "resume") == nothing
    assert len(made.service.calls) == 6


def test_resume_sends_again_what_was_refused(planned: Project) -> None:
    planned.service.on("/four", EIGHT, answer(500, "out of memory"))
    assert typed(planned, "run", "--yes")[0] == 4
    assert typed(planned, "resume")[0] == 0
    assert planned.service.sent == [
        "four 01-07",
        "four 01-08",
        "four 01-09",
        "five 01-07",
        "five 01-09",
        "four 01-08",
        "five 01-08",
    ]


def test_a_plan_from_elsewhere_is_kept_when_it_is_started(made: Project, tmp_path: Path) -> None:
    made.service.on("/four", EIGHT, answer(500))
    made.check()
    mine = made.folder / "mine.json"
    typed(made, "plan", "--dataset", "factors", "--out", str(mine))
    typed(made, "plan")
    planned = newest(made)
    assert typed(made, "run", "--yes", "--plan", str(mine))[0] == 4
    assert newest(made) == planned
    kept = made.folder / "uncommitted" / "plans"
    assert len(list(kept.glob("*.json"))) == 2
    mine.unlink()
    code, said = seen(made, "resume")
    assert code == 1  # scores was never asked for
    assert "is restricted: made with --dataset factors" in said
    assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09", "four 01-08"]


def test_the_plan_that_ran_last_is_resumed(made: Project) -> None:
    made.service.on("/four", EIGHT, answer(500), answer(500), answer(500))
    made.check()
    part, whole = str(made.folder / "part.json"), str(made.folder / "whole.json")
    typed(made, "plan", "--dataset", "factors", "--out", part)
    typed(made, "plan", "--out", whole)
    for path in (part, whole, part):
        typed(made, "run", "--yes", "--plan", path)
    _, said = seen(made, "resume")
    assert "made with --dataset factors" in said
    _, said = seen(made, "resume")
    assert "restricted" not in said
    assert "COMPLETE 6 of 6 calls landed" in said
    assert set(states(made).values()) == {"landed"}


def test_what_cannot_be_resumed_exits_2_and_sends_nothing(planned: Project) -> None:
    planned.service.on("/four", EIGHT, answer(500))
    path = newest_plan(planned.file())
    plan = newest(planned)
    code, _, err = typed(planned, "resume", "--plan", str(path))
    assert code == 2
    assert f"plan {plan.short_id} was never started" in err
    assert f"python -m remediation run --plan {path} --contract " in err
    typed(planned, "run", "--yes")
    sent = len(planned.service.calls)
    kept_path(planned.folder, plan.id).rename(planned.folder / "away.json")
    code, _, err = typed(planned, "resume")
    assert code == 2
    assert f"plan {plan.short_id} was started and is not finished, but {path} is gone" in err
    (planned.folder / "away.json").rename(path)
    planned.change(grace_days=2)
    code, _, err = typed(planned, "resume")
    assert code == 2
    assert "was made under another contract" in err
    assert len(planned.service.calls) == sent


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_ends_within_two_seconds_while_the_service_does_not_answer(
    made: Project, signal_number: int
) -> None:
    made.change_service("four", timeout_seconds=120, settle_seconds=600)
    made.service.on("/four", SEVEN, silence(6, lands=False), land)
    made.check()
    typed(made, "plan")
    running = start(made, "run", "--yes")
    wait_for_call(made, 1)
    running.send_signal(signal_number)
    asked = time.monotonic()
    running.communicate(timeout=10)
    assert running.returncode == 130
    assert time.monotonic() - asked < 2
    assert states(made)["four/2025-01-07"] == "sending"
