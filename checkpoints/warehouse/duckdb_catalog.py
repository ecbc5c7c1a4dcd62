"""What a DuckDB file has in place of a table that cannot be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

import duckdb

from checkpoints.warehouse.engine import instead_of

READERS = {
    "parquet": "read_parquet",
    **dict.fromkeys(("csv", "tsv"), "read_csv"),
    **dict.fromkeys(("json", "jsonl", "ndjson"), "read_json"),
}
"""The functions that read files, by what the names of files end in."""

A_FILE = re.compile(rf"[.]({'|'.join(READERS)})([.](gz|zst))?$", re.IGNORECASE)

SCHEMAS = "SELECT catalog_name, schema_name FROM information_schema.schemata"
TABLES = "SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables"


class Catalog:
    """The tables and views of an open file. Case does not count in their names."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._schemas = connection.execute(SCHEMAS).fetchall()
        self._tables = connection.execute(TABLES).fetchall()
        ((self._own,),) = connection.execute("SELECT current_database()").fetchall()

    def is_view(self, path: Sequence[str]) -> bool:
        """True when the name is that of a view."""
        return self._type(path) == "VIEW"

    def instead_of(self, path: Sequence[str]) -> str:
        """What there is in place of a table that does not exist; empty when it does."""
        if self._type(path):
            return ""
        *outer, table = path
        database, schema = self._place(outer)
        here = [name for *place, name, _ in self._tables if _same(place, (database, schema))]
        schemas = [name for known, name in self._schemas if _same([known], [database])]
        if dotted := self._with_dots(path):
            return f"its name has a dot in it: write table: {json.dumps(dotted)}"
        if file := A_FILE.search(".".join(path)):
            name = ".".join(path).replace("'", "''")
            query = f"SELECT * FROM {READERS[file[1].lower()]}('{name}')"
            return f"table {'.'.join(path)!r} is not there: to read a file, write query: {query}"
        if not schemas:
            return (
                f"database {database!r} is not attached: a file is opened alone, with its own "
                f"database {self._own!r}: name the table schema.table"
            )
        if not _among(schema, schemas):
            return f"schema {schema!r} is not in the warehouse: {instead_of(schema, schemas)}"
        where = f"schema {'.'.join(outer)!r}" if outer else "the warehouse"
        return f"table {table!r} is not in {where}: {instead_of(table, here)}"

    def _type(self, path: Sequence[str]) -> str:
        full = (*self._place(path[:-1]), path[-1])
        return next((type_ for *name, type_ in self._tables if _same(name, full)), "")

    def _place(self, outer: Sequence[str]) -> tuple[str, str]:
        """The database and the schema that the parts before a table's name stand for."""
        if len(outer) > 1:
            return ".".join(outer[:-1]), outer[-1]
        schema = next(iter(outer), "main")
        known = _among(schema, (name for _, name in self._schemas))
        return self._own, "main" if not known and _same([schema], [self._own]) else schema

    def _with_dots(self, path: Sequence[str]) -> list[str]:
        """The parts of the table that is meant where a name with a dot was split at it."""
        joined = [".".join(path)]
        names = ([schema, table] for _, schema, table, _ in self._tables)
        return next((name for name in names if _same([".".join(name)], joined)), [])


def _same(some: Iterable[str], others: Iterable[str]) -> bool:
    return [name.casefold() for name in some] == [name.casefold() for name in others]


def _among(name: str, names: Iterable[str]) -> bool:
    return name.casefold() in map(str.casefold, names)
