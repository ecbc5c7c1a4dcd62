"""The options that commands of both packages share, declared once, and what they come to.

A command lists its options in the order of its ``--help``: ``@with_setting(*DATES, *READING, …)``.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, cast

import click
from click.core import ParameterSource
from rich.console import Console

from checkpoints.archive.provenance import masked
from checkpoints.cli.shell import STARTED
from checkpoints.cli.terminal import STDOUT, STDOUT_NAMES, console_for, take_stdout
from checkpoints.contract.loading import DEFAULT, ContractFile, load_contract
from checkpoints.errors import CheckpointsError, ExitCode
from checkpoints.files import obstacle
from checkpoints.text import Detail
from checkpoints.validation import Options, Request, request_of
from checkpoints.warehouse.engine import ReadOptions, reading_of

Command = Callable[..., ExitCode]
Option = Callable[[Command], Command]


def writable(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """The path of a file to be written, or ``-``, which takes standard output.

    Where the file cannot be written, the command does not begin.

    Raises:
        click.BadParameter: it is already known that the file cannot be written.
    """
    if value in STDOUT_NAMES:
        take_stdout()
        return STDOUT
    if value is not None and (problem := obstacle(Path(value))):
        raise click.BadParameter(f"{value!r}: {problem}: name another file", ctx, param)
    return value


def filled(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A value that is not empty, as that of an unset variable is.

    Raises:
        click.BadParameter: it is.
    """
    if value is not None and not value.strip():
        raise click.BadParameter("it is empty: give one, or leave the option out", ctx, param)
    return value


class _Date(click.DateTime):
    """A date like 2025-01-31, as midnight."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is no date: write it like 2025-01-31", param, ctx)


DATE = _Date(["%Y-%m-%d"])
JSON = click.option(
    "--json",
    "json_path",
    callback=writable,
    metavar="PATH",
    help="Write the answer as JSON; - is stdout.",
)
DETAIL = (
    click.option("-q", "--quiet", is_flag=True, help="Only the verdict, and errors."),
    click.option("-v", "--verbose", is_flag=True, help="Everything, however long."),
)
DATES = (
    click.option("--season", help="A season of the contract, e.g. 2024-25."),
    click.option("--from", "first", type=DATE, help="First date (with --to; inclusive)."),
    click.option("--to", "last", type=DATE, help="Last date (with --from; inclusive)."),
    click.option("--last", "last_days", metavar="Nd", help="The last N days, e.g. 7d."),
    click.option("--as-of", type=DATE, help="Take this date for today."),
)
READING = (
    click.option(
        "--impersonate-service-account",
        "impersonate",
        metavar="EMAIL",
        help="Read BigQuery as this service account.",
    ),
    click.option("--warehouse", callback=filled, metavar="URL", help="Instead of the contract's."),
)
MAX_BYTES = click.option(
    "--max-bytes", metavar="SIZE", help="Refuse to read more, e.g. 2GB (BigQuery)."
)
JUDGING = (
    click.option(
        "--fail-on",
        type=click.Choice(["critical", "warning"]),
        default="critical",
        show_default=True,
        help="The lightest severity whose failure fails the run.",
    ),
    click.option(
        "--checkpoint",
        callback=filled,
        metavar="NAME",
        help="Default: the only one of the contract, else its default_checkpoint, else "
        "after_backfill.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the shared options have come to; ``options`` are those that say what to check."""

    file: ContractFile
    options: Options
    json_path: str | None
    console: Console
    detail: Detail

    def request(self) -> Request:
        """What to check.

        Raises:
            ContractError: the options do not go together, or do not fit the contract.
        """
        return request_of(
            self.file, self.options, datetime.now(UTC), lambda: time.monotonic() - STARTED
        )

    @property
    def warehouse(self) -> str:
        """The URL that was typed, or the contract's.

        Raises:
            ContractError: there is none, as its variable is not set.
        """
        typed = self.options.get("warehouse")
        self.file.require(warehouse=typed)
        return typed or self.file.contract.warehouse

    @property
    def reading(self) -> ReadOptions:
        """How the warehouse is read, for commands that take no dates.

        Raises:
            ContractError: the most bytes to read are those of a variable that is not set.
        """
        self.file.require(max_bytes=None)
        return reading_of(self.file.contract, None, self.options.get("impersonate"))

    @property
    def as_of(self) -> date | None:
        """The date that was typed to count as today."""
        return self.options.get("as_of")


