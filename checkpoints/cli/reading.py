"""Commands that read the warehouse: ``check``, ``run``, ``coverage``, ``estimate``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from checkpoints import validation
from checkpoints.archive.report import Report
from checkpoints.archive.runs import keys_path
from checkpoints.cli.ci_options import Publishing, ci_options
from checkpoints.cli.options import (
    CONTRACT,
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
    writable,
)
from checkpoints.cli.terminal import STDOUT, print_errors, write_json, write_lines
from checkpoints.coverage.summary import refuse_unknown, summarize
from checkpoints.errors import CheckpointsError, ExitCode
from checkpoints.output.console import Stored, print_report
from checkpoints.output.console_tables import print_coverage, print_estimate
from checkpoints.output.findings import findings_of
from checkpoints.output.markdown import sections_of
from checkpoints.text import Detail

if TYPE_CHECKING:
    from checkpoints.contract.model import Contract
    from checkpoints.coverage.frame import CoverageFrame
    from checkpoints.coverage.presence import Presence
    from checkpoints.warehouse.evidence import Tell
    from checkpoints.warehouse.reading import Warehouse

ASKED = ("season", "first", "last", "last_days", "as_of", "max_bytes", "checkpoint", "fail_on")
NO_NOTIFY = click.option(
    "--no-notify", is_flag=True, help="Send nothing; the next run tells what is to be told."
)
KEYS = click.option(
    "--keys", is_flag=True, help="Store every missing and orphan key as CSV, a second read."
)
WINDOW = (*DATES, *READING, MAX_BYTES, contract_option)


@click.command()
@ci_options
@with_setting(*WINDOW, *JUDGING, JSON, *DETAIL)
def check(setting: Setting, publishing: Publishing) -> ExitCode:
    """Judge by the rules alone, in under a second; nothing is stored."""
    return _answer(setting, validation.check(setting.request()), publishing)


@click.command()
@ci_options
@with_setting(*WINDOW, *JUDGING, KEYS, NO_NOTIFY, JSON, *DETAIL)
def run(setting: Setting, publishing: Publishing, keys: bool, no_notify: bool) -> ExitCode:
    """Run the checkpoint in Great Expectations; store report and Data Docs."""
    from checkpoints.output.site import write_run_page  # imports Jinja, which ``check`` spares

    request, table = setting.request(), None
    if keys:
        table = keys_path(setting.file.project, request.run_id)
        request = replace(request, tell=_keys_to(str(table), setting.file.contract, ()))
    report, path = validation.run(request)
    stored = Stored(
        report=path,
        page=write_run_page(setting.file.project, report),
        keys=table,
        incidents=_incidents(setting, report, quietly=no_notify),
    )
    return _answer(setting, report, publishing, stored)


def _incidents(setting: Setting, report: Report, *, quietly: bool) -> tuple[str, ...]:
    """Bring the incidents up to date, tell people, and say what is open.

    The verdict stands whatever happens.
    """
    from checkpoints.cli.notify import tell
    from checkpoints.explain.watching import watch  # ``check`` spares these
    from checkpoints.output.console_incidents import incident_lines

    try:
        watched = watch(
            setting.file, report, lambda n: tell(setting.file, report, n, quietly=quietly)
        )
    except CheckpointsError as error:
        for problem in error.problems:
            click.echo(f"warning: the incidents are not brought up to date: {problem}", err=True)
        return ()
    return incident_lines(watched, report, verbose=setting.detail is Detail.VERBOSE)


def _answer(
    setting: Setting, report: Report, publishing: Publishing, stored: Stored | None = None
) -> ExitCode:
    """Show a report to people, programs and CI; returns its exit code."""
    code = report.verdict.exit_code
    seasons = bool(setting.file.contract.seasons)
    following = _next(code, stored=stored is not None, seasons=seasons)
    today = report.started_at.astimezone(setting.file.contract.zone).date()
    print_report(setting.console, report, stored, following, setting.detail, today)
    try:
        write_json(report, setting.json_path)
    finally:  # CI has the verdict even so
        publishing(findings_of(report), sections_of(report))
    return code


def _next(code: ExitCode, *, stored: bool, seasons: bool) -> str:
    """What to type after a verdict."""
    match code:
        case ExitCode.INCOMPLETE if stored:
            return typed_again("remediation plan", *WHERE)
        case ExitCode.COMPLETE if stored:
            return typed_again('checkpoints signoff --by "your name"', *CONTRACT)
        case ExitCode.NOTHING_DUE:
            season = "--season, " if seasons else ""
            return f"the same with other dates: {season}--from and --to, or --last 30d"
    again = typed_again("checkpoints run", *WHERE, *ASKED)
    return again if code is not ExitCode.COULD_NOT_TELL else f"resolve the errors, then {again}"


DATASETS = click.option(
    "--dataset", "names", multiple=True, metavar="NAME", help="Only this one (repeatable), in full."
)


CSV = click.option(
    "--csv",
    "csv_path",
    callback=writable,
    metavar="PATH",
    help="Write every missing and orphan key, a second read; - is stdout.",
)


@click.command()
@DATASETS
@with_setting(*WINDOW, JSON, CSV, *DETAIL)
def coverage(setting: Setting, names: tuple[str, ...], csv_path: str | None) -> ExitCode:
    """Show what is there per season and dataset, and the missing ranges."""
    from checkpoints.warehouse.evidence import gather  # imports SQLAlchemy, which --help spares

    if csv_path == setting.json_path == STDOUT:
        raise click.UsageError("--json - and --csv - both need standard output")
    contract, asked = setting.file.contract, setting.request()
    refuse_unknown(contract, names)
    options = asked.reading.labelled(tool="checkpoints")
    evidence = gather(
        contract,
        asked.warehouse,
        asked.window,
        asked.as_of,
        options,
        with_keys=False,
        now=asked.started_at,
        tell=_keys_to(csv_path, contract, names) if csv_path else None,
    )
    summary = summarize(contract, evidence.frame, names)
    print_coverage(setting.console, summary, setting.detail, whole=bool(names))
    print_errors(summary.unreadable.values())
    write_json(summary, setting.json_path)
    if summary.unreadable:
        return ExitCode.COULD_NOT_TELL
    due = any(entry.due_dates for entry in summary.coverage)
    return ExitCode.COMPLETE if due else ExitCode.NOTHING_DUE


def _keys_to(path: str, contract: Contract, names: tuple[str, ...]) -> Tell:
    """What writes the keys of datasets to a file."""
    from checkpoints.output.keys_csv import csv_lines
    from checkpoints.warehouse.every_key import every_key

    def tell(warehouse: Warehouse, presence: Presence, frame: CoverageFrame) -> None:
        keys = every_key(contract, warehouse, presence, frame, names)
        write_lines(path, csv_lines(contract, keys))

    return tell


PRICE = click.option(
    "--price-per-tib", type=float, metavar="AMOUNT", help="Instead of the contract's."
)


@click.command()
@with_setting(*WINDOW, PRICE, JSON)
def estimate(setting: Setting, price_per_tib: float | None) -> ExitCode:
    """Show what a check would read and cost on BigQuery; nothing is read."""
    from checkpoints.warehouse.estimate import estimate_window

    contract, asked = setting.file.contract, setting.request()
    found = estimate_window(contract, asked.warehouse, asked.window, asked.reading, price_per_tib)
    print_estimate(setting.console, found)
    print_errors(filter(None, (found.refused, *found.unreadable.values())))
    write_json(found, setting.json_path)
    told = not (found.unreadable or found.refused)
    return ExitCode.COMPLETE if told else ExitCode.COULD_NOT_TELL
