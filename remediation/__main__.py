"""``python -m remediation``: parse, call one function, print, exit."""

from __future__ import annotations

if __name__ == "__main__":
    from checkpoints.interrupts import end_at_once

    end_at_once()

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from checkpoints.archive import run_ids, stored_report
from checkpoints.contract_file import ContractFile, load_contract
from checkpoints.errors import ExitCode, worst
from checkpoints.options import reading_of, reading_options
from checkpoints.shell import console_for, main, write_json
from remediation import show
from remediation.ledger import ledger_path, read_ledger
from remediation.plan import Plan, estimates
from remediation.plan_file import check_fits, newest_plan, plans_folder, read_plan, write_plan
from remediation.planning import Request, make_plan

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


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--contract``, ``--warehouse`` and ``--json``, handed over as one ``setting``."""

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
    @wraps(command)
    def wrapped(
        contract: Path,
        warehouse: str | None,
        impersonate: str | None,
        json_path: str | None,
        **rest: Any,
    ) -> Any:
        file = load_contract(contract, os.environ)
        given = [("--contract", str(contract))] if contract != CONTRACT else []
        given += [("--warehouse", warehouse)] if warehouse else []
        setting = Setting(
            file=file,
            warehouse=warehouse or file.contract.warehouse,
            options=tuple(part for pair in given for part in pair),
            json_path=json_path,
            console=console_for(json_path),
            impersonate=impersonate,
        )
        return command(setting=setting, **rest)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Repair what a checkpoint run found missing, and prove from the tables that it landed.

    \b
    Exit codes: 0 complete, 1 all calls landed and the rules still fail, 2 usage or contract
    error, 3 could not tell, 4 some dates are still missing, unknown or got worse,
    5 nothing is due any more, 130 interrupted (run again to continue).
    """


@cli.command()
@click.option("--run", "run_id", metavar="ID", help="A stored run; default: the latest.")
@click.option("--dataset", metavar="NAME", help="Only this dataset.")
@click.option("--include-passing", is_flag=True, help="Also dates lacking under passed checks.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write the plan.")
@shared_options
def plan(
    setting: Setting, run_id: str | None, dataset: str | None, include_passing: bool, out: Path
) -> ExitCode:
    """Turn the failed checks of a run into the smallest set of calls."""
    file = setting.file
    report = stored_report(file.project, run_id)
    with read_ledger(ledger_path(file.project), now) as ledger:
        in_flight = ledger.in_flight(now()) if ledger else frozenset[str]()
        measured = ledger.measured() if ledger else {}
    request = Request(only_dataset=dataset, include_passing=include_passing, in_flight=in_flight)
    made = make_plan(report, file.contract, file.sha256, request)
    path = out or plans_folder(file.project) / f"{made.short_id}.json"
    write_plan(made, path)
    show.print_plan(setting.console, made, report, estimates(made, file.contract, measured))
    setting.console.print(f"plan   {show.short(path, Path.cwd())}", soft_wrap=True)
    if made.calls:
        chosen = ("--plan", str(out)) if out else ()
        show.print_next(setting.console, (*chosen, *setting.options))
    write_json(made, setting.json_path)
    return ExitCode.COMPLETE


@cli.command()
@click.option("--plan", "path", type=click.Path(path_type=Path), help="Default: the newest.")
@click.option("--yes", is_flag=True, help="Send the calls; without it nothing is sent.")
@click.option("--canary", type=click.IntRange(min=1), default=1, show_default=True, metavar="N")
@click.option("--max-dates", type=click.IntRange(min=1), metavar="N", help="The N oldest dates.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Default: the report's.")
@shared_options
def run(setting: Setting, path: Path | None, yes: bool, **options: Any) -> ExitCode:
    """Make the calls of a plan, the canary first, and verify each in the tables.

    Running it again continues: what landed and is still there is not sent again, and what may be
    in flight is looked for first.
    """
    file = setting.file
    chosen = read_plan(path or newest_plan(file.project))
    check_fits(chosen, file.sha256, setting.warehouse)
    latest = run_ids(file.project)[-1:]
    if latest != [chosen.run_id]:
        setting.console.print(f"note: the plan is of run {chosen.run_id}, not of the latest")
    show.print_chosen(setting.console, chosen)
    if yes and chosen.calls:
        return _send(setting, chosen, **options)
    code = _dry_run(setting, chosen, path)
    return _without_calls(setting, chosen) if yes else code


def _without_calls(setting: Setting, chosen: Plan) -> ExitCode:
    """What a run of a plan without calls ends in: it changes nothing of what its report said."""
    said = stored_report(setting.file.project, chosen.run_id).verdict.exit_code
    if not chosen.unrepaired:
        return said
    setting.console.print("Dates remain that no call repairs: see above.", style="bold red")
    return worst(said, ExitCode.BACKFILL_INCOMPLETE)


def _dry_run(setting: Setting, chosen: Plan, path: Path | None) -> ExitCode:
    from remediation.dry_run import dry_run

    file, console = setting.file, setting.console
    report = stored_report(file.project, chosen.run_id)
    with read_ledger(ledger_path(file.project), now) as ledger:
        measured = ledger.measured() if ledger else {}
    show.print_plan(console, chosen, report, estimates(chosen, file.contract, measured))
    if chosen.calls:
        show.print_requests(console, chosen, file.contract)
        console.print("Dry run: nothing was sent.")
        given = ("--plan", str(path)) if path else ()
        show.print_next(console, ("--yes", *given, *setting.options))
    write_json(dry_run(chosen, file.contract), setting.json_path)
    return ExitCode.COMPLETE


def _send(
    setting: Setting, chosen: Plan, canary: int, max_dates: int | None, as_of: datetime | None
) -> ExitCode:
    from checkpoints.provenance import user_name
    from remediation import running
    from remediation.clock import Clock
    from remediation.credentials import IdentityTokens, fetch_identity_token
    from remediation.progress import progress_on
    from remediation.show_record import print_record

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    file, console = setting.file, setting.console
    report = stored_report(file.project, chosen.run_id)
    try:
        with progress_on(console, time.monotonic) as progress:
            record, path = running.run(
                running.Request(
                    file=file,
                    plan=chosen,
                    report=report,
                    warehouse=setting.warehouse,
                    as_of=as_of.date() if as_of else report.as_of,
                    by=f"{user_name()}@{socket.gethostname()} (process {os.getpid()})",
                    tokens=IdentityTokens(fetch_identity_token, time.time),
                    clock=Clock(now=now, monotonic=time.monotonic, sleep=time.sleep),
                    tell=progress.tell,
                    reading=reading_of(file.contract, None, setting.impersonate),
                    canary=canary,
                    max_dates=max_dates,
                )
            )
    except KeyboardInterrupt:
        console.print("interrupted: the ledger is intact; run the same command to continue")
        return ExitCode.INTERRUPTED
    print_record(console, record, show.short(path, Path.cwd()))
    write_json(record, setting.json_path)
    return record.exit_code


@cli.command()
@shared_options
def status(setting: Setting) -> ExitCode:
    """Show where every plan stands, and the dates that have not landed."""
    from remediation.show_status import print_status
    from remediation.status import status_of

    with read_ledger(ledger_path(setting.file.project), now) as ledger:
        answer = status_of(ledger, now())
    print_status(setting.console, answer)
    write_json(answer, setting.json_path)
    return ExitCode.COMPLETE


if __name__ == "__main__":
    sys.exit(main(cli))
