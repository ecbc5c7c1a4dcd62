"""The shipped pipeline over a real schedule (or the demo's), with holes in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

from benchmarks.worlds import GX, World, save_world
from checkpoints.rules.registry import RULES
from demo.real_input import read_schedule
from demo.schedule import Game, demo_schedule
from demo.warehouse import build, fill_complete

FACTORS = "nba_precompute.player_composite_factors"
HOLES = (
    f"DELETE FROM {FACTORS} WHERE dayofyear(game_date) % 4 = 0",
    f"""DELETE FROM nba_predictions.prediction_accuracy
        WHERE game_date NOT IN (SELECT game_date FROM {FACTORS})""",
    """DELETE FROM nba_precompute.team_defense_zone_analysis
        WHERE month(analysis_date) = 1 AND day(analysis_date) BETWEEN 10 AND 19""",
    """DELETE FROM nba_precompute.player_daily_cache
        WHERE month(cache_date) = 2 AND day(cache_date) IN (3, 4)""",
    """UPDATE nba_analytics.team_defense_game_summary SET game_id = game_id || 'x'
        WHERE dayofyear(game_date) % 3 = 0 AND hash(game_id) % 2 = 0""",
)
"""An incident that loses a quarter of the dates and what is built from them, a long gap, a short
one, and misspelled keys whose counts agree."""

ORPHANS_OF = ("player_game_summary", "team_defense_game_summary", "player_composite_factors")
"""With prediction_accuracy: the datasets whose keys are compared one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Games, where they are from, and two windows: of ``one`` season and of ``all``."""

    games: Sequence[Game]
    source: str
    one: tuple[date, date]
    all: tuple[date, date]
    seasons: int


def schedule_of(folder: Path) -> Schedule:
    """The real schedule where the folder has it, else the two made-up seasons of the demo."""
    csv = folder / "schedule_2021-2025.csv"
    if csv.is_file():
        return Schedule(
            games=read_schedule(csv),
            source="real schedule",
            one=(date(2024, 10, 22), date(2025, 6, 22)),
            all=(date(2021, 10, 19), date(2025, 6, 22)),
            seasons=4,
        )
    return Schedule(
        games=demo_schedule(),
        source="the demo's made-up schedule",
        one=(date(2024, 10, 22), date(2025, 6, 22)),
        all=(date(2024, 10, 22), date(2026, 1, 2)),
        seasons=2,
    )


BESIDE_THE_25 = ("recent_coverage", "daily_conversion_ratio")
"""Rules of datasets that not every tool can check in SQL."""


def shipped_contract() -> dict[str, Any]:
    """The contract of the project as plain data, with what it asks of keys and not of rows."""
    raw: dict[str, Any] = yaml.safe_load((GX / "pipeline.yml").read_text(encoding="utf-8"))
    datasets = {}
    for name, dataset in raw["datasets"].items():
        rules = [rule for rule in dataset.get("rules", []) if not _is_about_rows(rule["rule"])]
        datasets[name] = {k: v for k, v in dataset.items() if k != "service"} | {"rules": rules}
    return {
        **raw,
        "warehouse": "duckdb:///warehouse.duckdb",
        "services": {},
        "datasets": datasets,
    }


def _is_about_rows(kind: str) -> bool:
    return RULES[kind].is_about_rows or kind == "fresh"


def contract_of_25() -> dict[str, Any]:
    """The shipped contract cut to 25 rules that every tool can check in SQL."""
    raw = shipped_contract()
    datasets = {name: dict(dataset) for name, dataset in raw["datasets"].items()}
    for dataset in datasets.values():
        rules = dataset.get("rules", [])
        dataset["rules"] = [r for r in rules if r["rule"] not in BESIDE_THE_25]
        dataset.pop("exempt", None)
    for name in (*ORPHANS_OF, "prediction_accuracy"):
        datasets[name]["rules"].append({"rule": "no_orphan_keys"})
    ratios = [r for r in raw["cross_layer"] if r["rule"] == "conversion_ratio"]
    shared: dict[str, Any] = {"rules_for_all": [], "rules_for_keyed": []}
    return {**raw, "datasets": datasets, "cross_layer": ratios, **shared}


def build_warehouse(schedule: Schedule, path: Path) -> None:
    """Every layer of the schedule, complete, then the holes."""
    build(path, lambda connection: fill_complete(connection, list(schedule.games)))
    with duckdb.connect(str(path)) as connection:
        for hole in HOLES:
            connection.execute(hole)


def make_season(
    name: str,
    folder: Path,
    warehouse: Path,
    contract: Mapping[str, Any],
    window: tuple[date, date],
) -> World:
    """A world on a warehouse that exists already."""
    world = World(name=name, folder=folder, warehouse=warehouse, first=window[0], last=window[1])
    return save_world(world, contract)
