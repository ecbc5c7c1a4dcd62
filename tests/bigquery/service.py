"""What the emulator does not model of the real service: cost, locations, filters, access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.bigquery import google_errors as errors
from tests.bigquery.google_errors import GoogleError
from tests.bigquery.statements import TableRead, parsed, table_reads

MEBIBYTE = 1024**2
LEAST_BILLED_PER_TABLE = 10 * MEBIBYTE
DEFAULT_LOCATION = "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query as the client asked for it, by ``jobs.insert`` or by ``jobs.query``."""

    project: str
    sql: str
    parameters: Mapping[str, Any]
    labels: Mapping[str, str]
    use_query_cache: bool
    maximum_bytes_billed: int | None
    location: str | None
    dry_run: bool
    timeout_ms: int | None
    query_id: str | None

    @property
    def reads(self) -> list[TableRead]:
        """Every reference to a table, in the order written."""
        return table_reads(self.sql, self.project)

    @property
    def statements(self) -> list[str]:
        """The kinds of its statements, as in ``["Select"]``."""
        return [type(tree).__name__ for tree in parsed(self.sql)]


class InvalidValue(ValueError):
    """A field of a request has a value of the wrong type."""


def _int64(asked: Mapping[str, Any], name: str) -> int | None:
    """64-bit numbers travel as text."""
    value = asked.get(name)
    try:
        return None if value is None else int(value)
    except ValueError as error:
        raise InvalidValue(f"Invalid value at '{name}' (TYPE_INT64), \"{value}\"") from error


def query_of(project: str, body: Mapping[str, Any]) -> Query | None:
    """The query in the body of ``jobs.insert`` or ``jobs.query``; None for a load or a copy."""
    configuration = body.get("configuration", body)
    query = configuration.get("query")
    asked = query if isinstance(query, dict) else body
    if not isinstance(asked.get("query"), str):
        return None
    reference = body.get("jobReference", {})
    return Query(
        project=project,
        sql=asked["query"],
        parameters={
            p.get("name", str(n)): p["parameterValue"].get("value", p["parameterValue"])
            for n, p in enumerate(asked.get("queryParameters", []))
        },
        labels=configuration.get("labels", {}),
        use_query_cache=asked.get("useQueryCache", True),
        maximum_bytes_billed=_int64(asked, "maximumBytesBilled"),
        location=reference.get("location", body.get("location")),
        dry_run=bool(configuration.get("dryRun")),
        timeout_ms=_int64(configuration, "jobTimeoutMs"),
        query_id=reference.get("jobId", body.get("requestId")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the real service would say of a query: where it runs, what it reads, or why not."""

    location: str
    processed: int
    billed: int
    cache_hit: bool = False
    error: GoogleError | None = None


@dataclass(slots=True, kw_only=True)
class Service:
    """Its settings; tests change them.

    ``locations`` by dataset (others are in US), ``column_bytes`` by ``dataset.table`` and column,
    ``partitioned``: the column that a table insists on a filter of, ``split``: the column that
    another is partitioned by (empty: by the time of loading), ``denied`` datasets,
    ``broken``: the error in which reading a table ends,
    ``may_query``: whether the user may start queries at all.
    """

    locations: dict[str, str] = field(default_factory=dict)
    column_bytes: dict[str, dict[str, int]] = field(default_factory=dict)
    partitioned: dict[str, str] = field(default_factory=dict)
    split: dict[str, str] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    broken: dict[str, GoogleError] = field(default_factory=dict)
    may_query: bool = True
    cached: set[tuple[Any, ...]] = field(default_factory=set)

    def location_of(self, dataset: str) -> str:
        """Where a dataset lives."""
        return self.locations.get(dataset, DEFAULT_LOCATION)

    def partitions_of(self, name: str) -> dict[str, Any]:
        """What a table's metadata says of its partitions."""
        column = {**self.split, **self.partitioned}.get(name)
        if column is None:
            return {}
        by = {"type": "DAY", **({"field": column} if column else {})}
        return {"timePartitioning": by, "requirePartitionFilter": name in self.partitioned}

    def tables_changed(self) -> None:
        """Somebody wrote: earlier answers are no longer good."""
        self.cached.clear()

    def judge(self, query: Query) -> Outcome:
        """What becomes of a query, before it runs."""
        try:
            reads = query.reads
            filtered = table_reads(query.sql, query.project, pushed_down=True)
        except Exception:  # noqa: BLE001 (no SQL at all: the emulator's parser says so better)
            reads = filtered = []
        places = [self.location_of(read.dataset) for read in reads]
        location = query.location or next(iter(places), DEFAULT_LOCATION)
        processed = sum(map(self._bytes, reads))
        error = self._refusal(query, reads, filtered, location)
        hit = query.use_query_cache and self._key(query) in self.cached
        billed = 0 if hit else sum(map(self._billed, reads))
        limit = query.maximum_bytes_billed
        if error is None and limit is not None and billed > limit and not query.dry_run:
            error = errors.too_many_bytes(limit, billed)
        if error is None and not query.dry_run:
            self.cached.add(self._key(query))
        return Outcome(
            location=location,
            processed=0 if hit else processed,
            billed=0 if query.dry_run else billed,
            cache_hit=hit and not query.dry_run,
            error=error,
        )

    def _refusal(
        self, query: Query, reads: list[TableRead], filtered: list[TableRead], location: str
    ) -> GoogleError | None:
        if not self.may_query:
            return errors.jobs_denied(query.project)
        for read in reads:
            if read.dataset in self.denied:
                return errors.table_denied(read.project, read.dataset, read.table, querying=True)
            if self.location_of(read.dataset).lower() != location.lower():
                return errors.elsewhere(read.project, read.dataset, location)
            if read.name in self.broken and not query.dry_run:
                return self.broken[read.name]
        for read in filtered:
            column = self.partitioned.get(read.name)
            if column is not None and not read.pruned_on(column):
                return errors.unfiltered(read.project, read.dataset, read.table, column)
        return None

    def _bytes(self, read: TableRead) -> int:
        columns = self.column_bytes.get(read.name, {})
        return sum(
            size for name, size in columns.items() if read.everything or name in read.columns
        )

    def _billed(self, read: TableRead) -> int:
        """Whole mebibytes, at least ten for each table."""
        return max(LEAST_BILLED_PER_TABLE, -(-self._bytes(read) // MEBIBYTE) * MEBIBYTE)

    def _key(self, query: Query) -> tuple[Any, ...]:
        return query.project, query.sql, repr(sorted(query.parameters.items()))
