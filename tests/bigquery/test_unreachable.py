"""BigQuery that does not answer: told within seconds, and no query is blamed for it."""

from __future__ import annotations

import logging

import pytest

from checkpoints.errors import WarehouseError
from checkpoints.warehouse import bigquery_waiting
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.reading import open_warehouse
from tests.bigquery import google_errors as errors
from tests.bigquery.recording import Proxy
from tests.bigquery.test_wire import SHIPPED

NOWHERE = "http://127.0.0.1:9"
BRIEFLY = ReadOptions(timeout_seconds=3)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell of a silence after hundredths of a second."""
    monkeypatch.setattr(bigquery_waiting, "SECONDS_OF_SILENCE", 0.05)
    monkeypatch.setattr(bigquery_waiting, "SECONDS_BETWEEN_LOOKS", 0.05)


def refused() -> str:
    """What opening the warehouse ends in."""
    with (
        pytest.raises(WarehouseError) as caught,
        open_warehouse(SHIPPED, "bigquery://proj", BRIEFLY),
    ):
        pass
    return str(caught.value)


def test_a_connection_that_fails_is_told_with_how_long_it_is_tried(
    here: Proxy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", NOWHERE)
    with caplog.at_level(logging.WARNING):
        said = refused()
    (told,) = [r.getMessage() for r in caplog.records if r.name == bigquery_waiting.__name__]
    assert told.startswith("warning: BigQuery cannot be reached (ConnectionError: Connection")
    assert "no answer for 0 s; it is retried for up to 3 s more (bigquery.timeout" in told
    assert said.startswith("BigQuery cannot be reached (ConnectionError: Connection refused)")
    assert "narrow the window" not in said
    assert here.queries == []


def test_a_service_that_only_fails_is_told_in_its_own_words(
    here: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    here.fail("GET", "/tables/", errors.backend_error(), times=10_000)
    with caplog.at_level(logging.WARNING):
        said = refused()
    assert "warning: BigQuery does not answer (Error encountered" in caplog.text
    assert "BigQuery still fails after" in said
    assert "Error encountered during execution" in said
