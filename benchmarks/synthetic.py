"""Made-up warehouses of any size on DuckDB, with their contract of three rules a pair.

A table holds the same keys on every playing date, apart from what its ``Planted`` takes out of it
or misspells. Every seventh calendar day nobody plays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from benchmarks.worlds import CHECKPOINT, World, save_world

FIRST = date(2016, 1, 4)
BATCH_ROWS = 4_000_000
AT_LEAST, AT_MOST_DAYS = 0.95, 3
M = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """``tables`` of about ``rows`` rows each: ``dates`` × keys × ``rows_per_key``."""

    tables: int
    rows: int
    dates: int = 1000
    rows_per_key: int = 20

    @property
    def keys(self) -> int:
        """Keys on each date."""
        return max(1, self.rows // (self.dates * self.rows_per_key))

    @property
    def last(self) -> date:
        """The last playing date."""
        return calendar_day(self.dates - 1)

    @property
    def name(self) -> str:
        """``8 × 10 M``, with what is unusual about it."""
        keyed = "" if self.rows_per_key == 20 else f", {self.rows_per_key} rows a key"
        dated = "" if self.dates == 1000 else f", {self.dates:,} dates"
        return f"{self.tables} × {short(self.rows)}{keyed}{dated}"


def short(number: int) -> str:
    """``10000000`` → ``10 M``."""
    for unit, name in ((M, " M"), (1_000, " k")):
        if number >= unit and number % unit == 0:
            return f"{number // unit}{name}"
    return f"{number:,}"


def calendar_day(number: int) -> date:
    """The calendar date of a playing date."""
    return FIRST + timedelta(days=number + number // 6)


class Planted(NamedTuple):
    """A table and what is wrong with it: SQL conditions of the keys that it lacks or misspells.

    They are about ``day`` and ``key``, numbers from 0, and ``dates``, the number of dates.
    """

    name: str
    layer: str
    upstream: str | None
    lost: str = "false"
    misspelled: str = "false"


LOST = "day % 10 = 0 AND key % 4 = 3"
MISSPELLED = "day % 5 = 0 AND key % 2 = 1"
FOUR_DATES = "day - floor(0.6 * dates) BETWEEN 0 AND 3"

EIGHT = (
    Planted("schedule", "reference", None),
    Planted("raw", "L1", "schedule"),
    Planted("summary", "L3", "raw", LOST),
    Planted("defense", "L3", "raw", misspelled=MISSPELLED),
    Planted("factors", "L4", "summary", LOST),
    Planted("cache", "L4", "summary", f"{LOST} OR day >= 0.2 * dates AND day < 0.5 * dates"),
    Planted("zones", "L4", "defense", FOUR_DATES, MISSPELLED),
    Planted("scores", "L5", "factors", f"{LOST} OR day - floor(0.4 * dates) BETWEEN 0 AND 1"),
)
TWO = (EIGHT[0], Planted("raw", "L1", "schedule", FOUR_DATES, MISSPELLED))
AGAINST_RAW = ("factors", "cache", "scores")
"""Tables whose conversion is also measured against the first layer."""


def tables_of(shape: Shape) -> tuple[Planted, ...]:
    """The tables of a shape, upstream first."""
    return EIGHT if shape.tables == 8 else TWO


def make_synthetic(shape: Shape, folder: Path) -> World:
    """Build a warehouse of a shape and its project."""
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = folder / "warehouse.duckdb"
    warehouse.unlink(missing_ok=True)
    fill(warehouse, shape)
    world = World(name=shape.name, folder=folder, warehouse=warehouse, first=FIRST, last=shape.last)
    return save_world(world, contract_of(shape))


def contract_of(shape: Shape) -> dict[str, Any]:
    """The contract of a shape as plain data: 25 rules for eight tables, 4 for two."""
    tables = tables_of(shape)
    layers = dict.fromkeys(table.layer for table in tables)
    return {
        "version": 1,
        "timezone": "UTC",
        "warehouse": "duckdb:///warehouse.duckdb",
        "reference": tables[0].name,
        "layers": {layer: layer for layer in layers},
        "seasons": [{"name": "all", "from": FIRST, "to": shape.last + timedelta(days=60)}],
        "datasets": {table.name: _dataset(table) for table in tables},
        "checkpoints": {CHECKPOINT: {"suites": [*layers]}},
    }


def _dataset(table: Planted) -> dict[str, Any]:
    dataset = {
        "layer": table.layer,
        "table": f"made_up.{table.name}",
        "date": "game_date",
        "key": "game_id",
    }
    if table.upstream is None:
        return dataset
    rules: list[dict[str, Any]] = [
        {"rule": "conversion_ratio", "at_least": AT_LEAST},
        {"rule": "date_gap", "at_most_days": AT_MOST_DAYS},
        {"rule": "no_orphan_keys"},
    ]
    if table.name in AGAINST_RAW:
        rules.append({"rule": "conversion_ratio", "of": "raw", "at_least": AT_LEAST})
    return {**dataset, "upstream": table.upstream, "rules": rules}


def fill(path: Path, shape: Shape) -> None:
    """Write the tables: by date, and within a date in no order."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA made_up")
        connection.execute(
            """CREATE TEMP TABLE keys AS
            SELECT day::INTEGER AS day, key::INTEGER AS key, $dates AS dates, game_date,
                   strftime(game_date, '%Y%m%d_') || printf('%05d', key) AS game_id
            FROM (SELECT range AS day, $first + (range + range // 6)::INTEGER AS game_date
                  FROM range($dates)), (SELECT range AS key FROM range($keys))""",
            {"first": FIRST, "dates": shape.dates, "keys": shape.keys},
        )
        for table in tables_of(shape):
            _fill_table(connection, table, shape)


def _fill_table(connection: duckdb.DuckDBPyConnection, table: Planted, shape: Shape) -> None:
    connection.execute(
        f"""CREATE TABLE made_up.{table.name}
        (game_date DATE, game_id VARCHAR, player_id INTEGER, points DOUBLE)"""
    )
    step = max(1, shape.dates * BATCH_ROWS // shape.rows)
    for first in range(0, shape.dates, step):
        connection.execute(
            f"""INSERT INTO made_up.{table.name}
            SELECT game_date, CASE WHEN {table.misspelled} THEN game_id || 'x'
                   ELSE game_id END, (hash(key, n) % 500)::INTEGER, (hash(day, n) % 400) / 10
            FROM keys, (SELECT range AS n FROM range($rows_per_key))
            WHERE day >= $first AND day < $end AND NOT ({table.lost})
            ORDER BY day, hash(key, n)""",
            {"rows_per_key": shape.rows_per_key, "first": first, "end": first + step},
        )
