"""What a contract declares: checks, and the pairs of datasets that they compare. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from checkpoints.contract.due import is_counted_by_date, is_root
from checkpoints.contract.model import CROSS_LAYER, CheckpointWindow, Contract
from checkpoints.contract.upstreams import names_in
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from checkpoints.rules.evidence import Pair
from checkpoints.rules.registry import RULES
from checkpoints.rules.rule import Rule, Severity, name_of

AFTER_BACKFILL = "after_backfill"
"""The default of several checkpoints, where one has this name and the contract does not say."""

NAMESPACE = uuid.UUID("5b0bb2b2-52ee-5a0e-9a2c-6f7f8a3b1c11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule applied to a dataset in a suite; ``window`` is the name of one of several."""

    suite: str
    rule: Rule
    pair: Pair
    window: str = ""

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
        parts = [self.suite, self.kind, *map(str, pair), self.severity, *self.rule.identity()]
        parts += ["by", *by] if by else []
        parts += [self.window] if self.window else []
        return str(uuid.uuid5(NAMESPACE, "\x1f".join(parts)))

    def sentence(self, *, by_date: bool) -> str:
        """What it requires, and of which window if it is of another than most."""
        text = self.rule.sentence(self.pair, by_date=by_date)
        if not self.window:
            return text
        days = self.window.removesuffix("d")
        return f"{text}, over the {f'last {days} days' if days.isdigit() else self.window}"


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


def default_checkpoint(contract: Contract) -> str | None:
    """The checkpoint that is meant where none is named: the only one, or else the contract's.

    None where it has several and says of none that it is the default.
    """
    if len(contract.checkpoints) == 1:
        return next(iter(contract.checkpoints))
    by_name = AFTER_BACKFILL if AFTER_BACKFILL in contract.checkpoints else None
    return contract.default_checkpoint or by_name


def checks_of_checkpoint(contract: Contract, checkpoint: str, window: Window) -> tuple[Check, ...]:
    """Every check that a checkpoint declares for a window, or for each of its parts."""
    checks = checks_of(contract, contract.checkpoints[checkpoint].suites)
    return in_windows(checks, window.parts or {"": window})


def in_windows(
    checks: Iterable[Check], windows: Mapping[str, Window | CheckpointWindow]
) -> tuple[Check, ...]:
    """The checks once for each of the windows, by name, that their rule judges."""
    return tuple(
        replace(check, window=name)
        for check in checks
        for name, window in windows.items()
        if window.rules is None or check.kind in window.rules
    )


def _declared(contract: Contract) -> Iterator[Check]:
    for name, dataset in contract.datasets.items():
        for rule in (
            *dataset.rules,
            *_by_default(contract, name),
            *_shared_rules(contract, name),
        ):
            yield check_of(contract, dataset.layer, name, rule)
    for rule in contract.cross_layer:
        if rule.dataset:
            yield check_of(contract, CROSS_LAYER, rule.dataset, rule)


def _by_default(contract: Contract, name: str) -> list[Rule]:
    """What the reference is judged by where the contract does not say."""
    if name != contract.reference:
        return []
    shared = (*contract.rules_for_keyed, *contract.rules_for_all)
    own = {rule.kind() for rule in (*contract.datasets[name].rules, *shared)}
    wanted = (rule for kind, rule in RULES.items() if rule.holds_for_reference and kind not in own)
    return [rule.model_validate({"rule": rule.kind()}) for rule in wanted]


