"""An example as a user has it: a copy of its folder, and what its script leaves there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

from checkpoints.archive.report import Report, read_report
from tests.support.commands import ROOT, environment


def copied(name: str, folder: Path) -> Path:
    """A copy of ``examples/NAME``, at the same place of another folder."""
    place = Path("examples") / name
    without = shutil.ignore_patterns("uncommitted", "__pycache__")
    return Path(shutil.copytree(ROOT / place, folder / place, ignore=without))


def run(example: Path, *arguments: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """``sh run.sh`` of an example, from the project's folder."""
    return subprocess.run(
        ["sh", example / "run.sh", *arguments],
        cwd=ROOT, env=environment(PYTHON=sys.executable, **changes), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def reports(example: Path) -> list[Report]:
    """Of every run that it keeps, the oldest first."""
    return [read_report(path) for path in sorted(example.glob("uncommitted/runs/*/report.json"))]


def rows(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in a DuckDB file."""
    with duckdb.connect(warehouse, read_only=True) as connection:
        return connection.execute(query).fetchall()
