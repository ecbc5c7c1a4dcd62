"""Upstream first: the order of datasets, and of the services that build them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_above
from remediation.errors import PlanError


def upstream_first(contract: Contract, name: str) -> tuple[int, int]:
    """A sort key: how many datasets stand above this one, then its place in the contract."""
    hops = (upstream_first(contract, above)[0] + 1 for above in names_above(contract, name))
    return max(hops, default=0), contract.names.index(name)


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


def built_by(contract: Contract, service: str | None) -> list[str]:
    """The datasets that one service builds, in the contract's order; none by no service."""
    return [n for n, dataset in contract.datasets.items() if service and dataset.service == service]


def are_level(contract: Contract) -> bool:
    """Whether all that a service builds has as much above it, for each service."""
    built = (built_by(contract, service) for service in contract.services)
    return all(len({upstream_first(contract, name)[0] for name in names}) <= 1 for names in built)


def filled_from(
    contract: Contract, planned: Collection[tuple[str, date]], names: Iterable[str], when: date
) -> set[str]:
    """The nearest planned datasets that others get a date from: themselves, or those above them.

    What no service builds, such as a view, has what its upstream has; a batch per date says nothing
    of what is in it.
    """
    found: set[str] = set()
    for name in names:
        if (name, when) in planned:
            found.add(name)
        elif contract.datasets[name].service is None or contract.is_date_grain(name):
            found |= filled_from(contract, planned, names_above(contract, name), when)
    return found


def _needed_by(contract: Contract, service: str) -> Iterator[str]:
    """The services that build what its datasets are built from, also through views."""
    for name in built_by(contract, service):
        yield from (other for other in _built_above(contract, name) if other != service)


def _built_above(contract: Contract, name: str) -> Iterator[str]:
    """The nearest services above a dataset."""
    for above in names_above(contract, name):
        service = contract.datasets[above].service
        yield from [service] if service else _built_above(contract, above)
