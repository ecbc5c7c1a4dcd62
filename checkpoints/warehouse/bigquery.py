"""BigQuery, through google-cloud-bigquery: described by metadata, read by cancellable jobs.

Statements are compiled by sqlalchemy-bigquery's dialect and sent with named query parameters.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeVar

import requests
import sqlalchemy as sa
from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy_bigquery import BigQueryDialect
from sqlalchemy_bigquery.base import BigQueryCompiler
from sqlalchemy_bigquery.parse_url import parse_url

from checkpoints.contract.model import Dataset, DateType
from checkpoints.errors import ContractError, DatasetUnreadable, WarehouseError
from checkpoints.process import in_background, interruptible
from checkpoints.warehouse import functions
from checkpoints.warehouse.engine import (
    Column,
    Description,
    Engine,
    ReadOptions,
    Statement,
    ValueKind,
    instead_of,
)
from checkpoints.warehouse.functions import clauses_of, iso_date_case
from checkpoints.warehouse.query import columns_of, probe

T = TypeVar("T")

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
PARAMETER_TYPES = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING", date: "DATE"}
SCOPE = "https://www.googleapis.com/auth/bigquery"
LEAST_BILLED = 10 * 2**20
"""Bytes billed at least per table: https://cloud.google.com/bigquery/pricing."""

LISTED = 500
"""Tables of a dataset that are looked at for one with a similar name."""

ADVICE = {
    "accessDenied": (
        "grant roles/bigquery.dataViewer on the dataset and roles/bigquery.jobUser on the project"
    ),
    "bytesBilledLimitExceeded": "nothing was billed; narrow the window or raise --max-bytes",
    "quotaExceeded": "the project's quota is used up: wait, or ask for more",
    "rateLimitExceeded": "too many requests at once, also after retries: try again later",
    "billingNotEnabled": "enable billing for the project that runs the jobs",
}
"""What to do, by the reason that BigQuery gives for an error."""


@compiles(functions.local_date, "bigquery")
def _local_date(element: functions.local_date, compiler: Any, **kw: Any) -> str:
    column, zone = clauses_of(element, compiler, **kw)
    return f"DATE({column}, {zone})"


@compiles(functions.naive_date, "bigquery")
def _naive_date(element: functions.naive_date, compiler: Any, **kw: Any) -> str:
    column, from_zone, zone = clauses_of(element, compiler, **kw)
    return f"DATE(TIMESTAMP({column}, {from_zone}), {zone})"


@compiles(functions.day_of, "bigquery")
def _day_of(element: functions.day_of, compiler: Any, **kw: Any) -> str:
    (column,) = clauses_of(element, compiler, **kw)
    return f"CAST({column} AS DATE)"


@compiles(functions.iso_date, "bigquery")
def _iso_date(element: functions.iso_date, compiler: Any, **kw: Any) -> str:
    text, zone = clauses_of(element, compiler, **kw)
    return iso_date_case(
        lambda pattern: f"REGEXP_CONTAINS({text}, r'^{pattern}$')",
        day=f"SAFE_CAST({text} AS DATE)",
        start=f"SAFE_CAST(SUBSTR({text}, 1, 10) AS DATE)",
        moment=f"DATE(SAFE_CAST({text} AS TIMESTAMP), {zone})",
    )


@compiles(functions.exact_text, "bigquery")
def _exact_text(element: functions.exact_text, compiler: Any, **kw: Any) -> str:
    """Text is compared byte by byte unless its column has a collation, which is left alone."""
    (column,) = clauses_of(element, compiler, **kw)
    return column


@compiles(functions.local_moment, "bigquery")
def _local_moment(element: functions.local_moment, compiler: Any, **kw: Any) -> str:
    column, zone = clauses_of(element, compiler, **kw)
    return f"DATETIME({column}, {zone})"


@compiles(functions.number_text, "bigquery")
def _number_text(element: functions.number_text, compiler: Any, **kw: Any) -> str:
    (column,) = clauses_of(element, compiler, **kw)
    return rf"REGEXP_REPLACE(CAST({column} AS STRING), r'\.0+$', '')"


@compiles(functions.moment_text, "bigquery")
def _moment_text(element: functions.moment_text, compiler: Any, **kw: Any) -> str:
    (moment,) = clauses_of(element, compiler, **kw)
    day = f"CAST({moment} AS DATE)"
    return (
        f"IF({moment} = CAST({day} AS DATETIME), CAST({day} AS STRING), CAST({moment} AS STRING))"
    )


