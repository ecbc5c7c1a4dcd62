"""Do the names in a contract refer to each other soundly? Every problem at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from checkpoints.contract.checks import (
    Check,
    by_date_grain,
    checks_of,
    in_windows,
    key_by,
    pairs_of,
)
from checkpoints.contract.due import is_root
from checkpoints.contract.due_problems import due_problems
from checkpoints.contract.model import CROSS_LAYER, Checkpoint, Contract, Dataset
from checkpoints.contract.stock import StockCheck, stock_checks_of
from checkpoints.contract.upstreams import names_above, names_in
from checkpoints.rules.facts import Agreement
from checkpoints.rules.registry import RULES
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
        *due_problems(contract),
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
        *_name_problems(contract),
        *_notifier_problems(contract),
    ]
    return problems or _check_problems(contract)


def _unknown(kind: str, name: str, known: list[str]) -> str:
    hint = did_you_mean(name, known) or f"known: {', '.join(known) or 'none'}"
    return f"unknown {kind} {name!r}: {hint}"


def _reference_problems(contract: Contract) -> Iterator[str]:
    if contract.reference is None:
        return
    if contract.reference not in contract.datasets:
        yield "reference: " + _unknown("dataset", contract.reference, list(contract.datasets))
        return
    reference, name = contract.datasets[contract.reference], contract.reference
    if reference.upstream is not None:
        yield f"reference: {name!r} is compared with nothing: remove its upstream"
    if reference.retired is not None:
        yield (
            f"datasets.{name}.retired: {name!r} is the reference, and without it nothing is due: "
            "remove retired, and make a dataset that goes on the reference"
        )


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
    for key in ("service", "on_landed"):
        named = getattr(dataset, key)
        if named is not None and named not in contract.services:
            yield f"{place}.{key}: " + _unknown("service", named, list(contract.services))
    if dataset.on_landed is not None and dataset.service is None:
        yield (
            f"{place}.on_landed: no service builds {name!r}, so that no date of it ever lands: "
            "name the one that does (service: …), or remove on_landed"
        )
    if len(dataset.path) > MOST_PARTS:
        yield f"{place}.table: {dataset.table!r} has more than {MOST_PARTS} parts"
    if not all(dataset.path or ("query",)):
        yield f"{place}.table: {dataset.table!r} has an empty part"
    if dataset.upstream is None:
        if name != contract.reference and not is_root(contract, name):
            yield (
                f"{place}.upstream: is missing: name the dataset it is built from, or give it a "
                "calendar if there is none"
            )
        return
    for part, above in dataset.upstream.placed():
        if above not in contract.datasets:
            yield f"{place}.upstream{part}: " + _unknown("dataset", above, list(contract.datasets))
        else:
            yield from _grain_problems(contract, f"{place}.upstream{part}", name, above, dataset.by)


def _grain_problems(
    contract: Contract, place: str, name: str, other: str, by: tuple[str, ...]
) -> Iterator[str]:
    """Also where only counts are compared: a count of games says nothing about players."""
    own = contract.datasets[name].key
    left, right = len(by or own), len(key_by(contract, other, by))
    if absent := [column for column in by if column not in own]:
        yield (
            f"{place}: by names {absent[0]!r}, which is no key column of {name!r} "
            f"({', '.join(own) or 'it has none'}): name some of these"
        )
    elif left and right and left != right:
        yield (
            f"{place}: {name!r} has {counted(left, 'key column')} and {other!r} {right}, so that "
            "their keys are never the same things: compare them by columns that both have "
            "(by: …), or give one no key to compare by date"
        )


def _rule_problems(contract: Contract) -> Iterator[str]:
    for name, dataset in contract.datasets.items():
        for n, rule in enumerate(dataset.rules):
            place = f"datasets.{name}.rules[{n}]"
            if rule.dataset is not None:
                yield f"{place}.dataset: is given by where the rule stands: remove it"
            yield from _of_problems(contract, place, name, rule)
        yield from _exemption_problems(contract, f"datasets.{name}", dataset)
    for shared in ("rules_for_all", "rules_for_keyed"):
        for n, rule in enumerate(getattr(contract, shared)):
            if rule.dataset is not None or rule.of is not None:
                yield f"{shared}[{n}]: holds for every dataset: remove dataset and of"
    for n, rule in enumerate(contract.cross_layer):
        place = f"cross_layer[{n}]"
        if rule.dataset is None:
            yield f"{place}.dataset: is missing"
        elif rule.dataset not in contract.datasets:
            yield f"{place}.dataset: " + _unknown("dataset", rule.dataset, list(contract.datasets))
        else:
            yield from _of_problems(contract, place, rule.dataset, rule)


def _exemption_problems(contract: Contract, place: str, dataset: Dataset) -> Iterator[str]:
    shared = {rule.kind() for rule in (*contract.rules_for_all, *contract.rules_for_keyed)}
    for n, exemption in enumerate(dataset.exempt):
        if exemption.rule not in RULES:
            yield f"{place}.exempt[{n}].rule: " + _unknown("rule", exemption.rule, list(RULES))
        elif exemption.rule not in shared:
            yield (
                f"{place}.exempt[{n}].rule: neither rules_for_all nor rules_for_keyed has "
                f"{exemption.rule!r}: remove the exemption, or the rule where it stands"
            )


def _of_problems(contract: Contract, place: str, name: str, rule: Rule) -> Iterator[str]:
    if rule.of is None:
        if is_root(contract, name):
            if rule.compares and not rule.needs_only_dates:
                yield (
                    f"{place}: {name!r} has no upstream whose keys it could be compared with: "
                    "remove the rule, or say with what (of: …)"
                )
        elif name == contract.reference and rule.compares:
            yield f"{place}: the reference has no upstream to be compared with"
        elif rule.compares and rule.by:
            for above in names_above(contract, name):
                if above in contract.datasets:
                    yield from _grain_problems(contract, f"{place}.by", name, above, rule.by)
        return
    if rule.is_about_rows and not rule.compares:
        yield f"{place}.of: {rule.kind()} compares {name!r} with nothing: remove it"
        return
    for part, of in rule.of.placed():
        if of not in contract.datasets:
            yield f"{place}.of{part}: " + _unknown("dataset", of, list(contract.datasets))
        elif of == name:
            yield f"{place}.of{part}: {name!r} cannot be compared with itself"
        else:
            upstream = str(rule.of) == str(contract.datasets[name].upstream)
            by = rule.by or (contract.datasets[name].by if upstream else ())
            yield from _grain_problems(contract, f"{place}.of{part}", name, of, by)


def _range_problems(contract: Contract) -> Iterator[str]:
    for kind in ("known_gaps", "protected"):
        for n, period in enumerate(getattr(contract, kind)):
            if period.dataset not in contract.datasets:
                yield f"{kind}[{n}].dataset: " + _unknown(
                    "dataset", period.dataset, list(contract.datasets)
                )
            elif (
                kind == "known_gaps"
                and period.dataset == contract.reference
                and not is_root(contract, period.dataset)
            ):
                yield (
                    f"{kind}[{n}].dataset: {period.dataset!r} is the reference, which says on "
                    "which dates anything is due, so a gap in it changes nothing: declare the gap "
                    f"for each dataset that lacks these dates, or leave the dates out of "
                    f"{period.dataset!r} with where or a query"
                )


def _checkpoint_problems(contract: Contract) -> Iterator[str]:
    default, known = contract.default_checkpoint, list(contract.suites())
    if default and default not in contract.checkpoints:
        yield "default_checkpoint: " + _unknown("checkpoint", default, list(contract.checkpoints))
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
        yield from _window_problems(f"checkpoints.{name}.windows", checkpoint)


def _window_problems(place: str, checkpoint: Checkpoint) -> Iterator[str]:
    windows = checkpoint.windows or ()
    if checkpoint.windows == ():
        yield f"{place}: is empty: give at least one"
    for n, entry in enumerate(windows):
        if entry.window in [earlier.window for earlier in windows[:n]]:
            yield f"{place}[{n}].window: {entry.window!r} is declared twice: put its rules together"
        for kind in entry.rules or ():
            if kind not in RULES:
                yield f"{place}[{n}].rules: " + _unknown("rule", kind, list(RULES))


def _cycle_problems(contract: Contract) -> Iterator[str]:
    reported: set[str] = set()
    for start in contract.datasets:
        if start not in reported and (circle := _circle(contract, start)):
            reported.update(circle)
            yield f"datasets: upstream goes in a circle: {' → '.join([*circle, start])}"


def _circle(contract: Contract, start: str) -> list[str]:
    """The way up from a dataset until it comes back; empty when it does not."""
    ways, seen = [[start]], set[str]()
    while ways:
        way = ways.pop()
        for name in names_above(contract, way[-1]):
            if name == start:
                return way
            if name in contract.datasets and name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


def _name_problems(contract: Contract) -> Iterator[str]:
    """Names of several datasets are told by their text."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for sources in contract.declared_sources():
        found.setdefault(str(sources), set()).add(sources.names)
    for text, meant in found.items():
        if len(meant) > 1:
            several = " or ".join(
                f"of {' with '.join(map(repr, names))}" for names in sorted(meant)
            )
            yield f"datasets: {text!r} would be the name {several}: rename a dataset"


