"""Datasets in different locations and projects: one statement each, one answer."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings

from checkpoints.contract.model import Contract
from checkpoints.coverage.presence import Presence
from checkpoints.dates import DateRange
from checkpoints.warehouse.reading import open_warehouse
from tests.bigquery.commands import (
    WINDOW,
    checkpoints,
    evidence_of,
    on_duckdb,
    pipeline_with,
    shipped_datasets,
    verdict,
)
from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import DEMO_COLUMNS, copy_warehouse, load_rows
from tests.bigquery.recording import Proxy
from tests.bigquery.test_wire import PARTITIONED, SHIPPED, assert_pruned_and_narrow
from tests.coverage.test_oracle import HEALTH, World, worlds
from tests.support.warehouses import contract_of, fill

COMPANY = {"nba_raw": "us-west2"}


def rows_of(world: World, contract: Contract, url: str) -> Presence:
    """What remediation reads: keys and rows."""
    with open_warehouse(contract, url) as warehouse:
        return warehouse.presence([DateRange(world.first, world.last)], with_rows=True)


def test_one_statement_per_location_adds_up_to_the_answer_of_one(
    proxy: Proxy, demo_loaded: Path
) -> None:
    proxy.service.locations = COMPANY
    proxy.service.partitioned = PARTITIONED
    done = checkpoints(proxy, "check", *WINDOW, "--json", "-")
    assert verdict(done) == on_duckdb(demo_loaded, "check", *WINDOW)
    for pair in (proxy.reads()[:2], proxy.reads()[2:]):
        assert sorted(query.location or "" for query in pair) == ["US", "us-west2"]
        assert sorted(read.name for query in pair for read in query.reads) == sorted(PARTITIONED)
    for query in proxy.reads():
        places = {proxy.service.location_of(read.dataset) for read in query.reads}
        assert places == {query.location}
        assert_pruned_and_narrow(query, SHIPPED)


def test_tables_of_another_project_are_read_there_and_the_queries_run_in_ours(
    proxy: Proxy, emulator: Emulator, demo_loaded: Path, tmp_path: Path
) -> None:
    raw = shipped_datasets()
    lake = {t: c for t, c in DEMO_COLUMNS.items() if t.startswith("nba_raw.")}
    copy_warehouse(emulator.url, demo_loaded, lake, "data-lake")
    for dataset in raw.values():
        if dataset["table"] in lake:
            dataset["table"] = f"data-lake.{dataset['table']}"
    contract = pipeline_with(tmp_path, datasets=raw)
    done = checkpoints(proxy, "check", *WINDOW, *contract, "--json", "-")
    assert verdict(done) == on_duckdb(demo_loaded, "check", *WINDOW)
    for query in proxy.reads():
        assert query.project == "proj"
        owners = {read.name: read.project for read in query.reads}
        assert owners == {t: "data-lake" if t in lake else "proj" for t in DEMO_COLUMNS}


def test_a_location_of_the_contract_that_is_wrong_says_where_to_look(
    proxy: Proxy, demo_loaded: Path, tmp_path: Path
) -> None:
    proxy.service.locations = COMPANY
    raw = shipped_datasets()
    for dataset in raw.values():
        dataset["location"] = "EU"
    done = checkpoints(proxy, "check", *WINDOW, *pipeline_with(tmp_path, datasets=raw))
    assert done.returncode == 3
    assert "was not found in location EU" in done.stdout
    assert "set location on the datasets of the contract" in done.stdout


def test_random_warehouses_in_three_places_give_the_answer_of_one(
    here: Proxy, emulator: Emulator
) -> None:
    places = {
        "ref": "east.ref",
        "raw": "west.raw",
        "alt": "east.alt",
        "mid": "east.mid",
        "end": "north.end",
    }
    here.service.locations = {"east": "US", "west": "us-west2", "north": "EU"}
    columns = "d DATE, k VARCHAR, j VARCHAR"

    @settings(max_examples=10, deadline=None, suppress_health_check=HEALTH)
    @given(worlds())
    def agree(world: World) -> None:
        tables = {places[name]: rows for name, rows in world.tables.items()}
        load_rows(emulator.url, tables, columns, "scattered")
        here.service.tables_changed()
        elsewhere = {
            name: {**dataset, "table": places[name]}
            for name, dataset in world.raw["datasets"].items()
        }
        with tempfile.TemporaryDirectory() as folder:
            url = fill(Path(folder) / "w", world.tables, columns)
            expected = evidence_of(world, contract_of(Path(folder), world.raw).contract, url)
            scattered = contract_of(Path(folder), {**world.raw, "datasets": elsewhere}).contract
            found = evidence_of(world, scattered, "bigquery://scattered")
            assert rows_of(world, scattered, "bigquery://scattered") == rows_of(
                world, contract_of(Path(folder), world.raw).contract, url
            )
        assert found.frame == expected.frame
        assert found.keys == expected.keys

    agree()
