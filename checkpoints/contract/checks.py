"""To be described."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from checkpoints.contract.model import CROSS_LAYER, Contract
from checkpoints.rules.evidence import Pair
from checkpoints.rules.rule import (
    AnyRule,
    ConversionRatio,
    DailyConversionRatio,
    DateGap,
    NoNullKeys,
    NoOrphanKeys,
    RecentCoverage,
    Severity,
)

NAMESPACE = uuid.UUID("5b0bb2b2-52ee-5a0e-9a2c-6f7f8a3b1c11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule applied to a dataset in a suite."""

    suite: str
    dataset: str
    of: str | None
    rule: AnyRule
    pair: Pair

    @property
    def kind(self) -> str:
        """The rule's name in the contract."""
        return self.rule.rule

    @property
    def severity(self) -> Severity:
        """How much a failure weighs."""
        return self.rule.severity

    @property
    def id(self) -> str:
        """A stable UUID: it changes with what is checked, not with the threshold."""
        parts = (self.suite, self.kind, *map(str, self.pair), self.severity)
        return str(uuid.uuid5(NAMESPACE, "\x1f".join(parts)))

    @property
    def threshold(self) -> float:
        """A ratio for ratios, days for gaps, 0 for orphans and null keys."""
        match self.rule:
            case ConversionRatio() | DailyConversionRatio() | RecentCoverage():
                return self.rule.at_least
            case DateGap():
                return self.rule.at_most_days
            case NoOrphanKeys() | NoNullKeys():
                return 0


def checks_of(contract: Contract, suites: Sequence[str] | None = None) -> tuple[Check, ...]:
    """Every check the contract declares, suite by suite in layer order (or those of ``suites``)."""
    declared = [
        *(
            _check(contract, dataset.layer, name, rule)
            for name, dataset in contract.datasets.items()
            for rule in (*dataset.rules, *_rules_for_keyed(contract, name))
        ),
        *(
            _check(contract, CROSS_LAYER, rule.dataset, rule)
            for rule in contract.cross_layer
            if rule.dataset
        ),
    ]
    order = [*contract.layers, CROSS_LAYER]
    return tuple(
        check
        for suite in order
        if suites is None or suite in suites
        for check in declared
        if check.suite == suite
    )


def _rules_for_keyed(contract: Contract, name: str) -> list[AnyRule]:
    if contract.is_date_grain(name):
        return []
    compared = name != contract.reference
    return [r for r in contract.rules_for_keyed if compared or isinstance(r, NoNullKeys)]


def _check(contract: Contract, suite: str, name: str, rule: AnyRule) -> Check:
    dataset = contract.datasets[name]
    of = rule.of or dataset.upstream
    match = rule.match or (dataset.match if of == dataset.upstream else "keys")
    return Check(suite=suite, dataset=name, of=of, rule=rule, pair=Pair(name, of, match))


def upstream_pair(contract: Contract, name: str) -> Pair:
    """A dataset against its declared upstream."""
    dataset = contract.datasets[name]
    return Pair(name, dataset.upstream, dataset.match)


def coverage_pair(contract: Contract, name: str) -> Pair:
    """What a dataset's coverage is measured by: its first ratio rule, else its upstream.

    Comparing only with the layer above would hide what both lost.
    """
    rules = contract.datasets[name].rules
    ratios = (rule for rule in rules if isinstance(rule, ConversionRatio))
    compared = (_check(contract, contract.datasets[name].layer, name, r).pair for r in ratios)
    return next(compared, upstream_pair(contract, name))


def pairs_of(contract: Contract) -> tuple[Pair, ...]:
    """Every pair that a check or a coverage table needs: declared upstreams come first."""
    declared = [upstream_pair(contract, name) for name in contract.names]
    return tuple(dict.fromkeys([*declared, *(check.pair for check in checks_of(contract))]))
