"""Which declared gaps count for a run. Pure."""

from __future__ import annotations

from datetime import date

from checkpoints.contract.model import Contract, GapRecord
from checkpoints.records import Span


def gaps_in_force(contract: Contract, window: Span, as_of: date) -> tuple[GapRecord, ...]:
    """Declared gaps that touch the window and are accepted on the as-of date."""
    return tuple(
        GapRecord.model_validate(gap.model_dump())
        for gap in contract.known_gaps
        if gap.first <= window.last and window.first <= gap.last and as_of <= gap.until
    )
