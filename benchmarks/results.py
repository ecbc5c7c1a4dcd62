"""What was measured, as records: written to JSON, and made into tables."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

Measured = Annotated[float, AfterValidator(lambda value: round(value, 4))]
"""Seconds (or what a row says); more digits than these do not repeat."""


class Row(BaseModel):
    """Frozen, and every unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceRow(Row):
    """One contestant on one world. Seconds are medians; ``here`` is what judging took after
    reading. ``reads`` are scans of all tables, ``most_reads`` of the table read most often.
    """

    world: str
    contestant: str
    seconds: Measured
    best: Measured
    here: Measured
    peak_bytes: int
    tables: int
    reads: int | None
    most_reads: int | None
    rules: int
    rules_right: int | None
    dates_right: int | None


class CommandRow(Row):
    """One tool's whole command on one world; ``reads`` is None where they cannot be counted."""

    world: str
    tool: str
    seconds: Measured
    best: Measured
    peak_bytes: int
    exit_code: int
    tables: int
    reads: int | None
    rules: int
    rules_right: int | None
    dates_right: int | None


class StartRow(Row):
    """How long a command takes, bytecode being there."""

    command: str
    seconds: Measured
    best: Measured
    target: float | None


class LibraryRow(Row):
    """``checkpoints run`` of so many rules against the bare import of the library."""

    rules: int
    seconds: Measured
    import_seconds: Measured
    target: float


class MemoryRow(Row):
    """Peak resident bytes of ``checkpoints check``."""

    world: str
    seconds: Measured
    peak_bytes: int
    exit_code: int


class BackfillRow(Row):
    """One figure of the backfill, in its unit."""

    what: str
    value: Measured
    unit: str
    target: float


class CurvePoint(Row):
    """Seconds in the warehouse, and here, at so many rows a table and so many dates."""

    curve: Literal["rows", "dates"]
    rows: int
    dates: int
    warehouse: Measured
    here: Measured
    floor: Measured | None = None


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
    seconds: Measured
    schedule: str
    machine: Machine
    versions: dict[str, str]
    evidence: tuple[EvidenceRow, ...] = ()
    commands: tuple[CommandRow, ...] = ()
    start: tuple[StartRow, ...] = ()
    library: tuple[LibraryRow, ...] = ()
    memory: tuple[MemoryRow, ...] = ()
    backfill: tuple[BackfillRow, ...] = ()
    curve: tuple[CurvePoint, ...] = ()


SECTION_OF = {
    EvidenceRow: "evidence",
    CommandRow: "commands",
    StartRow: "start",
    LibraryRow: "library",
    MemoryRow: "memory",
    BackfillRow: "backfill",
    CurvePoint: "curve",
}
"""The section that each kind of row belongs to."""
