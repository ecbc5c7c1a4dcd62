"""Made-up warehouses of any size on DuckDB, with their contract of three rules a pair."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.findings import Finding, finding_of
from benchmarks.planted import (
    AGAINST_RAW,
    FIRST,
    Every,
    Planted,
    figures_of,
    last_day,
    tables_of,
)
from benchmarks.shape import Shape
from benchmarks.world import World, save_project, save_world

BATCH_ROWS = 4_000_000
AT_LEAST, AT_MOST_DAYS = 0.95, 3


def contract_of(shape: Shape) -> dict[str, Any]:
    """The contract of a shape as plain data: 24 rules for eight tables, 3 for two."""
    tables = tables_of(shape)
    layers = dict.fromkeys(table.layer for table in tables)
    return {
        "version": 1,
        "timezone": "UTC",
        "warehouse": "duckdb:///warehouse.duckdb",
        "reference": tables[0].name,
        "layers": {layer: layer for layer in layers},
        "seasons": [{"name": "all", "from": FIRST, "to": last_day(shape) + timedelta(days=60)}],
        "datasets": {table.name: _dataset(table) for table in tables},
        "checkpoints": {"after_backfill": {"suites": [*layers]}},
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


def make_world(shape: Shape, folder: Path) -> Path:
    """Build a warehouse and its project. Returns the path of the saved world."""
    world = build(folder, shape.name, contract_of(shape), shape)
    return save_world(world, truth_of(world, shape))


def build(folder: Path, name: str, contract: dict[str, Any], shape: Shape) -> World:
    """A warehouse of a shape, made anew, and a project around a contract."""
    folder.mkdir(parents=True, exist_ok=True)
    save_project(folder, contract)
    warehouse = folder / "warehouse.duckdb"
    warehouse.unlink(missing_ok=True)
    fill(warehouse, shape)
    return World(name=name, folder=folder, warehouse=warehouse, first=FIRST, last=last_day(shape))


def truth_of(world: World, shape: Shape) -> dict[str, Finding]:
    """What is true of every rule, from what was planted."""
    by_name = {table.name: table for table in tables_of(shape)}
    contract = world.contract
    return {
        check.id: finding_of(
            contract,
            check,
            figures_of(shape, by_name[check.dataset], by_name[check.of or check.dataset]),
        )
        for check in world.checks
    }


def fill(path: Path, shape: Shape) -> None:
    """Write the tables: by date, and within a date in no order."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA made_up")
        connection.execute(
            """CREATE TEMP TABLE keys AS
            SELECT day::INTEGER AS day, key::INTEGER AS key, game_date,
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
    missing = table.missing_dates(shape.dates)
    step = max(1, shape.dates * BATCH_ROWS // shape.rows)
    for first in range(0, shape.dates, step):
        connection.execute(
            f"""INSERT INTO made_up.{table.name}
            SELECT game_date, CASE WHEN {_holds(table.misspelled)} THEN game_id || 'x'
                   ELSE game_id END, (hash(key, n) % 500)::INTEGER, (hash(day, n) % 400) / 10
            FROM keys, (SELECT range AS n FROM range($rows_per_key))
            WHERE day >= $first AND day < $end AND NOT ({_holds(table.lost)})
              AND NOT (day >= $missing_from AND day < $missing_to)
            ORDER BY day, hash(key, n)""",
            {
                "rows_per_key": shape.rows_per_key,
                "first": first,
                "end": first + step,
                "missing_from": missing.start,
                "missing_to": missing.stop,
            },
        )


def _holds(every: Every | None) -> str:
    if every is None:
        return "false"
    return f"day % {every.dates} = 0 AND key % {every.step} = {every.offset}"
