"""The options that commands share, and the setting they come to: read from the surroundings."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window, resolve_window
from checkpoints.errors import ExitCode
from checkpoints.text import Detail, parse_bytes
from checkpoints.warehouse.engine import ReadOptions

CONTRACT = Path("gx/pipeline.yml")
DATE = click.DateTime(["%Y-%m-%d"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the options every command has come to."""

    file: ContractFile
    warehouse: str
    window_options: dict[str, Any]
    as_of: date
    max_bytes: str | None
    impersonate: str | None

    def window(self, default_days: str | None = None) -> Window:
        """The window the user asked for, or the default."""
        options = dict(self.window_options)
        if default_days and not any(options.values()):
            options["last_days"] = default_days
        return resolve_window(self.file.contract, as_of=self.as_of, **options)

    def reading(self) -> ReadOptions:
        """How the warehouse is to be read."""
        return reading_of(self.file.contract, self.max_bytes, self.impersonate)


def contract_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--contract``."""
    return click.option(
        "--contract",
        type=click.Path(path_type=Path),
        default=CONTRACT,
        show_default=True,
        help="The contract file.",
    )(command)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--warehouse`` and ``--impersonate-service-account``."""
    command = click.option("--warehouse", metavar="URL", help="Instead of the contract's.")(command)
    return click.option(
        "--impersonate-service-account",
        "impersonate",
        metavar="EMAIL",
        help="Read BigQuery as this service account.",
    )(command)


def reading_of(contract: Contract, max_bytes: str | None, impersonate: str | None) -> ReadOptions:
    """How a contract's warehouse is to be read; an option takes precedence over the contract."""
    return ReadOptions(
        max_bytes=parse_bytes(max_bytes) if max_bytes else contract.bigquery.max_bytes,
        timeout_seconds=contract.bigquery.timeout_seconds,
        impersonate=impersonate,
    )


def window_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Window, contract, warehouse and as-of, handed to the command as one ``setting``."""

    @click.option("--season", help="A season of the contract, e.g. 2024-25.")
    @click.option("--from", "first", type=DATE, help="First date (with --to; inclusive).")
    @click.option("--to", "last", type=DATE, help="Last date (with --from; inclusive).")
    @click.option("--last", "last_days", metavar="Nd", help="The last N days, e.g. 7d.")
    @click.option("--as-of", type=DATE, help="Take this date for today.")
    @reading_options
    @click.option("--max-bytes", metavar="SIZE", help="Refuse to read more, e.g. 2GB (BigQuery).")
    @contract_options
    @wraps(command)
    def wrapped(
        season: str | None,
        first: datetime | None,
        last: datetime | None,
        last_days: str | None,
        as_of: datetime | None,
        warehouse: str | None,
        impersonate: str | None,
        max_bytes: str | None,
        contract: Path,
        **rest: Any,
    ) -> Any:
        file = load_contract(contract, os.environ)
        options = {
            "season": season,
            "first": first.date() if first else None,
            "last": last.date() if last else None,
            "last_days": last_days,
        }
        today = as_of.date() if as_of else datetime.now(file.contract.zone).date()
        setting = Setting(
            file=file,
            warehouse=warehouse or file.contract.warehouse,
            window_options=options,
            as_of=today,
            max_bytes=max_bytes,
            impersonate=impersonate,
        )
        return command(setting=setting, **rest)

    return wrapped


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``."""
    return click.option(
        "--json", "json_path", metavar="PATH", help="Write the answer as JSON; - is stdout."
    )(command)


def judge_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--checkpoint`` and ``--fail-on``."""
    command = click.option("--checkpoint", default="after_backfill", show_default=True)(command)
    return click.option(
        "--fail-on",
        type=click.Choice(["critical", "warning"]),
        default="critical",
        show_default=True,
        help="The lightest severity whose failure fails the run.",
    )(command)


def detail_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--quiet`` and ``--verbose``, handed to the command as ``detail``."""

    @click.option("-q", "--quiet", is_flag=True, help="Only the verdict, and errors.")
    @click.option("-v", "--verbose", is_flag=True, help="Everything, however long.")
    @wraps(command)
    def wrapped(quiet: bool, verbose: bool, **rest: Any) -> Any:
        if quiet and verbose:
            raise click.UsageError("--quiet and --verbose exclude each other: give one")
        detail = Detail.QUIET if quiet else Detail.VERBOSE if verbose else Detail.NORMAL
        return command(detail=detail, **rest)

    return wrapped


READING = ("contract", "warehouse", "impersonate")
JUDGING = (*READING, "max_bytes", "season", "first", "last", "last_days", "as_of", "checkpoint")


def next_command(code: ExitCode, *, stored: bool) -> str:
    """What to type after this verdict, with the options of this command that it needs again."""
    match code:
        case ExitCode.INCOMPLETE if stored:
            return f"python -m remediation plan{_typed(READING)}"
        case ExitCode.COMPLETE if stored:
            return f'python -m checkpoints signoff --by "your name"{_typed(("contract",))}'
        case ExitCode.NOTHING_DUE:
            return "the same with other dates: --season, --from and --to, or --last 30d"
    again = f"python -m checkpoints run{_typed((*JUDGING, 'fail_on'))}"
    return again if code is not ExitCode.COULD_NOT_TELL else f"repair that, then {again}"


def _typed(names: Collection[str]) -> str:
    """The options of the running command that were typed, to be typed again."""
    context = click.get_current_context()
    found = [
        (option.opts[-1], context.params.get(name))
        for option in context.command.params
        if (name := option.name or "") in names
        and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    return "".join(f" {option} {shlex.quote(_text(value))}" for option, value in found)


def _text(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, datetime) else str(value)
