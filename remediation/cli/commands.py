"""``python -m remediation``: parse, call one function, print, exit."""

from __future__ import annotations

import os
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from checkpoints.archive.runs import run_ids, stored_report
from checkpoints.cli.ci_options import Publishing, ci_options, publish_failure
from checkpoints.cli.options import reading_of
from checkpoints.cli.shell import Patient, console_for, main, write_json
from checkpoints.errors import CheckpointsError, ExitCode, worst
from checkpoints.process import defer_interrupts, interruptible
from checkpoints.text import Detail
from remediation.cli.options import CallOptions, Setting, sending_options, shared_options
from remediation.errors import PlanError
from remediation.ledger.ledger import ledger_path, read_ledger
from remediation.ledger.lock import at_work
from remediation.ledger.plans import (
    check_fits,
    keep_plan,
    kept_path,
    kept_plan,
    newest_plan,
    read_plan,
    write_plan,
)
from remediation.output import ci as ci_findings
from remediation.output import console as show
from remediation.output.reporter import Reporter
from remediation.output.script import shell_script
from remediation.plan.model import Plan, estimates
from remediation.plan.planning import Request, make_plan


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def sleep(seconds: float) -> None:
    """Sleep; Ctrl-C ends it."""
    with interruptible():
        time.sleep(seconds)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Repair what a checkpoint run found missing, and prove from the tables that it landed.

    \b
    Exit codes: 0 complete, 1 all calls landed and the rules still fail, 2 usage or contract
    error, 3 could not tell, 4 some dates are still missing, unknown or got worse,
    5 nothing is due any more, 130 interrupted (resume continues).
    """


@cli.command()
@click.option("--run", "run_id", metavar="ID", help="A stored run; default: the latest.")
@click.option("--dataset", metavar="NAME", help="Only this dataset.")
@click.option("--layer", metavar="NAME", help="Only the datasets of this layer.")
@click.option("--include-passing", is_flag=True, help="Also dates lacking under passed checks.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write the plan.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "sh"]),
    default="text",
    show_default=True,
    help="Print the calls for those who must make them elsewhere.",
)
@shared_options
def plan(
    setting: Setting,
    run_id: str | None,
    dataset: str | None,
    layer: str | None,
    include_passing: bool,
    out: Path | None,
    form: Literal["text", "sh"],
) -> ExitCode:
    """Turn the failed checks of a run into the smallest set of calls."""
    if form != "text" and setting.json_path == "-":
        raise click.UsageError(f"--format {form} and --json - both need standard output")
    file = setting.file
    report = stored_report(file.project, run_id)
    with read_ledger(ledger_path(file.project), now) as ledger:
        in_flight = ledger.in_flight(now()) if ledger else frozenset[str]()
        measured = ledger.measured() if ledger else {}
    request = Request(
        only_dataset=dataset,
        only_layer=layer,
        include_passing=include_passing,
        in_flight=in_flight,
    )
    made = make_plan(report, file.contract, file.sha256, request)
    path = out or kept_path(file.project, made.id)
    write_plan(made, path)
    console = setting.console if form == "text" else console_for("-")
    if setting.detail is Detail.QUIET:
        show.print_headline(console, made)
    else:
        show.print_plan(console, made, report, estimates(made, file.contract, measured))
        console.print(f"plan   {show.short(path, Path.cwd())}", soft_wrap=True)
    if form != "text":
        sys.stdout.write(shell_script(made, file.contract))
    elif made.calls and setting.detail is not Detail.QUIET:
        chosen = ("--plan", str(out)) if out else ()
        show.print_next(console, (*chosen, *setting.options))
    write_json(made, setting.json_path)
    return ExitCode.COMPLETE


@cli.command()
@ci_options
@click.option("--plan", "path", type=click.Path(path_type=Path), help="Default: the newest.")
@click.option("--yes", is_flag=True, help="Send the calls; without it nothing is sent.")
@sending_options
@shared_options
def run(
    setting: Setting, path: Path | None, yes: bool, sending: CallOptions, publishing: Publishing
) -> ExitCode:
    """Make the calls of a plan, the canary first, and verify each in the tables.

    Running it again continues: what landed and is still there is not sent again, and what may be
    in flight is looked for first.
    """
    file = setting.file
    source = path or newest_plan(file.project)
    chosen = read_plan(source)
    check_fits(chosen, file.sha256, setting.warehouse)
    if yes and chosen.calls:
        keep_plan(file.project, chosen, source)
        return _send(setting, chosen, sending, publishing)
    for remark in _remarks(setting, chosen):
        setting.console.print(f"note: {remark}", soft_wrap=True)
    code = _dry_run(setting, chosen, path)
    code = _without_calls(setting, chosen) if yes else code
    publishing(*ci_findings.planned(chosen, code, now()))
    return code


@cli.command()
@ci_options
@click.option(
    "--plan",
    "path",
    type=click.Path(path_type=Path),
    help="Default: the one started last that is not finished.",
)
@sending_options
@shared_options
def resume(
    setting: Setting, path: Path | None, sending: CallOptions, publishing: Publishing
) -> ExitCode:
    """Go on with a plan: look at the tables, then send what is missing."""
    file = setting.file
    with read_ledger(ledger_path(file.project), now) as ledger:
        started = dict(ledger.plan_ids()) if ledger else {}
        unfinished = ledger.unfinished() if ledger else None
    chosen = read_plan(path) if path else None
    if chosen is not None and chosen.id not in started:
        raise PlanError(
            f"plan {chosen.short_id} was never started: look at it with "
            f"{show.command_line('run', ('--plan', str(path)))}, then add --yes"
        )
    if chosen is None and unfinished is None:
        setting.console.print("Nothing to resume: every plan that was started is finished.")
        return ExitCode.COMPLETE
    chosen = chosen or kept_plan(file.project, unfinished or "")
    check_fits(chosen, file.sha256, setting.warehouse)
    if path:
        keep_plan(file.project, chosen, path)
    return _send(setting, chosen, sending, publishing)


def _remarks(setting: Setting, chosen: Plan) -> list[str]:
    """What is unusual about the plan that is carried out."""
    latest = run_ids(setting.file.project)[-1:]
    old = f"the plan is of run {chosen.run_id}, not of the latest"
    return [*([old] if latest != [chosen.run_id] else []), *show.restrictions(chosen)]


def _without_calls(setting: Setting, chosen: Plan) -> ExitCode:
    """What a run of a plan without calls ends in: it changes nothing of what its report said."""
    said = stored_report(setting.file.project, chosen.run_id).verdict.exit_code
    if not chosen.unrepaired:
        return said
    setting.console.print("Dates remain that no call repairs: see above.", style="bold red")
    return worst(said, ExitCode.BACKFILL_INCOMPLETE)


def _measured(setting: Setting) -> dict[str, tuple[int, float]]:
    """Per service, how many calls were timed in earlier runs, and their median in seconds."""
    with read_ledger(ledger_path(setting.file.project), now) as ledger:
        return ledger.measured() if ledger else {}


def _dry_run(setting: Setting, chosen: Plan, path: Path | None) -> ExitCode:
    from remediation.service.kind import dry_run

    file, console = setting.file, setting.console
    report = stored_report(file.project, chosen.run_id)
    if setting.detail is Detail.QUIET:
        show.print_headline(console, chosen)
    else:
        expected = estimates(chosen, file.contract, _measured(setting))
        show.print_plan(console, chosen, report, expected)
    if chosen.calls and setting.detail is not Detail.QUIET:
        show.print_requests(console, chosen, file.contract, setting.detail)
        console.print("Dry run: nothing was sent.")
        given = ("--plan", str(path)) if path else ()
        show.print_next(console, ("--yes", *given, *setting.options))
    write_json(dry_run(chosen, file.contract), setting.json_path)
    return ExitCode.COMPLETE


def _send(setting: Setting, chosen: Plan, sending: CallOptions, publishing: Publishing) -> ExitCode:
    from checkpoints.archive.provenance import user_name
    from remediation.backfill import run as running
    from remediation.clock import Clock
    from remediation.service.credentials import IdentityTokens, fetch_identity_token

    file = setting.file
    report = stored_report(file.project, chosen.run_id)
    reporter = _reporter(setting, chosen, sending)
    for remark in _remarks(setting, chosen):
        reporter.remark(remark)
    try:
        with defer_interrupts(), reporter:
            record, path = running.run(
                running.Request(
                    file=file,
                    plan=chosen,
                    report=report,
                    warehouse=setting.warehouse,
                    as_of=sending.as_of.date() if sending.as_of else report.as_of,
                    by=f"{user_name()}@{socket.gethostname()} (process {os.getpid()})",
                    tokens=IdentityTokens(fetch_identity_token, time.time),
                    clock=Clock(now=now, monotonic=time.monotonic, sleep=sleep),
                    tell=reporter.report,
                    reading=reading_of(file.contract, None, setting.impersonate),
                    pace=sending.pace,
                )
            )
    except KeyboardInterrupt:
        reporter.interrupted(show.command_line("resume", setting.options))
        return ExitCode.INTERRUPTED
    except CheckpointsError as error:
        reporter.failed(error)
        publish_failure(publishing, error)
        return error.exit_code
    reporter.conclude(record, str(show.short(path, Path.cwd())))
    write_json(record, setting.json_path)
    publishing(ci_findings.findings_of(record), ci_findings.sections_of(record))
    return record.exit_code


def _reporter(setting: Setting, chosen: Plan, sending: CallOptions) -> Reporter:
    from remediation.output.json_log import JsonLogReporter
    from remediation.output.progress import ConsoleReporter

    if sending.log_json:
        labels = {"plan": chosen.short_id, "run": chosen.run_id}
        return JsonLogReporter(Patient(sys.stderr).write, now, labels)
    if setting.detail is Detail.QUIET:
        return show.QuietReporter(setting.console)
    each = {service: seconds for service, (_, seconds) in _measured(setting).items()}
    return ConsoleReporter(setting.console, time.monotonic, each, setting.detail)


@cli.command()
@click.option("--watch", is_flag=True, help="Show it again and again until no run is at work.")
@shared_options
def status(setting: Setting, watch: bool) -> ExitCode:
    """Show every plan, what is open, and whether a run is at work."""
    from remediation.ledger.status import Status, status_of
    from remediation.output.status import print_status, watch_status

    path = ledger_path(setting.file.project)

    def look() -> Status:
        with read_ledger(path, now) as ledger:
            return status_of(ledger, now(), at_work(path))

    if watch:
        with interruptible():
            answer = watch_status(setting.console, look, time.sleep)
    else:
        answer = look()
        print_status(setting.console, answer, setting.detail)
    write_json(answer, setting.json_path)
    return ExitCode.COMPLETE


def start() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(main(cli))
