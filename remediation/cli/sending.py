"""Commands that make the calls of a plan, or show what they would send: ``run``, ``resume``."""

from __future__ import annotations

import os
import shlex
import socket
import sys
import time
from dataclasses import fields
from datetime import UTC, date, datetime
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from checkpoints.archive.provenance import user_name
from checkpoints.archive.report import Report
from checkpoints.archive.runs import latest_run, stored_report
from checkpoints.cli.ci_options import Publishing, ci_options, publish_failure
from checkpoints.cli.options import (
    CONTRACT,
    DATE,
    DETAIL,
    JSON,
    READING,
    WHERE,
    Command,
    Setting,
    contract_option,
    declared,
    same_contract,
    typed_again,
    with_setting,
)
from checkpoints.cli.terminal import notes, write_json
from checkpoints.contract.checks import default_checkpoint
from checkpoints.errors import CheckpointsError, ContractError, ExitCode
from checkpoints.process import defer_interrupts, interruptible
from checkpoints.text import Detail, one_line
from remediation.backfill import run as running
from remediation.backfill.work import Pace
from remediation.cli.pages import show_on_page
from remediation.cli.planning import YES_FUTURE
from remediation.clock import Clock
from remediation.errors import PlanError
from remediation.ledger.known import known_to
from remediation.ledger.plans import (
    check_fits,
    is_of,
    keep_plan,
    kept_plan,
    newest_plan,
    of_another,
    read_plan,
)
from remediation.output import ci
from remediation.output.console import (
    QuietReporter,
    about_the_future,
    print_plan,
    print_requests,
    restrictions,
    short,
)
from remediation.output.following import Commands, next_steps
from remediation.output.json_log import JsonLogReporter
from remediation.output.progress import ConsoleReporter
from remediation.output.reporter import Reporter
from remediation.plan.estimate import estimates
from remediation.plan.model import Plan
from remediation.plan.planning import check_played
from remediation.service.credentials import Tokens, fetch_identity_token
from remediation.service.kind import dry_run

_now = partial(datetime.now, UTC)
NUMBER = click.IntRange(min=1)
PACE = (
    click.option(
        "--canary",
        type=NUMBER,
        default=1,
        show_default=True,
        metavar="N",
        help="Dates of each service that must land before the rest.",
    ),
    click.option("--max-dates", type=NUMBER, metavar="N", help="Only the N oldest dates."),
    click.option("--concurrency", type=NUMBER, metavar="N", help="Calls at a time."),
    click.option("--as-of", type=DATE, help="Default: the report's."),
    click.option(
        "--resend-unknown",
        is_flag=True,
        help="Send again what a service that is not idempotent may have done: check it first.",
    ),
    click.option("--log-json", is_flag=True, help="Log one JSON object per event, for machines."),
)


def with_pace(command: Command) -> Command:
    """Declare how calls are made, handed to the command as ``pace`` and ``log_json``."""

    @wraps(command)
    def wrapped(**options: Any) -> ExitCode:
        pace = Pace(**{field.name: options.pop(field.name) for field in fields(Pace)})
        return command(pace=pace, **options)

    return declared(*PACE)(wrapped)


@click.command()
@ci_options
@click.option("--plan", "path", type=click.Path(path_type=Path), help="Default: the newest.")
@click.option("--yes", is_flag=True, help="Send the calls; without it nothing is sent.")
@with_pace
@YES_FUTURE
@with_setting(contract_option, *READING, JSON, *DETAIL)
def run(
    setting: Setting,
    path: Path | None,
    yes: bool,
    pace: Pace,
    log_json: bool,
    yes_future: bool,
    publishing: Publishing,
) -> ExitCode:
    """Make the calls of a plan, the canary first, and verify each in the tables.

    Running it again continues: what landed and is still there is not sent again, and what may be
    in flight is looked for first.
    """
    source = path or newest_plan(setting.file)
    chosen = read_plan(source)
    check_fits(chosen, setting.file.sha256, setting.file.named(setting.warehouse))
    check_played(_latest(setting, chosen), _today(setting), yes_future=yes_future)
    if yes and chosen.calls:
        keep_plan(setting.file.project, chosen, source)
        return _send(setting, chosen, pace, log_json, publishing)
    if yes and known_to(setting.file.project, _now).undelivered:
        _deliver(setting, chosen, pace, log_json)
    return _show(setting, chosen, yes, publishing)


