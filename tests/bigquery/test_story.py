"""The demo's story on BigQuery: check, plan, repair, verify, sign; as on DuckDB."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import DEMO_COLUMNS, copy_warehouse
from tests.bigquery.recording import Proxy
from tests.bigquery.test_locations import COMPANY
from tests.bigquery.test_wire import PARTITIONED, SHIPPED, assert_pruned_and_narrow
from tests.support.commands import ROOT, command
from tests.support.rehearsals import serving
from tests.support.replicas import REBUILT, replica

PROJECT = "story"
WINDOW = ("--from", "2024-10-22", "--to", "2024-12-22", "--as-of", "2026-01-03")
"""The beginning of the incident, with dates of each kind; the whole of it is told on DuckDB."""


def test_the_story_ends_with_a_signed_run_and_only_reads_were_sent(
    proxy: Proxy, emulator: Emulator, demo_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "warehouse.duckdb"
    shutil.copy(demo_file, file)
    copy_warehouse(emulator.url, file, DEMO_COLUMNS, PROJECT)
    proxy.service.locations = COMPANY
    proxy.service.partitioned = PARTITIONED
    here, there = project(tmp_path / "bigquery"), project(tmp_path / "duckdb")
    bigquery = {"WAREHOUSE_URL": f"bigquery://{PROJECT}", **proxy.environment}

    assert step(here, 1, f"checkpoints run {' '.join(WINDOW)}", bigquery)
    plan = step(here, 0, "remediation plan --json -", bigquery)
    on_duckdb = {"WAREHOUSE_URL": f"duckdb:///{file}"}
    step(there, 1, f"checkpoints run {' '.join(WINDOW)}", on_duckdb)
    expected = step(there, 0, "remediation plan --json -", on_duckdb)
    for part in ("window", "calls", "unplanned"):
        assert json.loads(plan)[part] == json.loads(expected)[part]

    before = len(proxy.reads())

    def copy() -> None:
        copy_warehouse(emulator.url, file, REBUILT, PROJECT)
        proxy.service.tables_changed()

    with serving(tmp_path, file) as urls, replica(file, copy):
        variables = {**urls, **{name.replace("_URL", "_PACE"): "0" for name in urls}}
        repair = "remediation run --yes --as-of 2026-01-03 --json -"
        record = json.loads(step(here, 0, repair, {**bigquery, **variables}))
    assert {call["state"] for call in record["calls"]} == {"landed"}
    assert len(record["calls"]) == len(json.loads(plan)["calls"])
    polls = proxy.reads()[before:]
    assert polls
    assert not any(query.use_query_cache for query in polls)
    assert {query.labels["tool"] for query in polls} == {"remediation"}

    assert step(here, 0, f"checkpoints run {' '.join(WINDOW)}", bigquery)
    assert step(here, 0, "checkpoints signoff --by demo", bigquery)
    for query in proxy.queries:
        assert_pruned_and_narrow(query, SHIPPED)


def project(folder: Path) -> Path:
    """A copy of the shipped Great Expectations project, without anybody's runs."""
    ignored = shutil.ignore_patterns("uncommitted", "__pycache__")
    shutil.copytree(ROOT / "gx", folder / "gx", ignore=ignored)
    return folder


def step(folder: Path, code: int, line: str, variables: dict[str, str]) -> str:
    """Type one command; its output."""
    done = command(*line.split(), cwd=folder, **variables)
    assert done.returncode == code, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout or done.stderr
