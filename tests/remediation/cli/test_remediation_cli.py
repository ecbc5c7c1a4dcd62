"""``python -m remediation plan``, ``run`` and ``status``: what is said, sent and refused."""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from remediation.ledger.ledger import ledger_path, open_ledger
from remediation.ledger.lock import only_run
from remediation.ledger.plans import read_plan
from remediation.ledger.status import Status
from remediation.plan.model import Plan, idempotency_key
from tests.support.backfills import EIGHT, NINE, SEVEN, real_now
from tests.support.commands import ROOT
from tests.support.remediation_commands import newest, seen, start, strict_on_scores, typed
from tests.support.runs import judged
from tests.support.scripted_service import FIRST, LAST, Project, answer, land, project
from tests.support.warehouses import D

HEAVY = ["great_expectations", "pandas", "requests", "duckdb", "sqlalchemy", "google"]


def test_plan_says_what_is_called_what_is_not_and_what_to_type_next(made: Project) -> None:
    report = made.check()
    code, out, err = typed(made, "plan")
    plan = newest(made)
    golden = (ROOT / "tests" / "golden" / "plan.txt").read_text()
    shown = "\n".join(line.rstrip() for line in out.splitlines())
    for value, name in (
        (plan.short_id, "PLAN"),
        (report.run_id, "RUN"),
        (str(made.folder), "FOLDER"),
    ):
        shown = shown.replace(value, name)
    assert shown + "\n" == golden
    assert (code, err) == (0, "")


def test_dates_that_have_not_come_yet_are_planned_and_called_only_when_asked(made: Project) -> None:
    window = Window(range=DateRange(FIRST, LAST), label="January")
    judged(made.file(), window, D("2999-01-01"))
    code, said = seen(made, "plan")
    assert (code, made.service.sent) == (2, [])
    assert "as of 2999-01-01, which is after today (" in said
    assert "run the checkpoint again without --as-of, or add --yes-future" in said
    code, said = seen(made, "plan", "--yes-future")
    assert code == 0
    assert "note: as of 2999-01-01, which is in the future: today is " in said
    assert "next   python -m remediation run --yes-future" in said
    for given in (("run",), ("run", "--yes"), ("run", "--yes", "--as-of", "2025-01-21")):
        code, said = seen(made, *given)
        assert (code, made.service.sent) == (2, [])
        assert "add --yes-future" in said
    code, said = seen(made, "run", "--yes", "--yes-future")
    assert "note: as of 2999-01-01, which is in the future" in said
    assert (code, len(made.service.sent)) == (0, 6)


def test_a_run_does_not_take_a_later_day_for_today_unasked(planned: Project) -> None:
    code, said = seen(planned, "run", "--yes", "--as-of", "2999-01-01")
    assert (code, planned.service.sent) == (2, [])
    assert "as of 2999-01-01, which is after today (" in said


def test_plan_as_csv_is_alone_on_standard_output(made: Project) -> None:
    made.check()
    code, out, err = typed(made, "plan", "--format", "csv")
    assert code == 0
    assert out.splitlines() == [
        "service,kind,dates,datasets",
        *(f"four,http,{day},factors" for day in (SEVEN, EIGHT, NINE)),
        *(f"five,http,{day},scores" for day in (SEVEN, EIGHT, NINE)),
    ]
    assert err.startswith(f"Plan {newest(made).short_id} of run ")
    code, _, err = typed(made, "plan", "--format", "csv", "--json", "-")
    assert code == 2
    assert "--format csv and --json - both need standard output" in err


def test_plan_as_json_is_alone_on_standard_output(made: Project) -> None:
    made.check()
    code, out, _ = typed(made, "plan", "--json", "-", "--out", str(made.folder / "mine.json"))
    assert code == 0
    assert Plan.model_validate_json(out) == read_plan(made.folder / "mine.json")


def test_nothing_to_do_is_said_and_is_no_error(tmp_path: Path) -> None:
    with project(tmp_path, {}) as made:
        made.check()
        code, said = seen(made, "plan")
        assert code == 0
        assert "Nothing to do." in said
        code, said = seen(made, "run", "--yes")
        assert code == 0
        assert "Nothing to do." in said


def test_a_dry_run_sends_nothing_and_shows_the_exact_requests(planned: Project) -> None:
    code, out, err = typed(planned, "run", "--json", "-")
    assert code == 0
    assert planned.service.sent == []
    assert not ledger_path(planned.folder).exists()
    assert "Dry run: nothing was sent." in err
    expected = f'POST {planned.service.url}/four {{"game_date": "2025-01-07", "nested"'
    assert expected in err
    assert "next   python -m remediation run --yes" in err
    typed(planned, "run", "--yes")
    requests = json.loads(out)["requests"]
    assert [(r["url"], r["body"]) for r in requests] == [
        (planned.service.url + call.path, call.body) for call in planned.service.calls
    ]


