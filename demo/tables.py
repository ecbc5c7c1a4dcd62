"""The tables of the miniature pipeline. Times are UTC."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

BOX_SCORE = """
    game_date DATE, game_id VARCHAR, team VARCHAR, player_id INTEGER,
    minutes DOUBLE, points INTEGER, rebounds INTEGER, assists INTEGER, loaded_at TIMESTAMP
"""

COLUMNS = {
    "nba_raw.nbac_schedule": """
        game_date DATE, game_id VARCHAR, game_code VARCHAR, season VARCHAR,
        away_team VARCHAR, home_team VARCHAR, game_status VARCHAR
    """,
    "nba_raw.bdl_player_boxscores": BOX_SCORE,
    "nba_raw.nbac_gamebook_player_stats": BOX_SCORE,
    "nba_raw.nbac_player_boxscores": BOX_SCORE,
    "nba_raw.team_boxscores": """
        game_date DATE, game_id VARCHAR, team VARCHAR, points BIGINT, rebounds BIGINT,
        assists BIGINT, loaded_at TIMESTAMP
    """,
    "nba_raw.play_by_play": """
        game_date DATE, game_id VARCHAR, event_number INTEGER, period INTEGER, team VARCHAR,
        loaded_at TIMESTAMP
    """,
    "nba_analytics.player_game_summary": """
        game_date DATE, game_id VARCHAR, team VARCHAR, opponent VARCHAR, player_id INTEGER,
        minutes DOUBLE, points INTEGER, points_per_minute DOUBLE, usage_rate DOUBLE,
        processed_at TIMESTAMP
    """,
    "nba_analytics.team_defense_game_summary": """
        game_date DATE, game_id VARCHAR, team VARCHAR, opponent VARCHAR,
        points_allowed BIGINT, rebounds_allowed BIGINT, processed_at TIMESTAMP
    """,
    "nba_precompute.player_composite_factors": """
        game_date DATE, game_id VARCHAR, player_id INTEGER, fatigue_minutes DOUBLE,
        form_points DOUBLE, opponent_points_allowed DOUBLE, processed_at TIMESTAMP
    """,
    "nba_precompute.team_defense_zone_analysis": """
        analysis_date DATE, team VARCHAR, games BIGINT, points_allowed DOUBLE,
        rebounds_allowed DOUBLE, processed_at TIMESTAMP
    """,
    "nba_precompute.player_daily_cache": """
        cache_date DATE, player_id INTEGER, games BIGINT, minutes DOUBLE, points DOUBLE,
        processed_at TIMESTAMP
    """,
    "nba_precompute.ml_feature_store": """
        game_date DATE, game_id VARCHAR, player_id INTEGER, features VARCHAR,
        processed_at TIMESTAMP
    """,
    "nba_predictions.player_predictions": """
        game_date DATE, game_id VARCHAR, player_id INTEGER, predicted_points DOUBLE, line DOUBLE,
        processed_at TIMESTAMP
    """,
    "nba_predictions.prediction_accuracy": """
        game_date DATE, game_id VARCHAR, player_id INTEGER, predicted_points DOUBLE,
        actual_points INTEGER, absolute_error DOUBLE, processed_at TIMESTAMP
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
