"""The demo's DuckDB file: where it is, what fills it, replacing it safely, and writing in turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import sqlalchemy as sa
from duckdb import DuckDBPyConnection
from sqlalchemy.exc import ArgumentError

from demo.errors import InputError, NotOurFile, WarehouseLocked
from demo.incident import precompute_with_incident
from demo.layers import (
    NOT_ALL_STAR,
    PHASES,
    compute_seasons,
    insert_raw,
    insert_schedule,
)
from demo.real_input import fill_from_counts, read_counts, read_schedule
from demo.schedule import Game, demo_schedule
from demo.tables import COLUMNS, SCHEDULE, create_tables

MARKER = "demo.built_by"
PATIENCE = 30.0
RETRY_SECONDS = 0.005


def file_of(url: str) -> Path:
    """The file of a ``duckdb:///path`` URL.

    Raises:
        InputError: it is another kind of URL, or names no file.
    """
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise InputError(f"warehouse {url!r} is not a URL: write duckdb:///path/to/file") from error
    if parsed.get_backend_name() != "duckdb" or not parsed.database or parsed.database[0] == ":":
        raise InputError(
            f"warehouse {url!r}: the demo needs a DuckDB file: write duckdb:///path/to/file"
        )
    return Path(parsed.database)


def fill_demo(connection: DuckDBPyConnection) -> None:
    """Two seasons with the incident in them."""
    insert_schedule(connection, demo_schedule())
    insert_raw(connection)
    compute_seasons(connection, PHASES[3])
    precompute_with_incident(connection)
    compute_seasons(connection, PHASES[5])


def filling(
    schedule: Path | None = None, counts: Path | None = None
) -> Callable[[DuckDBPyConnection], None]:
    """What to fill a new warehouse with: the incident, or what CSV files say.

    Raises:
        InputError: a file is malformed.
    """
    if schedule is None:
        return fill_demo
    games = read_schedule(schedule)
    if counts is None:
        return lambda connection: fill_complete(connection, games)
    days = read_counts(counts, games)
    return lambda connection: fill_from_counts(connection, games, days)


def fill_complete(connection: DuckDBPyConnection, games: list[Game]) -> None:
    """Every layer of a schedule, complete but for the warm-ups."""
    insert_schedule(connection, games)
    insert_raw(connection)
    for phase in sorted(PHASES):
        compute_seasons(connection, PHASES[phase])


def build(
    path: Path,
    fill: Callable[[DuckDBPyConnection], None],
    incidents: Iterable[Callable[[DuckDBPyConnection], None]] = (),
) -> None:
    """Build a warehouse beside ``path``, let incidents happen, then put it there in one step.

    Raises:
        NotOurFile: something is there that the demo did not build.
        WarehouseLocked: another program holds the file.
        InputError: the folder cannot be written.
    """
    _require_ours(path)
    beside = path.with_name(path.name + ".building")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(beside)
        with duckdb.connect(beside) as connection:
            create_tables(connection)
            connection.execute("CREATE SCHEMA demo")
            connection.execute(f"CREATE TABLE {MARKER} AS SELECT 'python -m demo build' AS command")
            for happen in (fill, *incidents):
                happen(connection)
        _remove(path.with_name(path.name + ".wal"))
        beside.replace(path)
    except (OSError, duckdb.IOException) as error:
        raise InputError(f"{path}: cannot be written: {first_line(error)}") from error
    finally:
        with suppress(OSError):
            _remove(beside)


def describe(path: Path) -> str:
    """One line on what a warehouse of ours holds."""
    with duckdb.connect(path, read_only=True) as connection:
        rows = sum(_number(connection, f"SELECT count(*) FROM {table}") for table in COLUMNS)
        games = f"FROM {SCHEDULE} WHERE {NOT_ALL_STAR} AND game_status = 'Final'"
        seasons = _number(connection, f"SELECT count(DISTINCT season) {games}")
        dates = _number(connection, f"SELECT count(DISTINCT game_date) {games}")
        return (
            f"{path}: {seasons} seasons, {dates:,} game dates, "
            f"{_number(connection, f'SELECT count(*) {games}'):,} games; "
            f"{len(COLUMNS)} tables, {rows:,} rows"
        )


def _number(connection: DuckDBPyConnection, query: str) -> int:
    found = connection.execute(query).fetchone()
    return int(found[0]) if found else 0


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _require_ours(path: Path) -> None:
    if not path.exists():
        return
    try:
        with duckdb.connect(path, read_only=True) as connection:
            connection.execute(f"FROM {MARKER}")
    except duckdb.Error as error:
        if is_lock(error):
            raise WarehouseLocked(
                f"{path}: another program has it open ({first_line(error)}): "
                "stop that one, then build again"
            ) from error
        raise NotOurFile(
            f"{path}: exists and was not built by this command ({first_line(error)}), so it "
            "stays as it is: remove it yourself, or give another path with --warehouse"
        ) from error


class Writer:
    """Opens the file for one transaction and lets it go again, so that others can read it.

    DuckDB lets one program write or several read. The file is attached to a database in memory
    that stays open, which takes a tenth of the time of opening it by itself.
    """

    def __init__(
        self, path: Path, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._path = path
        self._clock = clock
        self._sleep = sleep
        self._one_at_a_time = threading.Lock()
        self._memory = duckdb.connect(":memory:", config={"threads": 1})

    @contextmanager
    def transaction(self) -> Iterator[DuckDBPyConnection]:
        """One transaction on the file; undone when the block raises.

        Raises:
            WarehouseLocked: other programs held the file for ``PATIENCE`` seconds.
            InputError: the file is absent, or is no DuckDB file.
        """
        with self._one_at_a_time:
            self._attach(self._clock() + PATIENCE)
            try:
                yield from self._transaction()
            finally:
                self._memory.execute("USE memory")
                self._memory.execute("DETACH warehouse")

    def _transaction(self) -> Iterator[DuckDBPyConnection]:
        self._memory.execute("USE warehouse")
        self._memory.begin()
        try:
            yield self._memory
        except BaseException:
            self._memory.rollback()
            raise
        self._memory.commit()

    def _attach(self, deadline: float) -> None:
        quoted = str(self._path).replace("'", "''")
        while True:
            if not self._path.is_file():
                raise InputError(f"{self._path}: does not exist: build it: python -m demo build")
            try:
                self._memory.execute(f"ATTACH '{quoted}' AS warehouse")
            except duckdb.Error as error:
                if not is_lock(error):
                    raise InputError(
                        f"{self._path}: cannot be opened: {first_line(error)}"
                    ) from error
                if self._clock() >= deadline:
                    raise WarehouseLocked(
                        f"{self._path}: other programs kept it too long: {first_line(error)}"
                    ) from error
                self._sleep(RETRY_SECONDS)
            else:
                return


def is_lock(error: duckdb.Error) -> bool:
    """True when another program holds the file."""
    return "lock on file" in str(error)


def first_line(error: Exception) -> str:
    """What an error says, without the hints below."""
    return str(error).strip().splitlines()[0]
