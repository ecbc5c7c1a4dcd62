"""The SQL of engines that speak the standard: every name in quotes, ``$1`` for parameters."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import IdentifierPreparer


class Schema(str):
    """The parts before a table's name, joined by dots; a part may have a dot of its own."""

    parts: tuple[str, ...]

    def __new__(cls, *parts: str) -> Schema:
        """Join the parts, and keep them."""
        schema = super().__new__(cls, ".".join(parts))
        schema.parts = parts
        return schema


class _AlwaysQuoted(IdentifierPreparer):
    """Quotes every name, so that none is taken for one of the words that an engine reserves."""

    def _requires_quotes(self, _value: str) -> bool:
        return True

    def quote_schema(self, schema: str) -> str:
        parts = schema.parts if isinstance(schema, Schema) else (schema,)
        return ".".join(self.quote(part) for part in parts)


class StandardDialect(DefaultDialect):
    """Standard SQL with ``$1`` for parameters.

    A dialect that also reads catalogs and converts types takes longer to import than a season
    takes to read.
    """

    preparer = _AlwaysQuoted
    supports_native_boolean = True

    def __init__(self) -> None:
        super().__init__(paramstyle="numeric_dollar")

    def compiled(self, statement: sa.Select[Any]) -> tuple[str, list[Any]]:
        """A statement's SQL and its parameters."""
        found = statement.compile(dialect=self, compile_kwargs={"render_postcompile": True})
        values = found.params  # a property that builds a new dict each time
        return str(found), [values[name] for name in found.positiontup or ()]
