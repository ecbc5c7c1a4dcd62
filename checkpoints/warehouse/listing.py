"""Which tables a warehouse has, before any contract names one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import sqlalchemy as sa

from checkpoints.warehouse.engine import Engine

INTERNAL = ("information_schema", "pg_catalog", "pg_toast")
"""Schemas of the engine itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A table or view by the parts of its name.

    ``partitioned_by`` is the column that a filter prunes by, without which some are not read.
    """

    path: tuple[str, ...]
    partitioned_by: str | None = None


@runtime_checkable
class ListsTables(Protocol):
    """An engine that lists its tables by itself, for it has no INFORMATION_SCHEMA of them all."""

    def tables(self) -> list[Listed]:
        """Every table and view that can be seen.

        Raises:
            WarehouseError: they cannot be listed.
        """
        ...


def tables_of(engine: Engine) -> list[Listed]:
    """Every table and view of a warehouse, by schema and name.

    Raises:
        WarehouseError: they cannot be listed.
    """
    if isinstance(engine, ListsTables):
        return engine.tables()
    names: list[sa.ColumnClause[Any]] = [sa.column("table_schema"), sa.column("table_name")]
    tables = sa.table("tables", sa.column("table_catalog"), *names, schema="information_schema")
    statement = (
        sa.select(*names)
        .select_from(tables)
        .where(sa.column("table_catalog") == sa.func.current_database())
        .where(sa.column("table_schema").not_in(INTERNAL))
        .order_by(*names)
    )
    return [Listed(path=(schema, table)) for schema, table in engine.rows(statement, None)]
