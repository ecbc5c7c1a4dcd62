"""The shipped contract's commands on the demo in BigQuery."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.bigquery.recording import Proxy
from tests.support.commands import ROOT, command

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


def pipeline_with(folder: Path, **changes: Any) -> tuple[str, str]:
    """``--contract`` of a copy of the shipped contract in which top-level keys are replaced."""
    raw = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))
    path = folder / "pipeline.yml"
    path.write_text(yaml.safe_dump({**raw, **changes}, sort_keys=False), encoding="utf-8")
    return "--contract", str(path)
