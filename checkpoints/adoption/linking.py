"""The upstream of each dataset, among those that may be above it, by what is measured of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from checkpoints.adoption.facts import Ask, Dataset, Question
from checkpoints.adoption.lineage import (
    Link,
    link_by_date,
    link_by_keys,
    link_by_layer,
    link_by_names,
    may_be_above,
    pairs_in_common,
    rank_of,
)
from checkpoints.adoption.measuring import Survey

BY_KEYS = 3
"""What a link is worth by keys that were seen to be the same."""


def linked(
    survey: Survey, ordered: Sequence[Dataset], ask: Ask
) -> tuple[list[Dataset], dict[str, Link]]:
    """Datasets with the keys by which they are compared, and the links of those that have one.

    ``ordered`` has each after those that it may be built from.
    """
    done: list[Dataset] = []
    links: dict[str, Link] = {}
    for dataset in ordered:
        link = _asked(survey, dataset, done, ask)
        if link is not None:
            links[dataset.name] = link
        done.append(replace(dataset, key=link.own) if link and link.own else dataset)
    return done, links


def _asked(survey: Survey, lower: Dataset, before: Sequence[Dataset], ask: Ask) -> Link | None:
    if not before:
        return None
    best = _best(survey, lower, before)
    proposal = (best.upstream,) if best else ()
    why = best.reason if best else "no table above it has its keys"
    text = f"upstream of {lower.name}: {best.upstream if best else 'none'} ({why})?"
    answer = ask(Question(text, proposal, [upper.name for upper in before]))
    if answer == proposal:
        return best
    return next((_link(survey, lower, d, said=True) for d in before if (d.name,) == answer), None)


def _best(survey: Survey, lower: Dataset, before: Sequence[Dataset]) -> Link | None:
    """By keys, the nearest one; else the one that has most in common."""
    said = lower.table.known.upstream
    if said is not None:
        above = [upper for upper in before if upper.table.path in said]
    else:
        above = [upper for upper in before if may_be_above(upper, lower)]
    sure = said is not None and len(above) == 1
    links = [link for d in above if (link := _link(survey, lower, d, said=sure))]
    near = {d.name: _nearness(lower, d) for d in above}
    if by_keys := [link for link in links if link.worth[0] >= BY_KEYS]:
        return max(by_keys, key=lambda link: near[link.upstream])
    return max(
        links,
        key=lambda link: (link.worth[0], near[link.upstream][:2], link.worth),
        default=link_by_layer(lower, above),
    )


def _nearness(lower: Dataset, upper: Dataset) -> tuple[object, ...]:
    """What lies right above it by its name comes first, then what has most columns of its own."""
    rank, own = rank_of(upper.table), rank_of(lower.table)
    common = len(lower.table.columns.keys() & upper.table.columns.keys())
    return rank < own, rank, common


def _link(survey: Survey, lower: Dataset, upper: Dataset, *, said: bool) -> Link | None:
    """How one compares with another: by keys, or by date; ``said`` to be its upstream, somehow."""
    pairs = pairs_in_common(lower, upper)
    by_names = link_by_names(lower, upper)
    if said:
        by_names = Link(upper.name, (), (), "their keys are not the same", worth=(0, 0))
    if not pairs or not lower.key:
        return by_names
    if not lower.counts or not upper.counts:
        return link_by_keys(lower, upper, pairs, None)
    shared = survey.shared(lower, upper, pairs, dated=True)
    if link := link_by_keys(lower, upper, pairs, shared):
        return link
    anywhere = survey.shared(lower, upper, pairs, dated=False)
    return link_by_date(upper, anywhere, "+".join(c for c, _ in pairs)) or by_names


def keys_compared(
    datasets: Sequence[Dataset], links: Mapping[str, Link]
) -> dict[str, tuple[str, ...]]:
    """The key that each dataset is written with: none where it is compared by date alone.

    What its upstream is written without leaves it its own.
    """
    found: dict[str, tuple[str, ...]] = {}
    for dataset in datasets:
        link = links.get(dataset.name)
        alone = link is not None and not link.own and bool(found.get(link.upstream))
        found[dataset.name] = () if alone else dataset.key
    return found
