"""Commands on the demo in BigQuery, the shipped contract changed, and what is read of tables."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from checkpoints.warehouse.evidence import Evidence, gather
from tests.bigquery.recording import Proxy
from tests.coverage.test_oracle import World
from tests.support.commands import ROOT, command
from tests.support.warehouses import D

PIPELINE = ROOT / "gx" / "pipeline.yml"
WINDOW = ("--from", "2024-10-22", "--to", "2026-01-02", "--as-of", "2026-01-03")
OF_THE_RUN = {"run_id", "started_at", "seconds", "provenance", "statements"}


def checkpoints(
    proxy: Proxy, *arguments: str, url: str = "bigquery://proj", **variables: str
) -> subprocess.CompletedProcess[str]:
    """``python -m checkpoints``, its clients sent to the proxy; never ends in a traceback."""
    environment = {**proxy.environment, **variables}
    done = command("checkpoints", *arguments, "--warehouse", url, **environment)
    assert "Traceback" not in done.stderr
    return done


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON on standard output."""
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def verdict(done: subprocess.CompletedProcess[str]) -> tuple[int, dict[str, Any]]:
    """Exit code and answer, without what differs from run to run."""
    return done.returncode, {k: v for k, v in answer(done).items() if k not in OF_THE_RUN}


@cache
def on_duckdb(path: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The same command's verdict on the DuckDB file."""
    return verdict(
        command("checkpoints", *arguments, "--warehouse", f"duckdb:///{path}", "--json", "-")
    )


def shipped_datasets() -> dict[str, Any]:
    """The datasets of the shipped contract, to be changed."""
    found: dict[str, Any] = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))["datasets"]
    return found


def gathered(
    contract: Contract, project: str, first: str, last: str, as_of: str = "2025-02-01"
) -> Evidence:
    """What is read of a contract's tables in a project of the emulator."""
    window = Window(range=DateRange(D(first), D(last)), label="")
    return gather(contract, f"bigquery://{project}", window, D(as_of))


def evidence_of(world: World, contract: Contract, url: str) -> Evidence:
    """What is read of a random warehouse."""
    window = Window(range=DateRange(world.first, world.last), label="")
    return gather(contract, url, window, world.as_of)


def pipeline_with(folder: Path, **changes: Any) -> tuple[str, str]:
    """``--contract`` of a copy of the shipped contract in which top-level keys are replaced."""
    raw = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))
    path = folder / "pipeline.yml"
    path.write_text(yaml.safe_dump({**raw, **changes}, sort_keys=False), encoding="utf-8")
    return "--contract", str(path)
