"""The options for CI, and what GitHub says in its variables: read from the surroundings."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, TextIO

import click

from checkpoints.cli.terminal import QuietPipe
from checkpoints.errors import CheckpointsError
from checkpoints.output.findings import failure
from checkpoints.output.publisher import Surface, publish

FILE = click.Path(path_type=Path, dir_okay=False)


def ci_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--junit`` and ``--markdown``, handed to the command as one ``surface``.

    Outermost, so that CI also learns of a command that came to no answer.
    """

    @click.option("--junit", type=FILE, metavar="PATH", help="Write the checks as JUnit XML.")
    @click.option(
        "--markdown",
        type=FILE,
        metavar="PATH",
        help="Write a summary; default: append to $GITHUB_STEP_SUMMARY, if set.",
    )
    @wraps(command)
    def wrapped(junit: Path | None, markdown: Path | None, **rest: Any) -> Any:
        stream = sys.stderr if rest.get("json_path") == "-" else sys.stdout
        surface = surface_of(junit, markdown, os.environ, stream)
        try:
            return command(surface=surface, **rest)
        except CheckpointsError as error:
            publish_failure(surface, error)
            raise

    return wrapped


def surface_of(
    junit: Path | None, markdown: Path | None, environ: Mapping[str, str], stream: TextIO
) -> Surface:
    """Where CI looks, by the options and GitHub's variables; ``stream`` takes annotations."""
    given = environ.get("GITHUB_STEP_SUMMARY")
    summary = Path(given) if given else None
    appended = summary is not None and (markdown is None or markdown == summary)
    on_github = environ.get("GITHUB_ACTIONS") == "true"
    out = QuietPipe(stream)
    return Surface(
        junit=junit,
        markdown=None if appended else markdown,
        summary=summary if appended else None,
        annotate=(lambda line: _write(out, line)) if on_github else None,
    )


def _write(out: QuietPipe, line: str) -> None:
    out.write(f"{line}\n")
    out.flush()


def publish_failure(surface: Surface, error: CheckpointsError) -> None:
    """Tell CI that a command came to no answer."""
    if not surface.wanted:
        return
    name = click.get_current_context().command_path.removeprefix("python -m ")
    found = failure(name, list(error.problems), error.exit_code, datetime.now(UTC))
    try:
        publish(surface, found)
    except CheckpointsError as unwritten:
        for problem in unwritten.problems:
            if problem not in error.problems:
                click.echo(f"error: {problem}", err=True)
