"""The incident: months of precomputed features that nobody asked for, and three odd dates."""

from __future__ import annotations

from datetime import date

from duckdb import DuckDBPyConnection

from checkpoints.dates import DateRange
from demo.layers import COMPOSITE_FACTORS, DAILY_CACHE, FEATURE_STORE, ZONE_ANALYSIS, Step, compute

FILLED = (
    DateRange(date(2024, 12, 3), date(2024, 12, 28)),
    DateRange(date(2025, 12, 15), date(2025, 12, 28)),
)
"""Dates of the window that the precompute layer holds; every other one was never computed."""

HALF_FILLED = date(2025, 12, 22)
ORPHAN = date(2024, 12, 14)
SWAPPED = date(2024, 12, 21)

ORPHAN_GAME = "20241214_DEN_POR"
"""A game that was called off after its features had been computed."""


def precompute_with_incident(connection: DuckDBPyConnection) -> None:
    """Fill the precompute layer as the incident left it."""
    for step in (COMPOSITE_FACTORS, ZONE_ANALYSIS, DAILY_CACHE):
        _compute_filled(connection, step)
        lose_half(connection, step, HALF_FILLED)
    _add_orphan(connection)
    _swap_home_and_away(connection)
    _compute_filled(connection, FEATURE_STORE)


def _compute_filled(connection: DuckDBPyConnection, step: Step) -> None:
    for filled in FILLED:
        compute(connection, step, filled.first, filled.last)


def lose_half(connection: DuckDBPyConnection, step: Step, day: date) -> None:
    """The later half of the date's games (or teams, or players) is gone from a table."""
    key = step.key[1]
    connection.execute(
        f"""
        DELETE FROM {step.table} WHERE {step.date_column} = $day AND {key} NOT IN (
            SELECT {key} FROM (
                SELECT {key}, ntile(2) OVER (ORDER BY {key}) AS half
                FROM (SELECT DISTINCT {key} FROM {step.table} WHERE {step.date_column} = $day)
            ) WHERE half = 1
        )
        """,
        {"day": day},
    )


def _add_orphan(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        INSERT INTO nba_precompute.player_composite_factors
        SELECT * REPLACE ($game AS game_id) FROM nba_precompute.player_composite_factors
        WHERE game_date = $day AND game_id = (
            SELECT min(game_id) FROM nba_precompute.player_composite_factors
            WHERE game_date = $day)
        ORDER BY ALL
        """,
        {"game": ORPHAN_GAME, "day": ORPHAN},
    )


def _swap_home_and_away(connection: DuckDBPyConnection) -> None:
    """``20241221_NYK_BOS`` becomes ``20241221_BOS_NYK``: as many games, other keys."""
    connection.execute(
        """
        UPDATE nba_precompute.player_composite_factors
        SET game_id = concat_ws('_', split_part(game_id, '_', 1),
                                split_part(game_id, '_', 3), split_part(game_id, '_', 2))
        WHERE game_date = ?
        """,
        [SWAPPED],
    )
