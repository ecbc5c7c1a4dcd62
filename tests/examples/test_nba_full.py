"""``examples/nba_full``: its script on a copy, and what it finds in the demo's warehouse."""

from __future__ import annotations

from pathlib import Path

from checkpoints.errors import ExitCode
from remediation.ledger.plans import plans_folder, read_plan
from tests.support.examples import copied, reports, rows, run
from tests.support.incidents import failed


def test_the_rows_of_a_season_are_judged_and_people_get_a_list(tmp_path: Path) -> None:
    example = copied("nba_full", tmp_path)
    done = run(example)
    assert done.returncode == 0, done.stdout + done.stderr

    (report,) = reports(example)
    assert report.verdict.exit_code == ExitCode.INCOMPLETE
    lines = failed(report)
    assert {
        "team_boxscores rows_per_key by game_id: 2025-03-03",
        "play_by_play rows_per_key by game_id: 2025-03-21",
        "prediction_accuracy agrees predicted_points: 2024-12-13",
    } <= {*lines}

    lost = rows(
        tmp_path / "demo" / "warehouse.duckdb",
        "SELECT game_date FROM nba_analytics.player_game_summary"
        " WHERE game_date BETWEEN '2024-11-05' AND '2025-06-22'"  # warmed up
        " EXCEPT SELECT game_date FROM nba_precompute.ml_feature_store ORDER BY 1",
    )
    found = [
        check.unexpected_dates
        for check in report.checks
        if (check.dataset, check.kind) == ("ml_feature_store", "daily_conversion_ratio")
    ]
    assert len(lost) == 175
    assert found == [tuple(day for (day,) in lost)]

    (path,) = plans_folder(example).glob("*.json")
    plan = read_plan(path)
    listed = {(entry.dataset, day) for entry in plan.unplanned for day in entry.dates}
    assert plan.calls == ()
    assert {("ml_feature_store", day) for (day,) in lost} <= listed
