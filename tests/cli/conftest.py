"""A project whose service answers by a script, with three dates to be repaired."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.backfills import EIGHT, NINE, SEVEN
from tests.support.scripted_service import Project, project


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path, {"factors": (SEVEN, EIGHT, NINE)}) as running:
        running.change(rules_for_keyed=[])
        running.check()
        yield running
