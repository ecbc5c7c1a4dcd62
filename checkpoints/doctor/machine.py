"""The machine: versions of Python and of the libraries that matter, and the time zones."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.specifiers import SpecifierSet

from checkpoints import __version__
from checkpoints.archive.provenance import version_of
from checkpoints.doctor.finding import Finding, ok, problem

VERSIONS, ZONES = "versions", "time zones"

OLDEST_PYTHON = (3, 11)
RANGES = {
    "great-expectations": ">=1.24.1,<1.25",
    "pydantic": ">=2.7,<3",
    "sqlalchemy": ">=2.0.30,<3",
    "duckdb": ">=2,<3",
    "google-cloud-bigquery": ">=3.25,<4",
    "sqlalchemy-bigquery": ">=1.15,<2",
}
"""The versions that are known to work; a library that is not there is not needed."""

SOME_ZONES = ("UTC", "America/New_York", "Asia/Kolkata")


def version_findings() -> Iterator[Finding]:
    """Python and the libraries, each in the range that is known to work."""
    python, oldest = platform.python_version(), ".".join(map(str, OLDEST_PYTHON))
    if sys.version_info < OLDEST_PYTHON:
        yield problem(VERSIONS, f"Python is {python}", f"install Python {oldest} or newer")
    fitting = [f"checkpoints {__version__}", f"Python {python}"]
    for name, wanted in RANGES.items():
        if (found := version_of(name)) is None:
            continue
        if found in SpecifierSet(wanted, prereleases=True):
            fitting.append(f"{name} {found}")
        else:
            what = f"{name} is {found}, and known to work is {wanted}"
            yield problem(VERSIONS, what, f'pip install "{name}{wanted}"')
    yield ok(VERSIONS, ", ".join(fitting))


def zone_findings(contract_zone: str = "") -> Iterator[Finding]:
    """Whether the machine knows time zones, and that of the contract."""
    wanted = dict.fromkeys(filter(None, (contract_zone, *SOME_ZONES)))
    if unknown := [name for name in wanted if not _is_known(name)]:
        what = f"this machine does not know the time zone {', '.join(map(repr, unknown))}"
        yield problem(ZONES, what, "pip install tzdata, or install your system's tzdata")
        return
    yield ok(ZONES, f"known here{f', with {contract_zone}' if contract_zone else ''}")


def _is_known(name: str) -> bool:
    try:
        return bool(ZoneInfo.no_cache(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
