"""What the shop sends: two months of orders, in ``raw.orders`` of ``warehouse.duckdb``."""

from pathlib import Path

import duckdb

ORDERS = """
CREATE OR REPLACE TABLE raw.orders AS
SELECT
    'O' || (1000 + 20 * day + n) AS order_id,
    'C' || (11 * day + 17 * n) % 250 AS customer,
    DATE '2024-03-01' + day::INT AS ordered_on,
    10 + (7 * day + 13 * n) % 90 AS net,
    TIMESTAMP '2024-03-02 04:00:00' + to_days(day::INT) AS loaded_at
FROM range(61) AS days(day), range(20) AS numbers(n)
"""

with duckdb.connect(str(Path(__file__).parent / "warehouse.duckdb")) as connection:
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
    connection.execute(ORDERS)
