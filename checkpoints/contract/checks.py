"""What a contract declares: checks, and the pairs of datasets that they compare. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from checkpoints.contract.model import CROSS_LAYER, Contract
from checkpoints.dates import DateRange
from checkpoints.rules.evidence import Pair
from checkpoints.rules.registry import RULES
from checkpoints.rules.rule import Rule, Severity, name_of

NAMESPACE = uuid.UUID("5b0bb2b2-52ee-5a0e-9a2c-6f7f8a3b1c11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule applied to a dataset in a suite."""

    suite: str
    rule: Rule
    pair: Pair

    @property
    def dataset(self) -> str:
        """The dataset that is judged."""
        return self.pair.dataset

    @property
    def of(self) -> str | None:
        """The dataset it is compared with."""
        return self.pair.of

    @property
    def kind(self) -> str:
        """The rule's name in the contract."""
        return self.rule.kind()

    @property
    def name(self) -> str:
        """The rule's name, with what tells it from others of its kind."""
        return name_of(self.kind, self.rule.identity(), self.pair.by)

    @property
    def severity(self) -> Severity:
        """How much a failure weighs."""
        return self.rule.severity

    @property
    def id(self) -> str:
        """A stable UUID: it changes with what is checked, not with the threshold."""
        pair, by = self.pair[:-1], self.pair.by
        parts = (self.suite, self.kind, *map(str, pair), self.severity, *self.rule.identity())
        named = (*parts, "by", *by) if by else parts
        return str(uuid.uuid5(NAMESPACE, "\x1f".join(named)))


def checks_of(contract: Contract, suites: Sequence[str] | None = None) -> tuple[Check, ...]:
    """Every check the contract declares, suite by suite in layer order (or those of ``suites``)."""
    declared = list(_declared(contract))
    return tuple(
        check
        for suite in contract.suites()
        if suites is None or suite in suites
        for check in declared
        if check.suite == suite
    )


def _declared(contract: Contract) -> Iterator[Check]:
    for name, dataset in contract.datasets.items():
        for rule in (
            *dataset.rules,
            *_by_default(contract, name),
            *_rules_for_keyed(contract, name),
        ):
            yield check_of(contract, dataset.layer, name, rule)
    for rule in contract.cross_layer:
        if rule.dataset:
            yield check_of(contract, CROSS_LAYER, rule.dataset, rule)


def _by_default(contract: Contract, name: str) -> list[Rule]:
    """What the reference is judged by where the contract does not say."""
    if name != contract.reference:
        return []
    own = {rule.kind() for rule in (*contract.datasets[name].rules, *contract.rules_for_keyed)}
    wanted = (rule for kind, rule in RULES.items() if rule.holds_for_reference and kind not in own)
    return [rule.model_validate({"rule": rule.kind()}) for rule in wanted]


def _rules_for_keyed(contract: Contract, name: str) -> list[Rule]:
    """The reference is compared with nothing; without a key there are dates to be read still."""
    keyed, is_reference = not contract.is_date_grain(name), name == contract.reference
    return [
        rule
        for rule in contract.rules_for_keyed
        if not (is_reference and rule.compares)
        if keyed or not (rule.compares or rule.is_about_rows)
    ]


def check_of(contract: Contract, suite: str, name: str, rule: Rule) -> Check:
    """A rule of a dataset in a suite, with the pair that it judges."""
    dataset = contract.datasets[name]
    if rule.is_about_rows:
        return Check(suite=suite, rule=rule, pair=Pair(name, rule.of, "keys", rule.by))
    of = rule.of or dataset.upstream
    upstream = of == dataset.upstream
    match = rule.match or (dataset.match if upstream else "keys")
    by = rule.by or (dataset.by if upstream and rule.compares else ())
    return Check(suite=suite, rule=rule, pair=Pair(name, of, match, by))


def upstream_pair(contract: Contract, name: str) -> Pair:
    """A dataset against its declared upstream."""
    dataset = contract.datasets[name]
    return Pair(name, dataset.upstream, dataset.match, dataset.by)


def coverage_pair(contract: Contract, name: str) -> Pair:
    """What a dataset's coverage is measured by: its first rule that says so, else its upstream.

    Comparing only with the layer above would hide what both lost.
    """
    dataset = contract.datasets[name]
    measures = (rule for rule in dataset.rules if rule.measures_coverage)
    compared = (check_of(contract, dataset.layer, name, rule).pair for rule in measures)
    return next(compared, upstream_pair(contract, name))


def read_before(
    contract: Contract, window: DateRange, as_of: date
) -> dict[str, tuple[DateRange, ...]]:
    """The dates before a window that the rules of each dataset need as well."""
    seasons = [season.range for season in contract.seasons]
    found: dict[str, tuple[DateRange, ...]] = {}
    for check in checks_of(contract):
        needed = (
            (check.dataset, check.rule.reads_before(window, as_of, seasons)),
            (check.of, check.rule.reads_above_before(window)),
        )
        for name, dates in needed:
            if name and dates:
                found[name] = (*found.get(name, ()), dates)
    return found


def pairs_of(contract: Contract) -> tuple[Pair, ...]:
    """Every pair that a check or a coverage table needs: declared upstreams come first."""
    declared = [upstream_pair(contract, name) for name in contract.names]
    return tuple(dict.fromkeys([*declared, *(check.pair for check in checks_of(contract))]))


def by_date_grain(contract: Contract, pair: Pair) -> bool:
    """Whether one of the two has no key, but one batch per date."""
    return not all(key for _, key in key_columns(contract, pair))


def key_columns(contract: Contract, pair: Pair) -> list[tuple[str, tuple[str, ...]]]:
    """The key columns that a pair compares, of its dataset and of each that it is compared with."""
    others = [(name, contract.datasets[name].key) for name in ([pair.of] if pair.of else [])]
    # The other's key may be called otherwise.
    by_other = [(name, pair.by if set(pair.by) <= set(key) else key) for name, key in others]
    own = pair.by or contract.datasets[pair.dataset].key
    return [(pair.dataset, own), *(by_other if pair.by else others)]


def landing_pairs(contract: Contract, name: str) -> tuple[Pair, ...]:
    """The pairs by which it is seen that a date of a dataset has landed: first its upstream.

    An upstream that cannot tell keys apart (one batch per date, or a count) is joined by all that
    the dataset's repairable rules compare it with by key.
    """
    upstream = upstream_pair(contract, name)
    if tells_keys_apart(contract, upstream):
        return (upstream,)
    checks = (check for check in checks_of(contract) if check.dataset == name)
    pairs = (c.pair for c in checks if c.rule.repairable and c.rule.compares)
    finer = (pair for pair in pairs if tells_keys_apart(contract, pair))
    return tuple(dict.fromkeys([upstream, *finer]))


def row_checks(contract: Contract) -> dict[str, Check]:
    """The checks that ask something of rows, by id: the keys of a date say nothing of them."""
    checks = {check.id: check for check in checks_of(contract)}
    return {
        name: check
        for name, check in checks.items()
        if check.rule.is_about_rows or check.rule.reads_written_at()
    }


def tells_keys_apart(contract: Contract, pair: Pair) -> bool:
    """Whether a pair is compared key by key."""
    return pair.match == "keys" and not by_date_grain(contract, pair)
