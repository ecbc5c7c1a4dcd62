"""Whoever is told how a run goes: people at a console, or a log."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.errors import CheckpointsError
from remediation.ledger.journal import Event


class Shows(Protocol):
    """A context that is told of events."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def tell(self, event: Event) -> None:
        """Calls moved."""
        ...


class Unframed:
    """Nothing is opened before a run or closed after it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None


class Teller(Shows, Protocol):
    """A context while calls are made, and what is told before, in and after it."""

    def remark(self, text: str) -> None:
        """Something unusual about the plan."""
        ...

    def interrupted(self, command: str) -> None:
        """The run was interrupted; the command goes on with it."""
        ...

    def failed(self, error: CheckpointsError) -> None:
        """The run cannot go on."""
        ...

    def conclude(self, record: RemediationRecord, path: str) -> None:
        """The run is over; its record is at the path."""
        ...
