"""Read a schedule and layer counts from CSV files, naming every malformed line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from demo.errors import InputError
from demo.schedule import Game

Parsed = TypeVar("Parsed")

PROBLEMS_SHOWN = 10
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
