"""The ten tables of the miniature pipeline."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

BOX_SCORE = """
    game_date DATE, game_id VARCHAR, team VARCHAR, player_id INTEGER,
    minutes DOUBLE, points INTEGER, rebounds INTEGER, assists INTEGER
"""

COLUMNS = {
    "nba_raw.nbac_schedule": """
        game_date DATE, game_id VARCHAR, game_code VARCHAR, season VARCHAR,
        away_team VARCHAR, home_team VARCHAR
    """,
    "nba_raw.bdl_player_boxscores": BOX_SCORE,
    "nba_raw.nbac_gamebook_player_stats": BOX_SCORE,
    "nba_raw.nbac_player_boxscores": BOX_SCORE,
    "nba_analytics.player_game_summary": """
        game_date DATE, game_id VARCHAR, team VARCHAR, opponent VARCHAR, player_id INTEGER,
        minutes DOUBLE, points INTEGER, points_per_minute DOUBLE
    """,
    "nba_analytics.team_defense_game_summary": """
        game_date DATE, game_id VARCHAR, team VARCHAR, opponent VARCHAR,
        points_allowed BIGINT, rebounds_allowed BIGINT
    """,
    "nba_precompute.player_composite_factors": """
        game_date DATE, game_id VARCHAR, player_id INTEGER, fatigue_minutes DOUBLE,
        form_points DOUBLE, opponent_points_allowed DOUBLE
    """,
    "nba_precompute.team_defense_zone_analysis": """
        analysis_date DATE, team VARCHAR, games BIGINT, points_allowed DOUBLE,
        rebounds_allowed DOUBLE
    """,
    "nba_precompute.player_daily_cache": """
        cache_date DATE, player_id INTEGER, games BIGINT, minutes DOUBLE, points DOUBLE
    """,
    "nba_predictions.prediction_accuracy": """
        game_date DATE, game_id VARCHAR, player_id INTEGER, predicted_points DOUBLE,
        actual_points INTEGER, absolute_error DOUBLE
    """,
}
"""Columns by table. ``game_code`` is the schedule's name for the key of the tables below it."""

SCHEDULE = "nba_raw.nbac_schedule"


def create_tables(connection: DuckDBPyConnection) -> None:
    """Create every schema and every table, empty."""
    for schema in sorted({table.split(".")[0] for table in COLUMNS}):
        connection.execute(f"CREATE SCHEMA {schema}")
    for table, columns in COLUMNS.items():
        connection.execute(f"CREATE TABLE {table} ({columns})")
