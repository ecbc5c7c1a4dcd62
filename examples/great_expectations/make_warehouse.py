"""A shop's warehouse of two months, and the export that finance reads.

Three dates of ``reports.order_totals`` are lost: the job did not run. What is there is right.
"""

from pathlib import Path

import duckdb

FOLDER = Path(__file__).parent

TABLES = """
CREATE SCHEMA shop;
CREATE SCHEMA reports;
CREATE TABLE shop.orders AS
SELECT
    DATE '2024-03-01' + day::INT AS ordered_on,
    'O' || (1000 + 20 * day + n) AS order_id,
    10 + (7 * day + 13 * n) % 90 AS net
FROM range(61) AS days(day), range(20) AS numbers(n);
CREATE TABLE reports.order_totals AS
SELECT ordered_on, order_id, round(net * 1.19, 2) AS total
FROM shop.orders
WHERE ordered_on NOT BETWEEN DATE '2024-04-10' AND DATE '2024-04-12';
"""


def main() -> None:
    """Write ``warehouse.duckdb`` and ``exports/order_totals.csv``."""
    (FOLDER / "exports").mkdir(exist_ok=True)
    with duckdb.connect(str(FOLDER / "warehouse.duckdb")) as connection:
        connection.execute(TABLES)
        export = FOLDER / "exports" / "order_totals.csv"
        connection.table("reports.order_totals").order("order_id").to_csv(str(export))


if __name__ == "__main__":
    main()
