"""Build warehouse.duckdb beside this file: ten months of orders, and what went wrong in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
from rebuild import WAREHOUSE, rebuild

FIRST, LAST = date(2024, 3, 1), date(2025, 1, 9)

TABLES = """
CREATE SCHEMA raw; CREATE SCHEMA core; CREATE SCHEMA marts;
CREATE TABLE raw.order_lines (order_id VARCHAR, line INTEGER, ordered_at TIMESTAMPTZ,
    amount DECIMAL(9, 2), loaded_at TIMESTAMPTZ);
CREATE TABLE core.order_lines (order_id VARCHAR, line INTEGER, ordered_at TIMESTAMP,
    amount DECIMAL(9, 2), built_at TIMESTAMPTZ);
CREATE TABLE marts.order_revenue (order_id VARCHAR, ordered_on DATE, amount DECIMAL(9, 2),
    built_at TIMESTAMPTZ);
CREATE TABLE marts.daily_revenue (day DATE, orders INTEGER, amount DECIMAL(9, 2),
    built_at TIMESTAMPTZ);
"""

CLOSED = """
2024-03-08 2024-03-29 2024-04-01 2024-05-01 2024-05-09 2024-05-20 2024-10-03 2024-12-25 2024-12-26
2025-01-01
"""
"""Berlin's holidays from Monday to Friday. On 8 March most of Germany works."""

# Three to six orders a day, each of one to three lines. The first one is a standing order, booked a
# quarter past midnight: in UTC that is the day before.
ORDERS = """
INSERT INTO raw.order_lines
SELECT strftime(day, 'B%y%m%d-') || nr, line,
    (day + CASE nr WHEN 1 THEN INTERVAL 15 MINUTE ELSE INTERVAL 95 MINUTE * (nr + 3) END)
        AT TIME ZONE 'Europe/Berlin',
    5 + (dayofyear(day) * 37 + nr * 11 + line * 7) % 400 / 4,
    (day + INTERVAL 26 HOUR) AT TIME ZONE 'Europe/Berlin'
FROM range(?::TIMESTAMP, ?::TIMESTAMP + INTERVAL 1 DAY, INTERVAL 1 DAY) AS days (day),
    range(1, 4 + dayofyear(day) % 4) AS orders (nr),
    range(1, 2 + (day(day) + nr) % 3) AS lines (line)
WHERE isodow(day) <= 5 AND day::DATE::VARCHAR NOT IN (SELECT unnest(?))
"""

# Each night core is built an hour after raw is loaded, and the marts an hour later.
NIGHTS = """
SET TimeZone = 'Europe/Berlin';
UPDATE core.order_lines SET built_at = ordered_at::DATE + INTERVAL 27 HOUR;
UPDATE marts.order_revenue SET built_at = ordered_on + INTERVAL 28 HOUR;
UPDATE marts.daily_revenue SET built_at = day + INTERVAL 28 HOUR;
"""

# On 14 November a line got lost between raw and core; the marts are built without it.
LOST = "DELETE FROM core.order_lines WHERE order_id = 'B241114-2' AND line = 2"

# From 23 December to 3 January nothing ran. On 7 January a backfill filled raw and core, and nobody
# started the marts.
CHRISTMAS = """
UPDATE raw.order_lines SET loaded_at = '2025-01-07 09:00+01'
    WHERE ordered_at BETWEEN '2024-12-23 00:00+01' AND '2025-01-03 23:59+01';
UPDATE core.order_lines SET built_at = '2025-01-07 10:00+01'
    WHERE ordered_at BETWEEN '2024-12-23 00:00' AND '2025-01-03 23:59';
DELETE FROM marts.order_revenue WHERE ordered_on BETWEEN '2024-12-23' AND '2025-01-03';
DELETE FROM marts.daily_revenue WHERE day BETWEEN '2024-12-23' AND '2025-01-03';
"""


def main() -> None:
    """Replace the file."""
    path = Path(__file__).with_name(WAREHOUSE)
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as connection:
        connection.execute(TABLES)
        connection.execute(ORDERS, [FIRST, LAST, CLOSED.split()])
        rebuild(connection, "core", FIRST, LAST)
        connection.execute(LOST)
        rebuild(connection, "marts", FIRST, LAST)
        connection.execute(NIGHTS)
        connection.execute(CHRISTMAS)
        counted = connection.execute(
            "SELECT count(DISTINCT (ordered_at AT TIME ZONE 'Europe/Berlin')::DATE),"
            " count(DISTINCT order_id), count(*) FROM raw.order_lines"
        ).fetchone()
    days, orders, lines = counted or (0, 0, 0)
    print(f"{path.name}: {days} business days, {orders} orders, {lines} lines")


if __name__ == "__main__":
    main()
