"""A run that is told in one line: the verdict; and what went wrong."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console

from checkpoints.errors import CheckpointsError
from remediation.journal import Event
from remediation.record import RemediationRecord
from remediation.show_record import print_verdict


class Quietly:
    """Tells people the outcome, and nothing before it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Quietly:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def remark(self, text: str) -> None:
        """Not told."""

    def tell(self, event: Event) -> None:
        """Not told."""

    def interrupted(self, command: str) -> None:
        """What to type to go on."""
        self._console.print(f"interrupted; to continue: {command}", soft_wrap=True)

    def failed(self, error: CheckpointsError) -> None:
        """Every problem."""
        for problem in error.problems:
            self._console.print(f"error: {problem}", style="red", soft_wrap=True)

    def conclude(self, record: RemediationRecord, path: str) -> None:  # noqa: ARG002
        """The verdict."""
        print_verdict(self._console, record)
