"""Fill the layers from counts of a real warehouse, so that it looks as that one did.

Counts say how many rows a table had on a date, not of which games. Games follow from them:

- ``bdl_games`` and ``gamebook_games`` are games already;
- a game has at least 15 rows in a table of players, so rows are of
  ``min(scheduled, max(1, rows // 15))`` games;
- it has 2 rows in ``team_defense_game_summary``, so rows are of ``ceil(rows / 2)`` games; those
  beyond the scheduled ones get keys that the schedule lacks;
- ``team_defense_zone_analysis`` and ``player_daily_cache`` have no game key: only rows count.

The first games of the date, by id, are taken to be there. ``nbac_player_boxscores`` has no
column in the counts and stays empty. Numbers of players and teams are made up; statistics are NULL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from duckdb import DuckDBPyConnection

from demo.raw import NOT_ALL_STAR, insert_schedule
from demo.real_input import DayCounts
from demo.schedule import Game
from demo.tables import SCHEDULE

Grain = Literal["games", "players", "team pairs", "teams of a date", "players of a date"]

UNCOUNTED = "nbac_player_boxscores"
ROWS_PER_GAME = 20
LEAST_ROWS_PER_GAME = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A table, its column in the counts, and what that column counts."""

    table: str
    column: str
    grain: Grain


TABLES = (
    Counted(table="nba_raw.bdl_player_boxscores", column="bdl_games", grain="games"),
    Counted(table="nba_raw.nbac_gamebook_player_stats", column="gamebook_games", grain="games"),
    Counted(
        table="nba_analytics.player_game_summary",
        column="player_game_summary_rows",
        grain="players",
    ),
    Counted(
        table="nba_analytics.team_defense_game_summary",
        column="team_defense_game_summary_rows",
        grain="team pairs",
    ),
    Counted(
        table="nba_precompute.player_composite_factors",
        column="player_composite_factors_rows",
        grain="players",
    ),
    Counted(
        table="nba_precompute.team_defense_zone_analysis",
        column="team_defense_zone_analysis_rows",
        grain="teams of a date",
    ),
    Counted(
        table="nba_precompute.player_daily_cache",
        column="player_daily_cache_rows",
        grain="players of a date",
    ),
    Counted(table="nba_predictions.prediction_accuracy", column="prediction_rows", grain="players"),
)


def fill_from_counts(
    connection: DuckDBPyConnection, games: list[Game], counts: Sequence[DayCounts]
) -> None:
    """The schedule in full, and the layers on the dates of ``counts`` as these say."""
    insert_schedule(connection, games)
    scheduled = Counter(g.date for g in games if not g.id.startswith("003"))
    for counted in TABLES:
        rows = list(_sized(counted, scheduled, counts))
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            connection.execute(_statement(counted), columns)


def _sized(
    counted: Counted, scheduled: Mapping[date, int], counts: Sequence[DayCounts]
) -> Iterator[tuple[date, int, int]]:
    """``(date, rows, games)`` of every date that has rows."""
    for day in counts:
        number = day.numbers[counted.column]
        if not number:
            continue
        if counted.grain == "games":
            yield day.date, number * ROWS_PER_GAME, number
        elif counted.grain == "team pairs":
            yield day.date, number, -(-number // 2)
        else:
            games = min(scheduled[day.date], max(1, number // LEAST_ROWS_PER_GAME))
            yield day.date, number, games


def _statement(counted: Counted) -> str:
    """Row *n* of a date belongs to game *n* modulo the number of games."""
    if counted.grain == "teams of a date":
        select = "SELECT date AS analysis_date, 'TEAM' || n AS team"
    elif counted.grain == "players of a date":
        select = "SELECT date AS cache_date, n AS player_id"
    elif counted.grain == "team pairs":
        select = f"SELECT date AS game_date, {_KEY}, if(n < games, 'AWAY', 'HOME') AS team"
    else:
        select = f"SELECT date AS game_date, {_KEY}, n AS player_id"
    return f"""
        INSERT INTO {counted.table} BY NAME
        WITH sized AS (SELECT unnest($1) AS date, unnest($2) AS rows, unnest($3) AS games),
             numbered AS (SELECT date, games, unnest(range(rows))::INTEGER AS n FROM sized),
             game AS (
                SELECT game_date, game_id,
                       row_number() OVER (PARTITION BY game_date ORDER BY game_id) - 1 AS place
                FROM {SCHEDULE} WHERE {NOT_ALL_STAR})
        {select} FROM numbered
        LEFT JOIN game ON game.game_date = numbered.date AND game.place = n % games
        ORDER BY ALL
    """


_KEY = "coalesce(game_id, strftime(date, '%Y%m%d') || '_unscheduled_' || n % games) AS game_id"
