"""A dbt project: a contract from its manifest finds and repairs dates that its tests do not see."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from checkpoints.rules.rule import Outcome
from tests.support.commands import ROOT
from tests.support.examples import reports, rows, run
from tests.support.warehouses import D

LOST = [D("2024-04-10"), D("2024-04-11"), D("2024-04-12")]
TOTALS = """
SELECT count(*), count(DISTINCT order_id), count(DISTINCT ordered_on), sum(total)
FROM order_totals
"""
SALES = "SELECT sum(orders), sum(orders), count(*), sum(total) FROM daily_sales"
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
    shop = tmp_path / "shop"
    done = run(ROOT / "examples/dbt", shop, PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("dbt is not installed" in done.stdout) is (path == os.defpath)
    failed = [
        {c.dataset: [*c.unexpected_dates] for c in report.checks if c.outcome is Outcome.FAILED}
        for report in reports(shop / "gx")
    ]
    assert failed == [{"order_totals": LOST, "daily_sales": LOST}, {}]
    totals = rows(shop / "warehouse.duckdb", TOTALS)
    assert totals[0][:3] == (1220, 1220, 61)
    assert rows(shop / "warehouse.duckdb", SALES) == totals
