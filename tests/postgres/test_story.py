"""The demo's story on PostgreSQL: check, plan, repair, verify, explain; as on DuckDB."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from demo.tables import COLUMNS
from demo.warehouse import build, filling
from tests.bigquery.loading import DEMO_COLUMNS
from tests.bigquery.test_story import project, step
from tests.support.postgres import Postgres
from tests.support.rehearsals import serving
from tests.support.replicas import REBUILT, replica

WINDOW = ("--from", "2024-10-22", "--to", "2024-11-20", "--as-of", "2026-01-03")
SCHEMAS = sorted({name.split(".")[0] for name in DEMO_COLUMNS})
SAME = ("window", "as_of", "verdict", "checks", "datasets", "keys", "unreadable")


def test_the_story_ends_with_a_whole_pipeline(postgres: Postgres, tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    build(file, filling())
    copied(postgres, file)
    here, there = project(tmp_path / "postgres"), project(tmp_path / "duckdb")
    own, on_duckdb = {"WAREHOUSE_URL": postgres.url}, {"WAREHOUSE_URL": f"duckdb:///{file}"}

    run = f"checkpoints run {' '.join(WINDOW)} --json -"
    found, expected = (
        json.loads(step(*at)) for at in ((here, 1, run, own), (there, 1, run, on_duckdb))
    )
    assert {name: found[name] for name in SAME if name in found} == {
        name: expected[name] for name in SAME if name in expected
    }
    plans = [json.loads(step(folder, 0, "remediation plan --json -", url))
             for folder, url in ((here, own), (there, on_duckdb))]  # fmt: skip
    for part in ("window", "calls", "unplanned"):
        assert plans[0][part] == plans[1][part]
    call = plans[0]["calls"][0]
    why = f"checkpoints explain {call['datasets'][0]} {call['date']}"
    assert step(here, 0, why, own) == step(there, 0, why, on_duckdb)

    with serving(tmp_path, file) as urls, replica(file, lambda: copied(postgres, file, [*REBUILT])):
        variables = {**urls, **{name.replace("_URL", "_PACE"): "0" for name in urls}}
        repair = "remediation run --yes --as-of 2026-01-03 --json -"
        record = json.loads(step(here, 0, repair, {**own, **variables}))
    assert {call["state"] for call in record["calls"]} == {"landed"}
    assert len(record["calls"]) == len(plans[0]["calls"])
    assert step(here, 0, f"checkpoints run {' '.join(WINDOW)}", own)
    assert step(here, 0, "checkpoints signoff --by demo", own)


def copied(postgres: Postgres, file: Path, names: Sequence[str] = ()) -> None:
    """The demo's tables as they are in the file, which is let go before anything is written."""
    tables = names or [*DEMO_COLUMNS]
    with tempfile.TemporaryDirectory() as folder:
        with duckdb.connect(file, read_only=True) as warehouse:
            for name in tables:
                warehouse.execute(f"COPY {name} TO '{folder}/{name}' (FORMAT csv, HEADER false)")
        if not names:
            for schema in SCHEMAS:
                postgres.clear(schema)
        for name in tables:
            postgres.fill_from({name: Path(folder, name)}, COLUMNS[name])
