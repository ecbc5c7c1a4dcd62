"""Checks every layer of a pipeline against the one above it, by date and key.

    from checkpoints import check, load_contract

    report = check(load_contract("gx/pipeline.yml"), season="2024-25")
    assert report.verdict.passed, report.verdict.summary

The names are imported when one is first used, so that the command lines start quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkpoints.api import *  # noqa: F403

__version__ = "1.1.0"
__all__ = [  # noqa: F405
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


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("checkpoints.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
