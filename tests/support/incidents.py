"""Incidents in a healthy demo warehouse: SQL on a copy of it, and what ``check`` says then."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checkpoints import CheckRecord, ContractFile, Outcome, Report, check, load_contract
from demo.schedule import demo_schedule
from demo.warehouse import build, fill_complete
from tests.support.commands import ROOT
from tests.support.warehouses import D

SHIPPED = ROOT / "gx" / "pipeline.yml"
FULL = ROOT / "examples" / "nba_full" / "pipeline.yml"

SCHEDULE = "nba_raw.nbac_schedule"
BDL = "nba_raw.bdl_player_boxscores"
GAMEBOOK = "nba_raw.nbac_gamebook_player_stats"
BOXES = "nba_raw.nbac_player_boxscores"
TEAM_BOXES = "nba_raw.team_boxscores"
EVENTS = "nba_raw.play_by_play"
SUMMARY = "nba_analytics.player_game_summary"
DEFENSE = "nba_analytics.team_defense_game_summary"
FACTORS = "nba_precompute.player_composite_factors"
ZONES = "nba_precompute.team_defense_zone_analysis"
CACHE = "nba_precompute.player_daily_cache"
STORE = "nba_precompute.ml_feature_store"
PREDICTIONS = "nba_predictions.player_predictions"
GRADES = "nba_predictions.prediction_accuracy"


DAY = "2025-01-17"
"""Of ten games, in the middle of a season."""

GAME = "game_id = '20250117_NYK_DEN'"

LAYERS = (BDL, GAMEBOOK, BOXES, SUMMARY, DEFENSE, FACTORS, ZONES, CACHE, GRADES)
"""The tables of the shipped contract below its schedule."""

OTHERS = (TEAM_BOXES, EVENTS, STORE, PREDICTIONS)
"""Those that only the example has."""

LATER = "TIMESTAMP '2025-06-30 12:00'"

DATE_COLUMNS = {ZONES: "analysis_date", CACHE: "cache_date"}
"""Where it is not ``game_date``."""


def build_healthy(path: Path) -> Path:
    """Both seasons of the demo, and every layer of them."""
    build(path, lambda db: fill_complete(db, demo_schedule()))
    return path


def on(table: str, first: str = DAY, last: str = "") -> str:
    """The condition that a row is of these dates."""
    return f"{DATE_COLUMNS.get(table, 'game_date')} BETWEEN '{first}' AND '{last or first}'"


def lose(*tables: str, first: str = DAY, last: str = "") -> str:
    """Every row of these dates is gone from each of the tables."""
    return ";".join(f"DELETE FROM {table} WHERE {on(table, first, last)}" for table in tables)


def append(table: str, which: str = "true", limit: int = 1_000_000, change: str = "") -> str:
    """Rows of the day are there once more, perhaps with changed values."""
    columns = f"* REPLACE ({change})" if change else "*"
    return (
        f"INSERT INTO {table} SELECT {columns} FROM {table} WHERE {on(table)} AND {which} "
        f"ORDER BY ALL LIMIT {limit}"
    )


def change(table: str, change: str, which: str = "true", first: str = DAY, last: str = "") -> str:
    """Rows of these dates have other values."""
    return f"UPDATE {table} SET {change} WHERE {on(table, first, last)} AND {which}"


def empty(table: str, column: str, first: str = DAY, last: str = "") -> str:
    """On each of these dates, 71 % of the rows have NULL in a column."""
    date = DATE_COLUMNS.get(table, "game_date")
    rows = (
        f"SELECT rowid FROM {table} WHERE {on(table, first, last)} QUALIFY row_number() OVER "
        f"(PARTITION BY {date} ORDER BY md5(rowid::VARCHAR)) "
        f"<= round(0.71 * count(*) OVER (PARTITION BY {date}))"
    )
    return f"UPDATE {table} SET {column} = NULL WHERE rowid IN ({rows})"


def swap(*tables: str) -> str:
    """The games of the day are called by the home team first."""
    parts = ", ".join(f"split_part(game_id, '_', {n})" for n in (1, 3, 2))
    return ";".join(change(table, f"game_id = concat_ws('_', {parts})") for table in tables)


def one_row(table: str) -> str:
    """The condition that a row is the first of the day."""
    return f"rowid = (SELECT min(rowid) FROM {table} WHERE {on(table)})"


def four_players(table: str) -> str:
    """A game of the day has four players."""
    few = f"SELECT player_id FROM {table} WHERE {on(table)} AND {GAME} ORDER BY 1 LIMIT 4"
    return f"DELETE FROM {table} WHERE {on(table)} AND {GAME} AND player_id NOT IN ({few})"


def postpone(*tables: str) -> str:
    """A game of the day was not played, and no table but the schedule has it."""
    gone = ";".join(f"DELETE FROM {table} WHERE {on(table)} AND {GAME}" for table in tables)
    players = f"SELECT player_id FROM {BDL} WHERE {on(BDL)} AND {GAME}"
    said = change(SCHEDULE, "game_status = 'Postponed'", GAME.replace("game_id", "game_code"))
    return f"DELETE FROM {CACHE} WHERE {on(CACHE)} AND player_id IN ({players});{said};{gone}"


def after(healthy: Path, path: Path, happens: str) -> str:
    """The URL of a copy in which the SQL has happened."""
    shutil.copy(healthy, path)
    with duckdb.connect(path) as db:
        db.execute(happens)
    return f"duckdb:///{path}"


def incident(name: str, happens: str, *fails: str, **window: Any) -> Any:
    """A case of a table: the SQL, what fails then (a line for each check), and a window."""
    return pytest.param(happens, fails, window, id=name)


def floor(*datasets: str, day: str = DAY) -> list[str]:
    """The lines of datasets of which a date is lost."""
    return [f"{dataset} daily_conversion_ratio: {day}" for dataset in datasets]


def judged(contract: Path, url: str, as_of: str = "2026-01-03", **window: Any) -> Report:
    """What ``check`` says as of a date, over a window."""
    return check(loaded(contract), warehouse=url, as_of=D(as_of), **window)


@cache
def loaded(contract: Path) -> ContractFile:
    """A contract, read once."""
    return load_contract(contract)


def failed(report: Report) -> list[str]:
    """A line for each check that failed or could not tell: dataset, rule, window, dates."""
    silent = (Outcome.PASSED, Outcome.NOT_EVALUATED)
    return [line_of(found) for found in report.checks if found.outcome not in silent]


def line_of(found: CheckRecord) -> str:
    """``player_game_summary unique_keys: 2025-01-17``; other outcomes and severities are told."""
    told = [] if found.outcome is Outcome.FAILED else [found.outcome.lower()]
    told += [] if found.severity == "critical" else [found.severity]
    name = [found.dataset, found.name, *([found.over] if found.over else []), *told]
    return f"{' '.join(name)}: {dates_of(found.unexpected_dates)}"


def dates_of(days: Sequence[date]) -> str:
    """``2025-01-17``, or ``2025-01-17 to 2025-01-31 (15)``."""
    if len(days) < 3:
        return " ".join(map(str, days)) or "-"
    return f"{days[0]} to {days[-1]} ({len(days)})"
