"""BigQuery, through google-cloud-bigquery: described by metadata, read by cancellable jobs.

Statements are compiled by sqlalchemy-bigquery's dialect and sent with named query parameters.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar

import sqlalchemy as sa
from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY
from sqlalchemy_bigquery import BigQueryDialect
from sqlalchemy_bigquery.base import BigQueryCompiler
from sqlalchemy_bigquery.parse_url import parse_url

from checkpoints.contract.model import Dataset, DateType
from checkpoints.errors import ContractError, WarehouseError
from checkpoints.process import raising
from checkpoints.warehouse.bigquery_errors import explained, no_table
from checkpoints.warehouse.engine import Column, Description, Reading, StatementRecord
from checkpoints.warehouse.query import probe

T = TypeVar("T")

DATE_TYPES: dict[str, DateType] = {
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "DATETIME": "datetime",
    "STRING": "text",
}
PARAMETER_TYPES = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING", date: "DATE"}
SCOPE = "https://www.googleapis.com/auth/bigquery"


class _Compiler(BigQueryCompiler):  # type: ignore[misc]
    """Renders parameters as ``@name``, the form that the client takes."""

    def _template(self) -> str:
        return "@%(name)s"

    def _keep(self, _: str) -> None:
        """SQLAlchemy would set the template of the dialect's style."""

    bindtemplate = property(_template, _keep)
    compilation_bindtemplate = property(_template, _keep)

    def visit_bindparam(self, bindparam: Any, *args: Any, **kw: Any) -> Any:
        # Not the dialect's own: it appends types in a form that only its DB-API reads.
        return super(BigQueryCompiler, self).visit_bindparam(bindparam, *args, **kw)


class _Dialect(BigQueryDialect):  # type: ignore[misc]
    """The dialect without its DB-API."""

    statement_compiler = _Compiler
    supports_statement_cache = False


def compiled(statement: sa.Select[Any]) -> tuple[str, list[Any]]:
    """A statement's SQL and its query parameters."""
    dialect = _Dialect(paramstyle="named")
    found = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    parameters = [
        bigquery.ScalarQueryParameter(name, _parameter_type(value), value)
        for name, value in found.params.items()
    ]
    return str(found), parameters


def _parameter_type(value: object) -> str:
    if isinstance(value, datetime):
        return "TIMESTAMP" if value.tzinfo else "DATETIME"
    return PARAMETER_TYPES[type(value)]


