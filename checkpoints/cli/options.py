"""The options that commands of both packages share, declared once, and what they come to.

A command lists its options in the order of its ``--help``: ``@with_setting(*DATES, *READING, …)``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from pathlib import Path

import click
from click.core import ParameterSource
from rich.console import Console

from checkpoints.cli.terminal import console_for
from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.contract.window import Window, resolve_window
from checkpoints.errors import CheckpointsError, ExitCode
from checkpoints.text import Detail
from checkpoints.warehouse.engine import ReadOptions, reading_of

Command = Callable[..., ExitCode]
Option = Callable[[Command], Command]

DATE = click.DateTime(["%Y-%m-%d"])
JSON = click.option(
    "--json", "json_path", metavar="PATH", help="Write the answer as JSON; - is stdout."
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
    click.option("--warehouse", metavar="URL", help="Instead of the contract's."),
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
    click.option("--checkpoint", default="after_backfill", show_default=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the shared options have come to; those that a command does not take have no effect.

    ``given_as_of`` is None without ``--as-of``; ``as_of`` is then today, where the pipeline is.
    """

    file: ContractFile
    warehouse: str
    reading: ReadOptions
    season: str | None
    first: date | None
    last: date | None
    last_days: str | None
    given_as_of: date | None
    as_of: date
    json_path: str | None
    console: Console
    detail: Detail

    def window(self, default_days: str | None = None) -> Window:
        """The dates that were asked for; without any, the last ``default_days`` or this season.

        Raises:
            ContractError: the options do not go together, or name no season of the contract.
        """
        return resolve_window(
            self.file.contract,
            as_of=self.as_of,
            season=self.season,
            first=self.first,
            last=self.last,
            last_days=self.last_days,
            default_days=default_days,
        )


def contract_option(command: Command) -> Command:
    """``--contract``, which also goes into the commands that errors propose."""

    @wraps(command)
    def wrapped(**options: object) -> ExitCode:
        with same_contract():
            return command(**options)

    return click.option(
        "--contract",
        type=click.Path(path_type=Path),
        default=Path("gx/pipeline.yml"),
        show_default=True,
        help="The contract file.",
    )(wrapped)


@contextmanager
def same_contract() -> Iterator[None]:
    """An error that proposes a command of ours proposes it for the contract that was typed."""
    try:
        yield
    except CheckpointsError as error:
        error.problems = [
            PROPOSED.sub(lambda found: typed_again(found[1], "contract"), problem)
            for problem in error.problems
        ]
        raise


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
            warehouse: str | None = None,
            impersonate: str | None = None,
            max_bytes: str | None = None,
            season: str | None = None,
            first: datetime | None = None,
            last: datetime | None = None,
            last_days: str | None = None,
            as_of: datetime | None = None,
            json_path: str | None = None,
            quiet: bool = False,
            verbose: bool = False,
            **own: object,
        ) -> ExitCode:
            detail = _detail(quiet, verbose)
            file = load_contract(contract, os.environ)
            setting = Setting(
                file=file,
                warehouse=warehouse or file.contract.warehouse,
                reading=reading_of(file.contract, max_bytes=max_bytes, impersonate=impersonate),
                season=season,
                first=first.date() if first else None,
                last=last.date() if last else None,
                last_days=last_days,
                given_as_of=as_of.date() if as_of else None,
                as_of=(as_of or datetime.now(file.contract.zone)).date(),
                json_path=json_path,
                console=console_for(json_path),
                detail=detail,
            )
            return command(setting=setting, **own)

        return declared(*options)(wrapped)

    return declare


def _detail(quiet: bool, verbose: bool) -> Detail:
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other: give one")
    return Detail.QUIET if quiet else Detail.VERBOSE if verbose else Detail.NORMAL


WHERE = ("contract", "warehouse", "impersonate")
"""The options that every later command on the same pipeline needs again."""


def typed_again(command: str, *names: str) -> str:
    """``python -m`` with a command, and those of the named options that were typed for this one."""
    context = click.get_current_context()
    found = [
        (option.opts[-1], context.params.get(name))
        for option in context.command.params
        if (name := option.name or "") in names
        and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    options = [f" {option} {shlex.quote(_text(value))}" for option, value in found]
    return "".join([f"python -m {command}", *options])


def _text(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, datetime) else str(value)
