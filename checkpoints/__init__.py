"""Checks every layer of a pipeline against the one above it, by date and key.

    from checkpoints import check, load_contract

    report = check(load_contract("gx/pipeline.yml"), season="2024-25")
    assert report.verdict.passed, report.verdict.summary

Each name is imported when it is first used, so that the command lines start quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkpoints.api import check, load_contract, run
    from checkpoints.archive.report import Report
    from checkpoints.contract.loading import ContractFile
    from checkpoints.contract.window import Window
    from checkpoints.coverage.results import CheckRecord, Verdict
    from checkpoints.dates import DateRange
    from checkpoints.errors import (
        CheckpointsError,
        ContractError,
        CouldNotTell,
        ExitCode,
        LibraryError,
        WarehouseError,
    )
    from checkpoints.rules.rule import Outcome

__version__ = "1.0.0"
__all__ = [
    "CheckRecord",
    "CheckpointsError",
    "ContractError",
    "ContractFile",
    "CouldNotTell",
    "DateRange",
    "ExitCode",
    "LibraryError",
    "Outcome",
    "Report",
    "Verdict",
    "WarehouseError",
    "Window",
    "check",
    "load_contract",
    "run",
]

_MODULES = {
    "checkpoints.api": ("check", "load_contract", "run"),
    "checkpoints.archive.report": ("Report",),
    "checkpoints.contract.loading": ("ContractFile",),
    "checkpoints.contract.window": ("Window",),
    "checkpoints.coverage.results": ("CheckRecord", "Verdict"),
    "checkpoints.dates": ("DateRange",),
    "checkpoints.errors": (
        "CheckpointsError",
        "ContractError",
        "CouldNotTell",
        "ExitCode",
        "LibraryError",
        "WarehouseError",
    ),
    "checkpoints.rules.rule": ("Outcome",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
