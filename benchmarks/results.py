"""What was measured, as records, and the files they are kept in."""

from __future__ import annotations

import os
import platform
from collections.abc import Collection, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

OURS = "presence query"
COUNTS = "counts per pair"
SETS = "key sets per rule"
SETS_PER_PAIR = "key sets per pair"
DAILY = "daily count distinct per table"
BARE = "bare scan"
CONTESTANTS = (OURS, COUNTS, SETS, SETS_PER_PAIR, DAILY, BARE)
"""Who reads the evidence."""

Seconds = Annotated[float, AfterValidator(lambda value: round(value, 4))]
"""More digits than these do not repeat."""


class Row(BaseModel):
    """Frozen, and every unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Compared(Row):
    """One contestant or tool on one world: median and best seconds, and what it found right.

    ``rules_right`` is None where it judges nothing.
    """

    world: str
    name: str
    seconds: Seconds
    best: Seconds
    peak_bytes: int
    tables: int
    rules: int
    rules_right: int | None


class EvidenceRow(Compared):
    """``reads`` are scans of all tables, ``most_reads`` of the table that is read most often."""

    reads: int
    most_reads: int


class CommandRow(Compared):
    """A whole command, from the shell to the exit code."""


class Figure(Row):
    """One figure in its unit, and what it should be at most."""

    what: str
    value: Seconds
    unit: str
    target: float | None


class StartRow(Figure):
    """How long a short command takes, bytecode being there."""


class BackfillRow(Figure):
    """What a part of a backfill takes."""


class CurvePoint(Row):
    """Seconds of the presence query in the warehouse and here; ``floor``: of a count per date."""

    curve: Literal["rows", "dates"]
    rows: int
    dates: int
    warehouse: Seconds
    here: Seconds
    floor: Seconds


class Machine(Row):
    """Where it was measured, without names."""

    processor: str
    cores: int
    memory_gb: int
    system: str
    python: str
    duckdb: str


class Results(Row):
    """One run of the benchmark."""

    command: str
    date: str
    size: str
    seconds: Seconds
    schedule: str
    machine: Machine
    versions: dict[str, str]
    evidence: tuple[EvidenceRow, ...] = ()
    commands: tuple[CommandRow, ...] = ()
    start: tuple[StartRow, ...] = ()
    backfill: tuple[BackfillRow, ...] = ()
    curve: tuple[CurvePoint, ...] = ()


SECTIONS = {
    "evidence": EvidenceRow,
    "commands": CommandRow,
    "start": StartRow,
    "backfill": BackfillRow,
    "curve": CurvePoint,
}


def this_machine() -> Machine:
    """The machine that measures."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return Machine(
        processor=names[0] if names else platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        duckdb=version("duckdb"),
    )


def collected(
    rows: Iterable[Row], sections: Collection[str], before: Results | None, **about: Any
) -> Results:
    """The rows by section, and what they were measured with; other sections as they were before."""
    rows = list(rows)
    found = {name: [r for r in rows if isinstance(r, SECTIONS[name])] for name in sections}
    known = before.model_dump() if before and len(sections) < len(SECTIONS) else {}
    seconds = about.pop("seconds") + known.get("seconds", 0)
    return Results.model_validate({**known, **about, "seconds": round(seconds), **found})


def read_results(folder: Path) -> Results | None:
    """The results of a folder, if it has any."""
    path = folder / "results.json"
    return Results.model_validate_json(path.read_bytes()) if path.is_file() else None
