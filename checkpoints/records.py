"""To be described."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Frozen; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(Record):
    """Calendar dates, both included."""

    first: date
    last: date


class Digest(Record):
    """A file of the archive; ``path`` is relative to the folder of the contract."""

    path: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
