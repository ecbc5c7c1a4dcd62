"""Incidents in sentences, the same wherever one is told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from checkpoints.archive.incidents import Incident, IncidentKind
from checkpoints.contract.notifiers import Event
from checkpoints.dates import ranges_of
from checkpoints.text import dates

MOST = 3
"""Ranges or datasets that a sentence names, and one more than the checks."""


def sentence(incident: Incident, calendar: Sequence[date] = ()) -> str:
    """What is wrong, where, and what is below it; ``calendar`` as in ``ranges_of``.

    ``player_composite_factors lacks 3 dates (2025-01-08 → 2025-01-10), below it: predictions``
    """
    names = [incident.dataset, *(part.dataset for part in incident.beside)]
    below = named([part.dataset for part in incident.below])
    parts = (_wrong(incident, named(names), calendar), below and f"below it: {below}")
    return ", ".join(filter(None, parts))


def _wrong(incident: Incident, names: str, calendar: Sequence[date]) -> str:
    plural = bool(incident.beside)
    when = dates_in_words(incident.dates, calendar) if incident.dates else ""
    why = f": {incident.message}" if incident.message else ""
    match incident.kind:
        case IncidentKind.MISSING:
            return f"{names} {'lack' if plural else 'lacks'} {when or 'keys'}{why}"
        case IncidentKind.LATE:
            silent = f", nothing on {when}" if when else ""
            return f"{names} {'have' if plural else 'has'} stopped{silent}{why}"
        case IncidentKind.ORPHANS:
            on = f" on {when}" if when else ""
            return f"{names} {'hold' if plural else 'holds'} keys that the upstream lacks{on}{why}"
        case IncidentKind.ROWS:
            on = f" on {when}" if when else ""
            many = len(incident.checks) >= MOST
            checks = f"{len(incident.checks)} checks" if many else named(incident.checks)
            return f"{names} {'fail' if plural else 'fails'} {checks}{on}{why}"
        case IncidentKind.UNREADABLE:
            return f"{names} cannot be judged{why}"


def dates_in_words(days: Sequence[date], calendar: Sequence[date]) -> str:
    """``3 dates (2025-01-08 → 2025-01-10)``; of many ranges only the ends."""
    spans = ranges_of(days, calendar)
    if len(spans) > MOST:
        return f"{dates(len(days))} from {days[0]} to {days[-1]}"
    return f"{dates(len(days))} ({', '.join(map(str, spans))})"


def named(names: Sequence[str]) -> str:
    """``a, b, c and 2 more``."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def standing(incident: Incident, event: Event | None = None) -> str:
    """Who knows: what was told of it just now, or when it was told last; whether it is quiet."""
    if event is Event.RECOVERED:
        return "recovered"
    at = f"{incident.told_at:%Y-%m-%d}" if incident.told_at else ""
    words = [f"told ({event})" if event else f"told on {at}" if at else "not told yet"]
    if known := incident.acknowledged:
        words.append(f"quiet until {known.until} (acknowledged by {known.by})")
    return ", ".join(words)
