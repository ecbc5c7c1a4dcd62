"""Whose public holidays explain the working days on which nothing came. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from checkpoints.contract.calendar import is_business_day
from checkpoints.dates import DateRange

COUNTRIES = (
    "US", "GB", "DE", "FR", "NL", "BE", "AT", "CH", "IT", "ES", "PT", "IE", "LU", "SE", "NO", "DK",
    "FI", "PL", "CZ", "HU", "GR", "CA", "AU", "NZ", "JP", "KR", "SG", "IN", "BR", "MX", "ZA",
)  # fmt: skip
"""Whose holidays are tried, the first of those that fit as well as each other."""


class Fit(NamedTuple):
    """The holidays of a country or a part of it: ``off`` on which nothing came, and ``worked``."""

    country: str
    subdivision: str
    off: frozenset[date]
    worked: int

    @property
    def worth(self) -> int:
        """How well it explains what is missing: a holiday with rows weighs double."""
        return len(self.off) - 2 * self.worked


def best_fit(missing: Collection[date], span: DateRange) -> Fit | None:
    """The list that explains most of the missing working days; None where none does."""
    if len(missing) < 2:
        return None
    import holidays  # takes a while

    wholes = [_fit(country, "", missing, span) for country in COUNTRIES]
    best = max(wholes, key=lambda fit: fit.worth)
    parts = [
        _fit(country, subdivision, missing, span)
        for country in {best.country, *(fit.country for fit in wholes if fit.worth > 0)}
        for subdivision in holidays.country_holidays(country).subdivisions
    ]
    best = max([best, *sorted(parts)], key=lambda fit: fit.worth)
    return best if len(best.off) >= 2 and best.worth >= 0.5 * len(best.off) else None


def _fit(country: str, subdivision: str, missing: Collection[date], span: DateRange) -> Fit:
    import holidays

    years = range(span.first.year, span.last.year + 1)
    known = holidays.country_holidays(country, subdiv=subdivision or None, years=years)
    days = [day for day in known if day in span and is_business_day(day, None)]
    off = frozenset(day for day in days if day in missing)
    return Fit(country, subdivision, off, len(days) - len(off))
