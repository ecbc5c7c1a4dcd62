"""A dbt project: a contract from its manifest finds and repairs dates that its tests do not see."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.examples.running import checks_that_failed, run_example

LOST = ("2024-04-10", "2024-04-11", "2024-04-12")
TOTALS = """
SELECT count(*), count(DISTINCT order_id), count(DISTINCT ordered_on), sum(total)
FROM order_totals
"""
DBT = shutil.which("dbt")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(os.defpath, id="without dbt"),
        pytest.param(
            os.environ["PATH"],
            id="with dbt",
            marks=pytest.mark.skipif(not DBT, reason="dbt is not installed"),
        ),
    ],
)
def test_dates_that_no_run_of_dbt_built_are_found_built_and_verified(
    tmp_path: Path, path: str
) -> None:
    done = run_example("dbt", tmp_path / "shop", PATH=path)
    assert ("dbt is not installed" in done.stdout) is (path == os.defpath)
    ratio = "daily_conversion_ratio"
    found, repaired = checks_that_failed(tmp_path / "shop/gx")
    assert found == [("order_totals", ratio, LOST), ("daily_sales", ratio, LOST)]
    assert repaired == []
    with duckdb.connect(str(tmp_path / "shop/warehouse.duckdb"), read_only=True) as connection:
        rows, orders, dates, total = connection.sql(TOTALS).fetchall()[0]
        assert (rows, orders, dates) == (1220, 1220, 61)
        assert connection.sql(
            "SELECT count(*), sum(orders), sum(total) FROM daily_sales"
        ).fetchall() == [(61, 1220, total)]
