"""The options that commands share, and what they come to: read from the surroundings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from checkpoints.cli.options import detail_option, reading_options
from checkpoints.cli.shell import console_for
from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.text import Detail
from remediation.backfill.work import Pace

CONTRACT = Path("gx/pipeline.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the options that every command has come to."""

    file: ContractFile
    warehouse: str
    options: tuple[str, ...]
    json_path: str | None
    console: Console
    impersonate: str | None
    detail: Detail


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """The values of the options about making calls."""

    pace: Pace
    as_of: datetime | None
    log_json: bool


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every command takes: contract, warehouse, JSON and detail, as one ``setting``."""

    @click.option(
        "--contract",
        type=click.Path(path_type=Path),
        default=CONTRACT,
        show_default=True,
        help="The contract file.",
    )
    @reading_options
    @click.option(
        "--json", "json_path", metavar="PATH", help="Write the answer as JSON; - is stdout."
    )
    @detail_option
    @wraps(command)
    def wrapped(
        contract: Path,
        warehouse: str | None,
        impersonate: str | None,
        json_path: str | None,
        detail: Detail,
        **rest: Any,
    ) -> Any:
        file = load_contract(contract, os.environ)
        given = [("--contract", str(contract))] if contract != CONTRACT else []
        given += [("--warehouse", warehouse)] if warehouse else []
        given += [("--impersonate-service-account", impersonate)] if impersonate else []
        setting = Setting(
            file=file,
            warehouse=warehouse or file.contract.warehouse,
            options=tuple(part for pair in given for part in pair),
            json_path=json_path,
            console=console_for(json_path),
            impersonate=impersonate,
            detail=detail,
        )
        return command(setting=setting, **rest)

    return wrapped


def sending_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How calls are made, handed over as one ``sending``."""
    number = click.IntRange(min=1)

    @click.option(
        "--canary",
        type=number,
        default=1,
        show_default=True,
        metavar="N",
        help="Dates of each service that must land before the rest.",
    )
    @click.option("--max-dates", type=number, metavar="N", help="Only the N oldest dates.")
    @click.option("--concurrency", type=number, metavar="N", help="Calls at a time.")
    @click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Default: the report's.")
    @click.option(
        "--resend-unknown",
        is_flag=True,
        help="Send again what a service that is not idempotent may have done: check it first.",
    )
    @click.option("--log-json", is_flag=True, help="Log one JSON object per event, for machines.")
    @wraps(command)
    def wrapped(
        canary: int,
        max_dates: int | None,
        concurrency: int | None,
        as_of: datetime | None,
        resend_unknown: bool,
        log_json: bool,
        **rest: Any,
    ) -> Any:
        pace = Pace(
            canary=canary,
            max_dates=max_dates,
            concurrency=concurrency,
            resend_unknown=resend_unknown,
        )
        sending = CallOptions(pace=pace, as_of=as_of, log_json=log_json)
        return command(sending=sending, **rest)

    return wrapped