def test_run_lands_shows_before_and_after_and_leaves_a_record(made: Project) -> None:
    report = made.check()
    typed(made, "plan")
    code, out, err = typed(made, "run", "--yes", "--json", "-")
    assert code == 0
    record = RemediationRecord.model_validate_json(out)
    path = made.folder / "uncommitted" / "runs" / report.run_id
    assert (path / f"remediation-{newest(made).short_id}.json").read_text() == out
    assert record.run_id == report.run_id
    assert record.report.path == f"uncommitted/runs/{report.run_id}/report.json"
    report_bytes = (made.folder / record.report.path).read_bytes()
    assert record.report.sha256 == hashlib.sha256(report_bytes).hexdigest()
    assert read_plan(made.folder / record.plan_file).id == record.plan_id
    assert made.folder / record.ledger == ledger_path(made.folder)
    keys = [call.headers["Idempotency-Key"] for call in made.service.calls]
    assert keys == [idempotency_key(record.plan_id, call.id) for call in newest(made).calls]
    assert "COMPLETE 6 of 6 calls landed" in err
    assert "four  canary 2025-01-07 landed: 2 to go" in err
    assert "four  3/3 settled, 3 landed" in err
    (line,) = [line for line in err.splitlines() if line.startswith("L4") and "factors" in line]
    assert line.split() == ["L4", "factors", "raw", "82.3", "%", "100.0", "%", "3", "→", "0"]
    assert "rules now: 8 of 8 evaluated checks passed" in err


def test_run_that_leaves_dates_missing_says_which_and_why_and_exits_4(planned: Project) -> None:
    planned.service.on("/four", EIGHT, answer(400, "No games \x1b[31m"))
    code, said = seen(planned, "run", "--yes")
    assert code == 4
    assert "STILL INCOMPLETE 2 of 6 calls landed" in said
    assert "it says there is nothing that day, but its upstream has data" in said
    assert "needs four, which is rejected" in said
    assert "\x1b" not in said
    code, out, err = typed(planned, "status", "--json", "-")
    assert code == 0
    status = Status.model_validate_json(out)
    assert [(o.service, str(o.date), str(o.state)) for o in status.plans[0].open] == [
        ("five", EIGHT, "blocked"),
        ("five", NINE, "blocked"),
        ("four", EIGHT, "rejected"),
        ("four", NINE, "blocked"),
    ]
    assert "four: 1 blocked, 1 rejected, 1 landed" in err


def test_a_run_of_a_plan_without_calls_exits_4_while_dates_remain(tmp_path: Path) -> None:
    with project(tmp_path, {"raw": (SEVEN, EIGHT, NINE)}) as made:
        made.change(rules_for_keyed=[])
        raw = made.raw["datasets"]["raw"]
        rules = [{"rule": "conversion_ratio", "at_least": 0.95}]
        made.change(datasets={**made.raw["datasets"], "raw": {**raw, "rules": rules}})
        made.check()
        typed(made, "plan")
        assert newest(made).calls == ()
        code, said = seen(made, "run", "--yes")
        assert code == 4
        assert "the contract names no service that builds it: 2025-01-07 → 2025-01-09" in said
        assert "Dates remain that no call repairs: see above." in said
        assert typed(made, "run")[0] == 0


def test_a_run_says_that_its_plan_is_restricted(made: Project) -> None:
    made.check()
    typed(made, "plan", "--dataset", "scores")
    for arguments in (("run",), ("run", "--yes")):
        _, _, err = typed(made, *arguments)
        said = f"note: plan {newest(made).short_id} is restricted: made with --dataset scores"
        assert said in err.splitlines()
    typed(made, "plan")
    assert "restricted" not in seen(made, "run")[1]


def test_layers_follow_in_one_run_or_are_made_alone(made: Project) -> None:
    made.check()
    typed(made, "plan", "--layer", "L4")
    code, said = seen(made, "run", "--yes")
    assert code == 1
    assert f"plan {newest(made).short_id} is restricted: made with --layer L4" in said
    assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09"]
    code, _, err = typed(made, "plan", "--layer", "L6")
    assert code == 2
    assert "--layer 'L6' is not in the contract, which has: reference, L1, L3, L4, L5" in err


def test_what_is_open_for_one_reason_is_one_row(tmp_path: Path) -> None:
    hole = (SEVEN, EIGHT, NINE, "2025-01-11")
    with project(tmp_path, {"factors": hole, "scores": hole}) as made:
        strict_on_scores(made)
        made.service.otherwise["/four"] = answer(500)
        made.check()
        typed(made, "plan")
        code, said = seen(made, "run", "--yes")
        assert code == 4
        remain = [line.rstrip() for line in said[said.index("What remains") :].splitlines()]
        row = "five     blocked   3      2025-01-08 → 2025-01-09  needs four, which is blocked"
        assert remain[remain.index(row) + 1].split() == ["2025-01-11"]
        assert sum("needs four" in line for line in said.splitlines()) == 4
        _, said = seen(made, "status")
        (open_row,) = [line for line in said.splitlines() if "which is blocked" in line]
        assert open_row.split()[:5] == ["five", "blocked", "3", "2025-01-08", "→"]
        assert "2025-01-11" in said


def test_a_closed_pipe_does_not_end_the_run(planned: Project) -> None:
    planned.service.on("/four", SEVEN, answer(503), silence_then_land)
    running = start(planned, "run", "--yes")
    assert running.stderr is not None
    assert running.stdout is not None
    running.stderr.close()
    running.stdout.close()
    assert running.wait(timeout=30) == 0
    assert len(planned.service.calls) == 7


