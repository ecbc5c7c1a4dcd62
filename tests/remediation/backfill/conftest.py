"""A project whose factors lack three days, and the plan that repairs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from remediation.plan.model import Plan
from tests.support.backfills import FACTORS, plan_of
from tests.support.scripted_service import Project, project


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path, FACTORS) as running:
        yield running


@pytest.fixture
def plan(made: Project) -> Plan:
    return plan_of(made)
