"""What can go wrong, and the exit code it ends in.

RemediationError
├── PlanError              2  no such dataset or plan, or a plan that does not fit
├── ServiceNotCallable     2  a service of the plan has no usable address
├── AlreadyRunning         3  another run holds the ledger
├── CredentialsError       3  no token could be had
└── LedgerError            3  the ledger is damaged, of another version, or not writable
"""

from __future__ import annotations

from checkpoints.errors import CheckpointsError, ExitCode


class RemediationError(CheckpointsError):
    """Root of this package's errors, told to people like every ``CheckpointsError``."""

    exit_code = ExitCode.COULD_NOT_TELL


class PlanError(RemediationError):
    """What was asked for cannot be planned, or this plan cannot be run."""

    exit_code = ExitCode.USAGE


class ServiceNotCallable(RemediationError):
    """A service that the plan calls has no usable address."""

    exit_code = ExitCode.USAGE


class AlreadyRunning(RemediationError):
    """Another run holds the ledger."""


class CredentialsError(RemediationError):
    """No identity or access token could be had."""


class LedgerError(RemediationError):
    """The ledger cannot be trusted or written."""
