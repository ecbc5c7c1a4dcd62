"""Which layers a pipeline has: its schemas, or how far from its sources a table is. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from checkpoints.adoption.facts import Dataset
from checkpoints.adoption.lineage import Link, rank_of
from checkpoints.contract.model import CROSS_LAYER


class Layers(NamedTuple):
    """The layers, upstream first, each with its description, and the layer of each dataset."""

    described: Mapping[str, str]
    of: Mapping[str, str]


def layers_of(datasets: Sequence[Dataset], links: Mapping[str, Link]) -> Layers:
    """What a dbt project or the schemas say, where no table is above its upstream by that; else
    one layer for each step down."""
    depths = {dataset.name: _depth(dataset.name, links) for dataset in datasets}
    said = {d.name: slug(d.table.known.layer or d.table.schema) for d in datasets}
    names = sorted(set(said.values()), key=lambda layer: _place(layer, datasets, said, depths))
    sound = all(
        names.index(said[link.upstream]) <= names.index(said[name]) for name, link in links.items()
    )
    if len(names) > 1 and sound:
        return Layers({name: f"tables of {name}" for name in names}, said)
    steps = sorted(set(depths.values()))
    described = {
        f"L{step + 1}": f"built from L{step}" if step else "as they arrive" for step in steps
    }
    return Layers(described, {name: f"L{depth + 1}" for name, depth in depths.items()})


def _place(
    layer: str, datasets: Sequence[Dataset], said: Mapping[str, str], depths: Mapping[str, int]
) -> tuple[float, ...]:
    members = [dataset for dataset in datasets if said[dataset.name] == layer]
    ranks = [rank_of(dataset.table)[0] for dataset in members]
    mean = sum(depths[dataset.name] for dataset in members) / len(members)
    return min(ranks), mean


def _depth(name: str, links: Mapping[str, Link]) -> int:
    depth = 0
    while name in links:
        name, depth = links[name].upstream, depth + 1
    return depth


def slug(name: str) -> str:
    """A name as that of a suite: ASCII letters, digits, hyphens and underscores."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")[:60] or "layer"
    return f"{plain}_tables" if plain.lower() == CROSS_LAYER else plain
