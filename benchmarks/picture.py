"""The curves as an SVG picture: two panels, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.results import CurvePoint
from benchmarks.synthetic import short

WIDTH, HEIGHT = 460, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 56, 52
SERIES = (
    ("warehouse", "in the warehouse: presence query", "#1a6fb5"),
    ("here", "here: frame and rules", "#c2571a"),
    ("floor", "in the warehouse: daily count distinct", "#8a8a8a"),
)
LEAST = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A logarithmic axis: powers of ten from ``first`` to ``last``, between two pixels."""

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
    lines = [*_legend()]
    for n, curve in enumerate(("rows", "dates")):
        if members := [p for p in points if p.curve == curve]:
            lines += _panel(n * WIDTH, members)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {2 * WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{2 * WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n'
        + "\n".join(lines)
        + "\n</svg>\n"
    )


def _legend() -> Iterator[str]:
    for n, (_, name, colour) in enumerate(SERIES):
        x = LEFT + n * 270
        yield f'<line x1="{x}" y1="16" x2="{x + 22}" y2="16" stroke="{colour}" stroke-width="3"/>'
        yield _text(x + 28, 20, "start", name)


def _panel(offset: int, points: Sequence[CurvePoint]) -> Iterator[str]:
    """A grid, a title, and a line per series."""
    curve = points[0].curve
    values = {name: [float(getattr(p, name)) for p in points] for name, _, _ in SERIES}
    along = [float(getattr(p, curve)) for p in points]
    x = axis_of(along, offset + LEFT, offset + WIDTH - RIGHT)
    y = axis_of([v for found in values.values() for v in found], HEIGHT - BOTTOM, TOP)
    for tick in x.ticks:
        yield _line(x.at(tick), y.begin, x.at(tick), y.end)
        yield _text(x.at(tick), y.begin + 16, "middle", short(int(tick)))
    for tick in y.ticks:
        yield _line(x.begin, y.at(tick), x.end, y.at(tick))
        seconds = f"{tick:g} s" if tick >= 1 else f"{tick * 1000:g} ms"
        yield _text(x.begin - 6, y.at(tick) + 4, "end", seconds)
    titles = {
        "rows": "Rows per table (2 tables, the same dates)",
        "dates": f"Dates (8 tables × {short(points[0].rows)} rows)",
    }
    yield _text((x.begin + x.end) / 2, HEIGHT - 12, "middle", titles[curve])
    for name, _, colour in SERIES:
        placed = [(x.at(at), y.at(up)) for at, up in zip(along, values[name], strict=True)]
        path = " ".join(f"{at:.1f},{up:.1f}" for at, up in placed)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
        for at, up in placed:
            yield f'<circle cx="{at:.1f}" cy="{up:.1f}" r="3.5" fill="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#dddddd"/>'


def _text(x: float, y: float, anchor: str, text: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#222222">{escape(text)}</text>'
    )
