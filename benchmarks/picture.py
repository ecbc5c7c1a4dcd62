"""The curves as a picture: two panels, both axes logarithmic. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.results import CurvePoint
from benchmarks.shape import short

WIDTH, HEIGHT = 460, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 56, 52
SERIES: tuple[tuple[str, str, Callable[[CurvePoint], float | None]], ...] = (
    ("in the warehouse: presence query", "#1a6fb5", lambda p: p.warehouse),
    ("here: frame and rules", "#c2571a", lambda p: p.here),
    ("in the warehouse: daily count distinct", "#8a8a8a", lambda p: p.floor),
)
LEAST = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A logarithmic axis: powers of ten from ``first`` to ``last``, over so many pixels."""

    first: int
    last: int
    begin: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value; what is below the axis lies on it."""
        share = (math.log10(max(value, 10**self.first)) - self.first) / (self.last - self.first)
        return self.begin + share * (self.end - self.begin)

    @property
    def ticks(self) -> list[float]:
        """The powers of ten."""
        return [10.0**n for n in range(self.first, self.last + 1)]


def axis_of(values: Sequence[float], begin: float, end: float) -> Axis:
    """An axis that holds all values."""
    first = math.floor(math.log10(max(min(values), LEAST)))
    last = max(math.ceil(math.log10(max(values))), first + 1)
    return Axis(first=first, last=last, begin=begin, end=end)


def picture(points: Sequence[CurvePoint]) -> str:
    """An SVG with both curves, side by side."""
    rows = [p for p in points if p.curve == "rows"]
    dates = [p for p in points if p.curve == "dates"]
    tables = short(dates[0].rows) if dates else ""
    panels = [
        *_panel(0, "Rows per table (2 tables, the same dates)", rows, lambda p: p.rows),
        *_panel(WIDTH, f"Dates (8 tables × {tables} rows)", dates, lambda p: p.dates),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {2 * WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{2 * WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n'
        + "\n".join([*_legend(), *panels])
        + "\n</svg>\n"
    )


def _legend() -> Iterator[str]:
    for n, (name, colour, _) in enumerate(SERIES):
        x = LEFT + n * 270
        yield f'<line x1="{x}" y1="16" x2="{x + 22}" y2="16" stroke="{colour}" stroke-width="3"/>'
        yield f'<text x="{x + 28}" y="20" fill="#222222">{escape(name)}</text>'


def _panel(
    offset: int, title: str, points: Sequence[CurvePoint], of: Callable[[CurvePoint], int]
) -> Iterator[str]:
    if not points:
        return
    values = [v for p in points for _, _, value in SERIES if (v := value(p)) is not None]
    x = axis_of([of(p) for p in points], offset + LEFT, offset + WIDTH - RIGHT)
    y = axis_of(values, HEIGHT - BOTTOM, TOP)
    yield from _grid(x, y)
    yield (
        f'<text x="{(x.begin + x.end) / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle" '
        f'fill="#222222">{escape(title)}</text>'
    )
    for _, colour, value in SERIES:
        yield from _line([(x.at(of(p)), v) for p in points if (v := value(p))], y, colour)


def _grid(x: Axis, y: Axis) -> Iterator[str]:
    grey = 'stroke="#dddddd"'
    for tick in x.ticks:
        at = x.at(tick)
        yield f'<line x1="{at:.1f}" y1="{y.begin}" x2="{at:.1f}" y2="{y.end}" {grey}/>'
        label = short(int(tick))
        yield _label(at, y.begin + 16, "middle", label)
    for tick in y.ticks:
        at = y.at(tick)
        yield f'<line x1="{x.begin}" y1="{at:.1f}" x2="{x.end}" y2="{at:.1f}" {grey}/>'
        yield _label(x.begin - 6, at + 4, "end", _seconds(tick))


def _label(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#555555">{text}</text>'


def _seconds(value: float) -> str:
    return f"{value:g} s" if value >= 1 else f"{value * 1000:g} ms"


def _line(points: Sequence[tuple[float, float]], y: Axis, colour: str) -> Iterator[str]:
    placed = [(at, y.at(value)) for at, value in points]
    path = " ".join(f"{at:.1f},{up:.1f}" for at, up in placed)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    for at, up in placed:
        yield f'<circle cx="{at:.1f}" cy="{up:.1f}" r="3.5" fill="{colour}"/>'
