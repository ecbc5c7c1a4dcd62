"""``init`` on BigQuery: partition filters, and no more bytes than are allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import yaml
from google.cloud import bigquery

from tests.bigquery.commands import checkpoints
from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import client_for, copy_warehouse
from tests.bigquery.recording import Proxy

PROJECT = "adopted"
SHOP = """
CREATE SCHEMA raw; CREATE SCHEMA mart;
CREATE TABLE raw.orders AS
  SELECT i AS order_id, DATE '2024-01-01' + (i // 20)::INT AS order_date, i % 7 AS customer_id
  FROM range(1200) t(i);
CREATE TABLE mart.daily_orders AS
  SELECT order_date AS day, count(*) AS orders FROM raw.orders GROUP BY 1;
"""
COLUMNS = {
    "raw.orders": ("order_id", "order_date", "customer_id"),
    "mart.daily_orders": ("day", "orders"),
}


ORDERS = (
    bigquery.SchemaField("order_id", "INT64"),
    bigquery.SchemaField("order_date", "DATE"),
    bigquery.SchemaField("customer_id", "INT64"),
)


def init(
    emulator: Emulator, proxy: Proxy, folder: Path, *options: str
) -> tuple[dict[str, Any], str]:
    """What is proposed of the shop, whose orders are refused without a filter of their date."""
    path = folder / "shop.duckdb"
    with duckdb.connect(str(path)) as file:
        file.execute(SHOP)
    client = client_for(emulator.url, PROJECT)
    client.create_dataset("raw", exists_ok=True)
    table = bigquery.Table(f"{PROJECT}.raw.orders", ORDERS)
    table.time_partitioning = bigquery.TimePartitioning(field="order_date")
    client.create_table(table, exists_ok=True)
    copy_warehouse(emulator.url, path, COLUMNS, PROJECT)
    proxy.service.partitioned = {"raw.orders": "order_date"}
    contract = folder / "pipeline.yml"
    asked = ("init", "--yes", "--contract", str(contract), *options)
    done = checkpoints(proxy, *asked, url=f"bigquery://{PROJECT}")
    assert done.returncode == 0, done.stderr
    text = contract.read_text()
    return yaml.safe_load(text)["datasets"], text


def test_a_table_that_insists_on_a_filter_is_measured_with_one(
    emulator: Emulator, proxy: Proxy, tmp_path: Path
) -> None:
    datasets, text = init(emulator, proxy, tmp_path)
    assert datasets["orders"]["key"] == "order_id"
    assert datasets["daily_orders"]["upstream"] == "orders"
    assert "order_id is unique per date in all 1,200 rows" in text
    assert "bigquery: {max_bytes: 100GB}" in text


def test_columns_that_are_too_large_to_read_are_taken_by_name(
    emulator: Emulator, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.service.column_bytes = {"raw.orders": {"order_id": 10**12, "customer_id": 10**12}}
    datasets, text = init(emulator, proxy, tmp_path, "--max-bytes", "500MB")
    assert (datasets["orders"]["date"], datasets["orders"]["key"]) == ("order_date", "order_id")
    assert "order_id ? not measured, taken by name" in text
