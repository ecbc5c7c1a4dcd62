"""Why a dataset lacks a date: evidence in, cause out. Pure.

How sure a cause is goes by rule:

- *certain*: the tables, the contract or the ledger show it themselves;
- *likely*: it fits all that they show, but what they cannot show may have been so as well. That
  a service was never called is at most likely: the ledger holds the calls of ``remediation``
  alone, and not what an orchestrator calls;
- *unknown*: it is the best guess, as part of the evidence is missing or speaks against it: a date
  that is partly there though nothing was called, a dataset without a service, a ledger that
  cannot be read, keys that match nothing and follow no pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from checkpoints.archive.calls import Asked
from checkpoints.archive.remediation import State
from checkpoints.explain.keys import Mismatch, Pattern
from checkpoints.records import Record
from checkpoints.rules.evidence import Cell, Status
from checkpoints.rules.fresh import Writing, moment
from checkpoints.text import counted


class Cause(StrEnum):
    """Why a date is not there, as it should be."""

    UNREADABLE = "unreadable"
    KEYS_DO_NOT_MATCH = "keys do not match"
    GONE_AGAIN = "landed and gone again"
    NOT_LANDED = "called and not landed"
    STALE = "written before its upstream"
    NEVER_CALLED = "never called"
    SOURCE_HAS_NOTHING = "source has nothing"
    RETIRED = "upstream retired"
    KNOWN_GAP = "known gap"
    WARM_UP = "warm-up"
    NOT_DUE = "not due"
    LATE = "late"
    NOTHING_SCHEDULED = "nothing scheduled"
    THERE = "nothing is missing"

    @property
    def is_trouble(self) -> bool:
        """Whether something is to be done about it."""
        return self not in BY_DESIGN


BY_DESIGN = (
    Cause.RETIRED,
    Cause.KNOWN_GAP,
    Cause.WARM_UP,
    Cause.NOT_DUE,
    Cause.LATE,
    Cause.NOTHING_SCHEDULED,
    Cause.THERE,
)


class Confidence(StrEnum):
    """How sure a cause is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    UNKNOWN = "unknown"


class Reason(Record):
    """Why a date is lacking: the dataset at which it stops, the cause, and what shows it.

    ``example`` is of that date alone.
    """

    dataset: str
    cause: Cause
    confidence: Confidence
    why: str
    example: str = ""


NOT_EXPECTED = {
    Status.OFF: (Cause.NOTHING_SCHEDULED, "{off}"),
    Status.WARM_UP: (Cause.WARM_UP, "the first {warmup} days of a season are skipped by design"),
    Status.NOT_YET_DUE: (Cause.NOT_DUE, "it is due {grace} after its date"),
    Status.LATE: (Cause.LATE, "what it lacks is tolerated until {late}"),
    Status.KNOWN_GAP: (Cause.KNOWN_GAP, "{gap}"),
    Status.RETIRED: (Cause.RETIRED, "{retired}"),
}
"""What the status of a date that is not due means, and in which words."""

