"""BigQuery, through google-cloud-bigquery: described by metadata, read by cancellable jobs.

A query of the contract is described by a dry run of it, which also says what kind it is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound
from google.cloud import bigquery

from checkpoints.contract.model import Dataset, DateType
from checkpoints.errors import DatasetUnreadable
from checkpoints.warehouse.bigquery_client import Opened, client_for
from checkpoints.warehouse.bigquery_errors import explained, words_of
from checkpoints.warehouse.bigquery_sql import compiled
from checkpoints.warehouse.bigquery_waiting import Patience
from checkpoints.warehouse.engine import (
    NOT_ONE_SELECT,
    Column,
    Description,
    Engine,
    Partition,
    ReadOptions,
    Statement,
    ValueKind,
    instead_of,
)
from checkpoints.warehouse.listing import Listed
from checkpoints.warehouse.query_dates import NO_ROWS, dated

KINDS: dict[str, ValueKind] = {
    **dict.fromkeys(("INTEGER", "INT64"), "integer"),
    **dict.fromkeys(("FLOAT", "FLOAT64", "NUMERIC", "BIGNUMERIC"), "number"),
    "STRING": "text",
    "DATE": "date",
    "DATETIME": "datetime",
    "TIMESTAMP": "timestamp",
    **dict.fromkeys(("BOOLEAN", "BOOL"), "boolean"),
    "BYTES": "bytes",
}

DATE_TYPES: dict[str, DateType] = {
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "DATETIME": "datetime",
    "STRING": "text",
}
LEAST_BILLED = 10 * 2**20
"""Bytes billed at least per table: https://cloud.google.com/bigquery/pricing."""

LISTED = 500
"""Tables of a dataset that are looked at for one with a similar name."""

PSEUDO_COLUMNS = ("_PARTITIONDATE", "_PARTITIONTIME")
"""What a table that is partitioned by ingestion time has beside its columns."""

UNFILTERED = "without a filter"
"""BigQuery's words when a table insists on a filter of its partitions."""


