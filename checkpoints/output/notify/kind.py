"""What a kind of notifier is: a part of the contract that can send.

A new kind is one file of this package, with a ``KIND``, and its name in ``contract/notifiers.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from checkpoints.contract.needs import Needs
from checkpoints.contract.notifiers import Notifier
from checkpoints.contract.secrets import variables_in
from checkpoints.errors import CheckpointsError
from checkpoints.output.notify.notification import Notification

Send = Callable[[Notification], None]
"""Sends a notification. It may raise ``NotSent``, and anything else, and may hang."""


class NotSent(CheckpointsError):
    """A notification was not taken; the message says why, without any secret."""


class NotifierKind(Notifier, ABC):
    """A notifier that can send."""

    @abstractmethod
    def ways(self, environment: Mapping[str, str]) -> Mapping[str, Send]:
        """Where a notification goes, each by the name that people read; nothing is sent yet.

        ``environment`` holds the values of the variables, all of which are set.
        """

    def needs(self, environment: Mapping[str, str]) -> Needs:
        """The variables, by default."""
        unset = self.unset(environment)
        return Needs(
            problems=tuple(f"environment variable {n} is not set: export {n}=…" for n in unset)
        )

    def unset(self, environment: Mapping[str, str]) -> list[str]:
        """Variables that have no value."""
        found = variables_in(self.model_dump(mode="json")).items()
        return [name for name, other in found if other is None and not environment.get(name)]

    def secrets(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The values of the variables, by their names."""
        found = variables_in(self.model_dump(mode="json"))
        return {name: environment[name] for name in found if environment.get(name)}
