"""How coverage went over past runs, so that a slow decay shows: lines for pages and terminal. Pure.

Only runs of one checkpoint over windows of one name are on one line: others are not comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from checkpoints.archive.history import RunHead, StoredRun
from checkpoints.text import percent

BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH, HEIGHT, INSET = 160, 28, 3
Ratios = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Coverage of a layer or dataset, run by run, oldest first; None: nothing was due or read."""

    name: str
    ratios: tuple[float | None, ...]

    @property
    def known(self) -> tuple[float, ...]:
        """The runs in which there was something to measure."""
        return tuple(r for r in self.ratios if r is not None)

    @property
    def floor(self) -> float:
        """Where the scale begins: 90 %, or the tenth below the lowest."""
        return min(0.9, int(min(self.known, default=1) * 10) / 10)

    @property
    def sentence(self) -> str:
        """The line in words."""
        if not self.known:
            return f"{self.name}: nothing was due in {len(self.ratios)} runs"
        first, last = percent(self.known[0]), percent(self.known[-1])
        return (
            f"{self.name}: {first} to {last} over {len(self.ratios)} runs, "
            f"lowest {percent(min(self.known))}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendGroup:
    """The trends of comparable runs, oldest first."""

    checkpoint: str
    window_label: str
    runs: tuple[StoredRun, ...]
    trends: tuple[Trend, ...]


def layer_trends(runs: Iterable[StoredRun], last: int = 60) -> list[TrendGroup]:
    """A line per layer for the latest comparable runs; ``runs`` are newest first, as stored.

    Groups come in the order of their latest run; a single run makes no line.
    """
    return _groups(runs, last, lambda head: head.layers, RunHead.coverage)


def dataset_trends(runs: Iterable[StoredRun], last: int = 60) -> list[TrendGroup]:
    """A line per dataset, as ``layer_trends``."""
    return _groups(runs, last, lambda head: head.datasets, RunHead.coverage_of)


def _groups(
    runs: Iterable[StoredRun],
    last: int,
    names: Callable[[RunHead], Iterable[str]],
    ratio: Callable[[RunHead, str], float | None],
) -> list[TrendGroup]:
    comparable: dict[tuple[str, str], list[StoredRun]] = {}
    for run in runs:
        if run.head:
            comparable.setdefault((run.head.checkpoint, run.head.window_label), []).append(run)
    return [
        _group(found[:last][::-1], names, ratio) for found in comparable.values() if len(found) > 1
    ]


def _group(
    runs: Sequence[StoredRun],
    names: Callable[[RunHead], Iterable[str]],
    ratio: Callable[[RunHead, str], float | None],
) -> TrendGroup:
    heads = [run.head for run in runs if run.head]
    return TrendGroup(
        checkpoint=heads[-1].checkpoint,
        window_label=heads[-1].window_label,
        runs=tuple(runs),
        trends=tuple(
            Trend(name=name, ratios=tuple(ratio(head, name) for head in heads))
            for name in dict.fromkeys(name for head in reversed(heads) for name in names(head))
        ),
    )


def blocks(trend: Trend) -> str:
    """A line of block characters, a run each; a space where nothing was due."""
    steps = len(BLOCKS) - 1
    return "".join(
        " " if r is None else BLOCKS[int(_level(r, trend.floor) * steps)] for r in trend.ratios
    )


def _level(ratio: float, floor: float) -> float:
    return max(0.0, (min(ratio, 1.0) - floor) / (1 - floor))


def sparkline(trend: Trend) -> str:
    """The line as SVG, in the colour of the text around it; words for those who cannot see it.

    The dotted line is 100 %, the lower edge ``trend.floor``; a run in which nothing was due
    breaks the line, and the latest is a dot.
    """
    words = escape(trend.sentence)
    marks = "".join(_marks(list(_places(trend))))
    return (
        f'<svg class="sparkline" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{words}"><title>{words}</title>'
        f'<path d="M0 {INSET} H{WIDTH}" stroke="currentColor" stroke-dasharray="1 3" '
        f'stroke-opacity=".6"/>{marks}</svg>'
    )


def _places(trend: Trend) -> Iterator[tuple[float, float] | None]:
    step = (WIDTH - 2 * INSET) / max(1, len(trend.ratios) - 1)
    for n, ratio in enumerate(trend.ratios):
        if ratio is None:
            yield None
        else:
            depth = (1 - _level(ratio, trend.floor)) * (HEIGHT - 2 * INSET)
            yield round(INSET + n * step, 1), round(INSET + depth, 1)


def _marks(places: Sequence[tuple[float, float] | None]) -> Iterator[str]:
    for known, group in groupby(places, key=bool):
        line = [place for place in group if place]
        if known and len(line) > 1:
            points = " ".join(f"{x},{y}" for x, y in line)
            yield (
                f'<polyline points="{points}" fill="none" stroke="currentColor" '
                'stroke-width="1.5" stroke-linejoin="round"/>'
            )
        elif known:
            yield _dot(line[0], 1)
    if latest := next((place for place in reversed(places) if place), None):
        yield _dot(latest, 2.5)


def _dot(place: tuple[float, float], radius: float) -> str:
    return f'<circle cx="{place[0]}" cy="{place[1]}" r="{radius}" fill="currentColor"/>'
