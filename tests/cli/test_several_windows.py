"""A checkpoint that judges several windows: the last days by all rules, the season for holes."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from checkpoints import check, load_contract
from checkpoints.archive.report import Report
from checkpoints.dates import DateRange
from checkpoints.rules.rule import Outcome
from checkpoints.warehouse import duckdb as engine
from remediation.plan.model import Plan
from tests.support.commands import command
from tests.support.projects import project_of
from tests.support.warehouses import BASIC, D, days, fill, write_contract

TODAY = ("--as-of", "2025-08-31")
WINDOWS = [{"window": "7d"}, {"window": "season", "rules": ["date_gap", "daily_conversion_ratio"]}]
SUITES = ["reference", "L1", "L3", "L4"]
LAST_DAYS, SEASON = "last 7 days", "season 2025 so far"
FULL = days("2025-01-01", "2025-08-31")
HOLE = DateRange(D("2025-02-10"), D("2025-05-29"))
"""109 days, three months before today."""

LOST = [row for row in FULL if row[0] not in HOLE]
DOCUMENTED = {
    "dataset": "factors", "from": HOLE.first, "to": HOLE.last,
    "reason": "source lost", "owner": "data-eng", "until": D("2025-12-31"),
}  # fmt: skip


def raw(windows: list[dict[str, Any]] = WINDOWS, **changes: Any) -> dict[str, Any]:
    """The contract, with a service that builds the factors and windows for ``daily``."""
    made = copy.deepcopy(BASIC)
    made["seasons"] = [{"name": "2025", "from": "2025-01-01", "to": "2025-12-31"}]
    made["datasets"]["factors"]["rules"].append({"rule": "date_gap", "at_most_days": 3})
    made["datasets"]["factors"]["service"] = "phase4"
    made["services"] = {"phase4": {"url": "http://127.0.0.1:1", "path": "/process/{date}"}}
    made["checkpoints"]["daily"] = {"suites": SUITES, "windows": windows}
    return {**made, **changes}


def filled(folder: Path, **tables: Any) -> str:
    return fill(folder / "w.duckdb", {**dict.fromkeys(BASIC["datasets"], FULL), **tables})


def judged(folder: Path, windows: list[dict[str, Any]] = WINDOWS, **options: Any) -> Report:
    """Judged by the rules, on the warehouse of the folder."""
    url = f"duckdb:///{folder / 'w.duckdb'}"
    contract = load_contract(write_contract(folder, raw(windows, warehouse=url)))
    return check(contract, **{"checkpoint": "daily", "as_of": D("2025-08-31"), **options})


def test_an_old_hole_is_red_every_day_until_it_is_repaired_or_documented(tmp_path: Path) -> None:
    file = project_of(tmp_path, raw(warehouse=filled(tmp_path, factors=LOST)))
    contract = ("--contract", str(file.path))
    for verb in ("check", "run"):
        done = command("checkpoints", verb, "--checkpoint", "daily", *TODAY, *contract)
        assert done.returncode == 1, done.stderr
        assert f"L4 factors · 109 dates: {HOLE}" in done.stdout
        assert (
            f"date_gap                109 days  ≤ 3 days  109 dates  over the {SEASON}"
            in done.stdout
        )
    planned = command("remediation", "plan", "--json", "-", *contract)
    plan = Plan.model_validate_json(planned.stdout)
    assert [call.date for call in plan.calls] == HOLE.dates()
    write_contract(file.project, raw(warehouse=file.contract.warehouse, known_gaps=[DOCUMENTED]))
    command("checkpoints", "suites", *contract)
    done = command("checkpoints", "run", "--checkpoint", "daily", *TODAY, *contract)
    assert (done.returncode, "COMPLETE" in done.stdout) == (0, True)


def test_both_windows_are_answered_by_one_read_of_each_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def recorded(statement: Any) -> Any:
        sql, parameters = compiled(statement)
        sent.append(sql)
        return sql, parameters

    filled(tmp_path, factors=LOST)
    compiled = engine.compiled
    monkeypatch.setattr(engine, "compiled", recorded)
    report = judged(tmp_path)
    reads = [sql for sql in sent if "LIMIT" not in sql]  # the others look up columns: no row
    assert len(reads) == len(report.statements) == 1
    found = Counter(re.findall(r'FROM "s"."(\w+)"', reads[0]))
    assert found == dict.fromkeys(BASIC["datasets"], 1)


def test_each_check_is_judged_on_its_own_window_as_alone(tmp_path: Path) -> None:
    rows = [r for r in LOST if r[0] not in (D("2025-08-27"), D("2025-08-28"))]
    filled(tmp_path, factors=rows, summary=LOST)
    report = judged(tmp_path)
    alone = {
        LAST_DAYS: judged(tmp_path, last_days="7d"),
        SEASON: judged(tmp_path, first=D("2025-01-01"), last=D("2025-08-31")),
    }
    for found in report.checks:
        (same,) = (
            c
            for c in alone[found.window].checks
            if (c.suite, c.kind, c.pair) == (found.suite, found.kind, found.pair)
        )
        assert found.model_copy(update={"id": "", "window": ""}) == same.model_copy(
            update={"id": ""}
        )
    kinds = {c.kind for c in report.checks if c.window == SEASON}
    assert kinds == {"date_gap", "daily_conversion_ratio"}
    assert report.verdict.declared == len(report.checks) == len({c.id for c in report.checks})
    last_days = [c.id for c in report.checks if c.window == LAST_DAYS]
    assert last_days == [c.id for c in alone[LAST_DAYS].checks]


def test_keys_are_shown_first_of_what_fails_in_any_window(tmp_path: Path) -> None:
    tolerated = DateRange(D("2025-05-01"), D("2025-07-31")).dates()
    filled(
        tmp_path,
        raw=[row for row in FULL if row[0] not in tolerated or row[1].endswith("0")],
        factors=[row for row in FULL if row != (D("2025-02-10"), "20250210_0")],
    )
    shown = {(k.dataset, k.date): k.missing for k in judged(tmp_path).keys}
    assert shown["factors", D("2025-02-10")] == (("20250210_0",),)
    assert ("raw", tolerated[0]) not in shown


def test_the_report_is_of_the_union_and_names_every_window(tmp_path: Path) -> None:
    filled(tmp_path)
    report = judged(tmp_path)
    season, week = (DateRange(D(d), D("2025-08-31")) for d in ("2025-01-01", "2025-08-25"))
    assert report.window == season
    assert report.window_label == f"{LAST_DAYS} and {SEASON}"
    assert report.windows == {LAST_DAYS: week, SEASON: season}
    old = judged(tmp_path, season="2025")
    assert (old.windows, {c.window for c in old.checks}) == ({}, {""})


def test_a_reference_that_stopped_is_found_in_the_last_days_and_in_the_season(
    tmp_path: Path,
) -> None:
    windows = [{"window": "3d"}, {"window": "season", "rules": ["up_to_date"]}]
    for last, outcome in (("2025-08-21", Outcome.PASSED), ("2025-08-20", Outcome.FAILED)):
        filled(tmp_path, schedule=days("2025-01-01", last))
        found = [c for c in judged(tmp_path, windows).checks if c.kind == "up_to_date"]
        assert [c.window for c in found] == ["last 3 days", SEASON]
        assert {c.outcome for c in found} == {outcome}
        alone = judged(tmp_path, last_days="3d").checks
        assert {c.outcome for c in alone if c.kind == "up_to_date"} == {outcome}


def test_a_window_of_days_that_is_longer_than_the_season_so_far_reads_its_own_days(
    tmp_path: Path,
) -> None:
    filled(tmp_path)
    report = judged(tmp_path, as_of=D("2025-01-04"))
    assert report.window == DateRange(D("2024-12-29"), D("2025-01-04"))
    assert report.windows[SEASON] == DateRange(D("2025-01-01"), D("2025-01-04"))


def test_between_two_seasons_there_is_no_season_to_look_at(tmp_path: Path) -> None:
    write_contract(tmp_path, raw(warehouse=filled(tmp_path)))
    contract = ("--contract", str(tmp_path / "pipeline.yml"), "--checkpoint", "daily")
    done = command("checkpoints", "check", *contract, "--as-of", "2026-01-05")
    assert done.returncode == 2
    assert "no season of the contract contains 2026-01-05" in done.stderr


def test_ci_and_pages_tell_the_windows_apart(tmp_path: Path) -> None:
    file = project_of(tmp_path, raw(warehouse=filled(tmp_path, factors=LOST)))
    junit, summary = tmp_path / "junit.xml", tmp_path / "summary.md"
    asked = ("--checkpoint", "daily", *TODAY, "--contract", str(file.path), "--json", "-")
    done = command("checkpoints", "run", *asked, "--junit", str(junit), "--markdown", str(summary))
    report = Report.model_validate_json(done.stdout)
    cases = [case.attrib["name"] for case in ElementTree.parse(junit).getroot().iter("testcase")]
    assert len(cases) == len(set(cases)) == len(report.checks)
    gap = "factors: date_gap of summary over the"
    assert {f"{gap} {LAST_DAYS}", f"{gap} {SEASON}"} <= set(cases)
    assert f"of summary over the {SEASON}" in summary.read_text()
    site = file.project / "uncommitted" / "data_docs" / "local_site"
    page = (site / "signoff" / f"{report.run_id}.html").read_text()
    assert f"over the {SEASON}</span></td>\n<td>109 days, required ≤ 3 days<br>" in page
    assert page.count(">result over daily-season<") == 2
    (docs,) = (p.read_text() for p in site.glob("validations/L4@daily-season/**/*.html"))
    assert "no gap longer than 3 days against summary, over the season" in docs
    assert "2025-01-01 to 2025-08-31" in docs
    (week,) = (p.read_text() for p in site.glob("validations/L4/**/*.html"))
    assert "2025-08-25 to 2025-08-31" in week


def test_a_window_of_the_command_line_takes_precedence_and_all_rules_judge_it(
    tmp_path: Path,
) -> None:
    file = project_of(tmp_path, raw(warehouse=filled(tmp_path, factors=LOST)))
    asked = ("--checkpoint", "daily", *TODAY, "--contract", str(file.path), "--json", "-")
    for given in (("--last", "30d"), ("--from", "2025-06-01", "--to", "2025-08-01")):
        report = Report.model_validate_json(command("checkpoints", "run", *given, *asked).stdout)
        assert (report.verdict.exit_code, report.windows) == (0, {})
        assert len(report.checks) == 14


def test_a_green_run_of_several_windows_is_signed_and_verified(tmp_path: Path) -> None:
    file = project_of(tmp_path, raw(warehouse=filled(tmp_path)))
    contract = ("--contract", str(file.path))
    assert command("checkpoints", "run", "--checkpoint", "daily", *TODAY, *contract).returncode == 0
    signed = command("checkpoints", "signoff", "--by", "Ada", *contract)
    assert signed.returncode == 0, signed.stderr
    (page,) = (file.project / "uncommitted/data_docs/local_site/signoff").glob("*.html")
    assert command("checkpoints", "signoff", "--verify", str(page), *contract).returncode == 0
    assert command("checkpoints", "run", "--checkpoint", "daily", *TODAY, *contract).returncode == 0
    history = command("checkpoints", "history", *contract)
    assert f"daily · {LAST_DAYS} and {SEASON} · 2 runs" in history.stdout


def test_only_a_window_that_all_rules_judge_shares_its_suites(tmp_path: Path) -> None:
    windows = [{"window": "season", "rules": ["date_gap"]}, {"window": "7d"}, {"window": "30d"}]
    file = project_of(tmp_path, raw(windows))
    stored = json.loads((file.project / "checkpoints/daily.json").read_text())
    assert [d["name"] for d in stored["validation_definitions"]] == [
        *SUITES, "L3@daily-season", "L4@daily-season",
        *(f"{suite}@daily-30d" for suite in SUITES),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("daily", "said"),
    [
        ({"windows": []}, "checkpoints.daily.windows: is empty: give at least one"),
        ({"window": "7d", "windows": WINDOWS}, "checkpoints.daily: has both window and windows"),
        ({"windows": [{"window": "7w"}]},
         "windows[0].window: is neither a number of days, such as 7d, nor season, got '7w'"),
        ({"windows": [{"window": "7d"}, {"window": "7d", "rules": ["date_gap"]}]},
         "checkpoints.daily.windows[1].window: '7d' is declared twice"),
        ({"windows": [{"window": "7d", "rules": ["date_gaps"]}]},
         "checkpoints.daily.windows[0].rules: unknown rule 'date_gaps': did you mean 'date_gap'?"),
        ({"windows": [{"window": "7d", "rules": ["recent_coverage"]}]},
         "windows[0].rules: leave no check in its suites: name a rule that they have"),
        ({"windows": [{"window": "7d", "rules": []}]}, "windows[0].rules: leave no check"),
    ],
)  # fmt: skip
def test_windows_that_cannot_be_judged_are_problems_of_the_contract(
    tmp_path: Path, daily: dict[str, Any], said: str
) -> None:
    made = raw(warehouse=filled(tmp_path))
    made["checkpoints"]["daily"] = {"suites": SUITES, **daily}
    write_contract(tmp_path, made)
    done = command(
        "checkpoints", "check", "--checkpoint", "daily", *TODAY,
        "--contract", str(tmp_path / "pipeline.yml"),
    )  # fmt: skip
    assert done.returncode == 2
    assert said in done.stderr
