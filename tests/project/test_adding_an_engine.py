"""To add an engine takes one file, ``checkpoints/warehouse/<name>.py``, and one line."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.support.commands import command
from tests.support.scratch import edit, scratch_copy
from tests.support.warehouses import BASIC, write_contract

ENGINE = '''
"""SQLite: one file, read through SQLAlchemy's own dialect."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from checkpoints.contract.model import Dataset
from checkpoints.errors import DatasetUnreadable, WarehouseError
from checkpoints.warehouse.engine import (
    Column, Description, Engine, ReadOptions, Statement, instead_of,
)
from checkpoints.warehouse.functions import exact_text, iso_date, matches


@compiles(iso_date, "sqlite")
def _iso_date(element: iso_date, compiler: Any, **kw: Any) -> str:
    text, _zone = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"date(substr({text}, 1, 10))"


@compiles(exact_text, "sqlite")
def _exact_text(element: exact_text, compiler: Any, **kw: Any) -> str:
    return f"{compiler.process(element.clauses, **kw)} COLLATE BINARY"


@compiles(matches, "sqlite")
def _matches(element: matches, compiler: Any, **kw: Any) -> str:
    """Without UUIDs it is only asked whether a text is blank."""
    text, _blank = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"trim({text}) = ''"


class BitOr:
    """The aggregate that SQLite lacks."""

    def __init__(self) -> None:
        self.mask = 0

    def step(self, bit: int) -> None:
        self.mask |= bit

    def finalize(self) -> int:
        return self.mask


class SqliteEngine:
    """An open file."""

    least_billed: int | None = None

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.statements: list[Statement] = []

    def about(self) -> str:
        """What reads it."""
        return f"SQLite {self.connection.engine.url.database}"

    def describe(self, dataset: Dataset, columns: Sequence[str]) -> Description:
        """The columns of a table; text is where SQLite keeps dates."""
        schema = sa.inspect(self.connection)
        try:
            found = schema.get_columns(dataset.path[-1])
        except sa.exc.NoSuchTableError as error:
            hint = instead_of(dataset.path[-1], schema.get_table_names())
            raise DatasetUnreadable(f"there is no such table: {hint}") from error
        types = {column["name"]: str(column["type"]) for column in found}
        return Description(
            columns={
                n: Column(t, "text", "text") if t == "TEXT" else Column(t, None)
                for n, t in types.items()
            },
            location=None,
        )

    def rows(self, statement: sa.Select[Any], location: str | None) -> list[tuple[Any, ...]]:
        """Run a statement."""
        started = time.monotonic()
        rows = [tuple(row) for row in self.connection.execute(statement)]
        self.statements.append(
            Statement(
                location=location, job_id=None, bytes_processed=None, bytes_billed=None,
                cached=None, rows=len(rows), seconds=time.monotonic() - started,
            )
        )
        return rows

    def estimate(self, _statement: sa.Select[Any], _location: str | None) -> int:
        """SQLite does not tell."""
        raise WarehouseError("SQLite does not tell what a statement reads")


@contextmanager
def open_engine(url: sa.URL, _options: ReadOptions) -> Iterator[Engine]:
    """Open a file read-only."""
    engine = sa.create_engine(f"sqlite:///file:{url.database}?mode=ro&uri=true")
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.create_aggregate("bit_or", 1, BitOr)
        yield SqliteEngine(connection)
'''

REGISTRY = "ENGINES: dict[str, Registered] = {\n"
LINE = '    "sqlite": Registered("sqlite:////path/to/file.sqlite"),\n'
WINDOW = ("--from", "2025-01-10", "--to", "2025-01-12", "--as-of", "2025-02-01")
DATES = ("2025-01-10", "2025-01-11", "2025-01-12")
TABLES = ("schedule", "raw", "summary", "factors")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project with one file and one line more, and a contract of SQLite tables."""
    copy = scratch_copy(tmp_path)
    (copy / "checkpoints/warehouse/sqlite.py").write_text(ENGINE, encoding="utf-8")
    edit(copy / "checkpoints/warehouse/engine.py", REGISTRY, REGISTRY + LINE)
    datasets = {name: {**BASIC["datasets"][name], "table": name} for name in TABLES}
    write_contract(copy / "gx", BASIC, warehouse=f"sqlite:///{copy}/w.sqlite", datasets=datasets)
    return copy


def fill(project: Path, **held: Sequence[str]) -> None:
    """A game on every date, in every table; ``held`` says on which dates only, by table."""
    with sqlite3.connect(project / "w.sqlite") as connection:
        for table in TABLES:
            connection.execute(f"CREATE TABLE {table} (d TEXT, k TEXT)")
            rows = [(day, f"game of {day}") for day in held.get(table, DATES)]
            connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)


def check(project: Path) -> tuple[CompletedProcess[str], Any]:
    done = command("checkpoints", "check", *WINDOW, "--json", "-", cwd=project)
    return done, json.loads(done.stdout or "null")


def test_a_new_engine_reads_a_complete_pipeline(project: Path) -> None:
    fill(project)
    done, report = check(project)
    assert (done.returncode, done.stderr.count("error")) == (0, 0)
    assert report["unreadable"] == {}
    cells = {d["name"]: [cell[4] for cell in d["days"]] for d in report["datasets"]}
    assert cells == {name: [1, 1, 1] for name in TABLES}
    assert [s["rows"] for s in report["statements"]] == [3]


def test_a_new_engine_finds_what_is_missing_and_what_cannot_be_read(project: Path) -> None:
    fill(project, factors=DATES[1:])
    done, report = check(project)
    assert done.returncode == 1
    failed = [c for c in report["checks"] if c["outcome"] == "FAILED"]
    assert {(c["dataset"], c["kind"], *c["unexpected_dates"]) for c in failed} == {
        ("factors", kind, DATES[0]) for kind in ("conversion_ratio", "daily_conversion_ratio")
    }
    with sqlite3.connect(project / "w.sqlite") as connection:
        connection.execute("ALTER TABLE summary RENAME TO sumary")
    done, report = check(project)
    assert done.returncode == 3
    said = "dataset 'summary': there is no such table: did you mean 'sumary'?"
    assert report["unreadable"] == {"summary": said}


def test_a_mistake_in_an_engine_is_not_taken_for_a_dataset_that_cannot_be_read(
    project: Path,
) -> None:
    fill(project)
    edit(project / "checkpoints/warehouse/sqlite.py", 'column["name"]', 'column["title"]')
    done, report = check(project)
    assert (done.returncode, report) == (3, None)
    assert done.stderr == "error: unexpected KeyError: 'title'\n"


def test_urls_that_no_engine_reads_are_answered_with_those_that_can_be_read(project: Path) -> None:
    edit(project / "gx/pipeline.yml", "sqlite:///", "mysql://user:secret@host/")
    done, _ = check(project)
    assert done.returncode == 2
    said = "use sqlite:////path/to/file.sqlite or duckdb:///path/to/file.duckdb or bigquery://proj"
    assert said in done.stderr
    assert "secret" not in done.stderr
