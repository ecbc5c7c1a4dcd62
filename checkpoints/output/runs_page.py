"""Render the list of runs: trends, then every run, a fold per month. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from markupsafe import Markup

from checkpoints.archive.history import StoredRun
from checkpoints.output.page import environment
from checkpoints.output.trend import Trend, layer_trends, sparkline

GROUPS_SHOWN = 6
OPEN_ROWS = 40


Link = tuple[str, str]
"""A text, and an address relative to the page."""


def render_index(
    runs: Sequence[StoredRun],
    *,
    suites: Sequence[Link] = (),
    results: Mapping[str, Sequence[Link]] | None = None,
) -> str:
    """The list of runs, newest first, unsigned ones marked as such; ``runs`` in that order.

    ``suites`` are the pages of what is expected, ``results`` those of validation results by run.
    """
    months = [(month, list(found)) for month, found in groupby(runs, key=_month)]
    return (
        environment()
        .get_template("runs.html")
        .render(
            runs=runs,
            months=months,
            open_months=_open_months(months),
            trends=layer_trends(runs)[:GROUPS_SHOWN],
            sparkline=_drawn,
            unsigned=sum(1 for run in runs if run.head and not run.signed_by),
            suites=suites,
            results=results or {},
        )
    )


def _month(run: StoredRun) -> str:
    return f"{run.head.started_at:%B %Y}" if run.head else "Unreadable"


def _open_months(months: Sequence[tuple[str, Sequence[StoredRun]]]) -> int:
    """How many of the newest months stand open: the first, and more while they are short."""
    rows = 0
    for n, (_, runs) in enumerate(months):
        rows += len(runs)
        if rows > OPEN_ROWS:
            return max(1, n)
    return len(months)


def _drawn(trend: Trend) -> Markup:
    return Markup(sparkline(trend))
