"""Runs of a small pipeline, judged by the library and stored with their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checkpoints import validation
from checkpoints.archive.report import Report
from checkpoints.contract.loading import ContractFile
from checkpoints.output.site import write_run_page
from tests.support.runs import FULL, season_request
from tests.support.warehouses import D, fill

HOLE = [r for r in FULL if not D("2025-01-20") <= r[0] <= D("2025-01-29") and r[1] != "20250112_1"]


def stored_run(
    file: ContractFile,
    minute: int = 0,
    as_of: str = "2025-02-20",
    tables: Mapping[str, Sequence[tuple[Any, ...]]] | None = None,
    absent: str = "",
) -> Report:
    """Run the checkpoint on a warehouse in which everything is there but ``absent``."""
    whole = {name: FULL for name in file.contract.names if name != absent}
    url = fill(file.project / "w.duckdb", {**whole, **(tables or {})})
    report, _ = validation.run(season_request(file, url, minute, as_of))
    write_run_page(file.project, report)
    return report