CONTRACT = ("contract", "state_dir")
"""The options that say which contract, and where its project is."""


def contract_option(command: Command) -> Command:
    """``--contract`` and ``--state-dir``, which also go into the commands that errors propose."""

    @wraps(command)
    def wrapped(**options: object) -> ExitCode:
        with same_contract():
            return command(**options)

    return declared(
        click.option(
            "--contract",
            type=click.Path(path_type=Path),
            default=DEFAULT,
            show_default=True,
            help="The contract file.",
        ),
        click.option(
            "--state-dir",
            type=click.Path(path_type=Path, file_okay=False),
            envvar="CHECKPOINTS_STATE_DIR",
            metavar="DIR",
            help="Keep suites, runs and plans there.  [default: beside the contract]",
        ),
    )(wrapped)


@contextmanager
def same_contract() -> Iterator[None]:
    """An error that proposes a command of ours proposes it for the contract that was typed."""
    try:
        yield
    except CheckpointsError as error:
        error.problems = [for_same_contract(problem) for problem in error.problems]
        raise


def for_same_contract(text: str) -> str:
    """A text whose proposed commands of ours have the contract that was typed."""
    return PROPOSED.sub(lambda found: typed_again(found[1], *CONTRACT), text)


PROPOSED = re.compile(r"python -m ((?:checkpoints|remediation) [a-z]+)(?!.* --contract )")


def declared(*options: Option) -> Option:
    """Declare options in the order in which ``--help`` lists them."""

    def declare(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return declare


def with_setting(*options: Option) -> Option:
    """Declare options, with ``contract_option``, and hand the shared ones over as ``setting``."""

    def declare(command: Command) -> Command:
        @wraps(command)
        def wrapped(
            contract: Path,
            state_dir: Path | None,
            json_path: str | None = None,
            quiet: bool = False,
            verbose: bool = False,
            **given: object,
        ) -> ExitCode:
            if quiet and verbose:
                raise click.UsageError("--quiet and --verbose exclude each other: give one")
            asked = {n: _day(given.pop(n)) for n in Options.__annotations__ if n in given}
            setting = Setting(
                file=load_contract(contract, os.environ, state_dir=state_dir),
                options=cast(Options, asked),
                json_path=json_path,
                console=console_for(json_path),
                detail=Detail.QUIET if quiet else Detail.VERBOSE if verbose else Detail.NORMAL,
            )
            return command(setting=setting, **given)

        return declared(*options)(wrapped)

    return declare


def _day(value: object) -> object:
    """The date alone, of what click read as one."""
    return value.date() if isinstance(value, datetime) else value


def _shown(value: object) -> str:
    """What was typed, and of a URL all but its password."""
    text = str(_day(value))
    return masked(text).replace(":***@", "@", 1) if re.search("://.*:.*@", text) else text


WHERE = (*CONTRACT, "warehouse", "impersonate")
"""The options that every later command on the same pipeline needs again."""


def typed_again(command: str, *names: str) -> str:
    """``python -m`` with a command, and those of the named options that were typed for this one."""
    context = click.get_current_context()
    options = [
        f" {option.opts[-1]}" + ("" if value is True else f" {shlex.quote(_shown(value))}")
        for option in context.command.params
        if (name := option.name or "") in names
        and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        for value in [context.params.get(name)]
    ]
    return "".join([f"python -m {command}", *options])
