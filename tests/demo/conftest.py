"""A demo warehouse without the incident, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.incidents import build_healthy


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both seasons and every layer of them."""
    return build_healthy(tmp_path_factory.mktemp("whole") / "warehouse.duckdb")
