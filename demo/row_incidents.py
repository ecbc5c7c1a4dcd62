"""Small incidents: most are in rows, where comparing keys does not show them.

They happen to a warehouse that is filled already, each on dates of its own. Those in the raw
sources and in analytics are of spring 2025, for which nothing was precomputed: whatever is built
there is built after they are repaired, so that one plan repairs all. Those in the layers below are
of dates that the precompute layer holds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from duckdb import DuckDBPyConnection

from checkpoints.dates import DateRange
from demo.incident import lose_half
from demo.layers import (
    COMPOSITE_FACTORS,
    GRADES,
    PLAYER_GAME_SUMMARY,
    PREDICTIONS,
    TEAM_DEFENSE,
)
from demo.tables import SCHEDULE

Incident = Callable[[DuckDBPyConnection], None]

SUMMARY = PLAYER_GAME_SUMMARY.table

POSTPONED = date(2025, 1, 11)
POSTPONED_GAME = "20250111_SAS_LAL"
DUPLICATED = date(2025, 1, 17)
UNFILLED = DateRange(date(2025, 2, 3), date(2025, 2, 5))
UNFILLED_SHARE = 0.71
OUT_OF_BOUNDS = date(2025, 2, 21)
OUT_OF_BOUNDS_RATE = 2.39
TEAM_MISSING = date(2025, 3, 3)
PLAYERS_MISSING = date(2025, 3, 10)
PLAYERS_LEFT = 4
COLLAPSED = date(2025, 3, 21)
STALE = DateRange(date(2024, 12, 6), date(2024, 12, 8))
GRADED_OTHERWISE = date(2024, 12, 13)
HALF_UNGRADED = date(2024, 12, 19)
RETIRED = date(2025, 11, 20)


def postpone_a_game(db: DuckDBPyConnection) -> None:
    """A game of ``POSTPONED`` was not played, and the schedule says so."""
    _, away, home = POSTPONED_GAME.split("_")
    db.execute(
        f"""
        INSERT INTO {SCHEDULE}
        SELECT $date, '0022499999', $game, '2024-25', $away, $home, 'Postponed'
        """,
        {"date": POSTPONED, "game": POSTPONED_GAME, "away": away, "home": home},
    )


def append_twice(db: DuckDBPyConnection) -> None:
    """A backfill appended ``DUPLICATED`` once more: every row of the summary is there twice."""
    db.execute(
        f"INSERT INTO {SUMMARY} FROM {SUMMARY} WHERE game_date = ? ORDER BY ALL", [DUPLICATED]
    )


def lose_usage_rates(db: DuckDBPyConnection) -> None:
    """Of each date of ``UNFILLED``, 71 % of the rows have no usage rate."""
    db.execute(
        f"""
        UPDATE {SUMMARY} SET usage_rate = NULL
        WHERE (game_date, game_id, player_id) IN (
            SELECT (game_date, game_id, player_id) FROM {SUMMARY}
            WHERE game_date BETWEEN $first AND $last
            QUALIFY row_number() OVER (
                PARTITION BY game_date ORDER BY md5(game_id || player_id)
            ) <= round($share * count(*) OVER (PARTITION BY game_date)))
        """,
        {"first": UNFILLED.first, "last": UNFILLED.last, "share": UNFILLED_SHARE},
    )


def exceed_bounds(db: DuckDBPyConnection) -> None:
    """A team of ``OUT_OF_BOUNDS`` has usage rates of 239 %."""
    db.execute(
        f"""
        UPDATE {SUMMARY} SET usage_rate = $rate
        WHERE game_date = $day AND team = (
            SELECT min(team) FROM {SUMMARY} WHERE game_date = $day)
        """,
        {"day": OUT_OF_BOUNDS, "rate": OUT_OF_BOUNDS_RATE},
    )


def lose_a_team(db: DuckDBPyConnection) -> None:
    """The first game of ``TEAM_MISSING`` has one team in the defense summary and box scores."""
    for table in (TEAM_DEFENSE.table, "nba_raw.team_boxscores"):
        db.execute(
            f"""
            DELETE FROM {table} WHERE game_date = $day AND (game_id, team) IN (
                SELECT (game_id, team) FROM {table} WHERE game_date = $day
                ORDER BY game_id, team LIMIT 1)
            """,
            {"day": TEAM_MISSING},
        )


def lose_players(db: DuckDBPyConnection) -> None:
    """The first game of ``PLAYERS_MISSING`` has four players in the summary."""
    db.execute(
        f"""
        DELETE FROM {SUMMARY}
        WHERE game_date = $day
          AND game_id = (SELECT min(game_id) FROM {SUMMARY} WHERE game_date = $day)
          AND player_id NOT IN (
            SELECT player_id FROM {SUMMARY} WHERE game_date = $day
            ORDER BY game_id, player_id LIMIT {PLAYERS_LEFT})
        """,
        {"day": PLAYERS_MISSING},
    )


def lose_events(db: DuckDBPyConnection) -> None:
    """Of each game of ``COLLAPSED`` one event of ten is left."""
    db.execute(
        "DELETE FROM nba_raw.play_by_play WHERE game_date = ? AND event_number > 1", [COLLAPSED]
    )


def compute_too_early(db: DuckDBPyConnection) -> None:
    """On the dates of ``STALE`` features, predictions and grades are older than their upstreams."""
    for step, hours in ((COMPOSITE_FACTORS, 33), (PREDICTIONS, 32), (GRADES, 31)):
        db.execute(
            f"UPDATE {step.table} SET processed_at = game_date + INTERVAL {hours} HOUR "
            "WHERE game_date BETWEEN ? AND ?",
            [STALE.first, STALE.last],
        )


def grade_otherwise(db: DuckDBPyConnection) -> None:
    """The grades of ``GRADED_OTHERWISE`` are of other predictions than those that were made."""
    db.execute(
        f"""
        UPDATE {GRADES.table} SET predicted_points = round(predicted_points + 1.5, 4),
            absolute_error = round(abs(predicted_points + 1.5 - actual_points), 4)
        WHERE game_date = ?
        """,
        [GRADED_OTHERWISE],
    )


def grade_half(db: DuckDBPyConnection) -> None:
    """Half of the games of ``HALF_UNGRADED`` have predictions and no grades."""
    lose_half(db, GRADES, HALF_UNGRADED)


def retire_a_source(db: DuckDBPyConnection) -> None:
    """From ``RETIRED`` on ``nbac_player_boxscores`` has nothing."""
    db.execute("DELETE FROM nba_raw.nbac_player_boxscores WHERE game_date >= ?", [RETIRED])


IN_ROWS: tuple[Incident, ...] = (
    append_twice,
    lose_usage_rates,
    exceed_bounds,
    lose_a_team,
    lose_players,
    lose_events,
    compute_too_early,
    grade_otherwise,
)
"""Those after which every key is still where it should be."""

IN_KEYS: tuple[Incident, ...] = (postpone_a_game, grade_half, retire_a_source)
"""Those after which there are other keys than before."""

SHOWN = (*IN_ROWS, postpone_a_game, grade_half)
"""Those that ``python -m demo build`` lets happen: all but the retired source, which a contract has
to know of. What is wrong with the play-by-play, and in the grades of ``GRADED_OTHERWISE``, only
``examples/nba_full/pipeline.yml`` sees.
"""
