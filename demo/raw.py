"""The raw sources: a schedule as rows, and box scores made up from it."""

from __future__ import annotations

from collections.abc import Iterable

from duckdb import DuckDBPyConnection

from demo.layers import BOX_SCORES, season_of
from demo.schedule import Game
from demo.tables import SCHEDULE

NOT_ALL_STAR = "game_id NOT LIKE '003%'"


def insert_schedule(connection: DuckDBPyConnection, games: Iterable[Game]) -> None:
    """Fill the schedule."""
    rows = [(g.date, g.id, g.code, season_of(g.date), g.away, g.home) for g in games]
    columns = [list(column) for column in zip(*rows, strict=True)]
    connection.execute(
        f"INSERT INTO {SCHEDULE} SELECT unnest($1), unnest($2), unnest($3), unnest($4), "
        "unnest($5), unnest($6)",
        columns,
    )


def insert_box_scores(connection: DuckDBPyConnection) -> None:
    """Fill the three raw sources with nine to eleven players a team for every real game.

    The numbers are hashes of the keys, so that every build makes the same.
    """
    connection.execute(
        "CREATE TEMP MACRO noise(key, salt, sides) AS "
        "(md5_number_lower(key || salt) % sides)::INTEGER"
    )
    for table in BOX_SCORES:
        connection.execute(f"INSERT INTO {table} {_BOX_SCORE}")


_BOX_SCORE = f"""
    WITH sides AS (
        SELECT game_date, game_code AS game_id, unnest([away_team, home_team]) AS team
        FROM {SCHEDULE} WHERE {NOT_ALL_STAR}
    ), players AS (
        SELECT game_date, game_id, team,
               noise(team, 'id', 90000) * 100
                   + (noise(game_id, team, 13) + unnest(range(9 + noise(game_id, team, 3)))) % 13
                   AS player_id
        FROM sides
    ), keyed AS (SELECT *, game_id || '/' || player_id AS key FROM players)
    SELECT game_date, game_id, team, player_id::INTEGER,
           14 + noise(key, 'minutes', 24) AS minutes,
           4 + noise(key, 'points', 15) + noise(player_id::VARCHAR, 'talent', 8) AS points,
           noise(key, 'rebounds', 10) AS rebounds,
           noise(key, 'assists', 8) AS assists
    FROM keyed
    ORDER BY ALL
"""
