"""How each dataset is filled: the raw sources from a schedule, the others from the layer above.

The computed layers have one construction with two callers: the builder fills whole seasons with
it, the processor services one date, whose rows they delete first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from duckdb import DuckDBPyConnection

from demo.schedule import Game
from demo.tables import SCHEDULE

BOX_SCORES = (
    "nba_raw.bdl_player_boxscores",
    "nba_raw.nbac_gamebook_player_stats",
    "nba_raw.nbac_player_boxscores",
)
NOT_ALL_STAR = "game_id NOT LIKE '003%'"
LOADED_HOURS = 30
"""From the midnight of a game's date, UTC, to when the raw sources have it."""

EVENTS = 10
"""Of each game, in the play-by-play."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How one dataset is computed.

    ``query`` selects the rows of the dates ``$first`` to ``$last``; ``key`` tells rows apart. The
    first ``warmup_days`` calendar days of a season are left out by the callers.
    Whole seasons are written as if each date's rows were processed ``hours`` after its midnight,
    UTC: after what they are made from, which is of that date and of dates before it.
    """

    dataset: str
    table: str
    upstream: str
    key: tuple[str, ...]
    query: str
    hours: int
    warmup_days: int = 0

    @property
    def date_column(self) -> str:
        """The table's date column."""
        return self.key[0]


PLAYER_GAME_SUMMARY = Step(
    dataset="player_game_summary",
    table="nba_analytics.player_game_summary",
    upstream="nba_raw.bdl_player_boxscores",
    key=("game_date", "game_id", "player_id"),
    hours=34,
    query="""
        SELECT b.game_date, b.game_id, b.team,
               CASE b.team WHEN s.home_team THEN s.away_team ELSE s.home_team END AS opponent,
               b.player_id, b.minutes, b.points,
               round(b.points / nullif(b.minutes, 0), 4) AS points_per_minute,
               round(least(1, b.points * sum(b.minutes) OVER side
                   / nullif(5 * b.minutes * sum(b.points) OVER side, 0)), 4) AS usage_rate
        FROM nba_raw.bdl_player_boxscores b
        LEFT JOIN nba_raw.nbac_schedule s ON s.game_code = b.game_id AND s.game_date = b.game_date
        WHERE b.game_date BETWEEN $first AND $last
        WINDOW side AS (PARTITION BY b.game_date, b.game_id, b.team)
    """,
)

TEAM_DEFENSE = Step(
    dataset="team_defense_game_summary",
    table="nba_analytics.team_defense_game_summary",
    upstream="nba_raw.bdl_player_boxscores",
    key=("game_date", "game_id", "team"),
    hours=34,
    query="""
        WITH scored AS (
            SELECT game_date, game_id, team, sum(points) AS points, sum(rebounds) AS rebounds
            FROM nba_raw.bdl_player_boxscores
            WHERE game_date BETWEEN $first AND $last
            GROUP BY ALL
        )
        SELECT mine.game_date, mine.game_id, mine.team, theirs.team AS opponent,
               theirs.points AS points_allowed, theirs.rebounds AS rebounds_allowed
        FROM scored mine
        JOIN scored theirs USING (game_date, game_id)
        WHERE mine.team <> theirs.team
    """,
)

COMPOSITE_FACTORS = Step(
    dataset="player_composite_factors",
    table="nba_precompute.player_composite_factors",
    upstream="nba_analytics.player_game_summary",
    key=("game_date", "game_id", "player_id"),
    hours=36,
    warmup_days=14,
    query="""
        WITH today AS (
            SELECT DISTINCT game_date, game_id, player_id, opponent
            FROM nba_analytics.player_game_summary
            WHERE game_date BETWEEN $first AND $last
        ), form AS (
            SELECT t.game_date, t.game_id, t.player_id, avg(p.points) AS points,
                   sum(p.minutes) FILTER (p.game_date >= t.game_date - 7) AS minutes
            FROM today t
            JOIN nba_analytics.player_game_summary p ON p.player_id = t.player_id
             AND p.game_date >= t.game_date - 14 AND p.game_date < t.game_date
            WHERE p.game_date >= $first::DATE - 14 AND p.game_date < $last
            GROUP BY ALL
        ), defense AS (
            SELECT t.game_date, t.opponent, avg(d.points_allowed) AS points_allowed
            FROM (SELECT DISTINCT game_date, opponent FROM today) t
            JOIN nba_analytics.team_defense_game_summary d ON d.team = t.opponent
             AND d.game_date >= t.game_date - 14 AND d.game_date < t.game_date
            WHERE d.game_date >= $first::DATE - 14 AND d.game_date < $last
            GROUP BY ALL
        )
        SELECT t.game_date, t.game_id, t.player_id,
               coalesce(f.minutes, 0) AS fatigue_minutes,
               round(f.points, 4) AS form_points,
               round(d.points_allowed, 4) AS opponent_points_allowed
        FROM today t
        LEFT JOIN form f USING (game_date, game_id, player_id)
        LEFT JOIN defense d USING (game_date, opponent)
    """,
)

