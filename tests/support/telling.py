"""A pipeline that is run every morning, and what people are told of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from checkpoints.contract.loading import ContractFile
from tests.support.commands import command
from tests.support.projects import project_of
from tests.support.warehouses import BASIC, D, days, fill

FIRST = "2025-01-01"


class Mornings:
    """A project whose tables end with the day before each run."""

    def __init__(self, folder: Path, *notifiers: dict[str, Any], **changes: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.warehouse = folder / "w.duckdb"
        url = f"duckdb:///{self.warehouse}"
        self.file: ContractFile = project_of(
            folder, warehouse=url, notify=list(notifiers), **changes
        )
        self.where = ("--contract", str(self.file.path))

    def run(
        self,
        day: str,
        *options: str,
        orphans: int = 0,
        environment: dict[str, str] | None = None,
        **lost: Iterable[str],
    ) -> CompletedProcess[str]:
        """A run on the morning of a day, by which datasets have lost these dates."""
        last = D(day).toordinal() - 1
        whole = [row for row in days(FIRST, "2025-03-31") if row[0].toordinal() <= last]
        tables = {
            name: [row for row in whole if str(row[0]) not in lost.get(name, ())]
            for name in BASIC["datasets"]
        }
        tables["factors"] += [(D("2025-01-10"), f"orphan {n}") for n in range(orphans)]
        fill(self.warehouse, tables)
        window = ("--from", FIRST, "--to", str(D(day).fromordinal(last)), "--as-of", day)
        return command("checkpoints", "run", *self.where, *window, *options, **environment or {})

    def incidents(self, *arguments: str) -> CompletedProcess[str]:
        """``checkpoints incidents``."""
        return command("checkpoints", "incidents", *arguments, *self.where)
