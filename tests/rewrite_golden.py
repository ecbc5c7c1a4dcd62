"""Rewrite the golden SQL files: ``python -m tests.rewrite_golden``, then read the difference."""

from tests.test_presence import GOLDEN, compiled, shipped_statement

for date_type in ("date", "timestamp", "datetime", "text"):
    for dialect in ("bigquery", "duckdb"):
        _, _, statement = shipped_statement(date_type)
        (GOLDEN / f"presence_{date_type}.{dialect}.sql").write_text(compiled(statement, dialect))