@compiles(functions.uuid_text, "bigquery")
def _uuid_text(element: functions.uuid_text, compiler: Any, **kw: Any) -> str:
    """BigQuery has no type of its own for UUIDs: they are texts as they stand."""
    (column,) = clauses_of(element, compiler, **kw)
    return column


class _Compiler(BigQueryCompiler):  # type: ignore[misc]
    """Renders parameters as ``@name``, the form that the client takes."""

    # SQLAlchemy sets these two when it compiles, to the form of one of DB-API's styles; none of
    # them is BigQuery's, so they are properties that keep their value.
    def _template(self) -> str:
        return "@%(name)s"

    def _ignore(self, _template: str) -> None:
        pass

    bindtemplate = property(_template, _ignore)
    compilation_bindtemplate = property(_template, _ignore)

    def visit_bindparam(self, bindparam: Any, *args: Any, **kw: Any) -> Any:
        # Not the dialect's own: it appends types in a form that only its DB-API reads.
        return super(BigQueryCompiler, self).visit_bindparam(bindparam, *args, **kw)


class _Dialect(BigQueryDialect):  # type: ignore[misc]
    """The dialect without its DB-API."""

    statement_compiler = _Compiler
    supports_statement_cache = False


def compiled(statement: sa.Select[Any]) -> tuple[str, list[bigquery.ScalarQueryParameter]]:
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

    least_billed: int | None = LEAST_BILLED

    def __init__(
        self,
        client: bigquery.Client,
        defaults: bigquery.QueryJobConfig | None,
        options: ReadOptions,
    ) -> None:
        self._client = client
        self._default_dataset = defaults.default_dataset if defaults else None
        self._labels = {**(defaults.labels if defaults else {}), **_labels(options)}
        self._options = options
        self.statements: list[Statement] = []
        # What Google documents as safe to repeat is repeated, but no longer than a job may take.
        self._retry = DEFAULT_RETRY.with_timeout(options.timeout_seconds)
        self._job_retry = DEFAULT_JOB_RETRY.with_timeout(options.timeout_seconds)

    def describe(self, dataset: Dataset) -> Description:
        """Look up a table's metadata, or the columns of a query by a dry run of it."""
        with _explained(self._client.project, DatasetUnreadable):
            if dataset.query is not None:
                return self._describe_query(dataset)
            reference = self._reference(dataset.path)
            try:
                table = self._client.get_table(reference, retry=self._retry)
            except NotFound as error:
                raise DatasetUnreadable(_no_table(self._client, reference, error)) from error
        return Description(columns=_columns(table.schema), location=table.location)

    def _describe_query(self, dataset: Dataset) -> Description:
        if dataset.date_type is not None:
            # Declared: no look at a table that may refuse a query without a filter.
            column = Column("declared", dataset.date_type)
            columns = dict.fromkeys(columns_of(dataset), column)
            return Description(columns=columns, location=dataset.location)
        job = self._dry_run(probe(dataset), dataset.location)
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
            found = begun[0].result(retry=self._retry, job_retry=self._job_retry)
            return [tuple(row.values()) for row in found]

        with _explained(self._client.project):
            rows = self._in_time(read, begun)
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

    def _in_time(self, work: Callable[[], T], begun: list[bigquery.QueryJob]) -> T:
        """Wait for work on another thread: the client notices neither Ctrl-C nor our timeout.

        The jobs that it has ``begun`` by then are cancelled.
        """
        limit = self._options.timeout_seconds
        try:
            with interruptible():
                return in_background(work).result(timeout=limit)
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
        with _explained(self._client.project):
            return int(self._dry_run(statement, location).total_bytes_processed or 0)

    def _dry_run(self, statement: sa.Select[Any], location: str | None) -> bigquery.QueryJob:
        sql, parameters = compiled(statement)
        config = self._job_config(parameters)
        config.dry_run = True
        config.use_query_cache = False
        return self._in_time(lambda: self._begin(sql, config, location), [])

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

    def _job_config(
        self, parameters: list[bigquery.ScalarQueryParameter]
    ) -> bigquery.QueryJobConfig:
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        config.labels = dict(self._labels)
        config.use_query_cache = not self._options.fresh
        return config


def _labels(options: ReadOptions) -> dict[str, str]:
    """The labels in the form that BigQuery takes."""
    return {k: re.sub(r"[^a-z0-9_-]", "-", v.lower())[:63] for k, v in options.labels.items()}


