"""What a run ends with: the rules that still fail, orphans, and what to type next."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from checkpoints.archive.remediation import AS_ITS_UPSTREAM, RemediationRecord, State, Why
from checkpoints.contract.model import Contract
from checkpoints.text import Detail
from remediation.output.ci import sections_of
from remediation.output.console import print_record
from remediation.output.following import Commands, next_steps
from remediation.output.json_log import JsonLogReporter
from tests.support.backfills import EIGHT, NINE, SEVEN, delete, execute
from tests.support.remediation_commands import seen, strict_on_scores, typed
from tests.support.reports import check_of, report_of
from tests.support.runs import repair_of
from tests.support.scripted_service import Project, answer, land, project, raw_contract

COMMANDS = Commands(resume="RESUME", check="CHECK", plan="PLAN", sign="SIGN")
CONTRACT = Contract.model_validate(raw_contract("http://127.0.0.1:1", Path("w.duckdb")))
LANDED = {"service": "four", "date": SEVEN, "datasets": ["factors"], "attempts": 1, "detail": "",
          "state": "landed"}  # fmt: skip


def record_of(checks: Any = (), verdict: int = 0, **changes: Any) -> RemediationRecord:
    report = report_of([], {})
    repair = repair_of(report, calls=[LANDED], exit_code=verdict, checks_after=list(checks))
    repair["verdict_after"] = {**repair["verdict_after"], "exit_code": verdict}
    return RemediationRecord.model_validate({**repair, **changes})


def left(why: Why, reason: str) -> dict[str, Any]:
    return {"dataset": "factors", "why": why, "reason": reason, "dates": [EIGHT]}


def called(state: State, detail: str = "") -> list[dict[str, Any]]:
    return [LANDED, {**LANDED, "date": EIGHT, "state": state, "detail": detail}]


FAILS = check_of("factors", [EIGHT])
ORPHAN = check_of("factors", [EIGHT], kind="no_orphan_keys")


@pytest.mark.parametrize(
    ("record", "steps"),
    [
        (record_of(), ("CHECK", "SIGN")),
        (record_of(verdict=5), ("CHECK",)),
        (record_of(calls=called(State.STILL_MISSING), exit_code=4), ("RESUME",)),
        (record_of([FAILS], 1, calls=called(State.BLOCKED), exit_code=4), ("RESUME",)),
        (record_of([FAILS], 1), ("CHECK", "PLAN")),
        (
            record_of([FAILS], 1, unplanned=[left(Why.PASSED, "its checks passed")]),
            ("CHECK", "PLAN"),
        ),
        (
            record_of([FAILS], 1, unplanned=[left(Why.NO_SERVICE, "no service builds it")]),
            ("look at factors, conversion_ratio: no service builds it", "CHECK"),
        ),
        (
            record_of([ORPHAN], 1),
            (
                "look at factors, no_orphan_keys: keys that the upstream lacks: "
                "a backfill does not remove them",
                "CHECK",
            ),
        ),
        (
            record_of([FAILS], 1, calls=called(State.PARTIAL, f"{AS_ITS_UPSTREAM}, it has 1 of 2")),
            (
                "look at factors, conversion_ratio: "
                "it has all that its upstream has, which lacks keys itself",
                "CHECK",
            ),
        ),
        (
            record_of(calls=called(State.MULTIPLIED), exit_code=4),
            ("remove the duplicates, then RESUME",),
        ),
        (record_of(problem="it is gone"), ("resolve the error, then CHECK",)),
        (
            record_of(calls=called(State.UNKNOWN), verdict_after=None, problem="it is gone"),
            ("resolve the error, then RESUME",),
        ),
    ],
)
def test_what_is_next_depends_on_what_is_left(
    record: RemediationRecord, steps: tuple[str, ...]
) -> None:
    assert next_steps(record, CONTRACT, COMMANDS) == steps


def test_a_date_that_got_worse_is_planned_anew() -> None:
    record = record_of()
    worse = {"regressions": [{"date": NINE, "what": "matched keys 2 → 1"}]}
    (change,) = record.model_dump(mode="json")["changes"]
    record = record_of(exit_code=4, changes=[{**change, **worse}])
    assert next_steps(record, CONTRACT, COMMANDS) == ("CHECK", "PLAN")


def test_what_a_service_might_do_twice_is_looked_at_before_it_is_sent_again() -> None:
    raw = raw_contract("http://127.0.0.1:1", Path("w.duckdb"), idempotent=False)
    record = record_of(calls=called(State.UNKNOWN), exit_code=4)
    assert next_steps(record, Contract.model_validate(raw), COMMANDS) == (
        "see that four is not still at work, then RESUME --resend-unknown",
    )


def shown(record: RemediationRecord, detail: Detail = Detail.NORMAL, width: int = 80) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width)
    print_record(console, record, "record.json", detail, ("CHECK", "SIGN"))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_run_ends_with_rules_that_fail_warnings_apart_orphans_and_what_is_next() -> None:
    light = {**check_of("cache", [NINE], kind="date_gap"), "severity": "warning", "observed": 4}
    hidden = {**ORPHAN, "severity": "warning"}
    orphans = [{"dataset": "factors", "of": "summary", "keys": 3, "dates": [EIGHT, NINE]}]
    record = record_of([FAILS, light, hidden], 1, orphans=orphans)
    lines = shown(record)
    assert lines[lines.index("Rules that still fail") :] == [
        "Rules that still fail",
        "L4 factors · 1 date: 2025-01-08",
        "  FAILED  conversion_ratio  50.0 %  ≥ 80 %  1 date  of raw",
        "Warnings, which fail nothing",
        "L4 cache · 1 date: 2025-01-09",
        "  warning  date_gap  4 days  ≤ 1 day  1 date  of raw",
        "Orphans that stay: no call removes them",
        "dataset  of       keys  dates  ranges",
        "factors  summary  3     2      2025-01-08 → 2025-01-09",
        "record record.json",
        "next   CHECK",
        "then   SIGN",
    ]
    out = io.StringIO()
    log = JsonLogReporter(out.write, lambda: datetime(2025, 2, 1, tzinfo=UTC), {})
    log.conclude(record, "record.json", ("CHECK", "SIGN"))
    fails, warns, stay, verdict = map(json.loads, out.getvalue().splitlines())
    assert [entry["severity"] for entry in (fails, warns, stay)] == ["ERROR", "NOTICE", "NOTICE"]
    assert fails["message"].startswith("still fails: factors: conversion_ratio of raw: 50.0 %")
    assert (fails["dates"], stay["dates"], stay["keys"]) == ([EIGHT], [EIGHT, NINE], 3)
    assert stay["message"] == "orphans stay: 3 keys of factors on 2 dates that summary lacks"
    assert verdict["next"] == ["CHECK", "SIGN"]
    summary = "\n".join(line for part in sections_of(record, ("CHECK",)) for line in part)
    assert "| factors | summary | 3 | 2 | 2025-01-08 → 2025-01-09 |" in summary
    assert "| what to do next |\n| --- |\n| CHECK |" in summary


def test_many_rules_that_fail_are_cut_unless_all_are_asked_for() -> None:
    kinds = ("conversion_ratio", "date_gap", "fresh", "filled", "unique_keys", "rows_per_key")
    names = ("factors", "cache", "summary", "scores")
    checks = [check_of(name, [EIGHT], kind=kind) for name in names for kind in kinds]
    some, everything = (shown(record_of(checks, 1), detail) for detail in (Detail(1), Detail(2)))
    assert sum(line.startswith("  FAILED") for line in everything) == len(checks)
    (more,) = (line for line in some if line.endswith("more failed checks: --verbose shows them"))
    assert 0 < sum(line.startswith("  FAILED") for line in some) < 16
    assert not any("--verbose" in line for line in everything), more


def test_the_steps_that_a_run_names_can_be_typed(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (SEVEN, EIGHT)}) as made:
        strict_on_scores(made)
        execute(made.database, "INSERT INTO s.factors VALUES (?, 'odd')", day=NINE)
        made.check()
        typed(made, "plan")
        where = f"--contract {made.folder}/pipeline.yml"
        asked = "--from 2025-01-01 --to 2025-01-20 --as-of 2025-01-21"
        made.service.on("/four", EIGHT, answer(500), land)
        code, said = seen(made, "run", "--yes")
        assert (code, last_lines(said)) == (4, [f"next   python -m remediation resume {where}"])
        code, said = seen(made, "resume")
        sign = f'then   python -m checkpoints signoff --by "your name" {where}'
        assert (code, last_lines(said)) == (
            0,
            [f"next   python -m checkpoints run {asked} {where}", sign],
        )
        assert "factors  summary  1     1      2025-01-09" in said


def last_lines(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith(("next ", "then "))]


def test_a_rule_that_no_call_repairs_is_named_with_what_to_look_at(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (EIGHT,)}) as made:
        without_service(made, "summary")
        delete(made, "summary", "2025-01-12")
        made.check()
        typed(made, "plan")
        code, said = seen(made, "run", "--yes")
        assert code == 1
        lines = said.splitlines()
        heading = lines.index("Rules that still fail")
        assert lines[heading + 1].startswith("L3 summary · 1 date: 2025-01-12")
        assert lines[heading + 2].split()[:2] == ["FAILED", "conversion_ratio"]
        first, then = last_lines(said)
        assert first == (
            "next   look at summary, conversion_ratio: the contract names no service that builds it"
        )
        assert then.startswith("then   python -m checkpoints run --from 2025-01-01")


def without_service(made: Project, name: str) -> None:
    """Every date of it is required, and nobody builds it."""
    datasets = made.raw["datasets"]
    bare = {key: value for key, value in datasets[name].items() if key != "service"}
    bare["rules"] = [{"rule": "conversion_ratio", "of": "raw", "at_least": 1.0}]
    made.change(rules_for_keyed=[], datasets={**datasets, name: bare})
