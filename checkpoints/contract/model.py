"""The contract: what the pipeline has, what is expected of it, and who rebuilds it."""

from __future__ import annotations

import re
from datetime import date
from importlib import import_module
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from checkpoints.dates import DateRange
from checkpoints.records import Number, Record, Whole
from checkpoints.rules.evidence import Match
from checkpoints.rules.registry import AnyRule
from checkpoints.rules.rule import Name, Severity

DateType = Literal["date", "timestamp", "datetime", "text"]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$")]
Scalar = bool | int | Annotated[float, Field(allow_inf_nan=False)] | str

Scalars = Annotated[tuple[Scalar, ...], Field(min_length=1)]


def _is_a_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is not a time zone name such as America/New_York") from error
    return value


Zone = Annotated[str, AfterValidator(_is_a_zone)]

CROSS_LAYER = "cross_layer"
"""The suite that holds the rules between layers."""

MAX_DATASETS = 31
"""Each dataset needs two bits of a 64-bit signed integer in the presence query."""


def _refuse_timestamp(value: object) -> object:
    """A number is no date: it would be read as seconds since 1970."""
    if not isinstance(value, date) and not re.match(r"\d{4}-\d{2}-\d{2}", str(value)):
        raise ValueError("is not a date such as 2025-01-31")
    return value


Day = Annotated[date, BeforeValidator(_refuse_timestamp)]


class Period(Record):
    """Calendar dates from the contract's ``from`` to its ``to``, both included."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.first > self.last:
            raise ValueError(f"from {self.first} is after to {self.last}")
        return self

    @property
    def range(self) -> DateRange:
        """The dates as a range."""
        return DateRange(self.first, self.last)


class Season(Period):
    """A named season; its first date starts the warm-up of every dataset."""

    name: Name


class KnownGap(Period):
    """Dates that a dataset lacks, accepted by ``owner`` for ``reason`` through ``until``."""

    dataset: Name
    reason: Name
    owner: Name
    until: Day


class Protected(Period):
    """Dates of a dataset that are never called, whatever they lack."""

    dataset: Name
    reason: Name


class Condition(Record):
    """One condition on a column; a row is read when all conditions of its dataset hold."""

    column: Name
    equals: Scalar | None = None
    not_equals: Scalar | None = None
    one_of: Scalars | None = None
    none_of: Scalars | None = None
    like: str | None = None
    not_like: str | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Condition:
        if len(self.operator) != 1:
            raise ValueError(
                "needs exactly one of equals, not_equals, one_of, none_of, like, not_like"
            )
        return self

    @property
    def operator(self) -> dict[str, Any]:
        """The operator that is set, with its operand."""
        return self.model_dump(exclude={"column"}, exclude_none=True)


class Expectation(Record):
    """An expectation of Great Expectations' own about the rows of a dataset.

    What is given beside these is its ``arguments``, which the library checks. ``repairable``: the
    dates of its unexpected rows are planned.
    """

    model_config = ConfigDict(extra="allow")

    type: Name
    severity: Severity = "critical"
    repairable: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        """Everything else, as it stands in the contract."""
        return dict(self.model_extra or {})


class Action(Record):
    """What Great Expectations does after a checkpoint; its other values are the library's.

    ``${NAME}`` in them stays as it is, as they are secrets: the library puts the value in.
    """

    model_config = ConfigDict(extra="allow")

    type: Name
    name: Name


class Dataset(Record):
    """One table (or query) of a layer, with its grain, its upstream and its rules."""

    layer: Slug
    table: Name | tuple[Name, ...] | None = None
    query: str | None = None
    date: Name
    date_type: DateType | None = None
    timezone: Zone | None = None
    key: tuple[Name, ...] = ()
    blank_keys: Literal["null", "value"] = "null"
    where: tuple[Condition, ...] = ()
    location: Name | None = None
    upstream: Name | None = None
    match: Match = "keys"
    warmup_days: Annotated[Whole, Field(ge=0, le=366)] = 0
    service: Name | None = None
    rules: tuple[AnyRule, ...] = ()
    expectations: tuple[Expectation, ...] = ()

    @field_validator("key", mode="before")
    @classmethod
    def _one_key_may_be_bare(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _table_or_query(self) -> Dataset:
        if (self.table is None) == (self.query is None):
            raise ValueError("needs either table or query")
        return self

    @property
    def zone(self) -> ZoneInfo | None:
        """In which its dates and times without a zone are; None: in the contract's."""
        return ZoneInfo(self.timezone) if self.timezone else None

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of the table's name: (schema, table) or (project, dataset, table)."""
        if isinstance(self.table, str):
            return tuple(self.table.split("."))
        return tuple(self.table or ())


