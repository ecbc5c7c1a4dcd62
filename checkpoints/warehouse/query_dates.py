"""The dates in a dataset's own ``query``, by which it can prune partitions itself."""

from __future__ import annotations

import re
from datetime import date

from checkpoints.dates import DateRange

PLACES = re.compile(r"(?<!\{)\{(from|to)\}")
"""Where a query has the first and the last date; doubled braces are its own."""

NO_ROWS = DateRange(date(1970, 1, 1), date(1970, 1, 1))
"""For a query that is only described."""


def dated(query: str, dates: DateRange) -> str:
    """The query with DATE literals for its ``{from}`` and ``{to}``: both ends are included."""
    days = {"from": dates.first, "to": dates.last}
    return PLACES.sub(lambda found: f"DATE '{days[found[1]]}'", query)
