"""The expectations of Great Expectations' own that a contract declares beside our rules. Pure."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checkpoints.contract.checks import NAMESPACE, upstream_pair
from checkpoints.contract.model import Contract, Expectation
from checkpoints.rules.evidence import Pair

COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")
"""The arguments that name columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCheck:
    """An expectation about the rows of a dataset, in the suite of its layer.

    ``pair`` is the dataset and its upstream, from which a backfill would restore it.
    """

    suite: str
    pair: Pair
    expectation: Expectation

    @property
    def dataset(self) -> str:
        """The dataset whose rows are judged."""
        return self.pair.dataset

    @property
    def kind(self) -> str:
        """The expectation's type."""
        return self.expectation.type

    @property
    def name(self) -> str:
        """As it is told apart from others."""
        return self.kind

    @property
    def id(self) -> str:
        """A stable UUID: it changes with what is checked, not with ``mostly``."""
        judged = json.dumps(_judged(self.expectation), sort_keys=True)
        parts = (self.suite, self.kind, self.dataset, judged, self.expectation.severity)
        return str(uuid.uuid5(NAMESPACE, "\x1f".join(parts)))

    @property
    def about(self) -> str:
        """Its columns, then its other arguments: ``game_id, regex "^002"``."""
        named = _judged(self.expectation)
        columns = [str(name) for key in COLUMNS for name in _listed(named.pop(key, []))]
        return ", ".join([*columns, *(f"{key} {json.dumps(v)}" for key, v in named.items())])


def _judged(expectation: Expectation) -> dict[str, object]:
    return {key: value for key, value in expectation.arguments.items() if key != "mostly"}


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


def stock_checks_of(
    contract: Contract, suites: Sequence[str] | None = None
) -> tuple[StockCheck, ...]:
    """Every expectation the contract declares, in layer order (or those of ``suites``)."""
    return tuple(
        StockCheck(suite=layer, pair=upstream_pair(contract, name), expectation=expectation)
        for layer in contract.layers
        if suites is None or layer in suites
        for name, dataset in contract.datasets.items()
        if dataset.layer == layer
        for expectation in dataset.expectations
    )


def words_of(contract: Contract, suites: Sequence[str] | None = None) -> dict[str, frozenset[str]]:
    """By dataset with expectations, every word in their arguments: its columns are among them."""
    found: dict[str, set[str]] = {}
    for check in stock_checks_of(contract, suites):
        words = found.setdefault(check.dataset, set())
        for text in _texts(check.expectation.arguments):
            words.update([text, *re.findall(r"\w+", text)])
    return {name: frozenset(words) for name, words in found.items()}


def _texts(value: object) -> Iterator[str]:
    """Every text within a value of YAML, however deep."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else _listed(value):
        if inner is not value:
            yield from _texts(inner)
