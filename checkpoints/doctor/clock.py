"""Clocks: due dates and the moments in which rows were written go by them. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from checkpoints.doctor.finding import Finding, ok, problem
from checkpoints.text import duration

TOLERATED = timedelta(minutes=5)


def clock_finding(area: str, there: datetime, before: datetime, after: datetime) -> Finding:
    """The warehouse's time against this machine's ``before`` and ``after`` it was asked.

    All are aware.
    """
    late, early = before - there, there - after
    apart = max(late, early, timedelta())
    here = f"this machine's clock says {after:%Y-%m-%d %H:%M:%S} UTC"
    if apart <= TOLERATED:
        return ok(area, f"{here}, the warehouse's the same within {duration(_up(apart))}")
    side = "ahead of" if late > early else "behind"
    return problem(
        area,
        f"{here}, which is {duration(apart.total_seconds())} {side} the warehouse's",
        "set it, e.g. timedatectl set-ntp true: due dates, and what a backfill wrote, go by it",
    )


def _up(apart: timedelta) -> int:
    return int(apart.total_seconds()) + 1
