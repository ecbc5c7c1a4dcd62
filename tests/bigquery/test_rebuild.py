"""When rows were written is read of BigQuery as of DuckDB, and of what is rebuilt alone."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from checkpoints.contract.model import Contract
from checkpoints.warehouse.engine import ReadOptions
from remediation.backfill.tables import Held, Tables
from remediation.clock import Clock
from remediation.plan.model import Call
from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import load_rows
from tests.bigquery.recording import Proxy
from tests.support.backfills import EIGHT, SEVEN, real_now
from tests.support.scripted_service import TODAY, full_tables, raw_contract
from tests.support.warehouses import D, contract_of, fill

TYPES = "d DATE, k VARCHAR, w TIMESTAMP"


def tables_written(at: datetime) -> dict[str, list[tuple[Any, ...]]]:
    """All rows were written then, but for one a day later."""
    full = {name: [(*row, at) for row in rows] for name, rows in full_tables().items()}
    day, key, _ = full["factors"][-1]
    return {**full, "factors": [*full["factors"][:-1], (day, key, at.replace(day=22))]}


def held_at(url: str, contract: Contract, *calls: Call) -> dict[str, Held]:
    clock = Clock(now=real_now, monotonic=time.monotonic, sleep=time.sleep)
    return Tables(contract=contract, url=url, as_of=TODAY, clock=clock, reading=ReadOptions()).look(
        calls
    )


def test_what_is_rebuilt_says_when_it_was_written(
    here: Proxy, emulator: Emulator, tmp_path: Path
) -> None:
    tables = tables_written(datetime(2025, 1, 21, 3, 4, 5, 678901))
    load_rows(emulator.url, {f"s.{n}": rows for n, rows in tables.items()}, TYPES, "rebuilt")
    here.service.tables_changed()
    raw = raw_contract("http://127.0.0.1:1", tmp_path / "w.duckdb")
    datasets = {n: {**of, "written_at": "w"} for n, of in raw["datasets"].items()}
    del datasets["cache"]["written_at"]
    contract = contract_of(tmp_path, raw, datasets=datasets).contract
    both = ("factors", "cache")
    calls = [
        Call(service="four", date=D(SEVEN), datasets=both, rebuilds=both),
        Call(service="four", date=D(EIGHT), datasets=both),
        Call(service="four", date=D("2025-01-20"), datasets=both, rebuilds=("factors",)),
    ]
    found = held_at("bigquery://rebuilt", contract, *calls)
    assert found == held_at(fill(tmp_path / "w.duckdb", tables, TYPES), contract, *calls)
    seven, eight, last = (found[call.id].written for call in calls)
    assert (seven.keys(), eight) == ({"factors"}, {})
    assert seven["factors"] is not None
    assert seven["factors"].first == seven["factors"].last
    assert last["factors"] is not None
    assert last["factors"].last - last["factors"].first == 24 * 3600 * 10**6
