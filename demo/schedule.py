"""Two seasons of a league of thirty teams: who plays whom when. Pure, and always the same."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from checkpoints.dates import DateRange

# fmt: off
TEAMS = (
    "ATL", "BKN", "BOS", "CHA", "CHI", "CLE", "DAL", "DEN", "DET", "GSW",
    "HOU", "IND", "LAC", "LAL", "MEM", "MIA", "MIL", "MIN", "NOP", "NYK",
    "OKC", "ORL", "PHI", "PHX", "POR", "SAC", "SAS", "TOR", "UTA", "WAS",
)
# fmt: on

GAMES_BY_WEEKDAY = (9, 5, 10, 4, 10, 8, 8)
"""From Monday to Sunday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """One scheduled game; ``code`` is its key in every table below the schedule."""

    date: date
    id: str
    code: str
    away: str
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A round of the playoffs: ``series`` series share ``games`` games a day."""

    series: int
    games: int
    dates: Sequence[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """The calendar of one season. ``unusual`` gives the games of dates unlike their weekday."""

    year: int
    regular: DateRange
    unusual: Mapping[date, int]
    all_star: Sequence[date] = ()
    play_in: Sequence[date] = ()
    rounds: Sequence[Round] = field(default=())


def _days(year: int, month: int, *days: int) -> list[date]:
    return [date(year, month, day) for day in days]


def _range(first: date, last: date) -> list[date]:
    return DateRange(first, last).dates()


S2024 = Season(
    year=24,
    regular=DateRange(date(2024, 10, 22), date(2025, 4, 13)),
    unusual={
        date(2024, 10, 22): 2,
        # Election day, Thanksgiving, Christmas Eve, the All-Star break, the college final.
        **dict.fromkeys(_days(2024, 11, 5, 28), 0),
        date(2024, 12, 24): 0,
        **dict.fromkeys(_days(2025, 2, 14, 15, 16, 17, 18), 0),
        date(2025, 4, 7): 0,
        # The cup.
        **dict.fromkeys(_days(2024, 12, 9, 11, 18), 0),
        **dict.fromkeys(_days(2024, 12, 10, 14), 2),
        **dict.fromkeys(_days(2024, 12, 12, 15), 3),
        date(2024, 12, 17): 1,
        date(2024, 12, 25): 5,
        **dict.fromkeys(_days(2025, 4, 11, 13), 15),
        date(2025, 4, 12): 0,
    },
    all_star=_days(2025, 2, 14, 16),
    play_in=_days(2025, 4, 15, 16, 18),
    rounds=(
        Round(series=8, games=3, dates=_range(date(2025, 4, 19), date(2025, 5, 4))),
        Round(
            series=4,
            games=2,
            dates=[*_range(date(2025, 5, 5), date(2025, 5, 16)), date(2025, 5, 18)],
        ),
        Round(
            series=2,
            games=1,
            dates=[*_range(date(2025, 5, 20), date(2025, 5, 29)), date(2025, 5, 31)],
        ),
        Round(series=1, games=1, dates=_days(2025, 6, 5, 8, 11, 13, 16, 19, 22)),
    ),
)

S2025 = Season(
    year=25,
    regular=DateRange(date(2025, 10, 21), date(2026, 1, 2)),
    unusual={
        date(2025, 10, 21): 2,
        date(2025, 11, 27): 0,
        date(2025, 12, 24): 0,
        **dict.fromkeys(_days(2025, 12, 9, 10, 13), 2),
        date(2025, 12, 16): 1,
        date(2025, 12, 25): 5,
    },
)


def demo_schedule() -> list[Game]:
    """Every game of both seasons, All-Star events included, by date."""
    return [*_season(S2024), *_season(S2025)]


def _season(season: Season) -> Iterator[Game]:
    games = [
        *_numbered(season, 2, _regular(season)),
        *_numbered(season, 3, ((day, "EST", "WST") for day in season.all_star for _ in range(3))),
        *_numbered(season, 5, _play_in(season)),
        *_numbered(season, 4, _playoffs(season)),
    ]
    yield from sorted(games, key=lambda game: (game.date, game.id))


def _numbered(season: Season, kind: int, games: Iterator[tuple[date, str, str]]) -> Iterator[Game]:
    for number, (day, away, home) in enumerate(games, start=1):
        yield Game(
            date=day,
            id=f"00{kind}{season.year}{number:05}",
            code=f"{day:%Y%m%d}_{away}_{home}",
            away=away,
            home=home,
        )


def _regular(season: Season) -> Iterator[tuple[date, str, str]]:
    """Those who have played least play next; ties are drawn."""
    draw = random.Random(season.year)
    played = Counter(dict.fromkeys(TEAMS, 0))
    for day in season.regular.dates():
        games = season.unusual.get(day, GAMES_BY_WEEKDAY[day.weekday()])
        order = sorted(TEAMS, key=lambda team: (played[team] // 3, draw.random()))
        teams = sorted(order[: 2 * games], key=lambda _: draw.random())
        played.update(teams)
        for away, home in zip(teams[::2], teams[1::2], strict=True):
            yield day, away, home


def _play_in(season: Season) -> Iterator[tuple[date, str, str]]:
    for n, day in enumerate(season.play_in):
        yield day, TEAMS[2 * n], TEAMS[2 * n + 1]
        yield day, TEAMS[2 * n + 10], TEAMS[2 * n + 11]


def _playoffs(season: Season) -> Iterator[tuple[date, str, str]]:
    """Half of the teams go on after each round; home advantage changes from day to day."""
    for round_ in season.rounds:
        for n, day in enumerate(round_.dates):
            for k in range(round_.games):
                series = (n * round_.games + k) % round_.series
                pair = (TEAMS[series], TEAMS[2 * round_.series - 1 - series])
                yield day, *(pair if n % 2 else pair[::-1])
