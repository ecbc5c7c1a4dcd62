"""What can go wrong, and the exit code it ends in.

CheckpointsError
├── ContractError        2  the contract or the command line is wrong; every problem at once
│   └── StaleSuites      2  the committed suites are not what the contract generates
├── PublishingError      3  an answer was found, and could not be written for CI
├── RunRefused           2  the request is understood and refused (sign-off of a failed run)
└── CouldNotTell         3  no verdict was possible
    ├── WarehouseError   3  the warehouse could not be read
    │   ├── WarehouseBusy      3  another process holds the file
    │   ├── DatasetUnreadable  3  one dataset cannot be read; the others are still judged
    │   └── DatasetsUnreadable 3  the same of several, by name
    ├── UnreadablePair   3  a pair of datasets cannot be judged
    └── LibraryError     3  Great Expectations did not judge what was declared
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; when several apply, ``worst`` picks by precedence."""

    COMPLETE = 0
    INCOMPLETE = 1
    USAGE = 2
    COULD_NOT_TELL = 3
    BACKFILL_INCOMPLETE = 4
    NOTHING_DUE = 5
    INTERRUPTED = 130


PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.USAGE,
    ExitCode.COULD_NOT_TELL,
    ExitCode.BACKFILL_INCOMPLETE,
    ExitCode.INCOMPLETE,
    ExitCode.NOTHING_DUE,
    ExitCode.COMPLETE,
)


def worst(*codes: ExitCode) -> ExitCode:
    """The code that takes precedence (2 > 3 > 4 > 1 > 5 > 0)."""
    return min(codes, key=PRECEDENCE.index)


class CheckpointsError(Exception):
    """Root of this package's errors; ``problems`` are complete sentences for the user."""

    exit_code = ExitCode.COULD_NOT_TELL

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: Sequence[str] = problems


class ContractError(CheckpointsError):
    """The contract or the command line is wrong."""

    exit_code = ExitCode.USAGE


class StaleSuites(ContractError):
    """The suites on disk differ from what the contract generates."""


class RunRefused(CheckpointsError):
    """The request was understood, and refused for the reason given."""

    exit_code = ExitCode.USAGE


class PublishingError(CheckpointsError):
    """An answer was found, and could not be written for CI."""


class CouldNotTell(CheckpointsError):
    """No verdict was possible."""


class WarehouseError(CouldNotTell):
    """The warehouse could not be read."""


class WarehouseBusy(WarehouseError):
    """Another process holds the warehouse file; trying again may help."""


class DatasetUnreadable(WarehouseError):
    """One dataset cannot be read: the message says why, and what is there instead."""


class DatasetsUnreadable(WarehouseError):
    """Datasets that cannot be read, as was seen when they were; ``reasons`` by their names."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(*reasons.values())
        self.reasons = reasons


class UnreadablePair(CouldNotTell):
    """A pair of datasets cannot be judged; the message says why."""


class LibraryError(CouldNotTell):
    """Great Expectations did not judge what the contract declares."""
