"""How often each table is read: counted in the plans of the statements that DuckDB was sent."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.world import World

HOOK = Path(__file__).resolve().parent / "query_log"
QUERY = re.compile(r"(\s|\(|/\*.*?\*/|--[^\n]*\n)*(select|with)\b", re.IGNORECASE | re.DOTALL)


def logged_statements(folder: Path) -> list[str]:
    """The statements in a query log, in order."""
    path = folder / "duckdb_log_entries.csv"
    if not path.is_file():
        return []
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return [row["message"] for row in rows if row["type"] == "QueryLog"]


def reads_of(world: World, statements: Iterable[str]) -> Counter[str] | None:
    """Scans per table over all statements; None where one cannot be explained."""
    tables = {dataset.table for dataset in world.contract.datasets.values()}
    found: Counter[str] = Counter()
    with duckdb.connect(str(world.warehouse), read_only=True) as connection:
        for statement in filter(QUERY.match, statements):
            try:
                scanned = list(_scans(connection, statement, (world.first, world.last)))
            except duckdb.Error:
                if any(str(table) in statement.replace('"', "") for table in tables):
                    return None
                continue
            found.update(table for table in scanned if table in tables)
    return found


def _scans(
    connection: duckdb.DuckDBPyConnection, statement: str, window: tuple[date, date]
) -> Iterator[str]:
    """Parameters stand for the window, which is all that they hold.

    A limit without a filter is a look at the columns: it asks for no rows.
    """
    limit = 1_000_000 if "WHERE" in statement else 0
    text = re.sub(r"LIMIT \$\d+", f"LIMIT {limit}", statement)
    parameters: dict[str, object] = dict.fromkeys(re.findall(r"\$(\d+)", text), window[1])
    parameters |= dict.fromkeys(re.findall(r"BETWEEN \$(\d+)", text), window[0])
    parameters |= dict.fromkeys(re.findall(r"LIKE \$(\d+)", text), "nothing")
    rows = connection.execute(f"EXPLAIN (FORMAT json) {text}", parameters).fetchall()
    for node in json.loads(rows[0][1]):
        yield from _tables(node)


def _tables(node: dict[str, Any]) -> Iterator[str]:
    table = node.get("extra_info", {}).get("Table")
    if node["name"].strip() == "SEQ_SCAN" and table:
        yield str(table).replace('"', "").partition(".")[2]
    for child in node.get("children", ()):
        yield from _tables(child)
