"""The contract: what the pipeline has, what is expected of it, and who rebuilds it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from importlib import import_module
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from checkpoints.contract.calendar import Calendar, Grace, GraceText, Holidays, grace_of
from checkpoints.contract.needs import Needs
from checkpoints.contract.notifiers import AnyNotifier
from checkpoints.dates import EARLIEST, LATEST, DateRange
from checkpoints.records import Name, Names, Number, Record, Whole
from checkpoints.rules.condition import Condition
from checkpoints.rules.evidence import Match
from checkpoints.rules.registry import AnyRule
from checkpoints.rules.rule import Severity
from checkpoints.rules.sources import Sources

DateType = Literal["date", "timestamp", "datetime", "text"]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$")]


def _is_a_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is not a time zone name such as America/New_York") from error
    return value


Zone = Annotated[str, AfterValidator(_is_a_zone)]

Size = Annotated[ByteSize, WithJsonSchema({"type": ["integer", "string"]})]
"""Bytes, as a number or such as ``2GB``."""

CROSS_LAYER = "cross_layer"
"""The suite that holds the rules between layers."""


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


class Exemption(Record):
    """A kind of rule for all, or for all keyed, datasets that does not hold for one, and why."""

    rule: Name
    reason: Name


class Expectation(Record):
    """An expectation of Great Expectations' own about the rows of a dataset.

    What is given beside these keys is an argument of it, which the library checks.
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
    """What Great Expectations does after a checkpoint; its other keys are the library's.

    ``${NAME}`` in their values stays as it is, as they are secrets: the library puts the value in.
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
    key: Names = ()
    blank_keys: Literal["null", "value"] = "null"
    where: tuple[Condition, ...] = ()
    location: Name | None = None
    upstream: Sources | None = None
    match: Match = "keys"
    by: Names = ()
    written_at: Name | None = None
    calendar: Calendar | None = None
    holidays: Holidays | None = None
    grace: GraceText | None = None
    late_days: Annotated[Whole, Field(ge=0, le=60)] = 0
    warmup_days: Annotated[Whole, Field(ge=0, le=366)] = 0
    retired: Day | None = None
    service: Name | None = None
    on_landed: Name | None = None
    rules: tuple[AnyRule, ...] = ()
    exempt: tuple[Exemption, ...] = ()
    expectations: tuple[Expectation, ...] = ()

    @field_validator("query")
    @classmethod
    def _dates_are_literals(cls, value: str | None) -> str | None:
        if found := re.search(r"""(['"])\{(from|to)\}\1""", value or ""):
            raise ValueError(
                f"{found[0]} is in quotes: write {{{found[2]}}}, which becomes a DATE literal"
            )
        return value

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


KINDS = {"http": "remediation.service.http", "command": "remediation.service.command"}
"""The module of each kind of service call; its ``KIND`` is a subclass of ``Service``.

Names instead of imports: nothing here depends on ``remediation``, and a module is loaded only for
a contract that declares such a service.
"""


class Service(Record):
    """What every kind of service call has.

    Strings may still hold ``${NAME}`` of an unset variable: such a service cannot be called.
    """

    late: ClassVar[frozenset[str]] = frozenset()
    """The keys of a kind in which every ``${NAME}`` stays as it is until a call is made: secrets.
    """

    kind: str = "http"
    timeout_seconds: Annotated[Number, Field(gt=0)] = 120
    seconds_between_calls: Annotated[Number, Field(ge=0)] = 2
    settle_seconds: Annotated[Number, Field(ge=0)] = 600
    poll_seconds: Annotated[Number, Field(gt=0)] = 5
    idempotent: bool = True
    ordered: bool = False
    replaces: bool = False
    concurrency: Annotated[Whole, Field(ge=1, le=64)] = 1
    dates_per_call: Literal[1, "range", "list"] = 1
    at_most: Annotated[Whole, Field(ge=1, le=1000)] = 14
    earliest_rebuildable: Day | None = None
    breaker_after: Annotated[Whole, Field(ge=1)] = 5
    probe_after_seconds: Annotated[Number, Field(ge=0)] = 30

    def needs(self, environment: Mapping[str, str]) -> Needs:  # noqa: ARG002
        """What must be there before it can be called."""
        return Needs()


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
    """How BigQuery is read."""

    timeout_seconds: Annotated[Number, Field(gt=0)] = 600
    max_bytes: Size | None = None
    price_per_tib: Annotated[Number, Field(ge=0)] = 6.25
    currency: str = "USD"


def _is_a_window(value: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,4}d|season", value):
        raise ValueError("is neither a number of days, such as 7d, nor season")
    return value


class CheckpointWindow(Record):
    """One of several windows of a checkpoint."""

    window: Annotated[str, AfterValidator(_is_a_window)]
    rules: tuple[Name, ...] | None = None


class Checkpoint(Record):
    """Which suites are run, over which dates where none are given, and what is done after that."""

    suites: tuple[Slug, ...]
    window: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}d$")] | None = None
    windows: tuple[CheckpointWindow, ...] | None = None
    actions: tuple[Action, ...] = ()

    @model_validator(mode="after")
    def _one_or_several(self) -> Checkpoint:
        if self.window and self.windows:
            raise ValueError("has both window and windows: leave one out")
        return self

    @property
    def parts(self) -> dict[str, CheckpointWindow]:
        """Its windows by name, where it has several.

        The first that all rules judge has no name: its checks are those of every other checkpoint.
        """
        windows = self.windows or ()
        whole = next((entry for entry in windows if entry.rules is None), None)
        return {"" if entry is whole else entry.window: entry for entry in windows}


def _is_a_web_address(value: str) -> str:
    if not re.match(r"https?://[^/\s?#]+[^\s?#]*$", value):
        raise ValueError("is no address such as https://example.com/data-docs")
    return value.rstrip("/")


class Contract(Record):
    """The whole of ``pipeline.yml``."""

    version: Literal[1]
    name: Name | None = None
    environment: Name | None = None
    timezone: Zone = "UTC"
    grace_days: Annotated[Whole, Field(ge=0, le=60)] = 1
    grace: GraceText | None = None
    warehouse: str
    bigquery: BigQueryOptions = BigQueryOptions()
    reference: Name | None = None
    calendar: Calendar | None = None
    holidays: Holidays | None = None
    starts: Day | None = None
    layers: dict[Slug, str]
    seasons: Annotated[tuple[Season, ...], Field(min_length=1)] = ()
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    rules_for_all: tuple[AnyRule, ...] = ()
    rules_for_keyed: tuple[AnyRule, ...] = ()
    cross_layer: tuple[AnyRule, ...] = ()
    checkpoints: Annotated[dict[Slug, Checkpoint], Field(min_length=1)]
    default_checkpoint: Slug | None = None
    services: dict[Name, AnyService] = Field(default_factory=dict)
    known_gaps: tuple[KnownGap, ...] = ()
    protected: tuple[Protected, ...] = ()
    notify: tuple[AnyNotifier, ...] = ()
    remind_after: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}d$")] = "7d"
    public_url: Annotated[str, AfterValidator(_is_a_web_address)] | None = None

    @property
    def zone(self) -> ZoneInfo:
        """Where a day begins and ends."""
        return ZoneInfo(self.timezone)

    @property
    def names(self) -> tuple[str, ...]:
        """Dataset names in file order; a dataset's position is its bit in the presence query."""
        return tuple(self.datasets)

    @property
    def reminding(self) -> timedelta:
        """``remind_after``, as a time."""
        return timedelta(days=int(self.remind_after[:-1]))

    def declared_sources(self) -> Iterator[Sources]:
        """Each dataset by itself, and everything that one is compared with."""
        yield from (Sources(any_of=(name,)) for name in self.datasets)
        for dataset in self.datasets.values():
            found = (dataset.upstream, *(rule.of for rule in dataset.rules))
            yield from (sources for sources in found if sources)
        yield from (rule.of for rule in self.cross_layer if rule.of)

    @cached_property
    def _sources(self) -> dict[str, Sources]:
        return {str(sources): sources for sources in self.declared_sources()}

    def sources_of(self, of: str) -> Sources:
        """The datasets that the ``of`` of a pair names, which is their text."""
        return self._sources[of]

    def gaps_in_force(self, window: DateRange, as_of: date) -> tuple[KnownGap, ...]:
        """Declared gaps that touch the window and are still accepted on ``as_of``."""
        return tuple(
            gap for gap in self.known_gaps if gap.range.overlaps(window) and as_of <= gap.until
        )

    def gaps_expired(self, window: DateRange, as_of: date) -> tuple[KnownGap, ...]:
        """Declared gaps that touch the window and are accepted no more on ``as_of``."""
        return tuple(
            gap for gap in self.known_gaps if gap.range.overlaps(window) and gap.until < as_of
        )

    def season_of(self, day: date) -> Season | None:
        """The season that contains a date, if any."""
        return next((s for s in self.seasons if day in s.range), None)

    @property
    def season_ranges(self) -> tuple[DateRange, ...]:
        """The dates of the seasons; without seasons, all that there are, as those of one."""
        every = DateRange(self.starts or EARLIEST, LATEST)
        return tuple(season.range for season in self.seasons) or (every,)

    def calendar_of(self, dataset: str) -> Calendar | None:
        """The calendar that says when a dataset is due; None: the reference does."""
        return self.datasets[dataset].calendar or self.calendar

    def holidays_of(self, dataset: str) -> Holidays | None:
        """The holidays that are no business days of a dataset."""
        return self.datasets[dataset].holidays or self.holidays

    def grace_of(self, dataset: str) -> Grace:
        """How long after the start of its date data of a dataset may take."""
        text = self.datasets[dataset].grace or self.grace
        return grace_of(text or f"{self.grace_days} days")

    def layer_rank(self, dataset: str) -> int:
        """0 for the topmost layer; upstream layers come first."""
        return list(self.layers).index(self.datasets[dataset].layer)

    def suites(self) -> tuple[str, ...]:
        """The names of the suites: one per layer, upstream first, and the one between them."""
        return (*self.layers, CROSS_LAYER)

    def is_date_grain(self, dataset: str) -> bool:
        """True when the dataset has no key: one batch per date."""
        return not self.datasets[dataset].key
