"""Which dates of a dataset are due by the contract alone: its calendar, its start, its grace.

Pure. Of a dataset without a calendar the reference says the rest.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from checkpoints.contract.model import Contract
from checkpoints.dates import DAY
from checkpoints.rules.evidence import Pair


def moment_of(contract: Contract, as_of: date, now: datetime | None) -> datetime:
    """The moment of a run, by the clock on the wall: now, or else the end of the date ``as_of``.

    So nothing is lost that was due by any moment of a past date.
    """
    local = now.astimezone(contract.zone).replace(tzinfo=None) if now else None
    return local if local and local.date() == as_of else datetime.combine(as_of, time.max)


def is_off(contract: Contract, name: str, day: date) -> bool:
    """Whether the contract itself says that nothing is due for a date."""
    if contract.starts and day < contract.starts:
        return True
    calendar = contract.calendar_of(name)
    return calendar is not None and not calendar.has(day, contract.holidays_of(name))


def off_in_words(contract: Contract, name: str, day: date) -> str:
    """Why nothing is due for a date that is off."""
    if contract.starts and day < contract.starts:
        return f"the contract starts on {contract.starts}"
    if calendar := contract.calendar_of(name):
        return f"no date of its calendar: {calendar.words(contract.holidays_of(name))}"
    return "the reference has nothing that day"


def last_due(contract: Contract, name: str, moment: datetime) -> date:
    """The latest date of a dataset that is due at a moment."""
    return contract.grace_of(name).last_due(moment, contract.holidays_of(name))


def last_overdue(contract: Contract, name: str, moment: datetime) -> date:
    """The latest date that is due and not merely late any more: all it lacks is missing."""
    tolerated = timedelta(days=contract.datasets[name].late_days)
    return last_due(contract, name, moment - tolerated)


def tolerated_until(contract: Contract, name: str, day: date, moment: datetime) -> date:
    """The last date through which what a dataset lacks is tolerated, late as it is at a moment."""
    until = moment.date()
    while day > last_overdue(contract, name, datetime.combine(until + DAY, time.max)):
        until += DAY
    return until


def is_counted_by_date(contract: Contract, pair: Pair) -> bool:
    """Whether a pair is a topmost dataset against its calendar: is a date there, or is it not?"""
    return pair.of is None and is_root(contract, pair.dataset)


def is_root(contract: Contract, name: str) -> bool:
    """Whether a dataset has nothing above it but its calendar."""
    return contract.datasets[name].upstream is None and contract.calendar_of(name) is not None


def calendars_of(contract: Contract) -> dict[str, str]:
    """By which calendar each dataset is due that has one, in words."""
    found = ((name, contract.calendar_of(name)) for name in contract.names)
    return {name: one.words(contract.holidays_of(name)) for name, one in found if one}


def topmost(contract: Contract) -> list[str]:
    """The reference, or the datasets that have nothing above them."""
    if contract.reference:
        return [contract.reference]
    return [name for name, dataset in contract.datasets.items() if dataset.upstream is None]


def is_judged(contract: Contract, name: str) -> bool:
    """Whether anything says what a dataset should hold: not so of the reference itself."""
    return name != contract.reference or contract.calendar_of(name) is not None
