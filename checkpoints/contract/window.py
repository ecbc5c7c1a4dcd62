"""Dates, ranges and the window a command looks at. Pure: today is always an argument."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from checkpoints.dates import EARLIEST, LATEST, DateRange
from checkpoints.errors import ContractError
from checkpoints.text import counted

if TYPE_CHECKING:
    from checkpoints.contract.model import CheckpointWindow, Contract


MOST_DAYS = 20 * 366
"""As long as a window may be: each of its dates takes memory for each pair of datasets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The dates one command looks at, and what the user called them.

    ``parts`` are the windows that are judged, by name, where a checkpoint has several: ``range``
    is their union. ``rules`` are those that judge it (None: all).
    """

    range: DateRange
    label: str
    parts: Mapping[str, Window] = field(default_factory=dict)
    rules: tuple[str, ...] | None = None

    @property
    def has_all_rules(self) -> bool:
        """Whether one of its parts, or it itself, is judged by all rules."""
        return not self.parts or "" in self.parts

    def part(self, name: str) -> Window:
        """The window that the checks of this name are judged over."""
        return self.parts.get(name, self)


def parse_days(text: str) -> int:
    """``7d`` or ``7`` → 7.

    Raises:
        ContractError: the text is no positive number of days.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,4})d?", text.strip())
    if not match:
        raise ContractError(f"--last {text!r} is not a number of days: write it like 7d")
    return int(match[1])


def resolve_window(
    contract: Contract,
    *,
    as_of: date,
    season: str | None = None,
    first: date | None = None,
    last: date | None = None,
    last_days: str | None = None,
    default_days: str | None = None,
    parts: Mapping[str, CheckpointWindow] | None = None,
) -> Window:
    """Turn the window options of a command line into one window.

    Without any, the window is the last ``default_days``, or the union of ``parts`` (by name), or
    else the season that contains ``as_of``, up to ``as_of``; without seasons, all from the start
    of the contract.

    Raises:
        ContractError: two ways at once, half a range, a reversed range, an unknown season, no
            season today, neither seasons nor a start, a date outside of what calendars hold, or
            more days than are looked at.
    """
    if not EARLIEST <= as_of <= LATEST:
        raise ContractError(f"today, {as_of}, must lie between {EARLIEST} and {LATEST}")
    ways = [season is not None, first is not None or last is not None, last_days is not None]
    if sum(ways) > 1:
        raise ContractError("give one of --season, --from/--to or --last, not several")
    if season is not None:
        return _bounded(_named_season(contract, season, as_of))
    last_days = last_days if any(ways) else default_days
    if last_days is not None:
        return _bounded(_last_days(as_of, last_days))
    if first is not None or last is not None:
        return _bounded(_explicit(first, last))
    if parts and not any(ways):
        return _bounded(_union(contract, as_of, parts))
    return _bounded(_season_so_far(contract, as_of))


def _bounded(window: Window) -> Window:
    dates = window.range
    if dates.first < EARLIEST or dates.last > LATEST:
        raise ContractError(
            f"window {dates.first} to {dates.last}: dates must lie between {EARLIEST} and {LATEST}"
        )
    if dates.days > MOST_DAYS:
        raise ContractError(
            f"window {dates.first} to {dates.last} has {dates.days:,} days, and one run looks at "
            f"{MOST_DAYS:,} (20 years) at most, because it holds every date of every dataset: "
            "give shorter ones one after the other, with --from and --to or --last"
        )
    return window


def _union(contract: Contract, as_of: date, parts: Mapping[str, CheckpointWindow]) -> Window:
    """Several windows in one. Each ends today, so that the longest holds the others."""
    found = {
        name: replace(
            _season_so_far(contract, as_of)
            if part.window == "season"
            else _last_days(as_of, part.window),
            rules=part.rules,
        )
        for name, part in parts.items()
    }
    longest = min(found.values(), key=lambda window: window.range.first)
    label = " and ".join(window.label for window in found.values())
    return Window(range=longest.range, label=label, parts=found)


def _last_days(as_of: date, text: str) -> Window:
    days = parse_days(text)
    dates = DateRange(as_of - timedelta(days=days - 1), as_of)
    return Window(range=dates, label=f"last {counted(days, 'day')}")


def _named_season(contract: Contract, name: str, as_of: date) -> Window:
    """The whole season; of one without an end that anybody can mean, what has been of it."""
    if not contract.seasons:
        raise ContractError(
            f"--season {name!r}: the contract has no seasons: say which dates with --from and "
            "--to, or --last 30d"
        )
    known = next((season for season in contract.seasons if season.name == name), None)
    if known is None:
        names = ", ".join(s.name for s in contract.seasons)
        raise ContractError(f"--season {name!r} is not in the contract, which has: {names}")
    if known.range.days > MOST_DAYS and as_of in known.range:
        return Window(range=DateRange(known.first, as_of), label=f"season {name} so far")
    return Window(range=known.range, label=f"season {name}")


def _explicit(first: date | None, last: date | None) -> Window:
    if first is None or last is None:
        raise ContractError("--from and --to go together: give both (they are inclusive)")
    if first > last:
        raise ContractError(f"--from {first} is after --to {last}: swap them")
    return Window(range=DateRange(first, last), label=f"{first} to {last}")


def _season_so_far(contract: Contract, as_of: date) -> Window:
    if not contract.seasons:
        return _from_the_start(contract, as_of)
    for season in contract.seasons:
        if as_of in season.range:
            return Window(
                range=DateRange(season.first, as_of), label=f"season {season.name} so far"
            )
    raise ContractError(
        f"no season of the contract contains {as_of}: say which dates with --season, "
        "--from and --to, or --last 7d"
    )


def _from_the_start(contract: Contract, as_of: date) -> Window:
    """All that the pipeline promises so far, where it has no seasons."""
    if contract.starts is None:
        raise ContractError(
            "the contract has neither seasons nor starts: say which dates with --from and --to, "
            "or --last 30d, or give the contract starts, the first date that it promises"
        )
    if contract.starts > as_of:
        raise ContractError(
            f"the contract starts on {contract.starts}, after {as_of}: say which dates with "
            "--from and --to"
        )
    return Window(range=DateRange(contract.starts, as_of), label=f"since {contract.starts}")
