"""Rules about rows find the same on BigQuery as on DuckDB."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings

from checkpoints.contract.checks import checks_of
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.results import CheckRecord, KeySample, judged
from checkpoints.dates import DateRange
from checkpoints.warehouse.evidence import gather
from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import load_rows
from tests.bigquery.recording import Proxy
from tests.coverage.test_oracle import HEALTH
from tests.rules.test_row_oracle import (
    AS_OF,
    LAST,
    NOW,
    START,
    TYPES,
    World,
    contract,
    tables_of,
    worlds,
)
from tests.support.warehouses import fill


def found_at(url: str, of: Contract) -> tuple[list[CheckRecord], tuple[KeySample, ...]]:
    window = Window(range=DateRange(START, LAST), label="")
    evidence = gather(of, url, window, AS_OF, now=NOW)
    return [judged(check, evidence.frame) for check in checks_of(of)], evidence.keys


def test_random_rows_are_judged_alike_and_show_the_same_keys(
    here: Proxy, emulator: Emulator
) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=HEALTH)
    @given(worlds())
    def agree(world: World) -> None:
        tables = tables_of(world)
        load_rows(emulator.url, {f"s.{n}": rows for n, rows in tables.items()}, TYPES, "rows")
        here.service.tables_changed()
        with tempfile.TemporaryDirectory() as name:
            of = contract(Path(name), world)
            expected = found_at(fill(Path(name) / "w.duckdb", tables, TYPES), of)
        assert found_at("bigquery://rows", of) == expected

    agree()
