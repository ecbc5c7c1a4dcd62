"""What ``checkpoints`` exports: the commands ``check`` and ``run`` for programs, and records.

It may read the environment and the clock, as a command line does.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Unpack

from checkpoints import validation
from checkpoints.archive.report import Report as Report
from checkpoints.contract import loading
from checkpoints.contract.loading import ContractFile as ContractFile
from checkpoints.contract.window import Window as Window
from checkpoints.coverage.results import CheckRecord as CheckRecord
from checkpoints.coverage.results import Verdict as Verdict
from checkpoints.dates import DateRange as DateRange
from checkpoints.errors import CheckpointsError as CheckpointsError
from checkpoints.errors import ContractError as ContractError
from checkpoints.errors import CouldNotTell as CouldNotTell
from checkpoints.errors import ExitCode as ExitCode
from checkpoints.errors import LibraryError as LibraryError
from checkpoints.errors import WarehouseError as WarehouseError
from checkpoints.output.site import write_run_page
from checkpoints.rules.rule import Outcome as Outcome
from checkpoints.validation import Options, Request, request_of


def load_contract(
    path: str | Path = "gx/pipeline.yml", state_dir: str | Path | None = None
) -> ContractFile:
    """Read and validate a contract; its ``${VARIABLES}`` are those of the environment.

    What runs keep is beside the contract, or in ``state_dir``.

    Raises:
        ContractError: with every problem found, each with its place in the file.
    """
    state = Path(state_dir) if state_dir else None
    return loading.load_contract(Path(path), os.environ, state_dir=state)


def check(contract: ContractFile, **options: Unpack[Options]) -> Report:
    """Judge by the rules alone; nothing is stored.

    Raises:
        ContractError: the options do not fit the contract.
        WarehouseError: the warehouse cannot be read.
    """
    return validation.check(_request(contract, options))


def run(contract: ContractFile, **options: Unpack[Options]) -> Report:
    """Let Great Expectations judge; store the report, its page and the Data Docs.

    Raises:
        ContractError: the options do not fit the contract, or its suites are stale.
        WarehouseError: the warehouse cannot be read.
        LibraryError: the library did not judge what the contract declares.
    """
    report, _ = validation.run(_request(contract, options))
    write_run_page(contract.project, report)
    return report


def _request(contract: ContractFile, options: Options) -> Request:
    asked: Options = {"checkpoint": None, **options}
    started = time.monotonic()
    return request_of(contract, asked, datetime.now(UTC), lambda: time.monotonic() - started)
