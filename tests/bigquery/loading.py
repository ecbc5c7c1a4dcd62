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

from checkpoints.contract.loading import load_contract
from demo.tables import COLUMNS
from tests.bigquery.commands import PIPELINE

SHIPPED = {str(d.table) for d in load_contract(PIPELINE, {}).contract.datasets.values()}
DEMO_COLUMNS = {
    table: tuple(column.split()[0] for column in columns.split(","))
    for table, columns in COLUMNS.items()
    if table in SHIPPED
}
"""The columns of the demo's tables that the shipped contract names."""

PARQUET = bigquery.LoadJobConfig(
    source_format=bigquery.SourceFormat.PARQUET,
    write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
)


def client_for(url: str, project: str) -> bigquery.Client:
    """A client that talks to the emulator itself, not through the proxy."""
    return bigquery.Client(
        project=project,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": url},
    )


def load_rows(
    url: str,
    tables: Mapping[str, Iterable[Sequence[Any]]],
    columns: str = "d DATE, k VARCHAR",
    project: str = "proj",
) -> None:
    """Create ``dataset.table`` with these rows, or replace it; ``columns`` are DuckDB's.

    TIMESTAMP becomes BigQuery's DATETIME, TIMESTAMPTZ its TIMESTAMP.
    """
    with tempfile.TemporaryDirectory() as folder:
        with duckdb.connect() as memory:
            for name, rows in tables.items():
                _fill(memory, name, [tuple(row) for row in rows], columns)
            files = _exported(memory, Path(folder), [(name, "*") for name in tables])
        _upload(url, project, files)


def copy_warehouse(
    url: str, path: Path, columns: Mapping[str, Sequence[str]], project: str
) -> None:
    """Copy tables of a DuckDB file, which is let go before they are sent.

    ``columns`` by ``schema.table``.
    """
    chosen = [(name, ", ".join(names)) for name, names in columns.items()]
    with tempfile.TemporaryDirectory() as folder:
        with duckdb.connect(path, read_only=True) as file:
            files = _exported(file, Path(folder), chosen)
        _upload(url, project, files)


def _fill(
    memory: duckdb.DuckDBPyConnection, name: str, rows: list[tuple[Any, ...]], columns: str
) -> None:
    schema, table = name.split(".")
    memory.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    memory.execute(f"CREATE TABLE {schema}.{table} ({columns})")
    if rows:
        marks = ", ".join("?" for _ in rows[0])
        memory.executemany(f"INSERT INTO {schema}.{table} VALUES ({marks})", rows)


def _exported(
    source: duckdb.DuckDBPyConnection, folder: Path, tables: Sequence[tuple[str, str]]
) -> dict[str, Path]:
    files = {name: folder / f"{name}.parquet" for name, _ in tables}
    for name, columns in tables:
        selected = f"SELECT {columns} FROM {name}"
        source.execute(f"COPY ({selected}) TO '{files[name]}' (FORMAT parquet)")
    return files


def _upload(url: str, project: str, files: Mapping[str, Path]) -> None:
    client = client_for(url, project)

    def load(name: str) -> None:
        with files[name].open("rb") as file:
            target = f"{project}.{name}"
            client.load_table_from_file(file, target, job_config=PARQUET).result()

    for dataset in {name.split(".")[0] for name in files}:
        client.create_dataset(dataset, exists_ok=True)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(load, files))
    client.close()
