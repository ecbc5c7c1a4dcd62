"""Runs in the venv of pointblank: one plan, a step per rule."""

import json
import sys
from pathlib import Path

import duckdb
import ibis
import pointblank as pb

# This ibis asks for the name that the method had before DuckDB 2.
duckdb.DuckDBPyConnection.fetch_arrow_table = duckdb.DuckDBPyConnection.to_arrow_table

rules = json.loads(Path(sys.argv[1]).read_text())
connection = ibis.duckdb.connect(rules["warehouse"], read_only=True)
schema, table = rules["table"].split(".")
plan = pb.Validate(data=connection.table(table, database=schema))
for name, sql in rules["rules"].items():
    failing = connection.sql(sql)
    plan = plan.row_count_match(count=0, pre=lambda _, found=failing: found, brief=name)
done = plan.interrogate()
passed = [step.all_passed for step in done.validation_info]
sys.stdout.write(json.dumps(dict(zip(rules["rules"], passed, strict=True))) + "\n")
