"""Dates that are there are rebuilt: they landed when their rows were written after the call."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.errors import ExitCode
from remediation.ledger.journal import Event
from remediation.plan.model import Plan
from remediation.plan.planning import Request, make_plan
from tests.support.backfills import (
    EIGHT,
    NINE,
    SEVEN,
    Skipping,
    carry_out,
    execute,
    history,
    states,
    writes,
)
from tests.support.remediation_commands import seen, start, typed, wait_for_call
from tests.support.reports import calls
from tests.support.scripted_service import Act, Project, answer, drop, project, silence
from tests.support.warehouses import D

WHY = "the source was corrected"
TABLES = "s.summary", "s.factors", "s.scores"
COLUMN = "ALTER TABLE {} ADD COLUMN w TIMESTAMP"
OLD = "UPDATE {} SET w = d + INTERVAL 30 HOUR"
REPLACE = """DELETE FROM s.{table} WHERE d = ?1;
INSERT INTO s.{table} SELECT DISTINCT d, k, TIMESTAMP '{at}' FROM s.{above} WHERE d = ?1 {where}"""
DURING = "2025-01-20 12:00"
BEHIND = "2025-01-08 12:00"
"""A clock that is days behind, and still later than the rows were written before."""


def rebuilds(table: str, above: str, at: str = DURING, where: str = "", status: int = 200) -> Act:
    """Replace a date by rows that are written at a time, and answer."""
    sql = REPLACE.format(table=table, above=above, at=at, where=where)
    return writes(*(statement.replace("?1", "?") for statement in sql.split(";\n")), status=status)


FACTORS = rebuilds("factors", "summary")
FIRST_KEY = "AND k LIKE '%_0'"


@contextmanager
def made_with(folder: Path, *timed: str, **service: Any) -> Iterator[Project]:
    """Everything is there; the datasets that are ``timed`` say when their rows were written."""
    with project(folder, {}) as made:
        execute(made.database, *map(COLUMN.format, TABLES), *map(OLD.format, TABLES))
        datasets = {name: {**of, "rules": []} for name, of in made.raw["datasets"].items()}
        for name in timed:
            datasets[name]["written_at"] = "w"
        made.change(datasets=datasets, rules_for_keyed=[])
        if service:
            made.change_service("four", **service)
        made.service.otherwise |= {
            "/three": rebuilds("summary", "raw"),
            "/four": FACTORS,
            "/five": rebuilds("scores", "factors"),
        }
        yield made


def plan_of(made: Project, *days: str, dataset: str = "factors", **request: Any) -> Plan:
    file, report = made.file(), made.check()
    asked = Request(only_dataset=dataset, dates=frozenset(map(D, days)), because=WHY, **request)
    return make_plan(report, file.contract, file.sha256, asked)


def told(record: RemediationRecord) -> list[tuple[str, str, str]]:
    return [(f"{call.date:%m-%d}", str(call.state), call.detail) for call in record.calls]


STILL = "factors: 2 rows of 2025-01-07 are still of 2025-01-08 11:00 (UTC)"  # 6:00 in New York


def test_dates_are_called_although_all_is_there_and_land_when_written_after(
    tmp_path: Path,
) -> None:
    with made_with(tmp_path, "factors") as made:
        plan = plan_of(made, SEVEN, NINE)
        record = carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-09"]
        assert told(record) == [("01-07", "landed", ""), ("01-09", "landed", "")]
        assert (record.exit_code, record.because) == (ExitCode.COMPLETE, WHY)
        assert [call.rebuilds for call in record.calls] == [("factors",)] * 2
        carry_out(made, plan)
        assert made.service.sent == ["four 01-07", "four 01-09"]


def test_a_clock_that_is_behind_does_not_matter(tmp_path: Path) -> None:
    with made_with(tmp_path, "factors") as made:
        made.service.otherwise["/four"] = rebuilds("factors", "summary", at=BEHIND)
        assert carry_out(made, plan_of(made, SEVEN)).exit_code is ExitCode.COMPLETE


def test_a_service_that_says_200_and_writes_nothing_has_rebuilt_nothing(tmp_path: Path) -> None:
    with made_with(tmp_path, "factors") as made:
        plan = plan_of(made, SEVEN, EIGHT)
        made.service.on("/four", SEVEN, answer(200))
        record = carry_out(made, plan)
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        assert told(record) == [
            ("01-07", "still missing", STILL),
            ("01-08", "blocked", "the canary four/2025-01-07 did not land: it is still missing"),
        ]
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-07", "four 01-07", "four 01-08"]


@pytest.mark.parametrize(
    ("act", "detail"),
    [
        (rebuilds("factors", "summary", where=FIRST_KEY), "factors has 1 of 2"),
        (
            writes(f"UPDATE s.factors SET w = TIMESTAMP '{DURING}' WHERE d = ? {FIRST_KEY}"),
            "factors: some of 2 rows of 2025-01-07 are still of 2025-01-08 11:00 (UTC)",
        ),
        (
            writes("UPDATE s.factors SET w = NULL WHERE d = ?"),
            "factors: no row says when it was written",
        ),
    ],
)
def test_half_of_a_date_written_anew_has_not_landed(tmp_path: Path, act: Act, detail: str) -> None:
    with made_with(tmp_path, "factors") as made:
        plan = plan_of(made, SEVEN)
        made.service.on("/four", SEVEN, act)
        ((_, state, said),) = told(carry_out(made, plan))
        assert said == detail
        assert state == ("still missing" if "no row" in detail else "partial")


def test_a_dataset_that_does_not_say_when_it_was_written_is_taken_at_the_services_word(
    tmp_path: Path,
) -> None:
    accepted = "accepted; factors has no written_at that would show that it was rebuilt"
    with made_with(tmp_path) as made:
        plan = plan_of(made, SEVEN)
        made.service.on("/four", SEVEN, answer(200))
        events: list[Event] = []
        record = carry_out(made, plan, events=events)
        assert told(record) == [("01-07", "landed", accepted)]
        remark = "factors has no written_at: an accepted call counts as a rebuild"
        assert remark in [event.text for event in events]
        assert record.exit_code is ExitCode.COMPLETE
        again = carry_out(made, plan)
        assert told(again) == told(record)
        assert made.service.sent == ["four 01-07"]


@pytest.mark.parametrize(("lost", "state"), [(answer(500), "rejected"), (drop, "still missing")])
def test_without_that_word_it_has_not_landed(tmp_path: Path, lost: Act, state: str) -> None:
    silent = "it has no written_at that would show that it was rebuilt, and no answer says so"
    with made_with(tmp_path) as made:
        plan = plan_of(made, SEVEN)
        made.service.otherwise["/four"] = lost
        record = carry_out(made, plan, clock=Skipping().clock)
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        ((_, found, detail),) = told(record)
        assert (found, f"factors: {silent}" in detail) == (state, state == "still missing")
        made.service.otherwise["/four"] = FACTORS
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE


def test_keys_that_are_fewer_than_before_have_not_landed_whatever_the_service_says(
    tmp_path: Path,
) -> None:
    with made_with(tmp_path) as made:
        plan = plan_of(made, SEVEN)
        made.service.on("/four", SEVEN, rebuilds("factors", "summary", where=FIRST_KEY))
        assert told(carry_out(made, plan)) == [("01-07", "partial", "factors has 1 of 2")]


def test_keys_that_were_missing_and_are_tolerated_are_not_asked_of_a_rebuild(
    tmp_path: Path,
) -> None:
    with made_with(tmp_path, "factors") as made:
        execute(made.database, f"DELETE FROM s.factors WHERE d = ? {FIRST_KEY}", day=SEVEN)
        plan = plan_of(made, SEVEN)
        made.service.on("/four", SEVEN, rebuilds("factors", "summary", where=FIRST_KEY))
        assert told(carry_out(made, plan)) == [("01-07", "landed", "")]


def test_keys_that_a_failed_check_asks_for_are_asked_of_a_rebuild_as_well(tmp_path: Path) -> None:
    with made_with(tmp_path, "factors") as made:
        execute(made.database, f"DELETE FROM s.factors WHERE d = ? {FIRST_KEY}", day=SEVEN)
        rules = [{"rule": "daily_conversion_ratio", "at_least": 1}]
        datasets = made.raw["datasets"]
        made.change(datasets={**datasets, "factors": {**datasets["factors"], "rules": rules}})
        plan = plan_of(made, SEVEN)
        made.service.on("/four", SEVEN, rebuilds("factors", "summary", where=FIRST_KEY))
        ((_, state, _),) = told(carry_out(made, plan))
        assert state == "partial"
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE


def test_an_answer_that_is_lost_after_the_write_is_no_loss(tmp_path: Path) -> None:
    def written_and_lost(*given: Any) -> None:
        execute(made.database, f"UPDATE s.factors SET w = '{DURING}' WHERE d = ?", day=SEVEN)
        drop(*given)

    with made_with(tmp_path, "factors") as made:
        plan = plan_of(made, SEVEN)
        made.service.on("/four", SEVEN, written_and_lost)
        assert told(carry_out(made, plan)) == [("01-07", "landed", "")]
        assert history(made, plan, SEVEN) == ["sending", "unknown", "verifying", "landed"]
        assert made.service.sent == ["four 01-07"]


@pytest.mark.parametrize("lands", [True, False])
def test_a_killed_run_knows_what_was_there_before_its_call(tmp_path: Path, *, lands: bool) -> None:
    """What was in flight is looked at first, and is compared with what was there then."""
    quick = {"settle_seconds": 2, "timeout_seconds": 2}
    with made_with(tmp_path, "factors", "summary", **quick) as made:
        made.check()
        named = ("--dataset", "factors", "--dates", SEVEN, "--because", WHY)
        assert typed(made, "plan", *named)[0] == 0
        act = rebuilds("factors", "summary") if lands else silence(0.5, lands=False)
        hangs = silence(0.5, lands=False)
        made.service.on("/four", SEVEN, lambda *given: (act(*given), hangs(*given)))
        running = start(made, "run", "--yes")
        wait_for_call(made, 1)
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=10)
        code, said = seen(made, "resume")
        assert code == 0, said
        assert f"note: rebuilt because: {WHY}" in said
        assert made.service.sent == ["four 01-07"] * (1 if lands else 2)
        _, said = seen(made, "status")
        assert f"  rebuilt because: {WHY}" in said.splitlines()


def test_a_date_that_was_written_after_the_run_gave_up_is_not_called_again(tmp_path: Path) -> None:
    with made_with(tmp_path, "factors") as made:
        plan = plan_of(made, SEVEN)
        made.service.on("/four", SEVEN, answer(200))
        carry_out(made, plan)
        execute(made.database, f"UPDATE s.factors SET w = '{DURING}' WHERE d = ?", day=SEVEN)
        assert told(carry_out(made, plan)) == [("01-07", "landed", "was there already")]
        assert made.service.sent == ["four 01-07"]


def test_rows_that_another_wrote_between_two_runs_are_no_rebuild_of_a_call_that_never_left(
    tmp_path: Path,
) -> None:
    with made_with(tmp_path, "factors") as made:
        plan = plan_of(made, SEVEN, EIGHT)
        made.service.on("/four", SEVEN, answer(200))
        carry_out(made, plan)
        assert states(made, plan)["01-08"] == "blocked"
        execute(made.database, f"UPDATE s.factors SET w = '{BEHIND}' WHERE d = ?", day=EIGHT)
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-07", "four 01-07", "four 01-08"]


def test_what_landed_and_is_put_back_is_called_again(tmp_path: Path) -> None:
    """A restored backup: every key is there, and its rows are those of before."""
    with made_with(tmp_path, "factors") as made:
        plan = plan_of(made, SEVEN)
        carry_out(made, plan)
        execute(made.database, OLD.format("s.factors"))
        assert carry_out(made, plan).exit_code is ExitCode.COMPLETE
        assert made.service.sent == ["four 01-07"] * 2


def test_a_call_that_undoes_an_earlier_one_is_seen_when_the_window_is_read_again(
    tmp_path: Path,
) -> None:
    with made_with(tmp_path, "factors") as made:
        plan = plan_of(made, SEVEN, EIGHT, NINE)
        undo = "UPDATE s.factors SET w = d + INTERVAL 30 HOUR WHERE d = ?"

        def act(*given: Any) -> None:
            execute(made.database, undo, day=SEVEN)
            FACTORS(*given)

        made.service.on("/four", NINE, act)
        record = carry_out(made, plan)
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE
        (call,) = record.remaining
        assert (call.state, str(call.date)) == ("still missing", SEVEN)
        assert call.detail == f"it was landed, and the window read again lacks it: {STILL}"
        assert states(made, plan)["01-07"] == "planned"


def test_what_looks_back_is_rebuilt_after_it_in_order(tmp_path: Path) -> None:
    with made_with(tmp_path, "summary", "factors", "scores") as made:
        datasets = dict(made.raw["datasets"])
        for name, days in (("factors", 2), ("scores", 0)):
            rules = [{"rule": "fresh", "lookback_days": days}]
            datasets[name] = {**datasets[name], "rules": rules}
        made.change(datasets=datasets)
        execute(made.database, *(OLD.format(t).replace("30", "31") for t in TABLES[1:2]))
        execute(made.database, OLD.format("s.scores").replace("30", "32"))
        later = [f"UPDATE {t} SET w = TIMESTAMP '2025-01-19 0{n}:00'" for n, t in enumerate(TABLES)]
        execute(made.database, *later)
        for n, (path, table, above) in enumerate(
            (("/three", "summary", "raw"), ("/four", "factors", "summary"),
             ("/five", "scores", "factors"))
        ):  # fmt: skip
            made.service.otherwise[path] = rebuilds(table, above, at=f"2025-01-20 0{n}:00")
        plan = plan_of(made, SEVEN, dataset="summary", with_dependents=True)
        assert calls(plan)[0] == "three 01-07 summary"
        assert plan.with_dependents
        record = carry_out(made, plan)
        assert record.exit_code is ExitCode.COMPLETE, told(record)
        assert made.service.sent == [
            "three 01-07",
            *(f"four 01-0{n}" for n in (7, 8, 9)),
            *(f"five 01-0{n}" for n in (7, 8, 9)),
        ]


def test_without_them_the_record_says_that_they_got_worse(tmp_path: Path) -> None:
    with made_with(tmp_path, "summary", "factors") as made:
        datasets = made.raw["datasets"]
        rules = [{"rule": "fresh", "lookback_days": 1}]
        made.change(datasets={**datasets, "factors": {**datasets["factors"], "rules": rules}})
        execute(made.database, "UPDATE s.factors SET w = TIMESTAMP '2025-01-19 12:00'")
        execute(made.database, "UPDATE s.summary SET w = TIMESTAMP '2025-01-19 11:00'")
        record = carry_out(made, plan_of(made, SEVEN, dataset="summary"))
        worse = [r.date for change in record.changes for r in change.regressions]
        assert [str(day) for day in worse] == [SEVEN, EIGHT]
        assert record.exit_code is ExitCode.BACKFILL_INCOMPLETE


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--dates", SEVEN, "--because", WHY), "name it with --dataset"),
        (("--dates", SEVEN, "--dataset", "factors"), "give it with --because"),
        (("--dates", SEVEN, "--from", SEVEN, "--to", NINE), "choose"),
        (("--from", SEVEN, "--dataset", "factors", "--because", WHY), "give both"),
        (("--from", NINE, "--to", SEVEN), "swap them"),
        (("--dates", "7 January"), "'7 January' is no date: write it like 2025-01-31"),
        (("--because", ""), "it is empty"),
        (
            ("--dates", f"{SEVEN},2024-12-31", "--dataset", "factors", "--because", WHY),
            "2024-12-31: outside the window of run",
        ),
    ],
)
def test_options_that_do_not_go_together_end_in_two(
    tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    with made_with(tmp_path, "factors") as made:
        made.check()
        code, out, err = typed(made, "plan", *given)
        assert (code, out) == (2, "")
        assert said in " ".join(err.split())


def test_a_range_is_planned_printed_and_told_in_every_output(tmp_path: Path) -> None:
    with made_with(tmp_path, "factors") as made:
        made.check()
        named = ("--dataset", "factors", "--from", SEVEN, "--to", NINE, "--because", WHY)
        code, said = seen(made, "plan", *named)
        assert code == 0
        assert "factors  3      rebuild  2025-01-07 → 2025-01-09" in said.splitlines()
        summary = made.folder / "summary.md"
        code, said = seen(made, "run", "--yes", "--markdown", str(summary))
        assert (code, made.service.sent) == (0, [f"four 01-0{n}" for n in (7, 8, 9)])
        assert f"rebuilt because: {WHY}" in said.splitlines()
        assert f"rebuilt because {WHY}" in summary.read_text()
