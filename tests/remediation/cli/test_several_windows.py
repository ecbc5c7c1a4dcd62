"""A run that judged several windows is planned, repaired and judged again over the same ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from checkpoints import check
from checkpoints.archive.remediation import RemediationRecord
from checkpoints.archive.report import Report
from checkpoints.archive.runs import save_report
from tests.support.remediation_commands import newest, typed
from tests.support.reports import calls
from tests.support.scripted_service import TODAY, Project, project

WEEK, SEASON = "last 7 days", "season 2025 so far"
OLD = "2025-01-07"
BOTH = [{"window": "7d"}, {"window": "season", "rules": ["daily_conversion_ratio"]}]


def halved(made: Project, day: str, *tables: str) -> None:
    """Each of the tables keeps one of the two games of a day."""
    with duckdb.connect(str(made.database)) as connection:
        for table in tables:
            connection.execute(f"DELETE FROM s.{table} WHERE d = ? AND k LIKE '%1'", [day])


def judged(made: Project) -> Report:
    """The season for dates that lack keys, and the last days by every rule."""
    rules: dict[str, list[Any]] = {
        "summary": [
            {"rule": "conversion_ratio", "at_least": 0.9},
            {"rule": "daily_conversion_ratio", "at_least": 0.9},
        ],
        "factors": [{"rule": "daily_conversion_ratio", "at_least": 0.9}],
        "scores": [{"rule": "conversion_ratio", "at_least": 1.0}],
    }
    datasets = made.raw["datasets"]
    changed = {name: {**datasets[name], "rules": found} for name, found in rules.items()}
    suites = made.raw["checkpoints"]["after_backfill"]["suites"]
    made.change(
        datasets={**datasets, **changed},
        rules_for_keyed=[],
        checkpoints={"daily": {"suites": suites, "windows": BOTH}},
    )
    report = check(made.file(), checkpoint="daily", as_of=TODAY)
    save_report(made.folder, report)
    return report


def test_what_will_fail_is_foreseen_over_the_window_of_each_check(tmp_path: Path) -> None:
    with project(tmp_path, {}) as made:
        halved(made, OLD, "summary", "factors", "scores")
        report = judged(made)
        assert [(c.dataset, c.window) for c in report.checks if c.outcome == "FAILED"] == [
            ("summary", SEASON)
        ]
        typed(made, "plan")
        # The scores will lack a game of that day, and are judged over the last days alone.
        assert calls(newest(made)) == ["three 01-07 summary", "four 01-07 factors"]


def test_after_a_backfill_the_same_windows_are_judged_again(tmp_path: Path) -> None:
    with project(tmp_path, {}) as made:
        halved(made, OLD, "summary", "factors")
        report = judged(made)
        typed(made, "plan")
        code, out, err = typed(made, "run", "--yes", "--json", "-")
        assert code == 0, err
        record = RemediationRecord.model_validate_json(out)
        assert [(c.id, c.window) for c in record.checks_after] == [
            (c.id, c.window) for c in report.checks
        ]
        assert record.window == report.window
        assert {c.window for c in record.checks_after} == {WEEK, SEASON}
        (summary,) = (change for change in record.changes if change.dataset == "summary")
        assert summary.after is not None
        assert (summary.before.matched, summary.before.expected) == (39, 40)
        assert (summary.after.matched, summary.after.expected) == (40, 40)
