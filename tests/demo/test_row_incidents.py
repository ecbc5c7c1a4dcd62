"""Healthy rows, the small incidents in them, and what calling the services again makes of each."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.layers import BOX_SCORES, PHASES
from demo.processors import Call, answer, parse_call
from demo.row_incidents import (
    IN_KEYS,
    IN_ROWS,
    SHOWN,
    Incident,
    append_twice,
    compute_too_early,
    exceed_bounds,
    grade_half,
    grade_otherwise,
    lose_a_team,
    lose_players,
    lose_usage_rates,
)
from demo.tables import COLUMNS
from demo.warehouse import Writer, build, fill_demo
from tests.support.commands import command

SUMMARY = "nba_analytics.player_game_summary"
DEFENSE = "nba_analytics.team_defense_game_summary"
FACTORS = "nba_precompute.player_composite_factors"
PREDICTIONS = "nba_predictions.player_predictions"
GRADES = "nba_predictions.prediction_accuracy"
NOW = datetime(2026, 1, 4, 9, 30)

LOOKS_BACK = (
    (SUMMARY, "game_date", BOX_SCORES[0], 0),
    (DEFENSE, "game_date", BOX_SCORES[0], 0),
    (FACTORS, "game_date", SUMMARY, 14),
    ("nba_precompute.team_defense_zone_analysis", "analysis_date", DEFENSE, 60),
    ("nba_precompute.player_daily_cache", "cache_date", SUMMARY, 30),
    ("nba_precompute.ml_feature_store", "game_date", FACTORS, 0),
    (PREDICTIONS, "game_date", FACTORS, 0),
    (GRADES, "game_date", PREDICTIONS, 0),
)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("healthy") / "warehouse.duckdb"
    build(path, fill_demo)
    return path


@pytest.fixture(scope="module")
def hurt(healthy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hurt") / "warehouse.duckdb"
    build(path, fill_demo, (*IN_ROWS, *IN_KEYS))
    return path


Ask = Callable[[str], list[Any]]


@pytest.fixture
def ask(hurt: Path) -> Iterator[Ask]:
    with duckdb.connect(hurt, read_only=True) as db:
        yield lambda query: db.execute(query).fetchall()


def stale_dates(path: Path, table: str, day: str, of: str, back: int) -> list[str]:
    """Dates with rows as old as the latest that they were made from, or older."""
    written = "loaded_at" if of in BOX_SCORES else "processed_at"
    with duckdb.connect(path, read_only=True) as db:
        found = db.execute(
            f"""
            WITH made AS (SELECT {day} AS d, min(processed_at) AS first FROM {table} GROUP BY 1)
            SELECT d::VARCHAR FROM made JOIN {of} u ON u.game_date BETWEEN d - {back} AND d
            GROUP BY d, first HAVING first <= max(u.{written}) ORDER BY d
            """
        )
        return [row[0] for row in found.fetchall()]


@pytest.mark.parametrize(("table", "day", "of", "back"), LOOKS_BACK)
def test_healthy_rows_are_younger_than_all_that_they_were_made_from(
    healthy: Path, table: str, day: str, of: str, back: int
) -> None:
    assert stale_dates(healthy, table, day, of, back) == []
    with duckdb.connect(healthy, read_only=True) as db:
        assert db.execute(f"FROM {table} WHERE processed_at IS NULL").fetchall() == []


@pytest.mark.parametrize(
    ("healthy_rows", "expected"),
    [
        ("SELECT DISTINCT game_status FROM nba_raw.nbac_schedule", [("Final",)]),
        (
            "SELECT min(loaded_at - game_date) = max(loaded_at - game_date) "
            "AND min(loaded_at - game_date) = INTERVAL 30 HOUR FROM nba_raw.bdl_player_boxscores",
            [(True,)],
        ),
        (f"SELECT count(*) FROM {SUMMARY} WHERE usage_rate IS NULL", [(0,)]),
        (f"SELECT count(*) FROM {SUMMARY} WHERE usage_rate NOT BETWEEN 0.02 AND 0.8", [(0,)]),
        (f"SELECT median(usage_rate) BETWEEN 0.19 AND 0.21 FROM {SUMMARY}", [(True,)]),
        (
            f"SELECT count(*) FROM {GRADES} g FULL JOIN {PREDICTIONS} p USING "
            "(game_date, game_id, player_id) "
            "WHERE g.predicted_points IS DISTINCT FROM p.predicted_points",
            [(0,)],
        ),
        (
            "SELECT DISTINCT count(*) FROM nba_raw.team_boxscores GROUP BY game_date, game_id",
            [(2,)],
        ),
        (
            "SELECT DISTINCT count(*), min(period), max(period) FROM nba_raw.play_by_play "
            "GROUP BY game_date, game_id",
            [(10, 1, 4)],
        ),
        (
            f"SELECT count(*) FROM nba_precompute.ml_feature_store f FULL JOIN {FACTORS} c USING "
            "(game_date, game_id, player_id) WHERE f.features IS NULL OR c.game_id IS NULL",
            [(0,)],
        ),
    ],
)
def test_without_incidents_rows_are_healthy(
    healthy: Path, healthy_rows: str, expected: list[Any]
) -> None:
    with duckdb.connect(healthy, read_only=True) as db:
        assert db.execute(healthy_rows).fetchall() == expected


def test_a_backfill_appended_one_date_twice(ask: Ask) -> None:
    found = ask(
        f"SELECT game_date::VARCHAR, count(*) AS rows, count(DISTINCT player_id) AS keys "
        f"FROM {SUMMARY} GROUP BY 1 HAVING rows > keys"
    )
    assert found == [("2025-01-17", 402, 201)]


def test_71_percent_of_the_usage_rates_of_three_dates_are_missing(ask: Ask) -> None:
    found = ask(
        f"SELECT game_date::VARCHAR, round(100 * avg((usage_rate IS NULL)::INTEGER)) "
        f"FROM {SUMMARY} GROUP BY 1 HAVING count(*) > count(usage_rate) ORDER BY 1"
    )
    assert found == [("2025-02-03", 71), ("2025-02-04", 71), ("2025-02-05", 71)]


def test_the_usage_rates_of_one_team_are_239_percent(ask: Ask) -> None:
    found = ask(
        f"SELECT game_date::VARCHAR, team, usage_rate, count(*) FROM {SUMMARY} "
        "WHERE usage_rate > 1 GROUP BY ALL"
    )
    assert found == [("2025-02-21", "BKN", 2.39, 10)]


@pytest.mark.parametrize("table", [DEFENSE, "nba_raw.team_boxscores"])
def test_one_game_has_one_team(ask: Ask, table: str) -> None:
    game = f"SELECT game_date::VARCHAR, game_id, count(*) FROM {table} GROUP BY 1, 2"
    assert ask(f"{game} HAVING count(*) < 2") == [("2025-03-03", "20250303_ATL_PHI", 1)]


def test_one_game_has_four_players(ask: Ask) -> None:
    game = f"SELECT game_date::VARCHAR, game_id, count(*) FROM {SUMMARY} GROUP BY 1, 2"
    assert ask(f"{game} HAVING count(*) < 18") == [("2025-03-10", "20250310_CHA_CHI", 4)]


def test_the_play_by_play_of_one_date_has_a_tenth_of_its_rows(ask: Ask) -> None:
    found = ask(
        "SELECT game_date::VARCHAR, count(*) AS events, count(DISTINCT game_id) AS games "
        "FROM nba_raw.play_by_play GROUP BY 1 HAVING events < 10 * games"
    )
    assert found == [("2025-03-21", 10, 10)]


@pytest.mark.parametrize(("table", "day", "of", "back"), LOOKS_BACK)
def test_features_predictions_and_grades_of_three_dates_are_stale(
    hurt: Path, table: str, day: str, of: str, back: int
) -> None:
    stale = ["2024-12-06", "2024-12-07", "2024-12-08"]
    expected = stale if table in (FACTORS, PREDICTIONS, GRADES) else []
    assert stale_dates(hurt, table, day, of, back) == expected


def test_the_grades_of_one_date_are_of_other_predictions(ask: Ask) -> None:
    found = ask(
        f"SELECT g.game_date::VARCHAR, count(*) FROM {GRADES} g JOIN {PREDICTIONS} p USING "
        "(game_date, game_id, player_id) WHERE g.predicted_points <> p.predicted_points GROUP BY 1"
    )
    assert found == [("2024-12-13", 204)]


def test_half_of_a_day_is_ungraded(ask: Ask) -> None:
    found = ask(
        "SELECT p.game_date::VARCHAR, count(DISTINCT p.game_id) AS predicted, "
        f"count(DISTINCT g.game_id) AS graded FROM {PREDICTIONS} p "
        f"LEFT JOIN {GRADES} g ON g.game_date = p.game_date AND g.game_id = p.game_id "
        "GROUP BY 1 HAVING predicted > graded"
    )
    assert found == [("2024-12-19", 4, 2)]


def test_one_game_was_postponed_on_a_date_with_others(ask: Ask) -> None:
    games = "FROM nba_raw.nbac_schedule WHERE game_date = '2025-01-11'"
    assert ask(f"SELECT game_code {games} AND game_status <> 'Final'") == [("20250111_SAS_LAL",)]
    assert ask(f"SELECT count(*) {games}") == [(9,)]
    for table in BOX_SCORES:
        assert ask(f"FROM {table} WHERE game_id = '20250111_SAS_LAL'") == []


def test_a_source_was_retired(ask: Ask) -> None:
    last = [ask(f"SELECT max(game_date)::VARCHAR FROM {table}") for table in BOX_SCORES]
    assert last == [[("2026-01-02",)], [("2026-01-02",)], [("2025-11-19",)]]


def test_what_keys_do_not_show_leaves_every_key_where_it_was(healthy: Path, tmp_path: Path) -> None:
    path = tmp_path / "unseen.duckdb"
    build(path, fill_demo, IN_ROWS)
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{healthy}' AS a (READ_ONLY)")
        db.execute(f"ATTACH '{path}' AS b (READ_ONLY)")
        for table, columns in COLUMNS.items():
            date, key = (part.split()[0] for part in columns.split(",")[:2])
            assert key in ("game_id", "team", "player_id"), f"{table} has no key beside its date"
            keys = f"SELECT DISTINCT {date}, {key} FROM"
            assert db.execute(f"{keys} a.{table} EXCEPT {keys} b.{table}").fetchall() == []
            assert db.execute(f"{keys} b.{table} EXCEPT {keys} a.{table}").fetchall() == []


def test_the_command_builds_what_is_shown_and_not_into_a_schedule_of_ones_own(
    tmp_path: Path,
) -> None:
    path, schedule = tmp_path / "w.duckdb", tmp_path / "s.csv"
    schedule.write_text("game_id,game_date\n0022400501,2025-01-17\n")
    twice = f"SELECT count(*) > count(DISTINCT player_id) FROM {SUMMARY} WHERE game_date = "
    for arguments in ((), ("--schedule", str(schedule))):
        done = command("demo", "build", *arguments, "--warehouse", f"duckdb:///{path}")
        assert done.returncode == 0, done.stderr
        with duckdb.connect(path, read_only=True) as db:
            there = append_twice in SHOWN and not arguments
            assert db.execute(twice + "'2025-01-17'").fetchall() == [(there,)]


def called(phase: int, day: str) -> Call:
    route, name = ("process-date", "analysis_date") if phase == 3 else ("process", "game_date")
    body = json.dumps({name: day}).encode()
    call = parse_call(f"/phase{phase}/{route}", body)
    assert call is not None
    return call


@pytest.mark.parametrize(
    ("incident", "phases", "days"),
    [
        (append_twice, (3,), ["2025-01-17"]),
        (lose_usage_rates, (3,), ["2025-02-03", "2025-02-04", "2025-02-05"]),
        (exceed_bounds, (3,), ["2025-02-21"]),
        (lose_a_team, (3,), ["2025-03-03"]),
        (lose_players, (3,), ["2025-03-10"]),
        (compute_too_early, (4, 5), ["2024-12-06", "2024-12-07", "2024-12-08"]),
        (grade_otherwise, (5,), ["2024-12-13"]),
        (grade_half, (5,), ["2024-12-19"]),
    ],
)
def test_calling_again_repairs_it(
    healthy: Path, tmp_path: Path, incident: Incident, phases: Sequence[int], days: list[str]
) -> None:
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(healthy, path)
    with duckdb.connect(path) as db:
        incident(db)
    writer, clock = Writer(path, time.monotonic, time.sleep), ticking()
    steps = [step for phase in phases for step in PHASES[phase]]
    assert any(differing(healthy, path, step.table, "*") for step in steps)
    for phase in phases:
        for day in days:
            assert answer(called(phase, day), writer, lambda: next(clock)).status == 200
    repaired = {step.table for step in steps}
    for made in LOOKS_BACK:
        assert made[0] not in repaired or not set(stale_dates(path, *made)).intersection(days)
    for step in steps:
        assert differing(healthy, path, step.table, "* EXCLUDE processed_at") == 0
        with duckdb.connect(path, read_only=True) as db:
            dates = f"SELECT DISTINCT {step.date_column}::VARCHAR FROM {step.table}"
            found = db.execute(f"{dates} WHERE processed_at >= ? ORDER BY 1", [NOW]).fetchall()
        assert [row[0] for row in found] == days


def test_what_is_made_from_rows_that_are_there_twice_is_there_once(
    healthy: Path, tmp_path: Path
) -> None:
    path, clock = tmp_path / "warehouse.duckdb", ticking()
    shutil.copy(healthy, path)
    with duckdb.connect(path) as db:
        append_twice(db)
    writer = Writer(path, time.monotonic, time.sleep)
    for phase in (4, 5):
        assert answer(called(phase, "2025-01-17"), writer, lambda: next(clock)).status == 200
    with duckdb.connect(path, read_only=True) as db:
        for table in (FACTORS, "nba_precompute.ml_feature_store", PREDICTIONS, GRADES):
            rows = db.execute(f"SELECT count(*) FROM {table} WHERE game_date = '2025-01-17'")
            assert rows.fetchall() == [(201,)]


def ticking() -> Iterator[datetime]:
    """A clock that goes on by a second whenever it is read."""
    return (NOW + timedelta(seconds=n) for n in count())


def differing(one: Path, other: Path, table: str, columns: str) -> int:
    """How many rows one file has and the other has not."""
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{one}' AS a (READ_ONLY)")
        db.execute(f"ATTACH '{other}' AS b (READ_ONLY)")
        a, b = (f"SELECT {columns} FROM {name}.{table}" for name in "ab")
        return len(db.execute(f"({a} EXCEPT ALL {b}) UNION ALL ({b} EXCEPT ALL {a})").fetchall())
