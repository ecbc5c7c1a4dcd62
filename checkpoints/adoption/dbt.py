"""What a dbt project says of its tables: names, unique columns, lineage, dates. Pure.

Of ``target/manifest.json``, versions 10 to 12: https://schemas.getdbt.com/dbt/manifest/v12.json.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from checkpoints.adoption.facts import Known, Table
from checkpoints.adoption.vocabulary import DAYS, PERIODS, words_of
from checkpoints.contract.model import DateType
from checkpoints.warehouse.engine import Column, ValueKind

Path = tuple[str, ...]
"""The parts of a table's name."""

VERSIONS = ("v10", "v11", "v12")

TABLES = ("model", "seed", "snapshot", "source")
"""Kinds of nodes that are tables, unless they are ephemeral."""

COMBINATIONS = ("unique_combination_of_columns", "expect_compound_columns_to_be_unique")
"""Tests of packages that say what several columns are together."""

TYPES: Mapping[str, tuple[ValueKind, DateType | None]] = {
    "date": ("date", "date"),
    "timestamptz": ("timestamp", "timestamp"),
    "timestamp with time zone": ("timestamp", "timestamp"),
    "datetime": ("datetime", "datetime"),
    "timestamp": ("datetime", "datetime"),
    **dict.fromkeys(("int", "integer", "bigint", "int64"), ("integer", None)),
    **dict.fromkeys(("text", "varchar", "string"), ("text", "text")),
    "uuid": ("uuid", None),
}
"""What the types of documented columns hold; of any other it is not known."""


class _Part(BaseModel):
    """A piece of a manifest: what it has besides is of no use here."""

    model_config = ConfigDict(extra="ignore")


class _Depends(_Part):
    nodes: tuple[str, ...] = ()


class _Test(_Part):
    name: str
    kwargs: dict[str, Any] = Field(default_factory=dict)


class _Column(_Part):
    name: str
    data_type: str | None = None


class _Config(_Part):
    enabled: bool = True
    materialized: str | None = None
    meta: dict[str, Any] = Field(default_factory=dict)
    partition_by: Any = None
    event_time: str | None = None
    loaded_at_field: str | None = None


class _Node(_Part):
    resource_type: str
    name: str
    database: str | None = None
    schema_: str | None = Field(default=None, alias="schema")
    alias: str | None = None
    identifier: str | None = None
    fqn: tuple[str, ...] = ()
    config: _Config = _Config()
    meta: dict[str, Any] = Field(default_factory=dict)
    columns: dict[str, _Column] = Field(default_factory=dict)
    depends_on: _Depends = _Depends()
    attached_node: str | None = None
    test_metadata: _Test | None = None
    loaded_at_field: str | None = None

    @property
    def is_table(self) -> bool:
        """Whether it is one in the warehouse."""
        return self.resource_type in TABLES and self.config.materialized != "ephemeral"

    @property
    def path(self) -> tuple[str, ...]:
        """Schema and name, as the warehouse has them."""
        name = self.identifier or self.alias or self.name
        return (self.schema_, name) if self.schema_ else (name,)

    @property
    def layer(self) -> str:
        """The folder of a model; of a source its schema."""
        if self.resource_type == "source":
            return self.schema_ or self.fqn[-2]
        return self.fqn[-2] if len(self.fqn) > 2 else self.resource_type


class _Metadata(_Part):
    dbt_schema_version: str
    adapter_type: str | None = None


class Manifest(_Part):
    """What is used of a manifest."""

    metadata: _Metadata
    nodes: dict[str, _Node]
    sources: dict[str, _Node] = Field(default_factory=dict)

    @property
    def version(self) -> str:
        """``v12``."""
        return self.metadata.dbt_schema_version.rpartition("/")[2].removesuffix(".json")

    @property
    def project(self) -> str | None:
        """The warehouse that it is built in, where its name says enough."""
        databases = {node.database for node in self._tables().values() if node.database}
        if self.metadata.adapter_type == "bigquery" and databases:
            return f"bigquery://{sorted(databases)[0]}"
        return None

    def known(self, there: Collection[Path] | None = None) -> dict[Path, Known]:
        """What it says of each of its tables, by path.

        Where it is said which are ``there``, others are not what a table is built from.
        """
        keys: dict[str, list[tuple[str, ...]]] = {}
        for node_id, key in self._unique():
            keys.setdefault(node_id, []).append(key)
        return {
            node.path: Known(
                date=_date(node),
                written_at=node.loaded_at_field or node.config.loaded_at_field,
                keys=tuple(sorted(keys.get(node_id, ()), key=len)),
                upstream=tuple(dict.fromkeys(self._above(node, there))),
                layer=node.layer,
            )
            for node_id, node in self._tables().items()
        }

    def tables(self) -> list[Table]:
        """Its tables as far as they are known without a warehouse."""
        known = self.known()
        return [
            Table(path=node.path, columns=_columns(node, known[node.path]), known=known[node.path])
            for node in self._tables().values()
        ]

    def _tables(self) -> dict[str, _Node]:
        every = {**self.sources, **self.nodes}
        return {name: node for name, node in every.items() if node.is_table and node.config.enabled}

    def _unique(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The table and the columns of each test that says that these are unique."""
        for node in self.nodes.values():
            test = node.test_metadata
            if test is None or not (node.attached_node or node.depends_on.nodes):
                continue
            where = node.attached_node or node.depends_on.nodes[0]
            columns = test.kwargs.get("combination_of_columns", test.kwargs.get("column_list"))
            if test.name == "unique" and (column := test.kwargs.get("column_name")):
                yield where, (str(column).strip('"`'),)
            elif test.name in COMBINATIONS and isinstance(columns, list):
                yield where, tuple(str(column).strip('"`') for column in columns)

    def _above(self, node: _Node, there: Collection[Path] | None) -> Iterator[Path]:
        """The tables that one is built from, through what is no table."""
        every = {**self.sources, **self.nodes}
        for name in node.depends_on.nodes:
            above = every.get(name)
            if above is None:
                continue
            if above.is_table and (there is None or above.path in there):
                yield above.path
            else:
                yield from self._above(above, there)


def _date(node: _Node) -> str | None:
    """The column that somebody named as the date: in meta, or by which it is partitioned."""
    partition = node.config.partition_by
    field = partition.get("field") if isinstance(partition, dict) else partition
    said = (node.config.meta.get("date"), node.meta.get("date"), node.config.event_time, field)
    return next((name for name in said if isinstance(name, str)), None)


def _columns(node: _Node, known: Known) -> dict[str, Column]:
    """The columns that are documented or named, with what their types or names tell."""
    keys = (column for key in known.keys for column in key)
    names = [*node.columns, known.date, known.written_at, *keys]
    found: dict[str, Column] = {}
    for name in dict.fromkeys(filter(None, names)):
        documented = node.columns.get(name)
        type_ = ((documented and documented.data_type) or "").lower()
        kind, date_type = TYPES.get(type_.partition("(")[0].strip(), ("unknown", None))
        dated = name == known.date or bool((DAYS | PERIODS) & set(words_of(name)[-1:]))
        if kind == "unknown" and dated:
            date_type = "date"
        found[name] = Column(type_ or "unknown", date_type, kind)
    return found
