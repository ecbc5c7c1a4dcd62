"""One PostgreSQL server for all tests here, with nothing in it before each."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support import postgres as servers
from tests.support.postgres import PASSWORD, Postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """The running server; without one the test is skipped, or fails where it must be there."""
    reason = servers.reason_to_skip()
    if reason and os.environ.get("POSTGRES_REQUIRED"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with servers.running() as running:
        yield running


@pytest.fixture
def postgres(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    """The server with an empty schema ``s``, and the reader's password where it is looked for."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    server.clear()
    return server