class BigQueryEngine:
    """A client, and how it reads."""

    least_billed: int | None = LEAST_BILLED

    def __init__(self, opened: Opened, options: ReadOptions) -> None:
        self._client, defaults = opened
        self._default_dataset = defaults.default_dataset
        self._labels = {**defaults.labels, **_labels(options)}
        self._options = options
        self._patience = Patience(options.timeout_seconds)
        self.statements: list[Statement] = []

    def about(self) -> str:
        """The project that is billed, and the account; of this machine it is known once it read."""
        return f"BigQuery, billed to project {self._client.project!r}, read as {self._account()}"

    def _account(self) -> str:
        known = self._client._credentials
        names = ("service_account_email", "account")
        account = next(filter(None, (getattr(known, name, "") for name in names)), "")
        if self._options.impersonate:
            return f"{account or self._options.impersonate}, which is impersonated"
        return account or "the user of the application-default credentials"

    def tables(self) -> list[Listed]:
        """The tables of the URL's dataset, or of all datasets of the project; nothing is billed."""
        retry = self._patience.retry

        def listed() -> list[Listed]:
            datasets = (
                [self._default_dataset]
                if self._default_dataset
                else [each.reference for each in self._client.list_datasets(retry=retry)]
            )
            return [
                Listed(path=(each.dataset_id, each.table_id), partitioned_by=_partition_of(each))
                for dataset in datasets
                for each in self._client.list_tables(dataset, retry=retry)
            ]

        with explained(self._client.project):
            return self._patience.wait(listed, begun=[])

    def describe(self, dataset: Dataset, columns: Sequence[str]) -> Description:
        """Look up a table's metadata, or the columns of a query by a dry run of it."""
        with explained(self._client.project):
            if dataset.query is not None:
                return self._describe_query(dataset, dataset.query, columns)
            _refuse_pseudo_column(dataset)
            return self._describe_table(self._reference(dataset.path))

    def _describe_table(self, reference: bigquery.TableReference) -> Description:
        retry = self._patience.retry
        try:
            table = self._patience.wait(
                lambda: self._client.get_table(reference, retry=retry), begun=[]
            )
        except NotFound as error:
            said = words_of(error)
            absent = self._patience.wait(lambda: self._instead_of(reference, said), begun=[])
            raise DatasetUnreadable(absent) from error
        return Description(
            columns=_columns(table.schema), location=table.location, partition=_partition(table)
        )

    def _describe_query(self, dataset: Dataset, query: str, names: Sequence[str]) -> Description:
        try:
            job = self._dry_run(dated(query, NO_ROWS), [], dataset.location)
        except BadRequest as error:
            if dataset.date_type is None or UNFILTERED not in words_of(error):
                raise
            # BigQuery has read all of it by then: in parentheses and filtered, it is what it was.
            column = Column("declared", dataset.date_type, "unknown")
            columns = dict.fromkeys(names, column)
            return Description(columns=columns, location=dataset.location)
        if job.statement_type != "SELECT":
            raise DatasetUnreadable(NOT_ONE_SELECT)
        columns = _columns(job.schema or ())
        return Description(columns=columns, location=dataset.location or job.location)

    def _reference(self, path: tuple[str, ...]) -> bigquery.TableReference:
        if len(path) == 1 and self._default_dataset is not None:
            return bigquery.TableReference(self._default_dataset, path[0])
        if len(path) not in (2, 3):
            raise DatasetUnreadable(
                f"table {'.'.join(path)!r}: name it dataset.table or project.dataset.table"
            )
        project = path[0] if len(path) == 3 else self._client.project
        return bigquery.DatasetReference(project, path[-2]).table(path[-1])

    def rows(self, statement: sa.Select[Any], location: str | None) -> list[tuple[Any, ...]]:
        """Run a statement as a job; Ctrl-C and the timeout cancel it."""
        started = time.monotonic()
        sql, parameters = compiled(statement)
        config = self._job_config(parameters)
        if self._options.max_bytes is not None:
            config.maximum_bytes_billed = self._options.max_bytes
        begun: list[bigquery.QueryJob] = []

        def read() -> list[tuple[Any, ...]]:
            begun.append(self._begin(sql, config, location))
            found = begun[0].result(retry=self._patience.retry, job_retry=self._patience.job_retry)
            return [tuple(row.values()) for row in found]

        with explained(self._client.project):
            rows = self._patience.wait(read, begun)
        (job,) = begun
        self.statements.append(
            Statement(
                location=job.location,
                job_id=job.job_id,
                bytes_processed=job.total_bytes_processed,
                bytes_billed=job.total_bytes_billed,
                cached=job.cache_hit,
                rows=len(rows),
                seconds=round(time.monotonic() - started, 3),
            )
        )
        return rows

    def estimate(self, statement: sa.Select[Any], location: str | None) -> int:
        """Bytes by a dry run, which costs nothing."""
        with explained(self._client.project):
            return int(self._dry_run(*compiled(statement), location).total_bytes_processed or 0)

    def _dry_run(
        self, sql: str, parameters: list[bigquery.ScalarQueryParameter], location: str | None
    ) -> bigquery.QueryJob:
        config = self._job_config(parameters)
        config.dry_run = True
        config.use_query_cache = False
        return self._patience.wait(lambda: self._begin(sql, config, location), begun=[])

    def _begin(
        self, sql: str, config: bigquery.QueryJobConfig, location: str | None
    ) -> bigquery.QueryJob:
        return self._client.query(
            sql,
            job_config=config,
            location=location,
            retry=self._patience.retry,
            job_retry=None if config.dry_run else self._patience.job_retry,
        )

    def _job_config(
        self, parameters: list[bigquery.ScalarQueryParameter]
    ) -> bigquery.QueryJobConfig:
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        config.labels = dict(self._labels)
        if self._options.fresh:
            config.use_query_cache = False
        return config

    def _instead_of(self, reference: bigquery.TableReference, said: str) -> str:
        """What the dataset has in place of a table that is not there."""
        where = f"dataset {reference.project}.{reference.dataset_id}"
        try:
            tables = self._client.list_tables(
                bigquery.DatasetReference(reference.project, reference.dataset_id),
                max_results=LISTED,
                retry=self._patience.retry,
            )
            known = [table.table_id for table in tables]
        except GoogleAPICallError:
            return f"{where} is not there, or may not be seen ({said})"
        table = reference.table_id
        return f"table {table!r} is not in {where}: {instead_of(table, known)}"


def _partition_of(table: bigquery.table.TableListItem) -> str | None:
    """The column of dates or moments by which a table is partitioned; none where it is arrival."""
    partitioning = table.time_partitioning
    return partitioning.field if partitioning else None


def _labels(options: ReadOptions) -> dict[str, str]:
    """The labels in the form that BigQuery takes."""
    return {k: re.sub(r"[^a-z0-9_-]", "-", v.lower())[:63] for k, v in options.labels.items()}


def _columns(schema: Iterable[bigquery.SchemaField]) -> dict[str, Column]:
    return {
        f.name: Column(f.field_type, DATE_TYPES.get(f.field_type), KINDS.get(f.field_type, "other"))
        for f in schema
    }


def _partition(table: bigquery.Table) -> Partition | None:
    """Without a column it is partitioned by the time at which rows were loaded."""
    by = table.time_partitioning or table.range_partitioning
    if by is None:
        return None
    return Partition(by.field or PSEUDO_COLUMNS[1], bool(table.require_partition_filter))


def _refuse_pseudo_column(dataset: Dataset) -> None:
    if dataset.date.upper() in PSEUDO_COLUMNS:
        table = ".".join(dataset.path)
        raise DatasetUnreadable(
            f"{dataset.date!r} is no column of its schema: in place of table, write query: "
            f"SELECT _PARTITIONDATE AS day, * FROM `{table}`, with date: day and date_type: date"
        )


@contextmanager
def open_engine(url: sa.URL, options: ReadOptions) -> Iterator[Engine]:
    """A client for the project and the options of a ``bigquery://project`` URL.

    Raises:
        ContractError: the URL has an option that is not known.
        WarehouseError: there are no credentials, or they cannot be used.
    """
    opened = client_for(url, options)
    try:
        yield BigQueryEngine(opened, options)
    finally:
        opened.client.close()  # type: ignore[no-untyped-call]
