"""The options of the publishers, and what they look at in the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial, wraps
from typing import Any, Protocol

import click

from checkpoints.cli.options import declared, writable
from checkpoints.cli.terminal import STDOUT, stdout_is_taken, write_answer
from checkpoints.errors import CheckpointsError, PublishingError
from checkpoints.output.findings import Findings, Section, failure
from checkpoints.output.publisher import Given, Option, publish, publishers


class Publishing(Protocol):
    """Publishes the answer of the running command.

    Raises:
        PublishingError: a publisher failed.
    """

    def __call__(self, found: Findings, sections: Sequence[Section] = ()) -> None:
        """Hand findings to every publisher that was asked for."""


def ci_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of all publishers, handed to the command as one function ``publishing``.

    Outermost, so that CI also learns of a command that ends without a verdict.
    """
    options = [option for publisher in publishers().values() for option in publisher.options]
    variables = {name for publisher in publishers().values() for name in publisher.variables}

    @wraps(command)
    def wrapped(**values: Any) -> Any:
        typed = {option.flag: values.pop(_parameter(option)) for option in options}
        files = {o.flag: typed[o.flag] for o in options if o.is_file}
        _refuse_one_stream_for_two({"--json": values.get("json_path"), **files})
        given = Given(
            options={flag: value for flag, value in typed.items() if value is not None},
            environ={name: os.environ[name] for name in variables if name in os.environ},
            write=write_answer,
            write_line=partial(click.echo, err=stdout_is_taken()),
        )

        publishing = partial(publish, given)

        try:
            return command(publishing=publishing, **values)
        except PublishingError:
            raise  # the other publishers have the verdict already, and keep it
        except CheckpointsError as error:
            publish_failure(publishing, error)
            raise

    return declared(*map(_click_option, options))(wrapped)


def _refuse_one_stream_for_two(typed: Mapping[str, str | None]) -> None:
    taken = [f"{flag} {STDOUT}" for flag, value in typed.items() if value == STDOUT]
    if len(taken) > 1:
        several = " and ".join(taken)
        raise click.UsageError(f"{several} need standard output: name a file for all but one")


def _parameter(option: Option) -> str:
    return option.flag.removeprefix("--").replace("-", "_")


def _click_option(option: Option) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    name, check = _parameter(option), writable if option.is_file else None
    return click.option(option.flag, name, callback=check, metavar=option.metavar, help=option.help)


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
