"""Build the marts of some dates: ``python build.py FIRST LAST``, by dbt where it is installed.

Without dbt the same SQL is run, of the same files; what else dbt can do is not imitated.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

FOLDER = Path(__file__).parent
VIEW, MARTS = "staging/stg_orders", ("marts/order_totals", "marts/daily_sales")


def by_dbt(first: str, last: str) -> int:
    """The marts and their tests; returns dbt's exit code."""
    dates = json.dumps({"from": first, "to": last})
    command = ["dbt", "build", "--select", "+order_totals+", "--vars", dates, "--profiles-dir", "."]
    return subprocess.run(command, cwd=FOLDER).returncode


def by_itself(first: str, last: str) -> int:
    """The same tables without dbt."""
    print(f"dbt is not installed: the models' SQL is run without it, {first} to {last}")
    with duckdb.connect(str(FOLDER / "warehouse.duckdb")) as connection:
        connection.execute(f"CREATE OR REPLACE VIEW stg_orders AS {sql_of(VIEW, first, last)}")
        for model in MARTS:
            table, rows = model.partition("/")[2], sql_of(model, first, last)
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table} AS {rows} LIMIT 0")
            connection.execute("BEGIN")
            connection.execute(
                f"DELETE FROM {table} WHERE ordered_on IN (SELECT ordered_on FROM ({rows}))"
            )
            connection.execute(f"INSERT INTO {table} {rows}")
            connection.execute("COMMIT")
    return 0


def sql_of(model: str, first: str, last: str) -> str:
    """The SQL of a model, with the few macros of this project filled in."""
    text = (FOLDER / "models" / f"{model}.sql").read_text(encoding="utf-8")
    text = text.replace('{{ var("from") }}', first).replace('{{ var("to") }}', last)
    text = re.sub(r"\{\{ source\('(\w+)', '(\w+)'\) \}\}", r"\1.\2", text)
    return re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"\1", text)


if __name__ == "__main__":
    build = by_dbt if shutil.which("dbt") else by_itself
    sys.exit(build(*sys.argv[1:]))
