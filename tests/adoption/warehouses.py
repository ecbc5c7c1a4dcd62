"""Warehouses that no contract was written for, as people have them."""

from __future__ import annotations

from pathlib import Path

import duckdb

ORDERS = """
CREATE SCHEMA raw; CREATE SCHEMA staging; CREATE SCHEMA mart;
CREATE TABLE days AS SELECT d::DATE AS d, row_number() OVER (ORDER BY d) AS n
  FROM range(DATE '2024-01-02', DATE '2024-07-01', INTERVAL 1 DAY) t(d)
  WHERE dayofweek(d) BETWEEN 1 AND 5 AND d::DATE NOT IN
    ('2024-03-29', '2024-04-01', '2024-05-01', '2024-05-09', '2024-05-20');
CREATE TABLE raw.shipments AS
  SELECT 'S' || (i % 4) AS store_id, n * 10 + i // 4 AS order_no, i % 3 AS quantity,
    timezone('Europe/Berlin', d + INTERVAL (7 + i % 12) HOUR) AS ordered_at,
    timezone('Europe/Berlin', d + INTERVAL 30 HOUR) AS loaded_at
  FROM days, range(40) t(i);
CREATE TABLE staging.shipment_lines AS
  SELECT store_id, order_no, line_no, ordered_at, quantity * line_no AS quantity,
    loaded_at + INTERVAL 1 HOUR AS processed_at
  FROM raw.shipments, range(1, 4) t(line_no);
CREATE TABLE mart.store_daily AS
  SELECT store_id, timezone('Europe/Berlin', ordered_at)::DATE AS business_date,
    sum(quantity) AS quantity, max(processed_at) AS updated_at
  FROM staging.shipment_lines GROUP BY ALL;
DROP TABLE days;
"""
"""Working days of Germany, a key of two columns, moments with a zone."""

SHOP = """
CREATE SCHEMA shop; CREATE SCHEMA reporting;
CREATE TABLE shop.customers AS SELECT i AS id, 'c' || i AS name FROM range(1, 500) t(i);
CREATE TABLE shop.carts AS
  SELECT i AS id, 1 + i % 499 AS customer_id, TIMESTAMP '2024-01-01' + INTERVAL (i * 11) MINUTE
    AS created_at, (i % 13)::DECIMAL(9, 2) AS total FROM range(12000) t(i);
CREATE TABLE shop.orders AS
  SELECT id * 3 AS order_id, id AS cart_id, customer_id, created_at::DATE AS order_date, total
  FROM shop.carts WHERE id % 4 <> 0;
CREATE TABLE shop.payments AS
  SELECT uuid() AS payment_id, order_id, (order_date + (order_id // 3 % 3)::INT)::DATE AS paid_on,
    total AS amount FROM shop.orders;
CREATE TABLE reporting.daily_revenue AS
  SELECT order_date AS day, count(*) AS orders, sum(total) AS revenue, now() AS updated_at
  FROM shop.orders GROUP BY 1;
"""
"""Customers without dates, a cart's order on its date, payments days later, a sum per day."""

SENSORS = """
CREATE TABLE devices AS SELECT i AS device_id, 'model' || i AS model FROM range(5) t(i);
CREATE TABLE readings AS
  SELECT i AS device_id, m AS reading_at, (i * 7 % 50) / 3.0 AS temperature
  FROM range(5) t(i), range(TIMESTAMP '2024-05-01', TIMESTAMP '2024-06-01', INTERVAL 5 MINUTE) s(m);
CREATE TABLE readings_hourly AS
  SELECT device_id, date_trunc('hour', reading_at) AS hour, avg(temperature) AS temperature,
    count(*) AS n FROM readings GROUP BY ALL;
CREATE TABLE readings_daily AS
  SELECT device_id, hour::DATE AS day, avg(temperature) AS temperature FROM readings_hourly
  GROUP BY ALL;
"""
"""A key with a moment in it, summed up by hour and day, in one schema."""

EVENTS = """
CREATE SCHEMA bronze; CREATE SCHEMA silver; CREATE SCHEMA gold;
CREATE TABLE bronze.events AS
  SELECT md5(i::VARCHAR) AS event_id, strftime(DATE '2024-02-01' + (i // 300)::INT, '%Y-%m-%d')
    AS event_date, 'click' AS event_type, i % 71 AS user_id, '{}' AS payload
  FROM range(18000) t(i);
CREATE TABLE silver.events_clean AS
  SELECT event_id, event_date, user_id, event_date || 'T06:00:00Z' AS _ingested_at
  FROM bronze.events WHERE hash(event_id) % 50 <> 0;
CREATE TABLE gold.active_users AS
  SELECT event_date AS dt, user_id, count(*) AS events FROM silver.events_clean GROUP BY ALL;
CREATE TABLE gold.weekly_active_users AS
  SELECT date_trunc('week', dt::DATE)::DATE AS week, count(DISTINCT user_id) AS users
  FROM gold.active_users GROUP BY 1;
"""
"""Dates as text, three schemas by metal, a table by week."""

ODD = """
CREATE TABLE "Tbl Orders 1" AS
  SELECT d::DATE AS "Datum", i AS "Auftrag-Nr", i % 7 AS "Menge"
  FROM range(DATE '2024-03-01', DATE '2024-05-01', INTERVAL 1 DAY) s(d), range(30) t(i);
CREATE TABLE "select" AS SELECT "Datum" AS "date", "Auftrag-Nr", 'x' AS "group" FROM "Tbl Orders 1";
CREATE TABLE "a.b" AS SELECT "date", "Auftrag-Nr" AS "Auftrag-Nr" FROM "select";
CREATE TABLE "Übersicht" AS
  SELECT "Datum" AS "Tag", sum("Menge") AS "Menge" FROM "Tbl Orders 1" GROUP BY 1;
CREATE TABLE tmp_old AS SELECT * FROM "select" LIMIT 0;
CREATE TABLE lookup AS SELECT i AS id, 'n' || i AS name FROM range(9) t(i);
CREATE TABLE dim_date AS
  SELECT d::DATE AS date FROM range(DATE '2020-01-01', DATE '2030-01-01', INTERVAL 1 DAY) s(d);
CREATE TABLE contacts AS
  SELECT i AS id, DATE '1960-01-01' + (i * 37 % 9999)::INT AS birth_date FROM range(200) t(i);
CREATE TABLE refunds AS
  SELECT DATE '2024-03-01' + (i * i % 61)::INT AS refund_date, i AS refund_id FROM range(25) t(i);
CREATE VIEW v_orders AS SELECT "Datum" AS ds, "Auftrag-Nr", "Menge" FROM "Tbl Orders 1";
"""
"""Ten tables in one schema, some of which are no datasets, with names that need quotes."""

GAMES = """
CREATE SCHEMA raw; CREATE SCHEMA features;
CREATE TABLE raw.fixtures AS
  SELECT 'G' || i AS game_id, DATE '2024-01-01' + (i * i * 7 % 180)::INT AS game_date
  FROM range(150) t(i);
CREATE TABLE raw.boxscores AS
  SELECT game_id, game_date, p AS player_id, p % 31 AS points FROM raw.fixtures, range(10) t(p);
CREATE TABLE features.form AS SELECT game_id, game_date, player_id FROM raw.boxscores;
"""
"""Games on some dates, in no pattern."""


def build(folder: Path, script: str, *changes: str) -> str:
    """The URL of a file that has what the script makes."""
    path = folder / "wh.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(script)
        for change in changes:
            connection.execute(change)
    return f"duckdb:///{path}"