IN_FLIGHT = (State.SENDING, State.ACCEPTED, State.UNKNOWN, State.VERIFYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """All that is known of a due date of a dataset that lacks keys of its upstream.

    ``is_source``: nothing, or but the reference, is above it. ``service`` rebuilds it, if any does.
    ``asked`` is what the ledger has of it, if it could be read (``ledger``). ``mismatch`` is how
    its keys differ, where the keys were read (``keys_read``). ``stale``: it was written before
    its upstream. ``seen`` is an earlier run in which more
    of it was there.
    """

    dataset: str
    cell: Cell
    above: str = ""
    is_source: bool = False
    service: str = ""
    asked: Asked | None = None
    ledger: bool = True
    mismatch: Mismatch | None = None
    keys_read: bool = True
    stale: Writing | None = None
    seen: str = ""


def reasons_of(spot: Spot) -> Iterator[Reason]:
    """Why: usually one reason; where only some keys do not match, a second for the others."""
    cell = spot.cell
    if mismatch := _mismatch(spot) if cell.missing else None:
        yield mismatch
        if cell.missing <= cell.orphans + cell.null_keys or not _leaves_some(spot):
            return
    yield _of_calls(spot) or _by_absence(spot)


def _leaves_some(spot: Spot) -> bool:
    """Whether each of what does not match stands for one key: not where all of it is blank."""
    if spot.cell.null_keys:
        return spot.cell.present > 0
    return spot.mismatch is not None and spot.mismatch.pattern is not Pattern.BLANK


def _mismatch(spot: Spot) -> Reason | None:
    """Rows are there, under keys that the upstream does not have."""
    cell, found = spot.cell, spot.mismatch
    if cell.null_keys:
        sure = Confidence.LIKELY if cell.present else Confidence.CERTAIN
        why = f"{Pattern.BLANK}: rows are there that have no key"
        rows = f"{counted(cell.null_keys, 'row')} without a key"
        return _reason(spot, Cause.KEYS_DO_NOT_MATCH, sure, why, rows)
    if not cell.orphans:
        return None
    if found and found.pairs:
        sure = Confidence.CERTAIN if spot.keys_read else Confidence.LIKELY
        why = f"{found.pattern}: keys are written in another way than those of {spot.above}"
        example = found.example if spot.keys_read else ""
        return _reason(spot, Cause.KEYS_DO_NOT_MATCH, sure, why, example)
    if cell.matched or cell.orphans * 2 < cell.missing:
        return None
    why = f"it holds {'only ' if spot.keys_read else ''}keys that {spot.above} does not have"
    read = "in no pattern that is known" if spot.keys_read else "which were not read for this date"
    return _reason(spot, Cause.KEYS_DO_NOT_MATCH, Confidence.UNKNOWN, f"{why}, {read}")


def _of_calls(spot: Spot) -> Reason | None:
    """What is known to have happened to the date."""
    asked, cell = spot.asked, spot.cell
    last = asked.last_at if asked else None
    if stale := _stale(spot, last):
        return stale
    if asked and asked.landed_at and not (last and last > asked.landed_at):
        sure = Confidence.LIKELY if cell.present else Confidence.CERTAIN
        when = f"landed {_moment(asked.landed_at)}"
        return _reason(spot, Cause.GONE_AGAIN, sure, "the ledger says that it had landed", when)
    if asked and asked.tried:
        return _not_landed(spot, asked)
    if spot.seen:
        why = "an earlier run saw it there"
        return _reason(spot, Cause.GONE_AGAIN, Confidence.CERTAIN, why, f"seen by run {spot.seen}")
    return None


def _stale(spot: Spot, last: datetime | None) -> Reason | None:
    """There, but of before its upstream, and not called since."""
    found = spot.stale
    if not found or not spot.cell.present:
        return None
    if found.written is None or found.above is None:
        why = "none of its rows says when it was written"
        return _reason(spot, Cause.STALE, Confidence.UNKNOWN, why)
    if last and last.timestamp() * 1_000_000 > found.above:
        return None
    sure = Confidence.LIKELY if spot.cell.missing else Confidence.CERTAIN
    when = f"written {moment(found.written)}, its upstream {moment(found.above)} (UTC)"
    return _reason(spot, Cause.STALE, sure, "its upstream was written after it", when)


def _not_landed(spot: Spot, asked: Asked) -> Reason:
    """Called, and the table does not show it."""
    said = asked.answer or asked.detail or "no answer was heard"
    if not asked.sent:
        why = f"{asked.service} could not be reached: {said}"
    elif asked.state in IN_FLIGHT:
        why = f"{asked.service} may still be working on it: {said}"
    else:
        why = f"{asked.service} was called and the table does not show it: {said}"
    sure = Confidence.LIKELY if asked.state in IN_FLIGHT else Confidence.CERTAIN
    when = f", last {_moment(asked.last_at)}" if asked.last_at else ""
    times = f"tried {counted(asked.tried, 'time')}{when}"
    return _reason(spot, Cause.NOT_LANDED, sure, why, times)


def _by_absence(spot: Spot) -> Reason:
    """Nothing is known to have happened: its source has nothing, or nobody called."""
    cell, part = spot.cell, ""
    if cell.present:
        part = f"lacks {cell.missing} of {counted(cell.expected, 'key')}"
    if spot.is_source and not spot.service:
        why = "the topmost source holds " + ("only some of it" if part else "nothing of it")
        return _reason(spot, Cause.SOURCE_HAS_NOTHING, Confidence.CERTAIN, why, part)
    sure = Confidence.UNKNOWN if part else Confidence.LIKELY
    why = f"{spot.service!r} was never called: the ledger has nothing"
    if not spot.service:
        why, sure = "the contract names no service that would be called", Confidence.UNKNOWN
    elif not spot.ledger:
        why, sure = "the ledger of calls cannot be read", Confidence.UNKNOWN
    elif spot.asked:
        held = f" ({spot.asked.detail})" if spot.asked.detail else ""
        why = f"the call of {spot.service!r} is planned and was not sent{held}"
        sure = sure if part else Confidence.CERTAIN
    why = f"its {'upstream is there' if spot.above else 'calendar has the date'}, and {why}"
    return _reason(spot, Cause.NEVER_CALLED, sure, why, part)


def _reason(spot: Spot, cause: Cause, sure: Confidence, why: str, example: str = "") -> Reason:
    return Reason(dataset=spot.dataset, cause=cause, confidence=sure, why=why, example=example)


def _moment(at: datetime) -> str:
    """``2025-01-21 12:03 UTC``."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
