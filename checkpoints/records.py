"""To be described."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Frozen; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(Record):
    """Calendar dates, both included."""

    first: date
    last: date
