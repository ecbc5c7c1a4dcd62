"""What becomes of incidents from run to run, and what people must hear of it. Pure.

An incident is told when it opens, when dates are added to those that were told of, when what lost
the dates turns out to stand higher, every ``remind_after`` while it is open, and when it has
recovered. It is not told that it shrinks; nor, once it is acknowledged, anything until that date,
but for growing and recovering. What has stopped grows by the calendar, of which nobody is told.
What could not be told is told by the next run; that it has recovered only where it was told before.

What is found belongs to an open incident of the same kind when a dataset fails on the same date in
both (the root may have moved), and with it the dates beside those; or when the same root has lost
dates beside those of the incident. The rest of what is found of a kind at a root is one new
incident. Dates that a run did not judge stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, count

from checkpoints.archive.incidents import (
    Below,
    Incident,
    IncidentKind,
    IncidentState,
    by_dataset,
)
from checkpoints.archive.report import Report
from checkpoints.archive.runs import contract_name
from checkpoints.contract.notifiers import Event
from checkpoints.coverage.results import CheckRecord
from checkpoints.dates import DateRange, ranges_of
from checkpoints.explain.roots import Found, family_of
from checkpoints.records import Record
from checkpoints.rules.evidence import Status
from checkpoints.rules.rule import Outcome

REMIND_AFTER = timedelta(days=7)


class Notice(Record):
    """Something to tell, once; ``added`` are dates that people had not been told of."""

    event: Event
    incident: Incident
    added: tuple[date, ...] = ()


def lived(
    known: Sequence[Incident],
    found: Sequence[Found],
    report: Report,
    now: datetime,
    remind_after: timedelta = REMIND_AFTER,
) -> tuple[tuple[Incident, ...], tuple[Notice, ...]]:
    """All incidents after a run, and what is to be told of them.

    ``known`` are those of all contracts, of which only those of the report's change. ``now`` is
    aware, in the time zone in which acknowledgements end.
    """
    name = contract_name(report)
    own = [one for one in known if one.is_open and one.contract == name]
    shares, rest = _shared_out(own, found, report.calendar())
    every: list[Incident] = []
    notices: list[Notice] = []
    for one in known:
        after, event = one, None
        if one in own:
            after = _after(one, shares[one.id], report, now)
            event = _event(one, after, now, remind_after)
        elif one.contract == name and _is_news(one):
            event = Event.RECOVERED
        every.append(_told(after, now) if event else after)
        if event:
            added = tuple(day for day in after.dates if day not in one.told_dates)
            notices.append(Notice(event=event, incident=every[-1], added=added))
    for part in rest:
        every.append(_told(_opened(part, {one.id for one in every}, report, now), now))
        notices.append(Notice(event=Event.OPENED, incident=every[-1]))
    return tuple(every), tuple(notices)


def _shared_out(
    own: Sequence[Incident], found: Iterable[Found], calendar: Sequence[date]
) -> tuple[dict[str, list[Found]], list[Found]]:
    """What was found: that of each open incident by its id, and the rest."""
    shares: dict[str, list[Found]] = {one.id: [] for one in own}
    rest: list[Found] = []
    for one in found:
        days = _days(one)
        held = _holders(own, one, days, calendar)
        for holder in dict.fromkeys(map(held.get, days)) if days else [held.get(None)]:
            part = _restricted(one, {day for day in days if held.get(day) == holder})
            (shares[holder] if holder else rest).append(part)
    return shares, rest


def _holders(
    own: Iterable[Incident], found: Found, days: Sequence[date], calendar: Sequence[date]
) -> dict[date | None, str]:
    """By date, the id of the open incident that what was found on it belongs to."""
    same = [one for one in own if one.kind in family_of(found.kind)]
    roots, spots = {part.dataset for part in found.roots}, set(_spots(found.roots, found.below))
    held: dict[date | None, str] = {}
    for one in same:
        mine = {(one.dataset, day) for day in one.dates}
        shared = {day for _, day in spots & (mine | set(_spots(one.beside, one.below)))}
        if not (days and one.dates) and one.dataset in {name for name, _ in spots}:
            shared = {*days} or {None}
        held = {**dict.fromkeys(shared, one.id), **held}
    for one in same:
        is_same = one.dataset in roots or one.id in held.values()
        ranges = ranges_of({*days, *one.dates}, calendar) if is_same else []
        beside = [span for span in ranges if any(day in span for day in one.dates)]
        near = (day for day in days if any(day in span for span in beside))
        held = {**dict.fromkeys(near, one.id), **held}
    return held


def _days(found: Found) -> list[date]:
    return sorted({day for part in found.roots for day in part.dates})


def _spots(*several: Iterable[Below]) -> Iterator[tuple[str, date | None]]:
    for parts in several:
        for part in parts:
            yield from ((part.dataset, day) for day in part.dates or (None,))


def _restricted(found: Found, days: Collection[date]) -> Found:
    if not days:
        return found
    parts = {"roots": _within(found.roots, days), "below": _within(found.below, days)}
    return found.model_copy(update=parts)


def _within(parts: Iterable[Below], days: Collection[date]) -> tuple[Below, ...]:
    """Parts on some dates only."""
    kept = ((part.dataset, tuple(d for d in part.dates if d in days)) for part in parts)
    return tuple(Below(dataset=name, dates=dates) for name, dates in kept if dates)


def _united(parts: Iterable[Below]) -> tuple[Below, ...]:
    """One part for each dataset."""
    return tuple(by_dataset(_spots(parts)))


def _opened(found: Found, taken: Collection[str], report: Report, now: datetime) -> Incident:
    root, *beside = found.roots
    days = _days(found)
    name = f"{root.dataset}-{found.kind}-{days[0] if days else report.as_of}"
    numbered = chain([name], (f"{name}-{n}" for n in count(2)))
    return Incident(
        id=next(one for one in numbered if one not in taken),
        contract=contract_name(report),
        dataset=root.dataset,
        kind=found.kind,
        dates=tuple(days),
        checks=found.checks,
        beside=tuple(beside),
        below=found.below,
        severity=found.severity,
        state=IncidentState.OPENED,
        opened_at=now,
        changed_at=now,
        run_id=report.run_id,
        message=found.message,
    )


def _after(one: Incident, shares: Sequence[Found], report: Report, now: datetime) -> Incident:
    """An open incident after a run that found ``shares`` of it."""
    sound = _sound_days(one, report)
    kept = set(one.dates) - sound
    if not shares:
        if not sound:
            return one
        if not kept:
            ended = {"state": IncidentState.RECOVERED, "recovered_at": now, "changed_at": now}
            return one.model_copy(update={**ended, "run_id": report.run_id})
    stays = {
        "dates": tuple(sorted(kept)),
        "beside": _within(one.beside, kept),
        "below": _within(one.below, kept),
    }
    after = _with_found(one, kept, shares) if shares else one.model_copy(update=stays)
    return after.model_copy(update=_changes(one, after, report, now))


def _with_found(one: Incident, kept: Collection[date], shares: Sequence[Found]) -> Incident:
    """What was found, and the dates that the run could not tell of."""
    main = max(shares, key=lambda share: (one.dataset in _names(share.roots), len(_days(share))))
    others = [part for share in shares if share is not main for part in share.roots + share.below]
    root = one.dataset if one.dataset in _names(main.roots) else main.roots[0].dataset
    beside = (part for part in main.roots if part.dataset != root)
    moved = root != one.dataset
    return one.model_copy(
        update={
            "dataset": root,
            "kind": main.kind,
            "dates": tuple(sorted({*_days(main), *kept})),
            "beside": _united([*beside, *(() if moved else _within(one.beside, kept))]),
            "below": _united([*main.below, *others, *(() if moved else _within(one.below, kept))]),
            "checks": main.checks,
            "severity": main.severity,
            "message": main.message,
        }
    )


def _changes(one: Incident, after: Incident, report: Report, now: datetime) -> dict[str, object]:
    added, left = set(after.dates) - set(one.dates), set(one.dates) - set(after.dates)
    state = IncidentState.GROWING if added else IncidentState.SHRINKING if left else one.state
    return {
        "run_id": report.run_id,
        "state": state,
        "changed_at": now if added or left else one.changed_at,
    }


def _names(parts: Iterable[Below]) -> list[str]:
    return [part.dataset for part in parts]


def _sound_days(one: Incident, report: Report) -> set[date | None]:
    """The dates that a run has judged by a check that had failed, and on which none fails now.

    None where no date was to blame. What has stopped is sound when it goes on, whatever dates it
    lacks; and what the contract has no more.
    """
    days: set[date | None] = {*one.dates} or {None}
    if one.dataset not in {*_names_in(report), *report.unreadable}:
        return days
    judged: set[date | None] = set()
    fails: set[date | None] = set()
    for check in _checks_of(one, report):
        seen = _seen(one, days, report.window_of(check))
        named = seen & {*check.unexpected_dates} if one.dates and check.unexpected_dates else seen
        match check.outcome:
            case Outcome.ERRORED:
                fails |= seen
            case Outcome.FAILED:
                judged |= seen
                fails |= named if one.kind is not IncidentKind.UNREADABLE else set()
            case Outcome.PASSED:
                judged |= seen
    return judged - fails - _not_due_yet(one, report)


def _checks_of(one: Incident, report: Report) -> list[CheckRecord]:
    """Those that had failed; where a threshold allows the root its loss, those of what is below."""
    if one.checks:
        own = (check for check in report.checks if check.dataset == one.dataset)
        return [check for check in own if check.name in one.checks]
    below = _names(one.below)
    return [c for c in report.checks if c.dataset in below and c.rule.tells_missing]


def _seen(one: Incident, days: Collection[date | None], window: DateRange) -> set[date | None]:
    """The dates that a check of a window tells something of."""
    if one.kind is IncidentKind.LATE and one.dates:
        return set(days) if window.last >= one.dates[-1] else set()
    return {day for day in days if day is None or day in window}


def _names_in(report: Report) -> list[str]:
    return [record.name for record in report.datasets]


def _not_due_yet(one: Incident, report: Report) -> set[date]:
    if one.kind is IncidentKind.LATE:
        return set()
    cells = report.days_of(one.dataset)
    waiting = (Status.NOT_YET_DUE, Status.LATE)
    return {cell.date for cell in cells if cell.status in waiting}


def _event(
    before: Incident, after: Incident, now: datetime, remind_after: timedelta
) -> Event | None:
    """What is to be told of an incident that is known."""
    if not after.is_open:
        return Event.RECOVERED if after.told_at else None
    known = after.acknowledged and now.date() <= after.acknowledged.until
    if after.told_at is None:
        grown = set(after.dates) - set(before.dates)
        return Event.OPENED if grown or not known else None
    added = set(after.dates) - set(before.told_dates)
    moved_up = after.dataset != before.dataset and before.dataset in _names(after.below)
    if moved_up or (added and after.kind is not IncidentKind.LATE):
        return Event.GROWN
    # A run may come a little earlier in the day than the one before.
    due = now - after.told_at >= remind_after * (23 / 24)
    return Event.REMINDER if due and not known else None


def _is_news(one: Incident) -> bool:
    """People who were told of an incident could not be told yet that it has recovered."""
    return bool(one.told_at and one.recovered_at and one.told_at < one.recovered_at)


def _told(one: Incident, now: datetime) -> Incident:
    told = tuple(sorted({*one.told_dates, *one.dates}))
    return one.model_copy(update={"told_at": now, "told_dates": told})


def not_told(notice: Notice, known: Iterable[Incident]) -> Incident:
    """The incident of a notice that nobody took; ``known`` are those before the run."""
    before = next((one for one in known if one.id == notice.incident.id), None)
    again = () if before is None or notice.event is Event.GROWN else before.told_dates
    return notice.incident.model_copy(
        update={"told_at": before.told_at if before else None, "told_dates": again}
    )
