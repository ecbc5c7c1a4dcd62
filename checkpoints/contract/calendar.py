"""On which dates data is promised, and how long it may take: calendars, holidays, grace. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Container
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, model_validator

from checkpoints.dates import DAY
from checkpoints.records import Name, Record
from checkpoints.text import counted, did_you_mean

Kind = Literal["daily", "business_days", "weekly", "monthly"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SATURDAY = WEEKDAYS.index("saturday")
LAST = 31
"""A day that a month lacks is its last."""

BUSINESS_DAYS = "business days"
MOST_DAYS = 60
"""As much grace as a date may have."""


def _a_day_of_a_month(value: object) -> object:
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if value != "last" and (not isinstance(number, int) or not 1 <= number <= LAST):
        raise ValueError("is neither a day of a month, 1 to 31, nor last")
    return number


DayOfMonth = Annotated[Literal["last"] | int, BeforeValidator(_a_day_of_a_month)]


class Holidays(Record):
    """The public holidays of a ``country``, or of a ``subdivision`` of it: codes of ISO 3166."""

    country: Name
    subdivision: Name | None = None

    @model_validator(mode="after")
    def _are_known(self) -> Holidays:
        from holidays import list_supported_countries  # 60 ms, which other contracts spare

        known = list_supported_countries()
        if self.country not in known:
            hint = did_you_mean(self.country.upper(), known) or "give its code, such as DE"
            raise ValueError(f"country {self.country!r} is not known: {hint}")
        parts = known[self.country]
        if self.subdivision and self.subdivision not in parts:
            hint = did_you_mean(self.subdivision.upper(), parts)
            hint = hint or (f"it has {', '.join(parts)}" if parts else "remove it, it has none")
            raise ValueError(
                f"subdivision {self.subdivision!r} of {self.country} is not known: {hint}"
            )
        return self

    def __contains__(self, day: date) -> bool:
        return day in _holidays_of(self.country, self.subdivision)

    def __str__(self) -> str:
        """``DE-BE``."""
        return "-".join(filter(None, (self.country, self.subdivision)))


@cache
def _holidays_of(country: str, subdivision: str | None) -> Container[date]:
    from holidays import country_holidays

    found: Container[date] = country_holidays(country, subdiv=subdivision)
    return found


def is_business_day(day: date, holidays: Holidays | None) -> bool:
    """Neither Saturday nor Sunday nor a holiday."""
    return day.weekday() < SATURDAY and not (holidays and day in holidays)


class Calendar(Record):
    """The dates on which something is due; in the contract its kind alone, or a mapping.

    ``weekday`` is of a weekly one, ``day`` of a monthly one.
    """

    kind: Kind
    weekday: Weekday = "monday"
    day: DayOfMonth = 1

    @model_validator(mode="before")
    @classmethod
    def _a_word_is_its_kind(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _of_its_kind(self) -> Calendar:
        for key, kind in (("weekday", "weekly"), ("day", "monthly")):
            if key in self.model_fields_set and self.kind != kind:
                raise ValueError(f"{key} is of a {kind} calendar: remove it from a {self.kind} one")
        return self

    def has(self, day: date, holidays: Holidays | None) -> bool:
        """Whether something is due for a date; ``holidays`` are no business days."""
        match self.kind:
            case "daily":
                return True
            case "business_days":
                return is_business_day(day, holidays)
            case "weekly":
                return WEEKDAYS[day.weekday()] == self.weekday
            case "monthly":
                wanted = LAST if self.day == "last" else self.day
                return day.day == min(wanted, monthrange(day.year, day.month)[1])

    def words(self, holidays: Holidays | None) -> str:
        """``daily``, ``business days of DE-BE``, ``weekly on friday``, ``monthly on day 15``."""
        match self.kind:
            case "business_days":
                return f"{BUSINESS_DAYS} of {holidays}" if holidays else BUSINESS_DAYS
            case "weekly":
                return f"weekly on {self.weekday}"
            case "monthly":
                return f"monthly on {'the last day' if self.day == 'last' else f'day {self.day}'}"
        return self.kind


class Grace(NamedTuple):
    """How long after the start of its date data may take: ``hours``, ``days``, business days."""

    amount: int
    unit: str

    def last_due(self, moment: datetime, holidays: Holidays | None) -> date:
        """The latest date that is due at a moment, by the clock on the wall: 24 h are a day."""
        if self.unit == "hours":
            return (moment - timedelta(hours=self.amount)).date()
        if self.unit == "days":
            return moment.date() - timedelta(days=self.amount)
        day, left = moment.date(), self.amount
        while left:
            left -= is_business_day(day, holidays)
            day -= DAY
        return day

    def __str__(self) -> str:
        """``2 business days``, ``36 hours``, ``1 day``."""
        return counted(self.amount, self.unit.removesuffix("s"))


GRACE = re.compile(r"(\d{1,4}) ?(?:(h|hours?)|(d|days?)|(business days?))")


def grace_of(text: str) -> Grace:
    """``2 business days``, ``36h``, ``3 days``.

    Raises:
        ValueError: the text is no grace, or one of more than 60 days.
    """
    found = GRACE.fullmatch(text.strip())
    if not found:
        raise ValueError("is no grace such as '2 business days', '36h' or '3 days'")
    units = zip(("hours", "days", BUSINESS_DAYS), found.groups()[1:], strict=True)
    grace = Grace(int(found[1]), next(unit for unit, said in units if said))
    if grace.amount > MOST_DAYS * (24 if grace.unit == "hours" else 1):
        raise ValueError(f"is more than {MOST_DAYS} days")
    return grace


def _is_a_grace(value: object) -> str:
    grace_of(text := str(value))
    return text


GraceText = Annotated[str, BeforeValidator(_is_a_grace)]
