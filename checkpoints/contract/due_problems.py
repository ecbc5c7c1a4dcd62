"""Does a contract say soundly when what is due? Every problem at once.

Apart from the other cross references, as it asks calendars and no names.
"""

from __future__ import annotations

from collections.abc import Iterator

from checkpoints.contract.calendar import BUSINESS_DAYS
from checkpoints.contract.model import Contract


def due_problems(contract: Contract) -> Iterator[str]:
    """Who says what is due, seasons that are needed, grace that is given twice, idle holidays."""
    if contract.reference is None and contract.calendar is None:
        yield (
            "reference: is missing: name the dataset that says on which dates anything is due, "
            "or give a calendar in its place (calendar: daily)"
        )
    if contract.reference is not None and contract.calendar is not None:
        yield (
            "calendar: either the reference or a calendar says when anything is due: remove one, "
            "or give the calendar to the datasets that need one of their own"
        )
    if contract.grace is not None and "grace_days" in contract.model_fields_set:
        yield "grace: grace_days says the same: remove one of the two"
    yield from _season_problems(contract)
    yield from _late_problems(contract)
    yield from _holiday_problems(contract)


def _season_problems(contract: Contract) -> Iterator[str]:
    if contract.seasons:
        return
    for name, dataset in contract.datasets.items():
        if dataset.warmup_days:
            yield (
                f"datasets.{name}.warmup_days: are the first days of a season, and the contract "
                "has none: give it seasons, or remove warmup_days (starts is the first date due)"
            )
    for name, checkpoint in contract.checkpoints.items():
        for n, entry in enumerate(checkpoint.windows or ()):
            if entry.window == "season":
                yield (
                    f"checkpoints.{name}.windows[{n}].window: the contract has no seasons: give it "
                    "some, or a number of days, such as 30d"
                )


def _late_problems(contract: Contract) -> Iterator[str]:
    name = contract.reference
    dataset = contract.datasets.get(name) if name else None
    if dataset and dataset.late_days and not dataset.calendar:
        yield (
            f"datasets.{name}.late_days: {name!r} is the reference, and what it lacks is not due: "
            "remove late_days, or give it a calendar"
        )


def _holiday_problems(contract: Contract) -> Iterator[str]:
    """Holidays that are given and change nothing would be a surprise."""
    used = {name for name in contract.datasets if _counts_business_days(contract, name)}
    advice = "only business days know holidays: remove them, or give calendar or grace in these"
    if contract.holidays and all(contract.datasets[name].holidays for name in used):
        yield f"holidays: {advice}"
    for name, dataset in contract.datasets.items():
        if dataset.holidays and name not in used:
            yield f"datasets.{name}.holidays: {advice}"


def _counts_business_days(contract: Contract, name: str) -> bool:
    calendar = contract.calendar_of(name)
    by_calendar = calendar is not None and calendar.kind == "business_days"
    return by_calendar or contract.grace_of(name).unit == BUSINESS_DAYS
