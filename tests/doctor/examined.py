"""A project in which all is well, and what an examination tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from checkpoints.contract.loading import ContractFile
from checkpoints.doctor.examining import Asked, examine
from checkpoints.doctor.finding import Examination, Finding, State
from tests.support.projects import project_of
from tests.support.runs import warehouse
from tests.support.warehouses import BASIC


def noon() -> datetime:
    """A moment of the season of the small contract."""
    return datetime.now(UTC)


def season_of_today() -> list[dict[str, object]]:
    """One that is never over."""
    return [{"name": "now", "from": "2025-01-01", "to": "2999-12-31"}]


def project(folder: Path, **changes: Any) -> ContractFile:
    """A contract with its suites and its warehouse, in which nothing is wrong but the changes."""
    url = warehouse(folder)
    given = {"warehouse": url, "seasons": season_of_today(), **changes}
    return project_of(folder, BASIC, **given)


def examined(
    path: Path,
    environment: Mapping[str, str] | None = None,
    *,
    now: Callable[[], datetime] = noon,
    url: str | None = None,
) -> Examination:
    """What is found of a contract."""
    return examine(Asked(path=path, environment=environment or {}, now=now, warehouse=url))


def wrong(found: Examination) -> list[tuple[str, str, str]]:
    """State, area and line of everything that is not ok."""
    return [
        (one.state.value, one.area, str(one)) for one in found.findings if one.state is not State.OK
    ]


def of_area(found: Examination, area: str) -> list[Finding]:
    """Everything that was found in an area."""
    return [one for one in found.findings if one.area == area]


def with_dataset(name: str, **changes: Any) -> dict[str, Any]:
    """The datasets of the small contract, one of them changed."""
    datasets: dict[str, Any] = BASIC["datasets"]
    return {**datasets, name: {**datasets[name], **changes}}
