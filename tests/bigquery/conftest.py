"""One emulator for all tests here; a proxy of its own for each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.compute_engine import _metadata

from demo.warehouse import build, filling
from tests.bigquery import emulator as emulators
from tests.bigquery.emulator import Emulator
from tests.bigquery.loading import DEMO_COLUMNS, copy_warehouse
from tests.bigquery.proxy import proxy_before
from tests.bigquery.recording import Proxy


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The running emulator; without one the test is skipped, or fails where it must be there."""
    reason = emulators.reason_to_skip()
    if reason and os.environ.get("BIGQUERY_EMULATOR_REQUIRED"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with emulators.running(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def proxy(emulator: Emulator) -> Iterator[Proxy]:
    """A fresh proxy; commands in a process of their own take ``proxy.environment``."""
    with proxy_before(emulator.url) as running:
        yield running
    assert running.crashes == []


@pytest.fixture
def here(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Proxy:
    """The proxy, with this process's own clients sent to it."""
    for name, value in proxy.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path_factory.mktemp("gcloud")))
    # The library reads the variable once, when it is imported.
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", proxy.environment["GCE_METADATA_HOST"])
    return proxy


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's warehouse in DuckDB, with the incident in it."""
    path = tmp_path_factory.mktemp("demo") / "warehouse.duckdb"
    build(path, filling())
    return path


@pytest.fixture(scope="session")
def demo_loaded(emulator: Emulator, demo_file: Path) -> Path:
    """The same tables in the emulator's project ``proj``; the DuckDB file."""
    copy_warehouse(emulator.url, demo_file, DEMO_COLUMNS, "proj")
    return demo_file