def _shared_rules(contract: Contract, name: str) -> list[Rule]:
    """The rules for keyed and for all datasets that hold for one.

    The reference is compared with nothing, a topmost dataset with its calendar; without a key there
    are dates to be read still. What says the same more closely takes precedence over a rule for
    all.
    """
    dataset, root = contract.datasets[name], is_root(contract, name)
    keyed, exempt = bool(dataset.key), {exemption.rule for exemption in dataset.exempt}

    def holds(rule: Rule) -> bool:
        about_keys = rule.is_about_rows and not rule.by
        compared = rule.needs_only_dates if root else name != contract.reference
        return (compared or not rule.compares) and (keyed or not about_keys)

    by_key = [r for r in contract.rules_for_keyed if holds(r) and (keyed or not r.compares)]
    closer = {rule.kind() for rule in (*dataset.rules, *by_key)}
    others = [r for r in contract.rules_for_all if holds(r) and r.kind() not in closer]
    return [rule for rule in (*by_key, *others) if rule.kind() not in exempt]


def check_of(contract: Contract, suite: str, name: str, rule: Rule) -> Check:
    """A rule of a dataset in a suite, with the pair that it judges."""
    if rule.is_about_rows:
        of = str(rule.of) if rule.of else None
        return Check(suite=suite, rule=rule, pair=Pair(name, of, "keys", rule.by))
    upstream = upstream_pair(contract, name)
    of = str(rule.of) if rule.of else upstream.of
    match = rule.match or (upstream.match if of == upstream.of else "keys")
    by = rule.by or (upstream.by if of == upstream.of and rule.compares else ())
    return Check(suite=suite, rule=rule, pair=Pair(name, of, match, by))


def upstream_pair(contract: Contract, name: str) -> Pair:
    """A dataset against its declared upstream."""
    dataset = contract.datasets[name]
    of = str(dataset.upstream) if dataset.upstream else None
    return Pair(name, of, dataset.match, dataset.by)


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
    """The dates before a window that the rules of each dataset need as well.

    Of several windows the longest is enough: all end on the same day.
    """
    seasons = contract.season_ranges
    found: dict[str, tuple[DateRange, ...]] = {}
    for check in checks_of(contract):
        name, *above = names_in(contract, check.pair)
        needed = [(name, check.rule.reads_before(window, as_of, seasons))]
        needed += [(one, check.rule.reads_above_before(window)) for one in above]
        for name, dates in needed:
            if dates:
                found[name] = (*found.get(name, ()), dates)
    return found


def pairs_of(contract: Contract) -> tuple[Pair, ...]:
    """Every pair that a check or a coverage table needs: declared upstreams come first."""
    declared = [upstream_pair(contract, name) for name in contract.names]
    return tuple(dict.fromkeys([*declared, *(check.pair for check in checks_of(contract))]))


def by_date_grain(contract: Contract, pair: Pair) -> bool:
    """Whether dates are counted: one of its datasets has no key, or only dates are expected."""
    if is_counted_by_date(contract, pair):
        return True
    return not all(key for _, key in key_columns(contract, pair))


def key_columns(contract: Contract, pair: Pair) -> list[tuple[str, tuple[str, ...]]]:
    """The key columns that a pair compares, of its dataset and of each that it is compared with."""
    own = pair.by or contract.datasets[pair.dataset].key
    others = names_in(contract, pair)[1:]
    return [(pair.dataset, own), *((name, key_by(contract, name, pair.by)) for name in others)]


def key_by(contract: Contract, name: str, by: tuple[str, ...]) -> tuple[str, ...]:
    """The key columns of what is compared ``by`` columns of another: those, or its own key."""
    key = contract.datasets[name].key
    return by if by and set(by) <= set(key) else key


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
    """The checks that ask something of rows, by id: the keys of a date say nothing of them.

    They are those of every window that a checkpoint has.
    """
    parts = {part for checkpoint in contract.checkpoints.values() for part in checkpoint.parts}
    about_rows = (
        check
        for check in checks_of(contract)
        if check.rule.is_about_rows or check.rule.reads_written_at()
    )
    in_parts = (replace(check, window=part) for check in about_rows for part in {"", *parts})
    return {check.id: check for check in in_parts}


def tells_keys_apart(contract: Contract, pair: Pair) -> bool:
    """Whether a pair is compared key by key."""
    return pair.match == "keys" and not by_date_grain(contract, pair)
