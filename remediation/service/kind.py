"""What every kind of service call offers, and what a call looks like before it is made.

A kind is one module: its parameters in the contract, how dates are asked for, and how that is
shown. The module's name stands in ``checkpoints.contract.model.KINDS``; its ``KIND`` is the class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from operator import not_
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from pydantic import Field, SerializeAsAny

from checkpoints.contract.model import Contract, Service
from checkpoints.contract.needs import Needs
from checkpoints.contract.secrets import variables_in
from checkpoints.records import Record
from remediation.errors import ServiceNotCallable
from remediation.plan.groups import all_groups
from remediation.plan.notices import notices_of

if TYPE_CHECKING:
    from remediation.clock import Clock
    from remediation.plan.groups import CallGroup
    from remediation.plan.model import Plan
    from remediation.service.answer import Answer
    from remediation.service.credentials import Tokens

CalendarDate = date


class ServiceRequest(Record, ABC):
    """What exactly is asked of a service; credentials are added when it is sent.

    ``date`` is the first of the ``dates``, which are written where there is more than one. A kind
    adds the fields that say how; all of them are the JSON of a dry run.
    """

    service: str
    date: date
    dates: Annotated[tuple[CalendarDate, ...], Field(exclude_if=not_)] = ()

    @abstractmethod
    def __str__(self) -> str:
        """One line for people."""


class DryRun(Record):
    """Every request of a plan, in the order in which they are made.

    ``on_landed`` are those that follow where all of them land.
    """

    version: Literal[1] = 1
    plan_id: str
    requests: tuple[SerializeAsAny[ServiceRequest], ...]
    on_landed: Annotated[tuple[SerializeAsAny[ServiceRequest], ...], Field(exclude_if=not_)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What calls are made with: credentials, the environment that holds secrets, the time."""

    tokens: Tokens
    clock: Clock
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class Sender(Protocol):
    """Makes single attempts at the calls of one service, from any thread."""

    def send(
        self,
        group: CallGroup,
        *,
        key: str,
        tell: Callable[[Answer], None],
        renew: bool = False,
    ) -> Answer:
        """Make one attempt; never raises for what the network or the service does.

        ``key`` is the same for every attempt at these calls; ``renew`` asks for new credentials.
        An answer ``RUNNING``, before the one that is returned, goes to ``tell``.
        """
        ...

    def stop(self) -> bool:
        """End what is under way: ``send`` then returns soon. False where that is not possible."""
        ...


class ServiceKind(Service, ABC):
    """A service as the contract declares it, and how it is called."""

    @property
    def address(self) -> str:
        """Who answers the calls: a pause that is asked for holds for the services there."""
        return ""

    def problems(self, environment: Mapping[str, str] | None = None) -> list[str]:
        """Why the service cannot be called; by default, the variables that are not set.

        Those of secrets are looked for in the ``environment``, where there is one.
        """
        unset = set(_without_default(self.model_dump(mode="json", exclude=set(self.late))))
        if environment is not None:
            unset |= {name for name in self.required_secrets() if not environment.get(name)}
        return [
            f"environment variable {name} is not set: export {name}=…" for name in sorted(unset)
        ]

    def needs(self, environment: Mapping[str, str]) -> Needs:
        """What must be there before it can be called: by default, all that is in ``problems``."""
        return Needs(problems=tuple(self.problems(environment)))

    def required_secrets(self) -> list[str]:
        """The variables in the late fields that have no default."""
        return _without_default(self._late_values())

    def secret_names(self) -> list[str]:
        """All variables in the late fields."""
        return list(variables_in(self._late_values()))

    def secrets(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Those that the environment has, with their values."""
        return {name: environment[name] for name in self.secret_names() if environment.get(name)}

    def _late_values(self) -> dict[str, Any]:
        return self.model_dump(mode="json", include=set(self.late))

    @abstractmethod
    def describe(self, group: CallGroup) -> ServiceRequest:
        """The request that asks for the dates of calls."""

    @abstractmethod
    def script_line(self, group: CallGroup, key: str) -> list[str]:
        """The words of the line that makes calls in ``plan --format sh``.

        The first is one of the functions in ``plan.sh.j2``: ``call``, for a request made with
        curl, or ``run``, for a command. ``key`` is the idempotency key of the calls.
        """

    @abstractmethod
    def open_sender(self, access: Access) -> AbstractContextManager[Sender]:
        """A sender, with credentials where the service needs them.

        Raises:
            CredentialsError: they cannot be had.
        """


def _without_default(values: dict[str, Any]) -> list[str]:
    return [name for name, default in variables_in(values).items() if default is None]


def service_of(contract: Contract, name: str) -> ServiceKind:
    """A service of a contract, as something that can be called."""
    service = contract.services[name]
    assert isinstance(service, ServiceKind), f"KIND of {service.kind!r} is no ServiceKind"
    return service


def check_callable(
    contract: Contract, services: tuple[str, ...], environment: Mapping[str, str] | None = None
) -> None:
    """Check the parameters of all services before anything is sent.

    Their secrets must be in the ``environment``, where there is one.

    Raises:
        ServiceNotCallable: with every problem of every service.
    """
    found = [
        f"services.{name}: {problem}"
        for name in services
        for problem in service_of(contract, name).problems(environment)
    ]
    if found:
        raise ServiceNotCallable(*found)


def dry_run(plan: Plan, contract: Contract) -> DryRun:
    """The requests that a run of the plan would make."""
    return DryRun(
        plan_id=plan.id,
        requests=tuple(
            service_of(contract, group.service).describe(group)
            for group in all_groups(plan, contract)
        ),
        on_landed=tuple(
            service_of(contract, group.service).describe(group)
            for group in notices_of(plan, contract)
        ),
    )
