"""Fill the emulator's tables: with rows, or with a whole DuckDB warehouse."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from demo.tables import COLUMNS

DEMO_COLUMNS = {
    table: tuple(c for c in ("game_date", "analysis_date", "cache_date", "game_id") if c in columns)
    for table, columns in COLUMNS.items()
}
"""Date and key columns of the demo's ten tables."""

PARQUET = bigquery.LoadJobConfig(
    source_format=bigquery.SourceFormat.PARQUET,
    write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
)


def client_for(url: str, project: str) -> bigquery.Client:
    """A client that talks to the emulator itself, not through the proxy."""
    return bigquery.Client(
        project=project, credentials=AnonymousCredentials(), client_options={"api_endpoint": url}
    )


def load_rows(
    url: str,
    tables: Mapping[str, Iterable[Sequence[Any]]],
    columns: str = "d DATE, k VARCHAR",
    project: str = "proj",
) -> None:
    """Create ``dataset.table`` with these rows; ``columns`` are DuckDB's.

    TIMESTAMP becomes BigQuery's DATETIME, TIMESTAMPTZ its TIMESTAMP.
    """
    with duckdb.connect() as memory:
        for name, rows in tables.items():
            schema, table = name.split(".")
            memory.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            memory.execute(f"CREATE TABLE {schema}.{table} ({columns})")
            values = [tuple(row) for row in rows]
            if values:
                marks = ", ".join("?" for _ in values[0])
                memory.executemany(f"INSERT INTO {schema}.{table} VALUES ({marks})", values)
        _copy(memory, url, project, [(name, "*") for name in tables])


def copy_warehouse(
    url: str, path: Path, columns: Mapping[str, Sequence[str]], project: str
) -> None:
    """Copy tables of a DuckDB file; ``columns`` by ``schema.table``."""
    with duckdb.connect(path, read_only=True) as file:
        _copy(file, url, project, [(name, ", ".join(c)) for name, c in columns.items()])


def _copy(
    source: duckdb.DuckDBPyConnection, url: str, project: str, tables: Sequence[tuple[str, str]]
) -> None:
    client = client_for(url, project)
    for dataset in {name.split(".")[0] for name, _ in tables}:
        client.create_dataset(dataset, exists_ok=True)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        files = []
        for name, columns in tables:
            path = Path(folder) / f"{name}.parquet"
            source.execute(f"COPY (SELECT {columns} FROM {name}) TO '{path}' (FORMAT parquet)")
            files.append((name, path))
        list(pool.map(lambda each: _upload(client, *each), files))
    client.close()


def _upload(client: bigquery.Client, name: str, path: Path) -> None:
    with path.open("rb") as file:
        target = f"{client.project}.{name}"
        client.load_table_from_file(file, target, job_config=PARQUET).result()
