"""What is read and billed: estimated, capped, recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkpoints.contract.window import Window
from checkpoints.coverage.layout import layout_of
from checkpoints.dates import DateRange
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.evidence import gather
from checkpoints.warehouse.source import columns_of
from tests.bigquery.commands import WINDOW, answer, checkpoints, pipeline_with
from tests.bigquery.loading import DEMO_COLUMNS
from tests.bigquery.recording import Proxy
from tests.bigquery.test_wire import SHIPPED
from tests.support.warehouses import D

pytestmark = pytest.mark.usefixtures("demo_loaded")

MB = 10**6
DATE, COLUMN, OTHER = 40 * MB, 15 * MB, 10_000 * MB
LAYOUT = layout_of(SHIPPED)
READ = {name: columns_of(d, LAYOUT, name) for name, d in SHIPPED.datasets.items()}
SIZES = {name: DATE + COLUMN * (len(columns) - 1) for name, columns in READ.items()}
TOTAL = sum(SIZES.values())
OF_KEYS = TOTAL - COLUMN * len(LAYOUT.written)
"""Single keys are read without the moments in which rows were written."""


@pytest.fixture
def priced(proxy: Proxy, demo_loaded: Path) -> Proxy:
    """Tables whose columns that the contract names are small beside the others."""
    proxy.service.column_bytes = {
        ".".join(SHIPPED.datasets[name].path): {
            columns[0]: DATE,
            **dict.fromkeys(columns[1:], COLUMN),
            "assists": OTHER,
        }
        for name, columns in READ.items()
    }
    return proxy


def test_an_estimate_is_of_the_columns_that_the_contract_names_and_reads_nothing(
    priced: Proxy,
) -> None:
    done = checkpoints(priced, "estimate", *WINDOW, "--json", "-", "--price-per-tib", "5")
    assert done.returncode == 0, done.stderr
    found = answer(done)
    sizes = {each["dataset"]: each["bytes"] for each in found["datasets"]}
    assert sizes == SIZES
    assert found["total_bytes"] == TOTAL
    assert found["cost"] == pytest.approx(TOTAL / 2**40 * 5)
    assert priced.reads() == []
    assert priced.queries


def test_an_estimate_for_people_names_every_dataset_and_the_total(priced: Proxy) -> None:
    done = checkpoints(priced, "estimate", *WINDOW)
    assert done.returncode == 0
    assert f"{SIZES['nbac_schedule'] / MB:.1f} MB" in done.stdout
    assert f"{TOTAL / MB:.1f} MB" in done.stdout
    assert all(name in done.stdout for name in SHIPPED.datasets)


def test_a_check_over_the_cap_is_refused_before_anything_is_read(priced: Proxy) -> None:
    done = checkpoints(priced, "check", *WINDOW, "--max-bytes", "500MB")
    assert done.returncode == 3
    assert f"{TOTAL / MB:.1f} MB" in done.stderr
    assert f"{TOTAL / MB - 500:.1f} MB more than the 500.0 MB allowed" in done.stderr
    assert "--max-bytes" in done.stderr
    assert priced.reads() == []


def test_an_estimate_says_whether_a_run_would_be_allowed_by_the_same_figure(
    proxy: Proxy, tmp_path: Path
) -> None:
    """Tables that hold next to nothing are billed ten mebibytes each."""
    least = len(DEMO_COLUMNS) * 10 * 2**20
    contract = pipeline_with(tmp_path, bigquery={"max_bytes": least})
    allowed = checkpoints(proxy, "estimate", *WINDOW, *contract, "--json", "-")
    found = answer(allowed)
    assert (allowed.returncode, found["refused"]) == (0, "")
    assert {each["billed_bytes"] for each in found["datasets"]} == {10 * 2**20}
    assert (found["total_bytes"], found["total_billed_bytes"]) == (0, least)
    assert checkpoints(proxy, "check", *WINDOW, *contract).returncode == 1
    refused = [
        checkpoints(proxy, command, *WINDOW, *contract, "--max-bytes", str(least - 1))
        for command in ("estimate", "check")
    ]
    said = [done.stderr[done.stderr.index("error: ") :].strip() for done in refused]
    assert [done.returncode for done in refused] == [3, 3]
    assert said[1].startswith(f"{said[0]}; see python -m checkpoints estimate --contract ")
    assert "each table is billed at least 10 MiB), 1 byte more than the" in said[0]


def test_a_cap_in_the_contract_holds_and_an_option_goes_before_it(
    priced: Proxy, tmp_path: Path
) -> None:
    contract = pipeline_with(tmp_path, bigquery={"max_bytes": "500MB"})
    assert checkpoints(priced, "check", *WINDOW, *contract).returncode == 3
    assert priced.reads() == []
    done = checkpoints(priced, "check", *WINDOW, *contract, "--max-bytes", "2GB")
    assert done.returncode == 1
    # On every query, so that the service refuses too.
    assert [query.maximum_bytes_billed for query in priced.reads()] == [2000 * MB] * 2


def test_a_cap_below_the_least_that_is_billed_ends_in_exit_3(proxy: Proxy) -> None:
    done = checkpoints(proxy, "check", *WINDOW, "--max-bytes", "50MB")
    assert done.returncode == 3
    assert "error:" in done.stderr
    assert "--max-bytes" in done.stderr


def test_the_report_has_job_bytes_and_seconds_of_each_statement(priced: Proxy) -> None:
    found = answer(checkpoints(priced, "check", *WINDOW, "--json", "-"))
    presence, keys = found["statements"]
    ids = [query.query_id for query in priced.reads()]
    assert [presence["job_id"], keys["job_id"]] == ids
    for statement, read in ((presence, TOTAL), (keys, OF_KEYS)):
        assert statement["location"] == "US"
        assert statement["bytes_processed"] == read
        assert read <= statement["bytes_billed"] < read + 11 * 2**20
        assert statement["cached"] is False
        assert 0 < statement["seconds"] < found["seconds"]
        assert statement["rows"] > 0


def test_the_second_check_comes_from_the_cache_and_a_fresh_read_does_not(here: Proxy) -> None:
    window = Window(range=DateRange(D("2024-12-01"), D("2024-12-31")), label="")
    evidence = [
        gather(SHIPPED, "bigquery://proj", window, D("2026-01-03"), ReadOptions(fresh=fresh))
        for fresh in (False, False, True)
    ]
    hits = [{(s.cached, s.bytes_billed == 0) for s in e.statements} for e in evidence]
    assert hits == [{(False, False)}, {(True, True)}, {(False, False)}]
    assert [query.use_query_cache for query in here.reads()] == [True] * 4 + [False] * 2


def test_every_query_is_labelled_with_tool_checkpoint_and_run(proxy: Proxy) -> None:
    found = answer(checkpoints(proxy, "check", *WINDOW, "--json", "-"))
    for query in proxy.reads():
        assert query.labels["tool"] == "checkpoints"
        assert query.labels["checkpoint"] == "after_backfill"
        assert query.labels["run_id"] == found["run_id"].lower()[:63]
