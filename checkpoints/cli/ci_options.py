"""The options of the publishers, and what they look at in the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Protocol

import click

from checkpoints.cli.terminal import QuietPipe
from checkpoints.errors import CheckpointsError, PublishingError
from checkpoints.output.findings import Findings, Section, failure
from checkpoints.output.publisher import Given, Option, publish, publishers


class Publishing(Protocol):
    """Publishes the answer of the running command.

    Raises:
        PublishingError: a publisher failed that must not.
    """

    def __call__(self, found: Findings, sections: Sequence[Section] = ()) -> None:
        """Hand findings to every publisher that was asked for."""


def ci_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of all publishers, handed to the command as one function ``publishing``.

    Outermost, so that CI also learns of a command that ends without a verdict.
    """
    options = {_parameter(option): option for p in publishers().values() for option in p.options}

    @wraps(command)
    def wrapped(**values: Any) -> Any:
        typed = {option.flag: values.pop(name) for name, option in options.items()}
        stream = sys.stderr if values.get("json_path") == "-" else sys.stdout
        out = QuietPipe(stream)

        def write_line(line: str) -> None:
            out.write(f"{line}\n")
            out.flush()

        given = Given(
            options={flag: value for flag, value in typed.items() if value is not None},
            environ=_environment(),
            write_line=write_line,
        )

        def publishing(found: Findings, sections: Sequence[Section] = ()) -> None:
            _warn(publish(given, found, sections))

        try:
            return command(publishing=publishing, **values)
        except PublishingError:
            raise  # the other publishers have the verdict already, and keep it
        except CheckpointsError as error:
            publish_failure(publishing, error)
            raise

    decorated: Callable[..., Any] = wrapped
    for name, option in reversed(options.items()):  # the last decorator is shown first
        decorated = _click_option(name, option)(decorated)
    return decorated


def _parameter(option: Option) -> str:
    return option.flag.removeprefix("--").replace("-", "_")


def _click_option(name: str, option: Option) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    kind = click.Path(dir_okay=False) if option.is_file else click.STRING
    return click.option(option.flag, name, type=kind, metavar=option.metavar, help=option.help)


def _environment() -> dict[str, str]:
    names = {name for publisher in publishers().values() for name in publisher.variables}
    return {name: os.environ[name] for name in names if name in os.environ}


def _warn(problems: Sequence[str]) -> None:
    for problem in problems:
        click.echo(f"warning: {problem}", err=True)


def publish_failure(publishing: Publishing, error: CheckpointsError) -> None:
    """Publish that a command ends without a verdict."""
    name = click.get_current_context().command_path.removeprefix("python -m ")
    found = failure(name, list(error.problems), error.exit_code, datetime.now(UTC))
    try:
        publishing(found)
    except PublishingError as unwritten:
        for problem in unwritten.problems:
            if problem not in error.problems:
                click.echo(f"error: {problem}", err=True)
