"""Fill the tables of a layer anew for some dates, from the layer above.

python rebuild.py core 2024-12-23 2024-12-24
"""

from __future__ import annotations

import argparse
import time
from datetime import date

import duckdb

WAREHOUSE = "warehouse.duckdb"

STEPS = {
    "core": (
        "DELETE FROM core.order_lines WHERE ordered_at::DATE BETWEEN $first AND $last",
        """INSERT INTO core.order_lines
        SELECT order_id, line, ordered_at AT TIME ZONE 'Europe/Berlin' AS moment, amount, now()
        FROM raw.order_lines WHERE moment::DATE BETWEEN $first AND $last""",
    ),
    "marts": (
        "DELETE FROM marts.order_revenue WHERE ordered_on BETWEEN $first AND $last",
        """INSERT INTO marts.order_revenue
        SELECT order_id, ordered_at::DATE AS day, sum(amount), now()
        FROM core.order_lines WHERE day BETWEEN $first AND $last GROUP BY ALL""",
        "DELETE FROM marts.daily_revenue WHERE day BETWEEN $first AND $last",
        """INSERT INTO marts.daily_revenue
        SELECT ordered_at::DATE AS day, count(DISTINCT order_id), sum(amount), now()
        FROM core.order_lines WHERE day BETWEEN $first AND $last GROUP BY ALL""",
    ),
}
"""By layer, what makes its tables; what was there for the dates is replaced."""


def opened(path: str, tries: int = 600) -> duckdb.DuckDBPyConnection:
    """Wait while others read: DuckDB lets one program write a file, or several read it."""
    while True:
        try:
            return duckdb.connect(path)
        except duckdb.IOException:
            tries -= 1
            if not tries:
                raise
            time.sleep(0.05)


def rebuild(connection: duckdb.DuckDBPyConnection, layer: str, first: date, last: date) -> None:
    """Rows of the layer's tables from ``first`` to ``last``, in one transaction."""
    with connection.cursor() as cursor:
        cursor.begin()
        for statement in STEPS[layer]:
            cursor.execute(statement, {"first": first, "last": last})
        cursor.commit()


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Fill the tables of a layer anew.")
    parser.add_argument("layer", choices=STEPS)
    parser.add_argument("first", type=date.fromisoformat)
    parser.add_argument("last", type=date.fromisoformat)
    given = parser.parse_args()
    with opened(WAREHOUSE) as connection:
        rebuild(connection, given.layer, given.first, given.last)
    print(f"rebuilt {given.layer} from {given.first} to {given.last}")


if __name__ == "__main__":
    main()