KINDS = {"http": "remediation.service.http"}
"""The module of each kind of service call; its ``KIND`` is a subclass of ``Service``.

Names instead of imports: nothing here depends on ``remediation``, and a module is loaded only for
a contract that declares such a service.
"""


class Service(Record):
    """What every kind of service call has; the parameters of a kind are in its module.

    A service that is not ``idempotent`` is never called again for a date whose outcome is
    unknown; one that is ``ordered`` gets one call at a time. Dates before
    ``earliest_rebuildable`` are never called: the source is gone. After ``breaker_after``
    failures in a row the service is left alone for ``probe_after_seconds``, then tried with one
    date. Strings may still hold ``${NAME}`` of an unset variable: such a service cannot be called.
    """

    kind: str = "http"
    timeout_seconds: Annotated[Number, Field(gt=0)] = 120
    seconds_between_calls: Annotated[Number, Field(ge=0)] = 2
    settle_seconds: Annotated[Number, Field(ge=0)] = 600
    poll_seconds: Annotated[Number, Field(gt=0)] = 5
    idempotent: bool = True
    ordered: bool = False
    concurrency: Annotated[Whole, Field(ge=1, le=64)] = 1
    earliest_rebuildable: Day | None = None
    breaker_after: Annotated[Whole, Field(ge=1)] = 5
    probe_after_seconds: Annotated[Number, Field(ge=0)] = 30


def _of_its_kind(raw: object) -> object:
    """Validate a service by the class of its ``kind``; errors keep their place in the contract."""
    if not isinstance(raw, dict):
        return raw
    kind = raw.get("kind", "http")
    if not isinstance(kind, str) or kind not in KINDS:
        expected = " or ".join(map(repr, KINDS))
        error: InitErrorDetails = {
            "type": "literal_error",
            "loc": ("kind",),
            "input": kind,
            "ctx": {"expected": expected},
        }
        raise ValidationError.from_exception_data("Service", [error])
    return import_module(KINDS[kind]).KIND.model_validate(raw)


AnyService = Annotated[SerializeAsAny[Service], BeforeValidator(_of_its_kind)]


class BigQueryOptions(Record):
    """How BigQuery is read. ``max_bytes`` is the most one run may read, such as ``2GB``."""

    timeout_seconds: Annotated[Number, Field(gt=0)] = 600
    max_bytes: ByteSize | None = None
    price_per_tib: Annotated[Number, Field(ge=0)] = 6.25
    currency: str = "USD"


class Checkpoint(Record):
    """Which suites one checkpoint runs, the window it takes when none is given, and its actions."""

    suites: tuple[Slug, ...]
    window: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}d$")] | None = None
    actions: tuple[Action, ...] = ()


class Contract(Record):
    """The whole of ``pipeline.yml``. Cross references are checked by ``contract_file``."""

    version: Literal[1]
    timezone: Zone = "UTC"
    grace_days: Annotated[Whole, Field(ge=0, le=60)] = 1
    warehouse: str
    bigquery: BigQueryOptions = BigQueryOptions()
    reference: Name
    layers: dict[Slug, str]
    seasons: Annotated[tuple[Season, ...], Field(min_length=1)]
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1, max_length=MAX_DATASETS)]
    rules_for_keyed: tuple[AnyRule, ...] = ()
    cross_layer: tuple[AnyRule, ...] = ()
    checkpoints: Annotated[dict[Slug, Checkpoint], Field(min_length=1)]
    services: dict[Name, AnyService] = Field(default_factory=dict)
    known_gaps: tuple[KnownGap, ...] = ()
    protected: tuple[Protected, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """Where a day begins and ends."""
        return ZoneInfo(self.timezone)

    @property
    def names(self) -> tuple[str, ...]:
        """Dataset names in file order; a dataset's position is its bit in the presence query."""
        return tuple(self.datasets)

    def gaps_in_force(self, window: DateRange, as_of: date) -> tuple[KnownGap, ...]:
        """Declared gaps that touch the window and are still accepted on ``as_of``."""
        return tuple(
            gap for gap in self.known_gaps if gap.range.overlaps(window) and as_of <= gap.until
        )

    def season_of(self, day: date) -> Season | None:
        """The season that contains a date, if any."""
        return next((s for s in self.seasons if day in s.range), None)

    def layer_rank(self, dataset: str) -> int:
        """0 for the topmost layer; upstream layers come first."""
        return list(self.layers).index(self.datasets[dataset].layer)

    def suites(self) -> tuple[str, ...]:
        """The names of the suites: one per layer, upstream first, and the one between them."""
        return (*self.layers, CROSS_LAYER)

    def is_date_grain(self, dataset: str) -> bool:
        """True when the dataset has no key: one batch per date."""
        return not self.datasets[dataset].key