@click.command()
@ci_options
@click.option(
    "--plan",
    "path",
    type=click.Path(path_type=Path),
    help="Default: the one started last that is not finished.",
)
@with_pace
@YES_FUTURE
@with_setting(contract_option, *READING, JSON, *DETAIL)
def resume(
    setting: Setting,
    path: Path | None,
    pace: Pace,
    log_json: bool,
    yes_future: bool,
    publishing: Publishing,
) -> ExitCode:
    """Go on with a plan: look at the tables, then send what is missing."""
    file = setting.file
    known = known_to(file.project, _now)
    if path:
        chosen = read_plan(path)
        if chosen.id not in known.started:
            look = typed_again(f"remediation run --plan {shlex.quote(str(path))}", *WHERE)
            raise PlanError(
                f"plan {chosen.short_id} was never started: look at it with {look}, then add --yes"
            )
    elif known.unfinished:
        own = [plan_id for plan_id, run_id in known.unfinished if is_of(file, run_id)]
        if not own:
            raise of_another(file, *known.unfinished[0])
        chosen = kept_plan(file.project, own[0])
    else:
        setting.console.print("Nothing to resume: every plan that was started is finished.")
        return ExitCode.COMPLETE
    check_fits(chosen, file.sha256, file.named(setting.warehouse))
    check_played(_latest(setting, chosen), _today(setting), yes_future=yes_future)
    if path:
        keep_plan(file.project, chosen, path)
    return _send(setting, chosen, pace, log_json, publishing)


def _show(setting: Setting, chosen: Plan, yes: bool, publishing: Publishing) -> ExitCode:
    """Show what would be sent; ``yes`` with nothing to send ends as its plan does."""
    file, console = setting.file, setting.console
    report = stored_report(file, chosen.run_id)
    for remark in _remarks(setting, chosen):
        notes().print(f"note: {remark}", soft_wrap=True)
    expected = estimates(chosen, file.contract, known_to(file.project, _now).measured)
    print_plan(console, chosen, report, expected, setting.detail)
    if chosen.calls and setting.detail is not Detail.QUIET:
        print_requests(console, chosen, file.contract, setting.detail)
        console.print("Dry run: nothing was sent.")
        send = typed_again("remediation run --yes", "path", "yes_future", *WHERE)
        console.print(f"next   {send}", soft_wrap=True)
    write_json(dry_run(chosen, file.contract), setting.json_path)
    code = chosen.exit_code_without_calls(report.verdict.exit_code) if yes else ExitCode.COMPLETE
    if yes and chosen.unrepaired:
        console.print("Dates remain that no call repairs: see above.", style="bold red")
    publishing(*ci.planned(chosen, code, _now()))
    return code


def _send(
    setting: Setting, chosen: Plan, pace: Pace, log_json: bool, publishing: Publishing
) -> ExitCode:
    """Carry out a plan, shown from the first remark to the verdict."""
    file = setting.file
    report = stored_report(file, chosen.run_id)
    reporter = _reporter(setting, chosen, log_json)
    request = _request(setting, chosen, report, pace, reporter)
    if chosen.because:
        reporter.remark(f"rebuilt because: {one_line(chosen.because)}")
    for remark in _remarks(setting, chosen):
        reporter.remark(remark)
    try:
        with same_contract(), defer_interrupts(), reporter:
            record, path = running.run(request)
    except KeyboardInterrupt:
        reporter.interrupted(typed_again("remediation resume", "yes_future", *WHERE))
        return ExitCode.INTERRUPTED
    except CheckpointsError as error:
        reporter.failed(error)
        publish_failure(publishing, error)
        return error.exit_code
    show_on_page(file.project, record.run_id)
    following = next_steps(record, file.contract, _commands(setting, report))
    reporter.conclude(record, short(path), following)
    try:
        write_json(record, setting.json_path)
    finally:  # CI has the verdict even so
        publishing(ci.findings_of(record), ci.sections_of(record, following))
    return record.exit_code