ZONE_ANALYSIS = Step(
    dataset="team_defense_zone_analysis",
    table="nba_precompute.team_defense_zone_analysis",
    upstream="nba_analytics.team_defense_game_summary",
    key=("analysis_date", "team"),
    hours=36,
    warmup_days=25,
    query="""
        WITH days AS (
            SELECT DISTINCT game_date AS analysis_date
            FROM nba_analytics.team_defense_game_summary
            WHERE game_date BETWEEN $first AND $last
        )
        SELECT days.analysis_date, d.team, count(*) AS games,
               round(avg(d.points_allowed), 4) AS points_allowed,
               round(avg(d.rebounds_allowed), 4) AS rebounds_allowed
        FROM days
        JOIN nba_analytics.team_defense_game_summary d
          ON d.game_date > days.analysis_date - 60 AND d.game_date <= days.analysis_date
        WHERE d.game_date > $first::DATE - 60 AND d.game_date <= $last
        GROUP BY ALL
    """,
)

DAILY_CACHE = Step(
    dataset="player_daily_cache",
    table="nba_precompute.player_daily_cache",
    upstream="nba_analytics.player_game_summary",
    key=("cache_date", "player_id"),
    hours=36,
    warmup_days=14,
    query="""
        WITH today AS (
            SELECT DISTINCT game_date AS cache_date, player_id
            FROM nba_analytics.player_game_summary
            WHERE game_date BETWEEN $first AND $last
        )
        SELECT t.cache_date, t.player_id, count(*) AS games,
               round(avg(p.minutes), 4) AS minutes, round(avg(p.points), 4) AS points
        FROM today t
        JOIN nba_analytics.player_game_summary p ON p.player_id = t.player_id
         AND p.game_date >= t.cache_date - 30 AND p.game_date <= t.cache_date
        WHERE p.game_date >= $first::DATE - 30 AND p.game_date <= $last
        GROUP BY ALL
    """,
)

FEATURE_STORE = Step(
    dataset="ml_feature_store",
    table="nba_precompute.ml_feature_store",
    upstream="nba_precompute.player_composite_factors",
    key=("game_date", "game_id", "player_id"),
    hours=37,
    warmup_days=14,
    query="""
        SELECT f.game_date, f.game_id, f.player_id,
               json_object('fatigue_minutes', f.fatigue_minutes, 'form_points', f.form_points,
                           'opponent_points_allowed', f.opponent_points_allowed,
                           'games', c.games, 'minutes', c.minutes)::VARCHAR AS features
        FROM nba_precompute.player_composite_factors f
        LEFT JOIN nba_precompute.player_daily_cache c
          ON c.cache_date = f.game_date AND c.player_id = f.player_id
         AND c.cache_date BETWEEN $first AND $last
        WHERE f.game_date BETWEEN $first AND $last
    """,
)

PREDICTIONS = Step(
    dataset="player_predictions",
    table="nba_predictions.player_predictions",
    upstream="nba_precompute.player_composite_factors",
    key=("game_date", "game_id", "player_id"),
    hours=38,
    warmup_days=14,
    query="""
        SELECT game_date, game_id, player_id,
               round(coalesce(form_points, 10) - 0.01 * fatigue_minutes
                     + 0.1 * (coalesce(opponent_points_allowed, 110) - 110), 4)
                   AS predicted_points,
               floor(coalesce(form_points, 10)) + 0.5 AS line
        FROM nba_precompute.player_composite_factors
        WHERE game_date BETWEEN $first AND $last
    """,
)

GRADES = Step(
    dataset="prediction_accuracy",
    table="nba_predictions.prediction_accuracy",
    upstream="nba_predictions.player_predictions",
    key=("game_date", "game_id", "player_id"),
    hours=39,
    warmup_days=14,
    query="""
        SELECT DISTINCT p.game_date, p.game_id, p.player_id, p.predicted_points,
               a.points AS actual_points,
               round(abs(p.predicted_points - a.points), 4) AS absolute_error
        FROM nba_predictions.player_predictions p
        LEFT JOIN nba_analytics.player_game_summary a
          ON a.game_date = p.game_date AND a.game_id = p.game_id
         AND a.player_id = p.player_id AND a.game_date BETWEEN $first AND $last
        WHERE p.game_date BETWEEN $first AND $last
    """,
)

PHASES: dict[int, tuple[Step, ...]] = {
    3: (PLAYER_GAME_SUMMARY, TEAM_DEFENSE),
    4: (COMPOSITE_FACTORS, ZONE_ANALYSIS, DAILY_CACHE, FEATURE_STORE),
    5: (PREDICTIONS, GRADES),
}
"""The steps that each processor service does, by phase."""


