"""Do the names in a contract refer to each other soundly? Every problem at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from checkpoints.contract.checks import Check, checks_of
from checkpoints.contract.model import CROSS_LAYER, Contract, Dataset
from checkpoints.contract.stock import StockCheck, stock_checks_of
from checkpoints.rules.rule import Rule
from checkpoints.text import counted, did_you_mean

DOCS_NAME = "update_data_docs"
"""Of the action that every generated checkpoint has."""

MOST_PARTS = 3
"""project.dataset.table"""


def link_problems(contract: Contract) -> list[str]:
    """Unknown names, cycles, overlapping seasons and duplicate checks, as sentences."""
    problems = [
        *_reference_problems(contract),
        *_layer_problems(contract),
        *_season_problems(contract),
        *(
            p
            for name, dataset in contract.datasets.items()
            for p in _links(contract, name, dataset)
        ),
        *_rule_problems(contract),
        *_range_problems(contract),
        *_checkpoint_problems(contract),
        *_cycle_problems(contract),
    ]
    return problems or _check_problems(contract)


def _unknown(kind: str, name: str, known: list[str]) -> str:
    hint = did_you_mean(name, known) or f"known: {', '.join(known) or 'none'}"
    return f"unknown {kind} {name!r}: {hint}"


def _reference_problems(contract: Contract) -> Iterator[str]:
    if contract.reference not in contract.datasets:
        yield "reference: " + _unknown("dataset", contract.reference, list(contract.datasets))
    elif contract.datasets[contract.reference].upstream is not None:
        yield f"reference: {contract.reference!r} is compared with nothing: remove its upstream"


def _layer_problems(contract: Contract) -> Iterator[str]:
    if CROSS_LAYER in contract.layers:
        yield f"layers.{CROSS_LAYER}: is the name of the suite between layers: choose another"
    folded = [layer.lower() for layer in contract.layers]
    if len(set(folded)) < len(folded):
        yield "layers: two names differ only in case: rename one"


def _season_problems(contract: Contract) -> Iterator[str]:
    ordered = sorted(contract.seasons, key=lambda s: s.first)
    for left, right in pairwise(ordered):
        if right.first <= left.last:
            yield f"seasons: {left.name!r} and {right.name!r} overlap on {right.first}"
    names = [s.name for s in contract.seasons]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield f"seasons: {name!r} is declared twice"


def _links(contract: Contract, name: str, dataset: Dataset) -> Iterator[str]:
    place = f"datasets.{name}"
    if dataset.layer not in contract.layers:
        yield f"{place}.layer: " + _unknown("layer", dataset.layer, list(contract.layers))
    if dataset.service is not None and dataset.service not in contract.services:
        yield f"{place}.service: " + _unknown("service", dataset.service, list(contract.services))
    if len(dataset.path) > MOST_PARTS:
        yield f"{place}.table: {dataset.table!r} has more than {MOST_PARTS} parts"
    if not all(dataset.path or ("query",)):
        yield f"{place}.table: {dataset.table!r} has an empty part"
    if dataset.upstream is None:
        if name != contract.reference:
            yield f"{place}.upstream: is missing: name the dataset it is built from"
    elif dataset.upstream not in contract.datasets:
        yield f"{place}.upstream: " + _unknown("dataset", dataset.upstream, list(contract.datasets))
    else:
        yield from _grain_problems(contract, f"{place}.upstream", name, dataset.upstream)


def _grain_problems(contract: Contract, place: str, name: str, other: str) -> Iterator[str]:
    """Also where only counts are compared: a count of games says nothing about players."""
    left, right = len(contract.datasets[name].key), len(contract.datasets[other].key)
    if left and right and left != right:
        yield (
            f"{place}: {name!r} has {counted(left, 'key column')} and {other!r} {right}, so that "
            "their keys are never the same things: give both the same key columns, the finer one "
            "as a query (SELECT DISTINCT date, key FROM …), or give one no key to compare by date"
        )


def _rule_problems(contract: Contract) -> Iterator[str]:
    for name, dataset in contract.datasets.items():
        for n, rule in enumerate(dataset.rules):
            place = f"datasets.{name}.rules[{n}]"
            if rule.dataset is not None:
                yield f"{place}.dataset: is given by where the rule stands: remove it"
            yield from _of_problems(contract, place, name, rule)
    for n, rule in enumerate(contract.rules_for_keyed):
        if rule.dataset is not None or rule.of is not None:
            yield f"rules_for_keyed[{n}]: holds for every dataset: remove dataset and of"
    for n, rule in enumerate(contract.cross_layer):
        place = f"cross_layer[{n}]"
        if rule.dataset is None:
            yield f"{place}.dataset: is missing"
        elif rule.dataset not in contract.datasets:
            yield f"{place}.dataset: " + _unknown("dataset", rule.dataset, list(contract.datasets))
        else:
            yield from _of_problems(contract, place, rule.dataset, rule)


def _of_problems(contract: Contract, place: str, name: str, rule: Rule) -> Iterator[str]:
    of = rule.of
    if of is None:
        if name == contract.reference and rule.compares:
            yield f"{place}: the reference has no upstream to be compared with"
    elif of not in contract.datasets:
        yield f"{place}.of: " + _unknown("dataset", of, list(contract.datasets))
    elif of == name:
        yield f"{place}.of: {name!r} cannot be compared with itself"
    else:
        yield from _grain_problems(contract, f"{place}.of", name, of)


def _range_problems(contract: Contract) -> Iterator[str]:
    for kind in ("known_gaps", "protected"):
        for n, period in enumerate(getattr(contract, kind)):
            if period.dataset not in contract.datasets:
                yield f"{kind}[{n}].dataset: " + _unknown(
                    "dataset", period.dataset, list(contract.datasets)
                )
            elif kind == "known_gaps" and period.dataset == contract.reference:
                yield (
                    f"{kind}[{n}].dataset: {period.dataset!r} is the reference, which says on "
                    "which dates anything is due, so a gap in it changes nothing: declare the gap "
                    f"for each dataset that lacks these dates, or leave the dates out of "
                    f"{period.dataset!r} with where or a query"
                )


def _checkpoint_problems(contract: Contract) -> Iterator[str]:
    known = list(contract.suites())
    for name, checkpoint in contract.checkpoints.items():
        if not checkpoint.suites:
            yield f"checkpoints.{name}.suites: is empty: name at least one"
        for suite in checkpoint.suites:
            if suite not in known:
                yield f"checkpoints.{name}.suites: " + _unknown("suite", suite, known)
        names = [DOCS_NAME, *(action.name for action in checkpoint.actions)]
        for n, action in enumerate(checkpoint.actions):
            place = f"checkpoints.{name}.actions[{n}]"
            if action.name in names[: n + 1]:
                yield f"{place}.name: {action.name!r} is taken by another action: choose another"
            if action.type == "api":
                yield (
                    f"{place}.type: 'api' cannot send the results of this version of Great "
                    "Expectations, and would fail after every run: use another action, or "
                    "--json PATH and a command of your own"
                )


def _cycle_problems(contract: Contract) -> Iterator[str]:
    reported: set[str] = set()
    for start in contract.datasets:
        chain, name = [start], contract.datasets[start].upstream
        while name in contract.datasets and name not in chain:
            chain.append(name)
            name = contract.datasets[name].upstream
        if name == start and start not in reported:
            reported.update(chain)
            yield f"datasets: upstream goes in a circle: {' → '.join([*chain, start])}"


def _check_problems(contract: Contract) -> list[str]:
    checks: list[Check | StockCheck] = [*checks_of(contract), *stock_checks_of(contract)]
    ids = [check.id for check in checks]
    return [
        f"suite {c.suite}: {c.kind} of {c.dataset!r} is declared twice with the same severity"
        for n, c in enumerate(checks)
        if c.id in ids[:n]
    ]
