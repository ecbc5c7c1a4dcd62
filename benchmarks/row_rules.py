"""What the rules about rows of the shipped contract cost, beside counting distinct keys.

Made-up tables with the columns that the contract names: ``rows`` rows in each table of players, on
1,000 dates, 20 to a game; two in that of teams, 30 a date in that of zones.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import duckdb

from checkpoints.contract.loading import load_contract
from checkpoints.contract.model import Contract
from checkpoints.dates import DateRange
from checkpoints.errors import WarehouseError
from checkpoints.warehouse.reading import open_warehouse

DATES = 1000
PER_GAME = 20
FIRST = "2023-01-01"
WRITTEN = {"nba_raw": 0, "nba_analytics": 4, "nba_precompute": 6, "nba_predictions": 9}
"""Hours after a game's date at which the tables of a schema are written."""

PLAYERS = {
    "nba_raw.bdl_player_boxscores": "i % 40 AS points",
    "nba_raw.nbac_gamebook_player_stats": "i % 40 AS points",
    "nba_raw.nbac_player_boxscores": "i % 40 AS points",
    "nba_analytics.player_game_summary": "i % 40 AS points, 0.2 AS usage_rate",
    "nba_precompute.player_composite_factors": "1.0 AS fatigue_minutes",
    "nba_precompute.player_daily_cache": "i % 40 AS points",
    "nba_predictions.prediction_accuracy": "1.0 AS predicted_points",
}
IDENTITY = {"team_defense_game_summary": "team", "team_defense_zone_analysis": "team"}


class Measured(NamedTuple):
    """One way to read all tables: seconds of the clock, of the processor, and peak memory in MB."""

    what: str
    seconds: float
    cpu: float
    peak: float

    def __str__(self) -> str:
        return f"{self.what:44} {self.seconds:6.2f} s  {self.cpu:6.2f} s CPU  {self.peak:5.0f} MB"


def build(path: Path, rows: int) -> None:
    """Fill a new warehouse; in a process of its own, whose memory is not measured."""
    process = get_context("spawn").Process(target=_fill, args=(str(path), rows))
    process.start()
    process.join()


def _fill(path: str, rows: int) -> None:
    per_date = max(rows // DATES, PER_GAME)
    day = f"DATE '{FIRST}' + (i // {per_date})::INTEGER"
    game = f"'G' || lpad((i // {PER_GAME} % {per_date // PER_GAME})::VARCHAR, 6, '0')"
    every = f"FROM range({per_date * DATES}) numbers(i)"
    with duckdb.connect(path) as connection:
        connection.execute("SET enable_progress_bar = false")
        for schema in WRITTEN:
            connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute(
            f"CREATE TABLE nba_raw.nbac_schedule AS SELECT DISTINCT {day} AS game_date, "
            f"{game} AS game_id, 'Final' AS game_status {every}"
        )
        tables = {
            **{table: (columns, "true") for table, columns in PLAYERS.items()},
            "nba_analytics.team_defense_game_summary": (
                "'T' || i % 2 AS team, 100 AS points_allowed", f"i % {PER_GAME} < 2",
            ),
            "nba_precompute.team_defense_zone_analysis": (
                "'T' || i % 30 AS team, 100 AS points_allowed", f"i % {per_date} < 30",
            ),
        }  # fmt: skip
        for table, (columns, where) in tables.items():
            hours = 30 + WRITTEN[table.partition(".")[0]]
            moment = f"({day})::TIMESTAMP + INTERVAL {hours} HOUR"
            connection.execute(
                f"CREATE TABLE {table} AS SELECT {day} AS game_date, {day} AS analysis_date, "
                f"{day} AS cache_date, {game} AS game_id, i::INTEGER AS player_id, {columns}, "
                f"{moment} AS loaded_at, {moment} AS processed_at {every} WHERE {where}"
            )


def measure(path: Path, contract_path: Path) -> list[Measured]:
    """The evidence of all rules, then one pass per table that counts distinct keys, and rows.

    Raises:
        WarehouseError: the tables are not those of the contract.
    """
    contract = load_contract(contract_path, {}).contract
    window = [DateRange(contract.seasons[0].first, contract.seasons[-1].last)]
    with open_warehouse(contract, f"duckdb:///{path}") as warehouse:
        if warehouse.unreadable:
            raise WarehouseError(*warehouse.unreadable.values())
        found = [_measured("evidence of all rules", lambda: warehouse.presence(window))]
    with duckdb.connect(str(path), read_only=True) as connection:
        for what, of in (("game", _key), ("game and player", _identity)):
            statements = [_distinct(contract, name, of(contract, name)) for name in contract.names]
            run = partial(_run, connection, statements)
            found.append(_measured(f"COUNT(DISTINCT {what}) per table", run))
    return found


def _run(connection: duckdb.DuckDBPyConnection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.execute(statement).fetchall()


def _distinct(contract: Contract, name: str, key: str) -> str:
    dataset = contract.datasets[name]
    return f"SELECT {dataset.date}, count(DISTINCT {key}) FROM {dataset.table} GROUP BY 1"


def _key(contract: Contract, name: str) -> str:
    return contract.datasets[name].key[0] if contract.datasets[name].key else _of_rows(name)


def _identity(contract: Contract, name: str) -> str:
    key = contract.datasets[name].key
    if not key or name == contract.reference:
        return _key(contract, name)
    return f"({key[0]}, {_of_rows(name)})"


def _of_rows(name: str) -> str:
    return IDENTITY.get(name, "player_id")


def _measured(what: str, read: Callable[[], object]) -> Measured:
    started, cpu = time.perf_counter(), time.process_time()
    read()
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return Measured(what, seconds, used, peak)
