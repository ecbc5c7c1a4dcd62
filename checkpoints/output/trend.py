"""How coverage went over past runs, so that a slow decay shows: for pages and terminal. Pure.

Only runs of one checkpoint over windows of one name are compared: others are not comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from checkpoints.archive.history import StoredRun
from checkpoints.archive.runs import RunHead
from checkpoints.text import percent

BLOCKS = "▁▂▃▄▅▆▇█"


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
    def levels(self) -> tuple[float | None, ...]:
        """The ratios on the scale: 0 is the floor, 1 is 100 %."""
        floor = self.floor
        return tuple(
            None if r is None else max(0.0, (min(r, 1.0) - floor) / (1 - floor))
            for r in self.ratios
        )

    @property
    def lines(self) -> list[list[tuple[int, float]]]:
        """``(number of the run, level)``, a list for each stretch of runs with something due."""
        stretches = groupby(enumerate(self.levels), key=lambda point: point[1] is not None)
        return [[(n, level or 0.0) for n, level in points] for known, points in stretches if known]

    @property
    def sentence(self) -> str:
        """The trend in words."""
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
    """A trend per layer over at most ``last`` comparable runs; ``runs`` are newest first.

    Groups come in the order of their latest run; a single run makes no trend.
    """
    return _groups(runs, last, lambda head: head.layers, RunHead.coverage)


def dataset_trends(runs: Iterable[StoredRun], last: int = 60) -> list[TrendGroup]:
    """A trend per dataset, as ``layer_trends``."""
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
    return "".join(" " if level is None else BLOCKS[int(level * steps)] for level in trend.levels)
