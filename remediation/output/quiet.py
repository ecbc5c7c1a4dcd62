"""A run that is told in one line: the verdict; and what went wrong."""

from __future__ import annotations

from rich.console import Console

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.errors import CheckpointsError
from remediation.ledger.journal import Event
from remediation.output.reporter import Unframed
from remediation.output.show_record import print_problems, print_verdict


class Quietly(Unframed):
    """Tells people the outcome, and nothing before it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def remark(self, text: str) -> None:
        """Not told."""

    def tell(self, event: Event) -> None:
        """Not told."""

    def interrupted(self, command: str) -> None:
        """What to type to go on."""
        self._console.print(f"interrupted; to continue: {command}", soft_wrap=True)

    def failed(self, error: CheckpointsError) -> None:
        """Every problem."""
        print_problems(self._console, error)

    def conclude(self, record: RemediationRecord, path: str) -> None:  # noqa: ARG002
        """The verdict."""
        print_verdict(self._console, record)
