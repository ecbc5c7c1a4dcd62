"""Services of ``on_landed`` are told of what landed, until they have taken it."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive.remediation import Delivery
from checkpoints.contract.loading import load_contract
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from remediation.ledger.journal import Event
from remediation.ledger.ledger import ledger_path, read_ledger
from tests.support.backfills import (
    EIGHT,
    FACTORS,
    NINE,
    SEVEN,
    Skipping,
    carry_out,
    delete,
    execute,
    plan_of,
    real_now,
)
from tests.support.commands import environment
from tests.support.forks import fork
from tests.support.remediation_commands import seen, start, typed
from tests.support.runs import judged
from tests.support.scripted_service import (
    FIRST,
    LAST,
    QUICK,
    TODAY,
    Project,
    answer,
    drop,
    half,
    land_and_answer,
    project,
    silence,
)

TOLD = ["told 01-07", "told 01-08", "told 01-09"]
DELIVERED = [("01-07", "delivered", 1), ("01-08", "delivered", 1), ("01-09", "delivered", 1)]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    """``told`` is told of what lands in ``factors``."""
    with project(tmp_path, FACTORS) as running:
        tell(running, {"path": "/told", "body": {"date": "{date}"}}, "factors")
        yield running


def tell(made: Project, service: dict[str, Any], *datasets: str) -> None:
    raw, url = made.raw, {} if "kind" in service else {"url": made.service.url}
    quick = {name: value for name, value in QUICK.items() if url or name not in ("auth",)}
    told = {name: {**raw["datasets"][name], "on_landed": "told"} for name in datasets}
    made.change(
        services={**raw["services"], "told": {**quick, **url, **service}},
        datasets={**raw["datasets"], **told},
    )
    made.service.otherwise["/told"] = answer(200)


def told(made: Project) -> list[str]:
    return [sent for sent in made.service.sent if sent.startswith("told")]


def keys(made: Project) -> list[str]:
    calls = [call for call in made.service.calls if call.path == "/told"]
    return [call.headers["Idempotency-Key"] for call in calls]


def deliveries(made: Project) -> list[Delivery]:
    with read_ledger(ledger_path(made.folder), real_now) as ledger:
        connection = ledger._connection
        plans = [plan for (plan,) in connection.execute("SELECT plan_id FROM plans")]
        return [found for plan in plans for found in ledger.deliveries.of_plan(plan)]


def short(found: Delivery) -> tuple[str, str, int]:
    return f"{found.date:%m-%d}", str(found.state), found.attempts


def planned(made: Project) -> None:
    plan_of(made)
    typed(made, "plan", "--dataset", "factors")


def test_each_date_that_landed_is_told_once_and_after_all_of_them(made: Project) -> None:
    plan = plan_of(made)
    record = carry_out(made, plan)
    assert made.service.sent == ["four 01-07", "four 01-08", "four 01-09", *TOLD]
    assert [short(found) for found in record.deliveries] == DELIVERED
    assert {found.datasets for found in record.deliveries} == {("factors",)}
    assert len({call.headers["Idempotency-Key"] for call in made.service.calls}) == 6
    carry_out(made, plan)
    assert told(made) == TOLD


def test_what_did_not_land_or_was_there_already_is_not_told(made: Project) -> None:
    plan = plan_of(made)
    made.service.write("/four", plan.calls[0].date)
    made.service.on("/four", NINE, half)
    record = carry_out(made, plan)
    assert told(made) == ["told 01-08"]
    assert record.exit_code == 4
    made.service.on("/four", NINE)
    carry_out(made, plan)
    assert told(made) == ["told 01-08", "told 01-09"]


def test_what_is_gone_when_the_window_is_read_again_is_not_told(made: Project) -> None:
    def undo(handler: Any, service: Any, path: str, day: Any) -> None:
        delete(made, "factors", SEVEN)
        land_and_answer(200)(handler, service, path, day)

    plan = plan_of(made)
    made.service.on("/four", NINE, undo)
    carry_out(made, plan)
    assert told(made) == ["told 01-08", "told 01-09"]


def test_a_service_that_several_datasets_name_is_told_of_a_date_when_all_landed(
    tmp_path: Path,
) -> None:
    with project(tmp_path, {"factors": (SEVEN, EIGHT), "scores": (SEVEN, EIGHT)}) as made:
        tell(made, {"path": "/told", "body": {"date": "{date}"}}, "factors", "scores")
        plan = plan_of(made, None)
        made.service.on("/five", EIGHT, half)
        record = carry_out(made, plan)
        assert told(made) == ["told 01-07"]
        assert record.deliveries[0].datasets == ("factors", "scores")


@pytest.mark.parametrize(
    ("per_call", "body"),
    [
        ("range", {"from": "{from}", "to": "{to}"}),
        ("list", {"dates": "{dates}"}),
    ],
)
def test_dates_are_told_together_where_the_service_takes_them(
    tmp_path: Path, per_call: str, body: dict[str, str]
) -> None:
    with project(tmp_path, {"factors": (SEVEN, EIGHT, "2025-01-10")}) as made:
        tell(made, {"path": "/told", "body": body, "dates_per_call": per_call}, "factors")
        made.service.on("/told", SEVEN, answer(500))
        plan = plan_of(made)
        assert carry_out(made, plan).undelivered
        carry_out(made, plan)
        sent = [call.body for call in made.service.calls if call.path == "/told"]
        days = [SEVEN, EIGHT, "2025-01-10"]
        if per_call == "list":
            assert sent == [{"dates": days}, {"dates": days}]
        else:
            alone = {"from": days[2], "to": days[2]}
            assert sent == [{"from": SEVEN, "to": EIGHT}, alone, {"from": SEVEN, "to": EIGHT}]
        assert keys(made)[0] == keys(made)[-1]


def test_what_was_told_together_is_told_again_together_and_with_nothing_else(
    tmp_path: Path,
) -> None:
    with project(tmp_path, FACTORS) as made:
        body = {"from": "{from}", "to": "{to}"}
        tell(made, {"path": "/told", "body": body, "dates_per_call": "range"}, "factors")
        made.service.on("/four", NINE, half)
        made.service.otherwise["/told"] = answer(500)
        plan = plan_of(made)
        carry_out(made, plan)
        carry_out(made, plan)
        made.service.otherwise["/told"] = answer(200)
        before = len(keys(made))
        carry_out(made, plan)
        sent = [call.body for call in made.service.calls if call.path == "/told"]
        assert sent[before:] == [{"from": SEVEN, "to": EIGHT}, {"from": NINE, "to": NINE}]
        assert set(keys(made)[before:]) == set(keys(made)[:before])


def test_a_command_is_told(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (SEVEN, EIGHT)}) as made:
        program = "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n')"
        argv = [sys.executable, "-c", program, str(tmp_path / "told.txt"), "{date}"]
        tell(made, {"kind": "command", "argv": argv}, "factors")
        record = carry_out(made, plan_of(made))
        assert (tmp_path / "told.txt").read_text().split() == [SEVEN, EIGHT]
        assert record.undelivered == ()


def test_what_is_not_delivered_changes_no_verdict_and_is_retried_by_resume(made: Project) -> None:
    planned(made)
    made.service.otherwise["/told"] = answer(500, '{"error": "no topic"}')
    code, out, err = typed(made, "run", "--yes", "--json", "-")
    assert code == 0
    line = "told was not told of 3 dates that landed (2025-01-07 → 2025-01-09): failed, HTTP 500"
    assert line in err
    assert "next   python -m remediation resume" in err
    assert [found["state"] for found in json.loads(out)["deliveries"]] == ["failed"] * 3
    assert line in seen(made, "status")[1]
    assert len(json.loads(typed(made, "status", "--json", "-")[1])["undelivered"]) == 3
    made.service.otherwise["/told"] = answer(200)
    code, said = seen(made, "resume")
    assert code == 0
    assert "told of 3 dates that landed in an earlier run" in said
    assert told(made) == TOLD * 2
    assert keys(made)[:3] == keys(made)[3:]
    assert "not told" not in seen(made, "status")[1]
    assert "Nothing to resume" in seen(made, "resume")[1]
    assert made.service.sent.count("four 01-07") == 1


def test_logs_quiet_runs_and_ci_say_who_was_not_told(made: Project) -> None:
    planned(made)
    made.service.on("/told", NINE, answer(500))
    ci = made.folder / "ci.md"
    code, _, err = typed(made, "run", "--yes", "--log-json", "--markdown", str(ci))
    line = "told was not told of 1 date that landed (2025-01-09): failed, HTTP 500"
    said = {entry["message"]: entry["severity"] for entry in map(json.loads, err.splitlines())}
    assert code == 0
    assert [severity for text, severity in said.items() if line in text] == ["WARNING"]
    assert said["told was told of 2 dates that landed"] == "INFO"
    assert line.partition(" (")[0] in ci.read_text()
    made.service.on("/told", NINE, answer(500))
    assert line in seen(made, "resume", "-q")[1]


@pytest.mark.parametrize("holes", [(), ("2025-01-12",)])
def test_the_run_of_another_plan_first_delivers_what_an_earlier_one_did_not(
    made: Project, holes: tuple[str, ...]
) -> None:
    planned(made)
    made.service.otherwise["/told"] = drop
    typed(made, "run", "--yes")
    made.service.otherwise["/told"] = answer(200)
    made.service.calls.clear()
    for day in holes:
        delete(made, "factors", day)
    made.check()
    typed(made, "plan", "--dataset", "factors")
    code, said = seen(made, "run", "--yes")
    assert code == 0, said
    again = [f"{name} 01-12" for _ in holes for name in ("four", "told")]
    assert made.service.sent == [*TOLD, *again]


@pytest.mark.parametrize("point", ["before the socket opens", "before the answer is recorded"])
def test_what_a_killed_run_may_have_told_is_told_again_with_the_same_key(
    made: Project, point: str
) -> None:
    planned(made)
    contract = str(made.folder / "pipeline.yml")
    run = ("run", "--yes", "--contract", contract)
    ran = fork("tests.support.killing", point, "5", *run, env=environment())
    _, said = ran.communicate(timeout=60)
    assert ran.returncode == -9, said
    assert [short(found)[1] for found in deliveries(made)] == ["delivered", "sending", "due"]
    code, said = seen(made, "resume")
    assert code == 0, said
    if point == "before the answer is recorded":
        assert told(made) == [TOLD[0], TOLD[1], TOLD[1], TOLD[2]]
        assert keys(made)[1] == keys(made)[2]
    else:
        assert told(made) == TOLD
    assert [short(found)[1] for found in deliveries(made)] == ["delivered"] * 3


def test_what_is_busy_is_repeated_after_the_pause_it_asks_for(made: Project) -> None:
    skipping = Skipping()
    made.service.on("/told", SEVEN, answer(429, Retry_After="7"))
    record = carry_out(made, plan_of(made), clock=skipping.clock)
    assert [short(found) for found in record.deliveries] == [
        ("01-07", "delivered", 2),
        *DELIVERED[1:],
    ]
    assert sum(skipping.slept) >= 7


def test_a_long_pause_and_failures_in_a_row_hold_the_rest(made: Project) -> None:
    plan = plan_of(made)
    made.service.on("/told", SEVEN, answer(503, Retry_After="3600"))
    record = carry_out(made, plan, clock=Skipping().clock)
    assert told(made) == TOLD[:1]
    assert [short(found)[1:] for found in record.deliveries] == [
        ("failed", 1),
        ("due", 0),
        ("due", 0),
    ]
    assert "asked for a pause" in record.deliveries[2].detail
    assert record.exit_code == 0


def test_one_that_is_not_idempotent_is_told_again_only_by_a_persons_word(made: Project) -> None:
    made.change_service("told", idempotent=False, timeout_seconds=0.3)
    planned(made)
    made.service.on("/told", EIGHT, silence(0.6, lands=False))
    code, said = seen(made, "run", "--yes")
    assert code == 0
    assert "failed" not in said
    assert "next   python -m remediation resume --contract" in said
    assert "--resend-unknown" in said
    time.sleep(0.4)
    assert "--resend-unknown sends it again" in seen(made, "resume")[1]
    assert told(made) == TOLD
    typed(made, "resume", "--resend-unknown")
    assert told(made) == [*TOLD, TOLD[1]]
    assert keys(made)[1] == keys(made)[3]


def test_what_is_gone_before_it_was_told_is_told_once_it_landed_again(made: Project) -> None:
    plan = plan_of(made)
    made.service.otherwise["/told"] = answer(500)
    carry_out(made, plan)
    made.service.otherwise["/told"] = answer(200)
    delete(made, "factors", EIGHT)
    made.service.calls.clear()
    carry_out(made, plan)
    assert made.service.sent == ["told 01-07", "told 01-09", "four 01-08", "told 01-08"]


class Hiding(list[Event]):
    """Hides a table as soon as all has landed, so that the last reading fails."""

    def __init__(self, made: Project, table: str) -> None:
        self._database, self._table, self._hidden = made.database, table, False

    def append(self, event: Event) -> None:
        if event.total and event.landed == event.total and not self._hidden:
            self._hidden = True
            execute(self._database, f"ALTER TABLE s.{self._table} RENAME TO hidden")


@pytest.mark.parametrize("table", ["factors", "raw"])
def test_nothing_is_told_before_the_window_was_read_again(made: Project, table: str) -> None:
    plan = plan_of(made)
    record = carry_out(made, plan, events=Hiding(made, table))
    assert bool(record.problem) is (table == "factors")
    assert (record.exit_code, told(made)) == (3, [])
    assert [short(found)[1] for found in record.deliveries] == ["not verified"] * 3
    execute(made.database, f"ALTER TABLE s.hidden RENAME TO {table}")
    typed(made, "plan", "--dataset", "factors")
    assert typed(made, "resume")[0] == 0
    assert told(made) == TOLD


def test_a_dataset_that_the_last_reading_saw_is_told_of_though_another_was_not_read(
    made: Project,
) -> None:
    record = carry_out(made, plan_of(made), events=Hiding(made, "scores"))
    assert (record.exit_code, told(made)) == (3, TOLD)


def test_the_run_of_another_contract_in_the_folder_tells_nobody(made: Project) -> None:
    planned(made)
    made.service.otherwise["/told"] = answer(500)
    typed(made, "run", "--yes")
    other = made.folder / "other.yml"
    other.write_text((made.folder / "pipeline.yml").read_text() + "\n")
    judged(load_contract(other, {}), Window(range=DateRange(FIRST, LAST), label="January"), TODAY)
    before = len(told(made))
    for command in (("plan",), ("run", "--yes")):
        ran = fork("remediation", *command, "--contract", str(other), env=environment())
        assert "Traceback" not in ran.communicate(timeout=60)[1]
    assert len(told(made)) == before
    made.service.otherwise["/told"] = answer(200)
    typed(made, "resume")
    assert told(made)[before:] == TOLD


def test_what_the_contract_no_longer_asks_for_is_withdrawn(made: Project) -> None:
    planned(made)
    made.service.otherwise["/told"] = answer(500)
    typed(made, "run", "--yes")
    factors = {k: v for k, v in made.raw["datasets"]["factors"].items() if k != "on_landed"}
    made.change(datasets={**made.raw["datasets"], "factors": factors})
    made.check()
    typed(made, "plan")
    assert typed(made, "run", "--yes")[0] == 0
    assert [short(found)[1] for found in deliveries(made)] == ["withdrawn"] * 3
    assert "Nothing to resume" in seen(made, "resume")[1]


def test_a_plan_and_a_dry_run_show_what_would_be_told_and_send_nothing(made: Project) -> None:
    plan_of(made)
    _, said = seen(made, "plan", "--dataset", "factors")
    assert "then told is told of 3 dates, as far as they have landed, in 3 calls" in said
    code, out, err = typed(made, "run", "--json", "-")
    assert code == 0
    assert "told would then be told of what landed" in err
    assert err.count("/told") == 3
    assert [request["body"] for request in json.loads(out)["on_landed"]] == [
        {"date": day} for day in (SEVEN, EIGHT, NINE)
    ]
    assert made.service.calls == []


def test_a_secret_goes_to_the_service_and_into_no_file(made: Project) -> None:
    made.change_service("told", headers={"X-Key": "${TOLD_KEY}"})
    planned(made)
    code, _, err = typed(made, "run", "--yes", TOLD_KEY="")
    assert code == 2
    assert "TOLD_KEY" in err
    assert made.service.calls == []
    made.service.otherwise["/told"] = answer(500, "who is s3cret-of-told?")
    typed(made, "run", "--yes", TOLD_KEY="s3cret-of-told")
    told_calls = [call for call in made.service.calls if call.path == "/told"]
    assert {call.headers["X-Key"] for call in told_calls} == {"s3cret-of-told"}
    files = [path.read_bytes() for path in made.folder.rglob("*") if path.is_file()]
    assert not any(b"s3cret-of-told" in content for content in files)
    assert "[TOLD_KEY]" in seen(made, "status")[1]


def test_a_run_that_is_interrupted_while_it_tells_has_its_record_and_resumes(
    made: Project,
) -> None:
    planned(made)
    made.service.on("/told", SEVEN, silence(1, lands=False))
    running = start(made, "run", "--yes")
    deadline = time.monotonic() + 20
    while not told(made) and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)
    assert running.wait() == 130
    assert list((made.folder / "uncommitted" / "runs").rglob("remediation-*.json"))
    assert typed(made, "resume")[0] == 0
    assert told(made) == [TOLD[0], *TOLD]
