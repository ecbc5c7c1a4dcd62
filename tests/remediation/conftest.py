"""A project with holes in three layers, and its plan as the command makes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.remediation_commands import HOLES, strict_on_scores, typed
from tests.support.scripted_service import Project, project


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    """Not yet judged; the service is running."""
    with project(tmp_path, HOLES, timeout_seconds=5) as running:
        strict_on_scores(running)
        yield running


@pytest.fixture
def planned(made: Project) -> Project:
    """Judged and planned."""
    made.check()
    typed(made, "plan")
    return made