def silence_then_land(handler: Any, service: Any, path: str, day: Any) -> None:
    time.sleep(0.2)
    land(handler, service, path, day)


def test_status_without_a_ledger(made: Project) -> None:
    code, out, err = typed(made, "status")
    assert (code, out, err) == (0, "No backfill was run yet.\n", "")


def test_what_cannot_be_planned_exits_2_with_one_sentence(made: Project) -> None:
    code, _, err = typed(made, "plan")
    assert code == 2
    assert "make one with python -m checkpoints run" in err
    report = made.check()
    for arguments, said in (
        (("plan", "--run", "nope"), f"run 'nope' is not stored: did you mean {report.run_id!r}?"),
        (("plan", "--dataset", "nope"), "--dataset 'nope' is not in the contract"),
        (("run",), "make a plan with: python -m remediation plan"),
        (("run", "--plan", "none.json"), "none.json: cannot read the plan"),
        (("run", "--canary", "0"), "0 is not in the range"),
    ):
        code, out, err = typed(made, *arguments)
        assert (code, out) == (2, "")
        assert said in err


def test_every_command_that_is_proposed_names_the_contract_that_was_typed(made: Project) -> None:
    path = str(made.folder / "pipeline.yml")
    _, said = seen(made, "plan")
    assert said.endswith(f"make one with python -m checkpoints run --contract {path}\n")
    made.check()
    _, said = seen(made, "run")
    assert said.endswith(f"make a plan with: python -m remediation plan --contract {path}\n")
    mine = str(made.folder / "mine.json")
    _, said = seen(made, "plan", "--out", mine)
    assert said.endswith(f"next   python -m remediation run --plan {mine} --contract {path}\n")
    _, said = seen(made, "resume", "--plan", mine)
    look = f"python -m remediation run --plan {mine} --contract {path}"
    assert said.endswith(f"look at it with {look}, then add --yes\n")
    with only_run(ledger_path(made.folder), "ann", "2025-01-21"):
        _, said = seen(made, "run", "--yes", "--plan", mine)
    assert said.endswith(f"see python -m remediation status --contract {path}\n")


def test_a_changed_contract_refuses_plan_and_run(planned: Project) -> None:
    planned.change(grace_days=2)
    for arguments in (("plan",), ("run",), ("run", "--yes")):
        code, _, err = typed(planned, *arguments)
        assert code == 2
        assert "was made under another contract" in err
    assert planned.service.sent == []


def test_an_unset_service_address_exits_2_before_anything_is_sent(made: Project) -> None:
    made.change_service("five", url="${FIVE_URL}")
    made.check()
    typed(made, "plan")
    code, said = seen(made, "run")
    assert code == 0
    assert "POST ${FIVE_URL}/five" in said
    code, _, err = typed(made, "run", "--yes")
    assert code == 2
    assert "services.five: environment variable FIVE_URL is not set" in err
    assert made.service.sent == []
    code, _, _ = typed(made, "run", "--yes", FIVE_URL=made.service.url)
    assert code == 0


def test_a_second_run_at_the_same_time_is_refused(planned: Project) -> None:
    with only_run(ledger_path(planned.folder), "ann@host (process 7)", "2025-01-21T12:00:00+00:00"):
        code, said = seen(planned, "run", "--yes")
    assert code == 3
    assert "another run is at work (ann@host (process 7), since 2025-01-21T12:00" in said
    assert planned.service.sent == []


def test_hostile_names_are_shown_as_they_are(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (SEVEN, EIGHT, NINE, "2025-01-10")}) as made:
        name = "[bold]f';--<script>"
        datasets = {
            {"factors": name}.get(n, n): (d if n != "scores" else {**d, "upstream": name})
            for n, d in made.raw["datasets"].items()
        }
        made.change(datasets=datasets)
        made.check()
        code, said = seen(made, "plan", "--dataset", name)
        assert code == 0
        assert name in said
        code, said = seen(made, "run", "--yes")
        assert code == 0
        assert name in said


def test_plan_and_status_start_quickly_and_load_nothing_heavy(made: Project) -> None:
    made.check()
    with open_ledger(ledger_path(made.folder), real_now):
        pass
    for command in ("plan", "status"):
        program = (
            "import sys; from checkpoints.cli.shell import main\n"
            "from remediation.cli.commands import cli\n"
            f"sys.argv[1:] = [{command!r}, '--contract', {str(made.folder / 'pipeline.yml')!r}]\n"
            "code = main(cli)\n"
            f"print(code, [m for m in {HEAVY} if m in sys.modules])"
        )
        tries = [cpu_seconds([sys.executable, "-c", program]) for _ in range(3)]
        assert {answered.splitlines()[-1] for answered, _ in tries} == {"0 []"}
        assert min(seconds for _, seconds in tries) < 0.6


def cpu_seconds(command: list[str]) -> tuple[str, float]:
    """Output and processor time: the wall clock of a busy machine says little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ran.stdout.strip(), spent
