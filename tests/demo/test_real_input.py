"""The expected side is plain pandas on the CSV files: no project code."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from tests.support.commands import command

SHARED_DATA = Path(os.environ.get("SHARED_DATA", "../shared/data"))
SCHEDULE = SHARED_DATA / "schedule_2021-2025.csv"
COUNTS = SHARED_DATA / "layer_counts_2024-25.csv"
SEASON_FIRST = "2024-10-22"
WARMUP_END = {14: "2024-11-05", 25: "2024-11-16"}  # the first date that is due

pytestmark = pytest.mark.skipif(
    not (SCHEDULE.exists() and COUNTS.exists()),
    reason=f"needs the real pipeline's CSV files in {SHARED_DATA} (set SHARED_DATA)",
)


@dataclass(frozen=True)
class Answer:
    code: int
    report: dict[str, Any]

    def check(self, kind: str, dataset: str, suite: str | None = None) -> dict[str, Any]:
        found = [
            check
            for check in self.report["checks"]
            if (check["kind"], check["dataset"]) == (kind, dataset)
            and (check["suite"] == "cross_layer") == (suite == "cross_layer")
        ]
        assert len(found) == 1
        return dict(found[0])

    def failed(self) -> set[tuple[str, str, str]]:
        return {
            (check["kind"], check["dataset"], check["severity"])
            for check in self.report["checks"]
            if check["outcome"] == "FAILED"
        }


def check(url: str, *window: str) -> Answer:
    done = command(
        *("checkpoints", "check", *window, "--as-of", "2026-01-27"),
        *("--warehouse", url, "--json", "-"),
    )
    assert "Traceback" not in done.stderr
    return Answer(done.returncode, json.loads(done.stdout))


def built(url: str, *arguments: str) -> str:
    done = command("demo", "build", *arguments, "--warehouse", url)
    assert done.returncode == 0, done.stderr
    return url


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """2024-25 as the production warehouse held it."""
    url = f"duckdb:///{tmp_path_factory.mktemp('real') / 'season.duckdb'}"
    built(url, "--schedule", str(SCHEDULE), "--counts", str(COUNTS))
    return check(url, "--season", "2024-25")


@pytest.fixture(scope="module")
def games() -> pd.DataFrame:
    """One row per scheduled date of 2024-25: games that every table should have and has."""
    schedule = pd.read_csv(SCHEDULE, dtype=str)
    schedule = schedule[~schedule["game_id"].str.startswith("003")]
    scheduled = schedule.groupby("game_date").size().rename("scheduled")
    frame = pd.read_csv(COUNTS).set_index("game_date").join(scheduled, how="outer")
    frame = frame[(frame.index >= SEASON_FIRST) & (frame.index <= "2025-06-22")]
    frame["scheduled"] = frame["scheduled"].astype(int)
    for table in ("player_game_summary", "player_composite_factors", "prediction"):
        rows = frame[f"{table}_rows"]
        at_least_one = (rows // 15).clip(lower=1).where(rows > 0, 0)
        frame[table] = at_least_one.clip(upper=frame["scheduled"]).astype(int)
    frame["team_defense"] = (frame["team_defense_game_summary_rows"] + 1) // 2
    return frame


def due(games: pd.DataFrame, warmup: int = 0) -> pd.DataFrame:
    return games[games.index >= WARMUP_END[warmup]] if warmup else games


# dataset, its column here, what it is compared with, warm-up days
BY_GAME = [
    ("bdl_player_boxscores", "bdl_games", "scheduled", 0, None),
    ("nbac_gamebook_player_stats", "gamebook_games", "scheduled", 0, None),
    ("player_game_summary", "player_game_summary", "bdl_games", 0, None),
    ("team_defense_game_summary", "team_defense", "bdl_games", 0, None),
    ("player_composite_factors", "player_composite_factors", "bdl_games", 14, None),
    ("prediction_accuracy", "prediction", "bdl_games", 14, None),
    ("player_game_summary", "player_game_summary", "bdl_games", 0, "cross_layer"),
    (
        "player_composite_factors",
        "player_composite_factors",
        "player_game_summary",
        14,
        "cross_layer",
    ),
    ("prediction_accuracy", "prediction", "player_composite_factors", 14, "cross_layer"),
]


@pytest.mark.parametrize(("dataset", "column", "of", "warmup", "suite"), BY_GAME)
def test_coverage_of_the_real_season_is_what_the_csv_files_say(
    season: Answer,
    games: pd.DataFrame,
    dataset: str,
    column: str,
    of: str,
    warmup: int,
    suite: str | None,
) -> None:
    frame = due(games, warmup)
    expected = frame[of]
    matched = frame[column].clip(upper=expected)
    found = season.check("conversion_ratio", dataset, suite)
    assert (found["matched"], found["expected"]) == (matched.sum(), expected.sum())
    assert found["observed"] == pytest.approx(matched.sum() / expected.sum())
    assert found["unexpected_dates"] == list(frame.index[matched < expected])
    assert found["outcome"] == "PASSED"


@pytest.mark.parametrize(
    ("dataset", "column", "warmup"),
    [
        ("team_defense_zone_analysis", "team_defense_zone_analysis_rows", 25),
        ("player_daily_cache", "player_daily_cache_rows", 14),
    ],
)
def test_coverage_of_tables_without_a_game_key_is_in_dates(
    season: Answer, games: pd.DataFrame, dataset: str, column: str, warmup: int
) -> None:
    frame = due(games, warmup)
    there = frame[column] > 0
    found = season.check("conversion_ratio", dataset)
    assert (found["matched"], found["expected"]) == (there.sum(), len(frame))
    assert found["unexpected_dates"] == list(frame.index[~there])


def test_every_daily_ratio_is_what_the_csv_files_say(season: Answer, games: pd.DataFrame) -> None:
    frame = due(games, 14)
    ratio = frame["player_composite_factors"] / frame["player_game_summary"]
    found = season.check("daily_conversion_ratio", "player_composite_factors")
    assert found["unexpected_dates"] == list(frame.index[ratio < 0.8])
    assert found["unexpected_dates"] == ["2025-02-20", "2025-02-21"]
    assert found["observed"] == pytest.approx(ratio.min())
    assert found["outcome"] == "FAILED"


def test_orphans_are_the_games_beyond_those_upstream(season: Answer, games: pd.DataFrame) -> None:
    defense = games["team_defense"] - games["bdl_games"]
    found = season.check("no_orphan_keys", "team_defense_game_summary")
    assert found["observed"] == defense.clip(lower=0).sum() == 1
    assert found["unexpected_dates"] == list(games.index[defense > 0]) == ["2024-10-22"]
    early = games["prediction"] - games["player_composite_factors"]
    found = season.check("no_orphan_keys", "prediction_accuracy")
    assert found["observed"] == early.clip(lower=0).sum()
    assert found["unexpected_dates"] == list(games.index[early > 0])


def test_the_verdict_on_the_real_season(season: Answer, games: pd.DataFrame) -> None:
    assert season.code == 1
    assert season.failed() == {
        ("conversion_ratio", "nbac_player_boxscores", "critical"),
        ("date_gap", "nbac_player_boxscores", "critical"),
        ("daily_conversion_ratio", "nbac_player_boxscores", "critical"),
        ("daily_conversion_ratio", "player_composite_factors", "critical"),
        ("no_orphan_keys", "team_defense_game_summary", "warning"),
        ("no_orphan_keys", "prediction_accuracy", "warning"),
    }
    absent = season.check("conversion_ratio", "nbac_player_boxscores")
    assert (absent["matched"], absent["expected"]) == (0, games["scheduled"].sum())
    assert absent["unexpected_dates"] == list(games.index)


def test_missing_dates_per_dataset(season: Answer, games: pd.DataFrame) -> None:
    zone = due(games, 25)["team_defense_zone_analysis_rows"]
    expected = {
        "nbac_player_boxscores": list(games.index),
        "team_defense_zone_analysis": list(zone.index[zone == 0]),
    }
    for record in season.report["datasets"]:
        missing = [
            day
            for day, status, due_keys, _, matched, *_ in record["days"]
            if status == "due" and due_keys and not matched
        ]
        assert missing == expected.get(record["name"], []), record["name"]


def test_all_star_events_are_not_expected(season: Answer) -> None:
    dates = {day[0] for record in season.report["datasets"] for day in record["days"]}
    assert not dates & {"2025-02-14", "2025-02-16"}


FOUR_SEASONS = ("--from", "2021-10-19", "--to", "2025-06-22")
FIRSTS = ("2021-10-19", "2022-10-18", "2023-10-24", "2024-10-22")


@pytest.fixture(scope="module")
def four_seasons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("real") / "four.duckdb"
    built(f"duckdb:///{path}", "--schedule", str(SCHEDULE))
    return path


def due_games() -> pd.Series:
    """Games per date that the precompute layer owes over the four seasons."""
    schedule = pd.read_csv(SCHEDULE, parse_dates=["game_date"], dtype={"game_id": str})
    per_date = schedule[~schedule["game_id"].str.startswith("003")].groupby("game_date").size()
    for first in map(pd.Timestamp, FIRSTS):
        warm = (per_date.index >= first) & (per_date.index < first + pd.Timedelta(days=14))
        per_date = per_date[~warm]
    return per_date


def test_four_seasons_from_the_schedule_alone_are_complete(four_seasons: Path) -> None:
    answer = check(f"duckdb:///{four_seasons}", *FOUR_SEASONS)
    assert answer.code == 0
    assert answer.failed() == set()
    found = answer.check("conversion_ratio", "player_composite_factors")
    assert found["matched"] == found["expected"] == due_games().sum()


def test_a_hole_in_one_of_four_seasons_is_found(four_seasons: Path, tmp_path: Path) -> None:
    path = tmp_path / "hole.duckdb"
    path.write_bytes(four_seasons.read_bytes())
    with duckdb.connect(path) as db:
        db.execute(
            "DELETE FROM nba_precompute.player_composite_factors "
            "WHERE game_date BETWEEN '2023-01-10' AND '2023-01-20'"
        )
    answer = check(f"duckdb:///{path}", *FOUR_SEASONS)
    per_date = due_games()
    hole = per_date["2023-01-10":"2023-01-20"]  # type: ignore[misc]
    dates = [f"{day:%Y-%m-%d}" for day in hole.index]
    found = answer.check("conversion_ratio", "player_composite_factors")
    assert (found["matched"], found["expected"]) == (per_date.sum() - hole.sum(), per_date.sum())
    assert found["unexpected_dates"] == dates
    gap = answer.check("date_gap", "player_composite_factors")
    assert (gap["outcome"], gap["observed"]) == ("FAILED", 11)
    assert gap["unexpected_dates"] == dates
    assert answer.code == 1
