"""``init --from-dbt``: what dbt's own manifest of a small project comes to.

``manifest.json`` was written by ``dbt parse`` (1.10, dbt-duckdb), and has what is read of it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from checkpoints.contract.loading import load_contract
from tests.adoption.test_init import proposed, shape
from tests.support.commands import command

MANIFEST = Path(__file__).with_name("manifest.json")

BUILT = """
CREATE SCHEMA raw;
CREATE TABLE raw.orders AS SELECT i AS id, 'c' || i % 7 AS customer,
  DATE '2024-01-01' + (i // 20)::INT AS ordered_on, now() AS _loaded_at FROM range(1200) t(i);
CREATE TABLE raw.payment_events AS
  SELECT id AS order_id, ordered_on AS paid_on, now() AS _loaded_at FROM raw.orders;
CREATE VIEW stg_orders AS SELECT id AS order_id, customer, ordered_on FROM raw.orders;
CREATE TABLE order_facts AS SELECT order_id, line, ordered_on, now() AS built_at
  FROM stg_orders, range(1, 3) t(line);
CREATE TABLE daily_sales AS
  SELECT ordered_on AS day, count(*) AS orders FROM order_facts GROUP BY 1;
CREATE TABLE unrelated AS SELECT * FROM raw.orders;
"""
"""What the project builds, and a table that is none of its own."""


def test_with_the_warehouse_its_tables_are_measured_along_its_lineage(tmp_path: Path) -> None:
    contract, text = proposed(tmp_path, BUILT, "--from-dbt", str(MANIFEST))
    assert shape(contract) == {
        "orders": ("ordered_on", ("id",), None, ()),
        "payment_events": ("paid_on", ("order_id",), None, ()),
        "stg_orders": ("ordered_on", ("order_id",), "orders", ()),
        "order_facts": ("ordered_on", ("order_id", "line"), "stg_orders", ("order_id",)),
        "daily_sales": ("day", (), "order_facts", ()),
    }
    assert list(contract.layers) == ["raw", "staging", "marts"]
    assert contract.datasets["orders"].written_at == "_loaded_at"
    assert "unrelated" not in text
    checked = command("checkpoints", "check", "--as-of", "2024-03-01", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr


def test_tables_that_were_not_built_are_left_out_and_what_stands_above_them_is_above(
    tmp_path: Path,
) -> None:
    unbuilt = f"{BUILT} DROP VIEW stg_orders;"
    contract, text = proposed(tmp_path, unbuilt, "--from-dbt", str(MANIFEST))
    assert "stg_orders (not in the warehouse: run dbt build)" in " ".join(text.split())
    assert str(contract.datasets["order_facts"].upstream) == "orders"


def test_alone_it_gives_what_is_declared_and_says_what_is_not(tmp_path: Path) -> None:
    done = command("checkpoints", "init", "--from-dbt", str(MANIFEST), "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "gx/pipeline.yml"
    contract = load_contract(path, {"WAREHOUSE_URL": "duckdb:///x.duckdb"}).contract
    assert shape(contract) == {
        "order_facts": ("ordered_on", ("order_id", "line"), None, ()),
        "daily_sales": ("day", (), "order_facts", ()),
    }
    left_out = " ".join(path.read_text().replace("#  ", "").split())
    assert "orders (no date column is declared: name it in meta (date: …)" in left_out


@pytest.mark.parametrize("version", ["v4", "v20"])
def test_a_manifest_of_another_version_is_told(tmp_path: Path, version: str) -> None:
    raw = json.loads(MANIFEST.read_text())
    raw["metadata"]["dbt_schema_version"] = (
        f"https://schemas.getdbt.com/dbt/manifest/{version}.json"
    )
    (tmp_path / "manifest.json").write_text(json.dumps(raw))
    done = command("checkpoints", "init", "--from-dbt", "manifest.json", "--yes", cwd=tmp_path)
    assert done.returncode == 2
    assert f"is a manifest of version {version}, and v10, v11, v12 are known" in done.stderr


def test_a_file_that_is_no_manifest_is_told(tmp_path: Path) -> None:
    (tmp_path / "run_results.json").write_text('{"metadata": {}, "results": []}')
    done = command("checkpoints", "init", "--from-dbt", "run_results.json", "--yes", cwd=tmp_path)
    assert done.returncode == 2
    assert "run_results.json: is no manifest of dbt (metadata.dbt_schema_version: " in done.stderr


def test_a_partition_and_a_source_that_says_when_it_was_loaded_are_taken(tmp_path: Path) -> None:
    raw = json.loads(MANIFEST.read_text())
    source = raw["sources"]["source.shop.app.payments"]
    source["config"] |= {"loaded_at_field": "seen_at", "meta": {"date": "paid_on"}}
    source["loaded_at_field"] = None
    raw["nodes"]["model.shop.order_facts"]["config"] = {
        "materialized": "incremental", "partition_by": {"field": "booked_on", "data_type": "date"},
    }  # fmt: skip
    raw["metadata"]["adapter_type"] = "bigquery"
    (tmp_path / "manifest.json").write_text(json.dumps(raw))
    done = command("checkpoints", "init", "--from-dbt", "manifest.json", "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    contract = load_contract(tmp_path / "gx/pipeline.yml", os.environ).contract
    assert contract.warehouse == "bigquery://shop"
    assert contract.datasets["order_facts"].date == "booked_on"
    assert contract.datasets["payment_events"].written_at == "seen_at"
