"""What every preset is run against: a warehouse with a gap, and what writes into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.apis.google import GoogleTokens
from tests.support.apis.server import Pipeline, serving
from tests.support.presets import warehouse_with_holes


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return warehouse_with_holes(tmp_path)


@pytest.fixture
def pipeline(database: Path) -> Iterator[Pipeline]:
    made = Pipeline(database)
    yield made
    made.join()


@pytest.fixture
def tokens() -> Iterator[GoogleTokens]:
    made = GoogleTokens()
    with serving(made):
        yield made


@pytest.fixture
def google(tokens: GoogleTokens, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of someone who is logged in to Google with a service account."""
    key = tokens.key_file(tmp_path_factory.mktemp("key"))
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(key), "GOOGLE_CLOUD_PROJECT": "pipeline"}