def compute(
    connection: DuckDBPyConnection,
    step: Step,
    first: date,
    last: date,
    processed_at: datetime | None = None,
) -> int:
    """Insert the rows that ``step`` has for the dates; how many they were.

    They were written at ``processed_at``, UTC without a zone, or else ``step.hours`` after the
    midnight of their date.
    """
    result = connection.execute(
        f"""
        INSERT INTO {step.table} BY NAME
        SELECT *, coalesce($at, {step.date_column} + INTERVAL {step.hours} HOUR) AS processed_at
        FROM ({step.query})
        ORDER BY ALL
        """,
        {"first": first, "last": last, "at": processed_at},
    ).fetchone()
    return int(result[0]) if result else 0


def delete(connection: DuckDBPyConnection, step: Step, day: date) -> None:
    """Delete the rows that a step's table has on a date."""
    connection.execute(f"DELETE FROM {step.table} WHERE {step.date_column} = ?", [day])


def has_rows(connection: DuckDBPyConnection, table: str, day: date) -> bool:
    """True when a table with a ``game_date`` column has a row on that date."""
    found = connection.execute(f"SELECT 1 FROM {table} WHERE game_date = ? LIMIT 1", [day])
    return found.fetchone() is not None


def season_of(day: date) -> str:
    """``2024-12-25`` → ``2024-25``: a season begins after July."""
    year = day.year if day.month > 7 else day.year - 1
    return f"{year}-{(year + 1) % 100:02}"


def season_first(connection: DuckDBPyConnection, day: date) -> date | None:
    """The first scheduled date of the season that contains ``day``."""
    found = connection.execute(
        f"SELECT min(game_date) FROM {SCHEDULE} WHERE season = ?", [season_of(day)]
    ).fetchone()
    return found[0] if found else None


def in_warmup(step: Step, first: date, day: date) -> bool:
    """True for the first ``warmup_days`` calendar days of a season that begins on ``first``."""
    return day < first + timedelta(days=step.warmup_days)


def compute_seasons(connection: DuckDBPyConnection, steps: Iterable[Step]) -> None:
    """Compute whole seasons of every step, in order, without their warm-ups."""
    seasons = connection.execute(
        f"SELECT min(game_date), max(game_date) FROM {SCHEDULE} GROUP BY season ORDER BY 1"
    ).fetchall()
    for step in steps:
        for first, last in seasons:
            compute(connection, step, first + timedelta(days=step.warmup_days), last)


def insert_schedule(connection: DuckDBPyConnection, games: Iterable[Game]) -> None:
    """Fill the schedule with games that were played."""
    rows = [(g.date, g.id, g.code, season_of(g.date), g.away, g.home) for g in games]
    columns = [list(column) for column in zip(*rows, strict=True)]
    connection.execute(
        f"INSERT INTO {SCHEDULE} SELECT unnest($1), unnest($2), unnest($3), unnest($4), "
        "unnest($5), unnest($6), 'Final'",
        columns,
    )


def insert_raw(connection: DuckDBPyConnection) -> None:
    """Fill the raw sources for every real game, loaded the night after it.

    Box scores have nine to eleven players a team. The numbers are hashes of the keys, so that
    every build makes the same.
    """
    connection.execute(
        "CREATE TEMP MACRO noise(key, salt, sides) AS "
        "(md5_number_lower(key || salt) % sides)::INTEGER"
    )
    for table in BOX_SCORES:
        connection.execute(f"INSERT INTO {table} {_BOX_SCORE}")
    connection.execute(_TEAM_BOX_SCORES)
    connection.execute(_PLAY_BY_PLAY)


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
           noise(key, 'assists', 8) AS assists,
           game_date + INTERVAL {LOADED_HOURS} HOUR AS loaded_at
    FROM keyed
    ORDER BY ALL
"""

_TEAM_BOX_SCORES = f"""
    INSERT INTO nba_raw.team_boxscores
    SELECT game_date, game_id, team, sum(points), sum(rebounds), sum(assists),
           game_date + INTERVAL {LOADED_HOURS} HOUR
    FROM {BOX_SCORES[0]}
    GROUP BY game_date, game_id, team
    ORDER BY ALL
"""

_PLAY_BY_PLAY = f"""
    INSERT INTO nba_raw.play_by_play
    SELECT game_date, game_code, event, (event - 1) * 4 // {EVENTS} + 1,
           if(noise(game_code, event::VARCHAR, 2) = 0, away_team, home_team),
           game_date + INTERVAL {LOADED_HOURS} HOUR
    FROM {SCHEDULE}, range(1, {EVENTS + 1}) AS events(event)
    WHERE {NOT_ALL_STAR}
    ORDER BY ALL
"""