def _deliver(setting: Setting, chosen: Plan, pace: Pace, log_json: bool) -> None:
    """Send what earlier runs did not deliver; where that fails it is told, and changes nothing."""
    reporter = _reporter(setting, chosen, log_json)
    report = stored_report(setting.file, chosen.run_id)
    try:
        with same_contract(), defer_interrupts(), reporter:
            running.deliver(_request(setting, chosen, report, pace, reporter))
    except CheckpointsError as error:
        reporter.failed(error)


def _request(
    setting: Setting, chosen: Plan, report: Report, pace: Pace, reporter: Reporter
) -> running.Request:
    return running.Request(
        file=setting.file,
        plan=chosen,
        report=report,
        warehouse=setting.warehouse,
        as_of=setting.as_of or report.as_of,
        by=f"{user_name()}@{socket.gethostname()} (process {os.getpid()})",
        tokens=Tokens(fetch_identity_token, time.time),
        clock=Clock(now=_now, monotonic=time.monotonic, sleep=_sleep),
        tell=reporter.report,
        reading=setting.reading,
        pace=pace,
        environment=os.environ,
    )


def _commands(setting: Setting, report: Report) -> Commands:
    """What may be typed after a run of a plan: the window of its report is checked again."""
    as_of = setting.as_of or report.as_of
    asked = "" if report.windows else f" --from {report.window.first} --to {report.window.last}"
    if report.checkpoint != default_checkpoint(setting.file.contract):
        asked += f" --checkpoint {shlex.quote(report.checkpoint)}"
    if as_of != _today(setting):
        asked += f" --as-of {as_of}"
    if report.verdict.fail_on != "critical":
        asked += f" --fail-on {report.verdict.fail_on}"
    return Commands(
        resume=typed_again("remediation resume", "yes_future", *WHERE),
        check=typed_again(f"checkpoints run{asked}", *WHERE),
        plan=typed_again("remediation plan", *WHERE),
        sign=typed_again('checkpoints signoff --by "your name"', *CONTRACT),
    )


def _reporter(setting: Setting, chosen: Plan, log_json: bool) -> Reporter:
    """Who tells how the run goes, in as much detail as was asked for."""
    if log_json:
        labels = {"plan": chosen.short_id, "run": chosen.run_id}
        return JsonLogReporter(sys.stderr.write, _now, labels)
    if setting.detail is Detail.QUIET:
        return QuietReporter(setting.console, notes())
    measured = known_to(setting.file.project, _now).measured
    expected = estimates(chosen, setting.file.contract, measured)
    each = {e.service: e.seconds / e.dates for e in expected if e.service in measured}
    return ConsoleReporter(setting.console, time.monotonic, each, setting.detail, notes())


def _remarks(setting: Setting, chosen: Plan) -> list[str]:
    """What is unusual about the plan that is carried out."""
    old = f"the plan is of run {chosen.run_id}, not of the latest"
    try:
        is_latest = latest_run(setting.file) == chosen.run_id
    except ContractError:  # a later one is damaged
        is_latest = False
    return [
        *([] if is_latest else [old]),
        *restrictions(chosen),
        *about_the_future(_latest(setting, chosen), _today(setting)),
    ]


def _latest(setting: Setting, chosen: Plan) -> date:
    """The latest date that counts as today, when the plan was made or now."""
    return max(chosen.as_of, setting.as_of or chosen.as_of)


def _today(setting: Setting) -> date:
    return _now().astimezone(setting.file.contract.zone).date()


def _sleep(seconds: float) -> None:
    """Sleep; Ctrl-C ends it."""
    with interruptible():
        time.sleep(seconds)
