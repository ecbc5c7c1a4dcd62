"""Commands about incidents: ``incidents`` lists them, ``incidents ack`` acknowledges one."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from checkpoints.archive.incidents import Incidents
from checkpoints.cli.options import DATE, JSON, contract_option, filled
from checkpoints.cli.terminal import console_for, write_json
from checkpoints.contract.loading import load_contract, project_of
from checkpoints.errors import ExitCode
from checkpoints.explain.watching import acknowledge, incidents_of
from checkpoints.output.console_incidents import print_incidents


@click.group(invoke_without_command=True)
@click.option("--all", "every", is_flag=True, help="Also those that have recovered.")
@JSON
@contract_option
@click.pass_context
def incidents(
    context: click.Context,
    every: bool,
    json_path: str | None,
    contract: Path,
    state_dir: Path | None,
) -> ExitCode:
    """List what is wrong at the root, since when and who knows; or acknowledge it."""
    if context.invoked_subcommand:
        if every or json_path:
            raise click.UsageError("--all and --json are of the list: leave them out")
        context.default_map = {
            context.invoked_subcommand: {"contract": contract, "state_dir": state_dir}
        }
        return ExitCode.COMPLETE
    found = incidents_of(project_of(contract, state_dir), contract)
    shown = tuple(one for one in found if every or one.is_open)
    print_incidents(console_for(json_path), shown, every=every)
    write_json(Incidents(incidents=shown), json_path)
    return ExitCode.COMPLETE


@incidents.command()
@click.argument("id")
@click.option("--by", required=True, callback=filled, metavar="NAME", help="Who knows of it.")
@click.option("--until", required=True, type=DATE, help="Nobody is reminded until then.")
@click.option("--note", default="", metavar="TEXT", help="What is done about it.")
@click.option("--as-of", type=DATE, help="Take this date for today.")
@contract_option
def ack(
    id: str,
    by: str,
    until: datetime,
    note: str,
    as_of: datetime | None,
    contract: Path,
    state_dir: Path | None,
) -> ExitCode:
    """Acknowledge an incident: until that date it is told only if it grows or has recovered."""
    file = load_contract(contract, os.environ, state_dir=state_dir)
    clock = datetime.now(UTC).astimezone(file.contract.zone)
    now = datetime.combine(as_of, clock.timetz()) if as_of else clock
    noted = acknowledge(file, id, by=by, until=until.date(), note=note, now=now)
    print_incidents(console_for(None), [noted], every=True)
    return ExitCode.COMPLETE
