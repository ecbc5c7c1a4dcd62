"""What a plan or a run of it shows at once on the page of the run that it is of."""

from __future__ import annotations

from pathlib import Path

import click

from checkpoints.archive.runs import pages_folder
from checkpoints.errors import CheckpointsError


def show_on_page(project: Path, run_id: str, plan: Path | None = None) -> None:
    """Bring the page of a run up to date, with a plan that was made; nothing where it has none."""
    if not (pages_folder(project) / f"{run_id}.html").exists():
        return
    from checkpoints.output.site import refresh_pages, show_plan  # imports Jinja, which takes time

    try:
        problems = show_plan(project, run_id, plan) if plan else refresh_pages(project, [run_id])
    except CheckpointsError as error:
        problems = list(error.problems)
    for problem in problems:
        message = f"the page of run {run_id} is not brought up to date: {problem}"
        click.echo(f"warning: {message}", err=True)
