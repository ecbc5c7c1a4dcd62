"""What the commands ``check`` and ``run`` do, for programs. ``checkpoints`` itself exports it.

It may read the environment and the clock, as a command line does.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypedDict, Unpack

from checkpoints import validation
from checkpoints.archive.report import Report
from checkpoints.contract import loading
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.window import resolve_window
from checkpoints.output.site import write_run_page
from checkpoints.rules.rule import Severity
from checkpoints.warehouse.engine import reading_of


class Options(TypedDict, total=False):
    """What to check and how; each option is that of the command line.

    The dates are a ``season`` of the contract, or ``first`` to ``last`` (both included), or the
    ``last_days`` such as ``"7d"``. Without any it is the checkpoint's own window, or else the
    season that contains ``as_of``, which is today unless it is given.
    """

    season: str | None
    first: date | None
    last: date | None
    last_days: str | None
    as_of: date | None
    checkpoint: str
    fail_on: Severity
    warehouse: str | None
    max_bytes: str | None
    impersonate: str | None


def load_contract(path: str | Path = "gx/pipeline.yml") -> ContractFile:
    """Read and validate a contract; its ``${VARIABLES}`` are those of the environment.

    Raises:
        ContractError: with every problem found, each with its place in the file.
    """
    return loading.load_contract(Path(path), os.environ)


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


def _request(file: ContractFile, options: Options) -> validation.Request:
    contract, started = file.contract, time.monotonic()
    name = options.get("checkpoint", "after_backfill")
    declared = contract.checkpoints.get(name)
    as_of = options.get("as_of") or datetime.now(contract.zone).date()
    return validation.Request(
        file=file,
        warehouse=options.get("warehouse") or contract.warehouse,
        window=resolve_window(
            contract,
            as_of=as_of,
            season=options.get("season"),
            first=options.get("first"),
            last=options.get("last"),
            last_days=options.get("last_days"),
            default_days=declared.window if declared else None,
        ),
        as_of=as_of,
        checkpoint=name,
        fail_on=options.get("fail_on", "critical"),
        started_at=datetime.now(UTC),
        reading=reading_of(
            contract,
            max_bytes=options.get("max_bytes"),
            impersonate=options.get("impersonate"),
        ),
        elapsed=lambda: time.monotonic() - started,
    )