class BigQueryEngine:
    """A client, and how it reads."""

    bills_bytes = True

    def __init__(self, client: bigquery.Client, config: Any, reading: Reading) -> None:
        self._client = client
        self._config = config
        self._reading = reading
        self.statements: list[StatementRecord] = []
        # What Google documents as safe to repeat is repeated, but no longer than a job may take.
        self._retry = DEFAULT_RETRY.with_timeout(reading.timeout_seconds)
        self._job_retry = DEFAULT_JOB_RETRY.with_timeout(reading.timeout_seconds)

    def describe(self, dataset: Dataset) -> Description:
        """Look up a table's metadata, or the columns of a query by a dry run of it."""
        with explained(self._client.project, LookupError):
            if dataset.query is not None:
                return self._describe_query(dataset)
            reference = self._reference(dataset.path)
            try:
                table = self._client.get_table(reference, retry=self._retry)
            except NotFound as error:
                raise LookupError(no_table(self._client, reference, error)) from error
        return Description(columns=_columns(table.schema), location=table.location)

    def _describe_query(self, dataset: Dataset) -> Description:
        if dataset.date_type is not None:
            # Declared: no look at a table that may refuse a query without a filter.
            names = [dataset.date, *dataset.key, *(c.column for c in dataset.where)]
            columns = {name: Column("declared", dataset.date_type) for name in names}
            return Description(columns=columns, location=dataset.location)
        job = self._dry_run(probe(dataset), dataset.location)
        schema = job._properties["statistics"]["query"]["schema"]["fields"]
        fields = [bigquery.SchemaField.from_api_repr(field) for field in schema]
        return Description(columns=_columns(fields), location=dataset.location or job.location)

    def _reference(self, path: tuple[str, ...]) -> bigquery.TableReference:
        default = self._config.default_dataset if self._config else None
        if len(path) == 1 and default is not None:
            return bigquery.TableReference(default, path[0])
        if len(path) not in (2, 3):
            raise LookupError(
                f"table {'.'.join(path)!r}: name it dataset.table or project.dataset.table"
            )
        project = path[0] if len(path) == 3 else self._client.project
        return bigquery.DatasetReference(project, path[-2]).table(path[-1])

    def rows(self, statement: sa.Select[Any], location: str | None) -> list[tuple[Any, ...]]:
        """Run a statement as a job; Ctrl-C and the timeout cancel it."""
        started = time.monotonic()
        sql, parameters = compiled(statement)
        config = self._job_config(parameters)
        begun: list[bigquery.QueryJob] = []

        def read() -> list[tuple[Any, ...]]:
            begun.append(self._begin(sql, config, location))
            found = begun[0].result(retry=self._retry, job_retry=self._job_retry)
            return [tuple(row.values()) for row in found]

        with explained(self._client.project):
            rows = self._within(read, begun)
        self.statements.append(_record(begun[0], len(rows), time.monotonic() - started))
        return rows

    def _within(self, work: Callable[[], T], begun: list[bigquery.QueryJob]) -> T:
        """Wait for work on another thread: the client notices neither Ctrl-C nor our deadline."""
        limit = self._reading.timeout_seconds
        try:
            with raising():
                return _in_background(work).result(timeout=limit)
        except (KeyboardInterrupt, TimeoutError) as stopped:
            for job in begun:
                job.cancel()
            if isinstance(stopped, KeyboardInterrupt):
                raise
            what = f"job {begun[0].job_id} was cancelled" if begun else "no job was begun"
            raise WarehouseError(
                f"BigQuery did not answer within {limit:g} s, and {what}: try again, narrow the "
                "window, or raise bigquery.timeout_seconds"
            ) from stopped

    def estimate(self, statement: sa.Select[Any], location: str | None) -> int:
        """Bytes by a dry run, which costs nothing."""
        with explained(self._client.project):
            return int(self._dry_run(statement, location).total_bytes_processed or 0)

    def _dry_run(self, statement: sa.Select[Any], location: str | None) -> bigquery.QueryJob:
        sql, parameters = compiled(statement)
        config = self._job_config(parameters, capped=False)
        config.dry_run = True
        config.use_query_cache = False
        return self._within(lambda: self._begin(sql, config, location), [])

    def _begin(
        self, sql: str, config: bigquery.QueryJobConfig, location: str | None
    ) -> bigquery.QueryJob:
        return self._client.query(
            sql,
            job_config=config,
            location=location,
            retry=self._retry,
            job_retry=None if config.dry_run else self._job_retry,
        )

    def _job_config(self, parameters: list[Any], *, capped: bool = True) -> bigquery.QueryJobConfig:
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        config.labels = {**self._default_labels, **self._reading.labels}
        config.use_query_cache = not self._reading.fresh
        if capped and self._reading.max_bytes is not None:
            config.maximum_bytes_billed = self._reading.max_bytes
        return config

    @cached_property
    def _default_labels(self) -> dict[str, str]:
        return dict(self._config.labels) if self._config else {}


def _in_background(work: Callable[[], T]) -> Future[T]:
    """Start work on a thread that does not keep the process alive."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 (handed to whoever waits)
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _record(job: bigquery.QueryJob, rows: int, seconds: float) -> StatementRecord:
    return StatementRecord(
        location=job.location,
        job_id=job.job_id,
        bytes_processed=job.total_bytes_processed,
        bytes_billed=job.total_bytes_billed,
        cached=job.cache_hit,
        rows=rows,
        seconds=round(seconds, 3),
    )


def _columns(schema: Iterable[bigquery.SchemaField]) -> dict[str, Column]:
    return {f.name: Column(f.field_type, DATE_TYPES.get(f.field_type)) for f in schema}


@contextmanager
def open_bigquery(url: sa.URL, reading: Reading) -> Iterator[BigQueryEngine]:
    """A client for the project and the options of a ``bigquery://project`` URL.

    Raises:
        ContractError: the URL has an option that is not known.
        WarehouseError: there are no credentials.
    """
    try:
        project, location, dataset, _, path, base64, config, *_ = parse_url(url)
    except ValueError as error:
        raise ContractError(f"warehouse {url}: {error}") from error
    if path or base64:
        raise ContractError(
            f"warehouse {url.set(query={})}: credentials do not belong in a URL: use "
            "application-default credentials or --impersonate-service-account"
        )
    with explained(project or "the default project"):
        client = bigquery.Client(
            project=project or None,
            location=location,
            credentials=_credentials(reading),
            default_query_job_config=config,
        )
    if dataset and config is not None and config.default_dataset is None:
        config.default_dataset = bigquery.DatasetReference(client.project, dataset)
    try:
        yield BigQueryEngine(client, config, reading)
    finally:
        client.close()  # type: ignore[no-untyped-call]


def _credentials(reading: Reading) -> Any:
    """None for application-default ones, which the client finds itself."""
    if reading.impersonate is None:
        return None
    import google.auth
    from google.auth.impersonated_credentials import Credentials

    source, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    return Credentials(  # type: ignore[no-untyped-call]
        source, target_principal=reading.impersonate, target_scopes=[SCOPE]
    )
