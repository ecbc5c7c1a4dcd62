"""Upstream first: the order of datasets, and of the services that build them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from checkpoints.contract.model import Contract
from remediation.errors import PlanError


def upstream_first(contract: Contract, name: str) -> tuple[int, int]:
    """A sort key: how many datasets stand above this one, then its place in the contract."""
    hops, above = 0, contract.datasets[name].upstream
    while above is not None:
        hops, above = hops + 1, contract.datasets[above].upstream
    return hops, contract.names.index(name)


def service_rank(contract: Contract, service: str, above: tuple[str, ...] = ()) -> int:
    """A sort key: the topmost layer the service builds, and always below its upstream services.

    Raises:
        PlanError: services build each other's upstream, so none of them can go first.
    """
    if service in above:
        circle = " → ".join([*above[above.index(service) :], service])
        raise PlanError(
            f"services need each other on the same date ({circle}): "
            "declare one of them twice, under two names, for the layers it builds"
        )
    layers = [contract.layer_rank(name) for name in built_by(contract, service)]
    path = (*above, service)
    upstream = [service_rank(contract, s, path) + 1 for s in _needed_by(contract, service)]
    return max([min(layers), *upstream])


def built_by(contract: Contract, service: str) -> list[str]:
    """The datasets that one service builds, in the contract's order."""
    return [name for name, dataset in contract.datasets.items() if dataset.service == service]


def filled_from(
    contract: Contract, planned: Collection[tuple[str, date]], name: str | None, when: date
) -> str | None:
    """The nearest planned dataset that a dataset gets a date from: itself, or one above it.

    What no service builds, such as a view, has what its upstream has; a batch per date says nothing
    of what is in it.
    """
    while name is not None and (name, when) not in planned:
        dataset = contract.datasets[name]
        passes_on = dataset.service is None or contract.is_date_grain(name)
        name = dataset.upstream if passes_on else None
    return name


def _needed_by(contract: Contract, service: str) -> Iterator[str]:
    """The services that build what its datasets are built from, also through views."""
    for name in built_by(contract, service):
        above = contract.datasets[name].upstream
        while above is not None and contract.datasets[above].service is None:
            above = contract.datasets[above].upstream
        needed = contract.datasets[above].service if above is not None else None
        if needed is not None and needed != service:
            yield needed
