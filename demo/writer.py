"""Write to the warehouse file in turns, so that other programs can read it in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from demo.errors import InputError, WarehouseLocked
from demo.warehouse import first_line, is_lock

PATIENCE = 30.0
RETRY_SECONDS = 0.005


class Writer:
    """Opens the file for one transaction and lets it go again.

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