def _columns(schema: Iterable[bigquery.SchemaField]) -> dict[str, Column]:
    return {
        f.name: Column(f.field_type, DATE_TYPES.get(f.field_type), KINDS.get(f.field_type, "other"))
        for f in schema
    }


@contextmanager
def open_engine(url: sa.URL, options: ReadOptions) -> Iterator[Engine]:
    """A client for the project and the options of a ``bigquery://project`` URL.

    Raises:
        ContractError: the URL has an option that is not known.
        WarehouseError: there are no credentials.
    """
    try:
        project, location, dataset, _, path, base64, defaults, *_ = parse_url(url)
    except ValueError as error:
        raise ContractError(f"warehouse {url}: {error}") from error
    if path or base64:
        raise ContractError(
            f"warehouse {url.set(query={})}: credentials do not belong in a URL: use "
            "application-default credentials or --impersonate-service-account"
        )
    with _explained(project or "the default project"):
        client = bigquery.Client(
            project=project or None,
            location=location,
            credentials=_credentials(options),
            default_query_job_config=defaults,
        )
    if dataset and defaults is not None and defaults.default_dataset is None:
        defaults.default_dataset = bigquery.DatasetReference(client.project, dataset)
    try:
        yield BigQueryEngine(client, defaults, options)
    finally:
        client.close()  # type: ignore[no-untyped-call]


def _credentials(options: ReadOptions) -> Any:
    """None for application-default ones, which the client finds itself."""
    if options.impersonate is None:
        return None
    import google.auth
    from google.auth.impersonated_credentials import Credentials

    source, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    return Credentials(  # type: ignore[no-untyped-call]
        source, target_principal=options.impersonate, target_scopes=[SCOPE]
    )


@contextmanager
def _explained(project: str, kind: type[WarehouseError] = WarehouseError) -> Iterator[None]:
    """Turn the client's errors into one sentence that says what to do.

    What BigQuery itself answers becomes ``kind``, as it may be about one table only; errors of
    credentials and network concern everything.
    """
    try:
        yield
    except GoogleAPICallError as error:
        raise kind(_sentence(project, error)) from error
    except DefaultCredentialsError as error:
        raise WarehouseError(
            "there are no Google credentials here: run gcloud auth application-default login, "
            "or set GOOGLE_APPLICATION_CREDENTIALS"
        ) from error
    except GoogleAuthError as error:
        raise WarehouseError(
            f"the Google credentials were refused ({_first_line(error)}): "
            "run gcloud auth application-default login again, or check the service account"
        ) from error
    except RetryError as error:
        raise WarehouseError(f"BigQuery still fails after retries: {error.cause}") from error
    except requests.exceptions.RequestException as error:
        raise WarehouseError(
            f"BigQuery cannot be reached ({type(error).__name__}): check the network"
        ) from error


def _sentence(project: str, error: GoogleAPICallError) -> str:
    said = _first_line(error)
    advice = ADVICE.get(str(_detail(error).get("reason")), "")
    if isinstance(error, NotFound) and "location" in said.lower():
        advice = "its data is elsewhere: set location on the datasets of the contract"
    if "without a filter" in said:
        advice = "declare date_type (and location) of this query, so that it is not probed"
    return f"project {project!r}: {said}" + (f": {advice}" if advice else "")


def _detail(error: Exception) -> dict[str, object]:
    """What BigQuery says of an error; empty when it says nothing."""
    first: object = next(iter(getattr(error, "errors", None) or []), {})
    return first if isinstance(first, dict) else {}


def _first_line(error: Exception) -> str:
    """The service's own words, without the request that the client puts before them."""
    text = _detail(error).get("message") or getattr(error, "message", None) or str(error)
    return next(iter(str(text).strip().splitlines()), type(error).__name__).rstrip(".")


def _no_table(client: bigquery.Client, reference: bigquery.TableReference, error: NotFound) -> str:
    """What the dataset has in place of a table that is not there."""
    where = f"dataset {reference.project}.{reference.dataset_id}"
    try:
        tables = client.list_tables(
            bigquery.DatasetReference(reference.project, reference.dataset_id), max_results=LISTED
        )
        known = [table.table_id for table in tables]
    except GoogleAPICallError:
        return f"{where} is not there, or may not be seen ({_first_line(error)})"
    return (
        f"table {reference.table_id!r} is not in {where}: {instead_of(reference.table_id, known)}"
    )
