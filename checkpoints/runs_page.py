"""Render the list of runs: trends, then every run, a fold per month. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup

from checkpoints.history import StoredRun
from checkpoints.page import environment
from checkpoints.trend import Trend, layer_trends, sparkline

GROUPS_SHOWN = 6
OPEN_ROWS = 40


def render_index(runs: Sequence[StoredRun], template: str = "runs.html", **also: Any) -> str:
    """The list of runs, newest first, unsigned ones marked as such; ``runs`` in that order.

    ``also`` are what another template of the list needs; ``base`` leads to the pages of runs.
    """
    months = [(month, list(found)) for month, found in groupby(runs, key=_month)]
    return (
        environment()
        .get_template(template)
        .render(
            runs=runs,
            months=months,
            open_months=_open_months(months),
            trends=layer_trends(runs)[:GROUPS_SHOWN],
            sparkline=_drawn,
            unsigned=sum(1 for run in runs if run.head and not run.signed_by),
            **{"base": "", **also},
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
