"""How coverage went over past runs, so that a slow decay shows: for pages and terminal. Pure.

Only runs of one checkpoint of a contract over windows of one name are compared: others are not
comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from checkpoints.archive.history import StoredRun
from checkpoints.archive.runs import RunHead
from checkpoints.text import counted, percent

BLOCKS = "▁▂▃▄▅▆▇█"
Ratios = Callable[[RunHead], Mapping[str, float | None]]


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
    def levels(self) -> tuple[float | None, ...]:
        """The ratios on a scale from 90 %, or the tenth below the lowest, to 100 %."""
        floor = min(0.9, int(min(self.known, default=1) * 10) / 10)
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
            return f"{self.name}: nothing was due in {counted(len(self.ratios), 'run')}"
        first, last = percent(self.known[0]), percent(self.known[-1])
        return (
            f"{self.name}: {first} to {last} over {counted(len(self.ratios), 'run')}, "
            f"lowest {percent(min(self.known))}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendGroup:
    """The trends of comparable runs, oldest first."""

    contract: str
    checkpoint: str
    window_label: str
    heads: tuple[RunHead, ...]
    trends: tuple[Trend, ...]


def layer_trends(runs: Iterable[StoredRun], last: int = 60) -> list[TrendGroup]:
    """A trend per layer over at most ``last`` comparable runs; ``runs`` are newest first.

    Groups come in the order of their latest run; a single run makes no trend.
    """
    return _groups(runs, last, lambda head: head.by_layer)


def dataset_trends(runs: Iterable[StoredRun], last: int = 60) -> list[TrendGroup]:
    """A trend per dataset, as ``layer_trends``."""
    return _groups(runs, last, lambda head: head.by_dataset)


def _groups(runs: Iterable[StoredRun], last: int, ratios_of: Ratios) -> list[TrendGroup]:
    comparable: dict[tuple[str, str, str], list[RunHead]] = {}
    for head in (run.head for run in runs if run.head):
        key = (head.contract, head.checkpoint, head.window_label)
        comparable.setdefault(key, []).append(head)
    return [
        TrendGroup(
            contract=contract,
            checkpoint=checkpoint,
            window_label=label,
            heads=tuple(heads[:last][::-1]),
            trends=tuple(_trends([ratios_of(head) for head in heads[:last]])),
        )
        for (contract, checkpoint, label), heads in comparable.items()
        if len(heads) > 1
    ]


def _trends(ratios: Sequence[Mapping[str, float | None]]) -> Iterator[Trend]:
    """``ratios`` by name, newest first."""
    for name in dict.fromkeys(name for of_run in ratios for name in of_run):
        yield Trend(name=name, ratios=tuple(of_run.get(name) for of_run in reversed(ratios)))


def blocks(trend: Trend) -> str:
    """A line of block characters, a run each; a space where nothing was due."""
    steps = len(BLOCKS) - 1
    return "".join(" " if level is None else BLOCKS[int(level * steps)] for level in trend.levels)
