"""What every kind of service call offers, and what a call looks like before it is made.

A kind is one module: its parameters in the contract, how one date is asked for, and how that is
shown. The module's name stands in ``checkpoints.contract.model.KINDS``; its ``KIND`` is the class.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import SerializeAsAny

from checkpoints.contract.loading import VARIABLE
from checkpoints.contract.model import Contract, Service
from checkpoints.records import Record
from remediation.errors import ServiceNotCallable

if TYPE_CHECKING:
    from remediation.clock import Clock
    from remediation.plan.model import Call, Plan
    from remediation.service.answer import Answer
    from remediation.service.credentials import Tokens

PLACEHOLDER = re.compile(r"\$?\{+\s*[A-Za-z_][^{}]*\}*")
"""``{date}``, whatever looks as if it should be, and ``${NAME}`` of the environment."""

NO_DATE = "no call would name its date: write {date} in path or body"


class ServiceRequest(Record, ABC):
    """What exactly is asked of a service for one date; credentials are added when it is sent.

    A kind adds the fields that say how; all of them are the JSON of a dry run.
    """

    service: str
    date: date

    @abstractmethod
    def __str__(self) -> str:
        """One line for people."""


class DryRun(Record):
    """Every request of a plan, in the order in which they are made."""

    version: Literal[1] = 1
    plan_id: str
    requests: tuple[SerializeAsAny[ServiceRequest], ...]


class Sender(Protocol):
    """Makes single attempts at the dates of one service, from any thread."""

    def send(self, call: Call, *, key: str, renew: bool = False) -> Answer:
        """Make one attempt; never raises for what the network or the service does.

        ``key`` is the same for every attempt at a call; ``renew`` asks for new credentials.
        """
        ...


class ServiceKind(Service, ABC):
    """A service as the contract declares it, and how it is called."""

    @property
    def address(self) -> str:
        """Who answers the calls: a pause that is asked for holds for the services there."""
        return ""

    def problems(self) -> list[str]:
        """Why the service cannot be called; by default, the variables that are not set."""
        unset = {name for name, _ in VARIABLE.findall(self.model_dump_json())}
        return [
            f"environment variable {name} is not set: export {name}=…" for name in sorted(unset)
        ]

    @abstractmethod
    def describe(self, call: Call) -> ServiceRequest:
        """The request that asks for the date of a call."""

    @abstractmethod
    def script_line(self, call: Call, key: str) -> list[str]:
        """The words of the line that makes a call in ``plan --format sh``.

        The first is one of the functions in ``plan.sh.j2``: ``call``, for a request made with
        curl, or ``run``, for a command. ``key`` is the idempotency key of the call.
        """

    @abstractmethod
    def open_sender(self, tokens: Tokens, clock: Clock) -> AbstractContextManager[Sender]:
        """A sender, with credentials from ``tokens`` where the service needs them.

        Raises:
            CredentialsError: they cannot be had.
        """


def service_of(contract: Contract, name: str) -> ServiceKind:
    """A service of a contract, as something that can be called."""
    service = contract.services[name]
    assert isinstance(service, ServiceKind), f"KIND of {service.kind!r} is no ServiceKind"
    return service


def check_callable(contract: Contract, services: tuple[str, ...]) -> None:
    """Check the parameters of all services before anything is sent.

    Raises:
        ServiceNotCallable: with every problem of every service.
    """
    found = [
        f"services.{name}: {problem}"
        for name in services
        for problem in service_of(contract, name).problems()
    ]
    if found:
        raise ServiceNotCallable(*found)


def dry_run(plan: Plan, contract: Contract) -> DryRun:
    """The requests that a run of the plan would make."""
    return DryRun(
        plan_id=plan.id,
        requests=tuple(service_of(contract, call.service).describe(call) for call in plan.calls),
    )


def refuse_placeholders(*values: Any) -> None:
    """Refuse what looks like ``{date}`` in the strings of JSON values and is not.

    Raises:
        ValueError: a call would hold something with braces in it.
    """
    for placeholder in _placeholders(values):
        if placeholder.startswith("$"):
            if not VARIABLE.fullmatch(placeholder):
                raise ValueError(f"{placeholder} is no variable: write ${{NAME}} or ${{NAME:-…}}")
        elif placeholder != "{date}":
            raise ValueError(f"{placeholder} is no placeholder: write {{date}}")


def names_the_date(*values: Any) -> bool:
    """Whether ``{date}`` stands anywhere in the strings of JSON values."""
    return "{date}" in _placeholders(values)


def has_variables(*values: Any) -> bool:
    """Whether a variable that is not set stands anywhere in the strings of JSON values."""
    return any(placeholder.startswith("$") for placeholder in _placeholders(values))


def _placeholders(values: Any) -> list[str]:
    return [found for text in _strings(values) for found in PLACEHOLDER.findall(text)]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _strings(name)
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


def with_date(value: Any, day: date) -> Any:
    """Replace ``{date}`` by YYYY-MM-DD in every string of a JSON value, keys as well."""
    if isinstance(value, dict):
        return {with_date(key, day): with_date(v, day) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [with_date(v, day) for v in value]
    return value.replace("{date}", day.isoformat()) if isinstance(value, str) else value
