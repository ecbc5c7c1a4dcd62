"""A copy of the demo's warehouse elsewhere, which follows what its processors write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tests.bigquery.loading import DEMO_COLUMNS

REBUILT = {t: c for t, c in DEMO_COLUMNS.items() if not t.startswith("nba_raw")}
"""The tables that processors write, and their columns."""


@contextmanager
def replica(file: Path, copy: Callable[[], None]) -> Iterator[None]:
    """What the processors write into a file arrives a little later where ``copy`` takes it."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def follow() -> None:
        seen = 0
        while not stop.wait(0.1):
            if (state := file.stat().st_mtime_ns) == seen:
                continue
            try:
                copy()
                seen = state
            except duckdb.IOException:
                continue  # a processor is writing
            except Exception as error:  # noqa: BLE001 (told by the main thread)
                failures.append(error)
                return

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert failures == []
