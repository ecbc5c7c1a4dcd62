"""Who is told of incidents, and of which: what all kinds of notifiers have."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, SerializeAsAny

from checkpoints.contract.needs import Needs
from checkpoints.records import Name, Number, Record
from checkpoints.rules.rule import Severity
from checkpoints.text import did_you_mean


class Event(StrEnum):
    """What a person must hear of an incident."""

    OPENED = "opened"
    GROWN = "grown"
    REMINDER = "reminder"
    RECOVERED = "recovered"


KINDS = {
    "apprise": "checkpoints.output.notify.apprise",
    "command": "checkpoints.output.notify.command",
    "webhook": "checkpoints.output.notify.webhook",
}
"""The module of each kind of notifier, by the key that declares one; it has a ``KIND``.

Names instead of imports: the contract depends on no output, and a module is loaded only for a
contract that declares such a notifier.
"""


class Notifier(Record):
    """What every kind of notifier has; where a message goes is the key that has the kind's name.

    Every ``${NAME}`` stays as it is until something is sent: the values are secrets.
    """

    kind: ClassVar[str] = ""

    name: Name | None = None
    on: Annotated[tuple[Event, ...], Field(min_length=1)] = tuple(Event)
    severities: Annotated[tuple[Severity, ...], Field(min_length=1)] = ("critical",)
    datasets: tuple[Name, ...] = ()
    layers: tuple[Name, ...] = ()
    timeout_seconds: Annotated[Number, Field(gt=0, le=600)] = 10

    @property
    def label(self) -> str:
        """Its name, or else its kind."""
        return self.name or self.kind

    def needs(self, environment: Mapping[str, str]) -> Needs:  # noqa: ARG002
        """What must be there before it can send."""
        return Needs()


def kind_of(raw: object) -> type[Notifier]:
    """The class of a notifier as it stands in the contract.

    Raises:
        ValueError: it is of no kind, or of several.
    """
    named = [kind for kind in KINDS if isinstance(raw, dict) and kind in raw]
    if len(named) != 1:
        keys = raw if isinstance(raw, dict) and not named else ()
        hint = next(filter(None, (did_you_mean(str(key), KINDS) for key in keys)), "")
        raise ValueError(f"{hint} needs exactly one of {', '.join(KINDS)}".lstrip())
    kind: type[Notifier] = import_module(KINDS[named[0]]).KIND
    return kind


def _of_its_kind(raw: object) -> Any:
    return raw if isinstance(raw, Notifier) else kind_of(raw).model_validate(raw)


AnyNotifier = Annotated[SerializeAsAny[Notifier], BeforeValidator(_of_its_kind)]