def _notifier_problems(contract: Contract) -> Iterator[str]:
    labels = [notifier.label for notifier in contract.notify]
    for n, notifier in enumerate(contract.notify):
        if notifier.label in labels[:n]:
            yield f"notify[{n}]: another one is called {notifier.label!r}: give this one a name"
        for kind, names, known in (
            ("dataset", notifier.datasets, list(contract.datasets)),
            ("layer", notifier.layers, list(contract.layers)),
        ):
            for name in names:
                if name not in known:
                    yield f"notify[{n}].{kind}s: " + _unknown(kind, name, known)


def _count_problems(contract: Contract) -> Iterator[str]:
    for pair in pairs_of(contract):
        if pair.match == "count" and len(names_in(contract, pair)) > 2:
            yield (
                f"datasets.{pair.dataset}: is compared with {pair.of!r} by count, and counts do "
                "not say how many keys several datasets have together: compare by keys (remove "
                "match: count), or name one of them"
            )


def _check_problems(contract: Contract) -> list[str]:
    ours = checks_of(contract)
    checks: list[Check | StockCheck] = [*ours, *stock_checks_of(contract)]
    ids = [check.id for check in checks]
    idle = [
        f"checkpoints.{name}.windows[{n}].rules: leave no check in its suites: name a rule that "
        "they have, or leave rules out for all"
        for name, checkpoint in contract.checkpoints.items()
        for n, entry in enumerate(checkpoint.windows or ())
        if entry.rules is not None
        and not in_windows(checks_of(contract, checkpoint.suites), {"": entry})
    ]
    twice = [
        f"suite {c.suite}: {c.name} of {c.dataset!r} is declared twice with the same severity"
        for n, c in enumerate(checks)
        if c.id in ids[:n]
    ]
    return [
        *_count_problems(contract),
        *idle,
        *twice,
        *(p for check in ours for p in _evidence_problems(contract, check)),
    ]


def _evidence_problems(contract: Contract, check: Check) -> Iterator[str]:
    """What a rule needs of its datasets, and they do not declare."""
    place = f"suite {check.suite}: {check.name} of {check.dataset!r}"
    sides = names_in(contract, check.pair)[: None if check.rule.compares else 1]
    if check.rule.reads_written_at():
        for name in sides:
            if not contract.datasets[name].written_at:
                yield (
                    f"{place} needs to know when rows of {name!r} were written: give {name!r} "
                    "written_at, the column that says so"
                )
    if isinstance(check.rule.broken_where(), Agreement) and by_date_grain(contract, check.pair):
        yield f"{place} compares keys one by one, and one of {' and '.join(sides)} has no key"
