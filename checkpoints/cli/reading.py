"""Commands that read the warehouse and store nothing: ``check``, ``coverage``, ``estimate``."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click

from checkpoints import validation
from checkpoints.archive.report import Report
from checkpoints.cli.ci_options import Publishing, ci_options
from checkpoints.cli.options import (
    DATES,
    DETAIL,
    JSON,
    JUDGING,
    MAX_BYTES,
    READING,
    WHERE,
    Setting,
    contract_option,
    typed_again,
    with_setting,
)
from checkpoints.cli.shell import STARTED
from checkpoints.cli.terminal import write_json
from checkpoints.coverage.summary import summarize
from checkpoints.errors import ExitCode
from checkpoints.output.console import Stored, print_report
from checkpoints.output.console_tables import print_coverage, print_estimate
from checkpoints.output.findings import findings_of
from checkpoints.output.markdown import sections_of
from checkpoints.rules.rule import Severity
from checkpoints.warehouse.reading import estimate_window, gather

ASKED = ("season", "first", "last", "last_days", "as_of", "max_bytes", "checkpoint", "fail_on")


@click.command()
@ci_options
@with_setting(*DATES, *READING, MAX_BYTES, contract_option, *JUDGING, JSON, *DETAIL)
def check(setting: Setting, checkpoint: str, fail_on: Severity, publishing: Publishing) -> ExitCode:
    """Judge by the rules alone, in under a second; nothing is stored."""
    report = validation.check(request_for(setting, checkpoint, fail_on))
    return answer(setting, report, publishing)


@click.command()
@with_setting(*DATES, *READING, MAX_BYTES, contract_option, JSON, *DETAIL)
def coverage(setting: Setting) -> ExitCode:
    """Show what is there per season and dataset, and the missing ranges."""
    evidence = gather(
        setting.file.contract,
        setting.warehouse,
        setting.window(),
        setting.as_of,
        setting.reading.labelled(tool="checkpoints"),
        with_keys=False,
    )
    summary = summarize(setting.file.contract, evidence.frame)
    print_coverage(setting.console, summary, setting.detail)
    write_json(summary, setting.json_path)
    if summary.unreadable:
        return ExitCode.COULD_NOT_TELL
    due = any(entry.due_dates for entry in summary.coverage)
    return ExitCode.COMPLETE if due else ExitCode.NOTHING_DUE


PRICE = click.option(
    "--price-per-tib", type=float, metavar="AMOUNT", help="Instead of the contract's."
)


@click.command()
@with_setting(*DATES, *READING, MAX_BYTES, contract_option, PRICE, JSON)
def estimate(setting: Setting, price_per_tib: float | None) -> ExitCode:
    """Show what a check would read and cost on BigQuery; nothing is read."""
    found = estimate_window(
        setting.file.contract,
        setting.warehouse,
        setting.window(),
        setting.reading,
        price_per_tib=price_per_tib,
    )
    print_estimate(setting.console, found)
    write_json(found, setting.json_path)
    return ExitCode.COULD_NOT_TELL if found.unreadable else ExitCode.COMPLETE


def request_for(setting: Setting, checkpoint: str, fail_on: Severity) -> validation.Request:
    """What to check; without a window of its own it is the checkpoint's."""
    declared = setting.file.contract.checkpoints.get(checkpoint)
    return validation.Request(
        file=setting.file,
        warehouse=setting.warehouse,
        window=setting.window(declared.window if declared else None),
        as_of=setting.as_of,
        checkpoint=checkpoint,
        fail_on=fail_on,
        started_at=datetime.now(UTC),
        reading=setting.reading,
        elapsed=lambda: time.monotonic() - STARTED,
    )


def answer(
    setting: Setting, report: Report, publishing: Publishing, stored: Stored | None = None
) -> ExitCode:
    """Show a report to people, programs and CI; returns its exit code."""
    code = report.verdict.exit_code
    following = _next(code, stored=stored is not None)
    print_report(setting.console, report, stored, following, setting.detail)
    write_json(report, setting.json_path)
    publishing(findings_of(report), sections_of(report))
    return code


def _next(code: ExitCode, *, stored: bool) -> str:
    """What to type after a verdict."""
    match code:
        case ExitCode.INCOMPLETE if stored:
            return typed_again("remediation plan", *WHERE)
        case ExitCode.COMPLETE if stored:
            return typed_again('checkpoints signoff --by "your name"', "contract")
        case ExitCode.NOTHING_DUE:
            return "the same with other dates: --season, --from and --to, or --last 30d"
    again = typed_again("checkpoints run", *WHERE, *ASKED)
    return again if code is not ExitCode.COULD_NOT_TELL else f"resolve the errors, then {again}"
