"""On ``PYTHONPATH`` of any Python, makes DuckDB write down every statement it is sent."""

import os

import duckdb

_connect = duckdb.connect


def connect(*arguments, **options):  # type: ignore[no-untyped-def]
    """``duckdb.connect`` with DuckDB's own query log switched on."""
    connection = _connect(*arguments, **options)
    folder = os.environ["DUCKDB_QUERY_LOG"].replace("'", "''")
    where = f"storage = 'file', storage_config = {{'path': '{folder}'}}"
    connection.execute(f"CALL enable_logging('QueryLog', {where})")
    return connection


duckdb.connect = connect
