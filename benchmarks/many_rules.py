"""A contract of many rules on small tables: what 500 of them cost the library."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.planted import EIGHT
from benchmarks.seasons import counted_truth
from benchmarks.shape import Shape
from benchmarks.synthetic import build, contract_of
from benchmarks.world import save_world

SHAPE = Shape(tables=8, rows=2_000, dates=100, rows_per_key=2)
COPIES = 3
KINDS = (
    {"rule": "conversion_ratio", "at_least": 0.95},
    {"rule": "daily_conversion_ratio", "at_least": 0.5},
    {"rule": "date_gap", "at_most_days": 3},
)


def contract_of_many(rules: int) -> dict[str, Any]:
    """Each table stands for three datasets, each compared with every one above it."""
    raw = contract_of(SHAPE)
    tables = raw["datasets"]
    names = sorted(
        (
            f"{name}_{n}" if n else name
            for n in range(COPIES)
            for name in tables
            if _rank(name) or not n
        ),
        key=_rank,
    )
    datasets = {name: _dataset(tables, name) for name in names}
    pairs = (
        (name, of, kind)
        for kind in KINDS
        for name in names
        for of in names
        if _rank(of) < _rank(name)
    )
    for name, of, kind in islice(pairs, rules):
        datasets[name]["rules"].append({**kind, "of": of})
    return {**raw, "datasets": datasets}


def _rank(name: str) -> int:
    """0 for the reference, 1 for the first layer, and so on."""
    layers = list(dict.fromkeys(table.layer for table in EIGHT))
    (layer,) = (table.layer for table in EIGHT if table.name == name.partition("_")[0])
    return layers.index(layer)


def _dataset(tables: dict[str, Any], name: str) -> dict[str, Any]:
    dataset = {k: v for k, v in tables[name.partition("_")[0]].items() if k != "rules"}
    return {**dataset, "rules": []}


def make_world(rules: int, folder: Path) -> Path:
    """Build a small warehouse and a project of so many rules. Returns the saved world's path."""
    world = build(folder, f"{rules} rules", contract_of_many(rules), SHAPE)
    return save_world(world, counted_truth(world))
