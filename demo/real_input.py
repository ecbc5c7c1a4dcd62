"""A warehouse like a real one: its schedule and its row counts, read from CSV files.

Counts say how many rows a table had on a date, not of which games. Games follow from them:

- ``bdl_games`` and ``gamebook_games`` are games already;
- a game has at least 15 rows in a table of players, so rows are of
  ``min(scheduled, max(1, rows // 15))`` games;
- it has 2 rows in ``team_defense_game_summary``, so rows are of ``ceil(rows / 2)`` games; those
  beyond the scheduled ones get keys that the schedule lacks;
- ``team_defense_zone_analysis`` and ``player_daily_cache`` have no game key: only rows count.

The first games of the date, by id, are taken to be there. Tables that have no column in the counts
stay empty. Numbers of players and teams are made up, and so are the statistics that the contract
looks at; others are NULL. Rows were written as those of the demo.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal, TypeVar

from duckdb import DuckDBPyConnection

from demo.errors import InputError
from demo.layers import LOADED_HOURS, NOT_ALL_STAR, PHASES, insert_schedule
from demo.schedule import Game
from demo.tables import SCHEDULE

Parsed = TypeVar("Parsed")
Grain = Literal["games", "players", "team pairs", "teams of a date", "players of a date"]

PROBLEMS_SHOWN = 10
UNCOUNTED = ("nbac_player_boxscores", "team_boxscores", "play_by_play", "ml_feature_store")
"""Tables that have no column in the counts."""

ROWS_PER_GAME = 20
LEAST_ROWS_PER_GAME = 15
GAMES = ("bdl_games", "gamebook_games")
ROWS = (
    "player_game_summary_rows",
    "team_defense_game_summary_rows",
    "player_daily_cache_rows",
    "player_composite_factors_rows",
    "team_defense_zone_analysis_rows",
    "prediction_rows",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """One line of the counts file: numbers by column (games, or rows) of one date."""

    date: date
    numbers: Mapping[str, int]


def read_schedule(path: Path) -> list[Game]:
    """Read ``game_id,game_date``; the file names no teams, so they are AWAY and HOME.

    The game's id is its key in every table.

    Raises:
        InputError: the file cannot be read, or lines of it are malformed.
    """
    seen: set[str] = set()

    def game(line: Mapping[str, str]) -> Game:
        id_, day = line["game_id"].strip(), _date(line["game_date"])
        if not id_:
            raise ValueError("game_id is empty")
        if id_ in seen:
            raise ValueError(f"game_id {id_!r} appears twice")
        seen.add(id_)
        return Game(date=day, id=id_, code=id_, away="AWAY", home="HOME")

    games = _read(path, ("game_id", "game_date"), game)
    return sorted(games, key=lambda g: (g.date, g.id))


def read_counts(path: Path, games: list[Game]) -> list[DayCounts]:
    """Read one line per date with the columns of ``GAMES`` and ``ROWS``; others are ignored.

    Raises:
        InputError: the file cannot be read, or lines of it are malformed, or a date with rows
            has no game in the schedule.
    """
    scheduled = {game.date for game in games if not game.id.startswith("003")}
    seen: set[date] = set()

    def counts(line: Mapping[str, str]) -> DayCounts:
        day = _date(line["game_date"])
        if day in seen:
            raise ValueError(f"game_date {day} appears twice")
        seen.add(day)
        numbers = {column: _count(column, line[column]) for column in (*GAMES, *ROWS)}
        if any(numbers.values()) and day not in scheduled:
            raise ValueError(f"game_date {day} has rows and no game in the schedule")
        return DayCounts(date=day, numbers=numbers)

    return _read(path, ("game_date", *GAMES, *ROWS), counts)


def _date(text: str) -> date:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError:
        raise ValueError(f"game_date {text!r} is not a date like 2024-10-22") from None


def _count(column: str, text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdigit()):
        raise ValueError(f"{column} {text!r} is not a number of rows")
    return int(text)


def _read(
    path: Path, columns: tuple[str, ...], parse: Callable[[Mapping[str, str]], Parsed]
) -> list[Parsed]:
    parsed: list[Parsed] = []
    problems: list[str] = []
    for number, line in _lines(path, columns):
        try:
            if None in line or None in line.values():
                raise ValueError("has not as many fields as the first line")
            parsed.append(parse(line))
        except ValueError as error:
            problems.append(f"{path}: line {number}: {error}")
    if len(problems) > PROBLEMS_SHOWN:
        more = len(problems) - PROBLEMS_SHOWN
        problems = [*problems[:PROBLEMS_SHOWN], f"{path}: and {more} more lines like these"]
    if not (parsed or problems):
        problems = [f"{path}: has no lines below the first"]
    if problems:
        raise InputError(*problems)
    return parsed


def _lines(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            absent = [c for c in columns if c not in (reader.fieldnames or ())]
            if absent:
                raise InputError(
                    f"{path}: line 1: column {', '.join(map(repr, absent))} is missing: "
                    f"the first line names the columns {', '.join(columns)}"
                )
            for line in reader:
                yield reader.line_num, line
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: is not a CSV file of UTF-8 text: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A table, its column in the counts, and what that column counts.

    ``made_up`` are the statistics that its rows have.
    """

    table: str
    column: str
    grain: Grain
    made_up: tuple[str, ...] = ()


TABLES = (
    Counted(
        table="nba_raw.bdl_player_boxscores",
        column="bdl_games",
        grain="games",
        made_up=("10 AS points",),
    ),
    Counted(
        table="nba_raw.nbac_gamebook_player_stats",
        column="gamebook_games",
        grain="games",
        made_up=("10 AS points",),
    ),
    Counted(
        table="nba_analytics.player_game_summary",
        column="player_game_summary_rows",
        grain="players",
        made_up=("10 AS points", "0.2 AS usage_rate"),
    ),
    Counted(
        table="nba_analytics.team_defense_game_summary",
        column="team_defense_game_summary_rows",
        grain="team pairs",
        made_up=("110 AS points_allowed",),
    ),
    Counted(
        table="nba_precompute.player_composite_factors",
        column="player_composite_factors_rows",
        grain="players",
        made_up=("0 AS fatigue_minutes",),
    ),
    Counted(
        table="nba_precompute.team_defense_zone_analysis",
        column="team_defense_zone_analysis_rows",
        grain="teams of a date",
        made_up=("110 AS points_allowed",),
    ),
    Counted(
        table="nba_precompute.player_daily_cache",
        column="player_daily_cache_rows",
        grain="players of a date",
        made_up=("10 AS points",),
    ),
    Counted(
        table="nba_predictions.player_predictions",
        column="prediction_rows",
        grain="players",
        made_up=("10 AS predicted_points",),
    ),
    Counted(
        table="nba_predictions.prediction_accuracy",
        column="prediction_rows",
        grain="players",
        made_up=("10 AS predicted_points", "10 AS actual_points"),
    ),
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
        {select}, {", ".join((*counted.made_up, _written(counted.table)))} FROM numbered
        LEFT JOIN game ON game.game_date = numbered.date AND game.place = n % games
        ORDER BY ALL
    """


def _written(table: str) -> str:
    steps = [step for phase in PHASES.values() for step in phase if step.table == table]
    hours, column = (steps[0].hours, "processed_at") if steps else (LOADED_HOURS, "loaded_at")
    return f"date + INTERVAL {hours} HOUR AS {column}"


_KEY = "coalesce(game_id, strftime(date, '%Y%m%d') || '_unscheduled_' || n % games) AS game_id"
