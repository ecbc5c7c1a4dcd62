"""Commands that send nothing and read no table: ``plan``, ``status``."""

from __future__ import annotations

import shlex
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

import click

from checkpoints.archive.lock import at_work
from checkpoints.archive.runs import stored_report
from checkpoints.cli.options import (
    DETAIL,
    JSON,
    READING,
    WHERE,
    Setting,
    contract_option,
    typed_again,
    with_setting,
    writable,
)
from checkpoints.cli.terminal import STDOUT, notes, take_stdout, write_json
from checkpoints.contract.model import Contract
from checkpoints.errors import ExitCode
from checkpoints.process import interruptible
from checkpoints.text import Detail
from remediation.cli.pages import show_on_page
from remediation.cli.rebuild import Rebuild, with_rebuild
from remediation.ledger.known import Known, known_to
from remediation.ledger.ledger import Pause, ledger_path, read_ledger
from remediation.ledger.plans import contract_of, kept_path, write_plan
from remediation.ledger.status import Status, status_of
from remediation.output.console import about_notices, about_the_future, print_plan, short
from remediation.output.csv import csv_of
from remediation.output.script import shell_script
from remediation.output.status import print_status, watch_status
from remediation.plan.estimate import estimates
from remediation.plan.model import Plan
from remediation.plan.planning import Request, check_played, make_plan
from remediation.service.kind import service_of

_now = partial(datetime.now, UTC)


def _for_a_program(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    value: str,
) -> str:
    """The form of a plan; all but text takes standard output."""
    if value != "text":
        take_stdout()
    return value


YES_FUTURE = click.option(
    "--yes-future", is_flag=True, help="Although the as-of date is after today."
)


@click.command()
@click.option("--run", "run_id", metavar="ID", help="A stored run; default: the latest.")
@click.option("--dataset", metavar="NAME", help="Only this dataset.")
@click.option("--layer", metavar="NAME", help="Only the datasets of this layer.")
@click.option("--include-passing", is_flag=True, help="Also dates lacking under passed checks.")
@click.option("--out", callback=writable, metavar="PATH", help="Where to write the plan.")
@click.option(
    "--format",
    "form",
    callback=_for_a_program,
    type=click.Choice(["text", "sh", "csv"]),
    default="text",
    show_default=True,
    help="Print the calls for those who must make them elsewhere.",
)
@with_rebuild
@YES_FUTURE
@with_setting(contract_option, *READING, JSON, *DETAIL)
def plan(
    setting: Setting,
    run_id: str | None,
    dataset: str | None,
    layer: str | None,
    include_passing: bool,
    out: str | None,
    form: Literal["text", "sh", "csv"],
    rebuild: Rebuild,
    yes_future: bool,
) -> ExitCode:
    """Turn the failed checks of a run into the smallest set of calls.

    With dates, of one dataset and for a reason: those are rebuilt, and nothing else.
    """
    if out == STDOUT:
        raise click.UsageError(
            "--out names a file, for remediation run --plan: to see the plan, give --json -"
        )
    if form != "text" and setting.json_path == STDOUT:
        raise click.UsageError(f"--format {form} and --json - both need standard output")
    file = setting.file
    report = stored_report(file, run_id)
    today = _now().astimezone(file.contract.zone).date()
    check_played(report.as_of, today, yes_future=yes_future)
    known = known_to(file.project, _now)
    request = Request(
        only_dataset=dataset,
        only_layer=layer,
        include_passing=include_passing,
        dates=rebuild.dates,
        because=rebuild.because,
        with_dependents=rebuild.with_dependents,
        in_flight=known.in_flight,
    )
    made = make_plan(report, file.contract, file.sha256, request)
    path = _written(made, file.project, out)
    console = setting.console
    expected = estimates(made, file.contract, known.measured)
    print_plan(console, made, report, expected, setting.detail)
    for remark in about_the_future(made.as_of, today):
        notes().print(f"note: {remark}", soft_wrap=True)
    for pause in pauses_of(made, file.contract, known):
        notes().print(f"note: {pause.service} {pause}: nothing is sent before", soft_wrap=True)
    if setting.detail is not Detail.QUIET:
        for text in about_notices(made, file.contract):
            console.print(text, soft_wrap=True)
        console.print(f"plan   {short(path)}", soft_wrap=True)
        if made.calls and form == "text":
            chosen = f" --plan {shlex.quote(out)}" if out else ""
            again = typed_again(f"remediation run{chosen}", "yes_future", *WHERE)
            console.print(f"next   {again}", soft_wrap=True)
    if form == "csv":
        sys.stdout.write(csv_of(made, file.contract))
    elif form == "sh":
        look = f"cd {shlex.quote(str(Path.cwd()))} && {typed_again('checkpoints check', *WHERE)}"
        sys.stdout.write(shell_script(made, file.contract, look))
    write_json(made, setting.json_path)
    return made.exit_code


def _written(made: Plan, project: Path, out: str | None) -> Path:
    """Write a plan where it was asked for, or where plans are kept and its run's page shows it."""
    path = Path(out) if out else kept_path(project, made.id)
    write_plan(made, path)
    if not out:
        show_on_page(project, made.run_id, path)
    return path


def pauses_of(made: Plan, contract: Contract, known: Known) -> list[Pause]:
    """The pauses that services of a plan asked for and that are not over."""
    keys = [(name, service_of(contract, name).address) for name in made.services()]
    return [known.pauses[key] for key in keys if key in known.pauses]


@click.command()
@click.option("--watch", is_flag=True, help="Show it again and again until no run is at work.")
@with_setting(contract_option, *READING, JSON, *DETAIL)
def status(setting: Setting, watch: bool) -> ExitCode:
    """Show every plan, what is open, and whether a run is at work."""
    path = ledger_path(setting.file.project)

    def look() -> Status:
        with read_ledger(path, _now) as ledger:
            named = partial(contract_of, setting.file.project)
            return status_of(ledger, _now(), at_work(path), named)

    if watch:
        with interruptible():
            answer = watch_status(setting.console, look, time.sleep)
    else:
        answer = look()
        print_status(setting.console, answer, setting.detail)
    write_json(answer, setting.json_path)
    return ExitCode.COMPLETE
