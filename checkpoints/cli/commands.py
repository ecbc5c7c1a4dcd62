"""``python -m checkpoints``: parse, call one function, print, exit."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from checkpoints.archive.report import Report
from checkpoints.cli.ci_options import Publishing, ci_options
from checkpoints.cli.options import (
    Setting,
    contract_options,
    detail_option,
    json_option,
    judge_options,
    next_command,
    window_options,
)
from checkpoints.cli.shell import console_for, main, write_json
from checkpoints.contract.loading import load_contract
from checkpoints.errors import ExitCode
from checkpoints.output.console import Stored, print_report
from checkpoints.output.console_tables import print_coverage, print_estimate
from checkpoints.output.findings import findings_of
from checkpoints.output.markdown import sections_of
from checkpoints.process import leave
from checkpoints.text import Detail

STARTED = time.monotonic()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Check every layer of the pipeline against the one above, by date and key.

    \b
    Exit codes: 0 complete, 1 data incomplete, 2 usage or contract error,
    3 could not tell, 5 nothing was due, 130 interrupted.
    """


@cli.command()
@window_options
@json_option
@detail_option
def coverage(setting: Setting, json_path: str | None, detail: Detail) -> ExitCode:
    """Show what is there per season and dataset, and the missing ranges."""
    from checkpoints.coverage.summary import summarize
    from checkpoints.warehouse.reading import gather

    contract = setting.file.contract
    reading = setting.reading().labelled(tool="checkpoints")
    window, as_of = setting.window(), setting.as_of
    evidence = gather(contract, setting.warehouse, window, as_of, reading, with_keys=False)
    summary = summarize(contract, evidence.frame)
    print_coverage(console_for(json_path), summary, detail)
    write_json(summary, json_path)
    if summary.unreadable:
        return ExitCode.COULD_NOT_TELL
    due = any(entry.due_dates for entry in summary.coverage)
    return ExitCode.COMPLETE if due else ExitCode.NOTHING_DUE


@cli.command()
@window_options
@click.option("--price-per-tib", type=float, metavar="AMOUNT", help="Instead of the contract's.")
@json_option
def estimate(setting: Setting, price_per_tib: float | None, json_path: str | None) -> ExitCode:
    """Show what a check would read and cost on BigQuery; nothing is read."""
    from checkpoints.warehouse.reading import estimate_window

    found = estimate_window(
        setting.file.contract,
        setting.warehouse,
        setting.window(),
        setting.reading(),
        price_per_tib=price_per_tib,
    )
    print_estimate(console_for(json_path), found)
    write_json(found, json_path)
    return ExitCode.COULD_NOT_TELL if found.unreadable else ExitCode.COMPLETE


@cli.command()
@ci_options
@window_options
@judge_options
@json_option
@detail_option
def check(
    setting: Setting, json_path: str | None, detail: Detail, publishing: Publishing, **judging: Any
) -> ExitCode:
    """Judge by the rules alone, in under a second; nothing is stored."""
    from checkpoints import run as running

    report = running.check(_request(setting, **judging))
    _answer(report, None, json_path, detail, publishing)
    return report.verdict.exit_code


@cli.command()
@ci_options
@window_options
@judge_options
@json_option
@detail_option
def run(
    setting: Setting, json_path: str | None, detail: Detail, publishing: Publishing, **judging: Any
) -> ExitCode:
    """Run the checkpoint in Great Expectations; store report and Data Docs."""
    from checkpoints import run as running
    from checkpoints.output.site import write_run_page

    report, path = running.run(_request(setting, **judging))
    page = write_run_page(setting.file.project, report)
    _answer(report, Stored(report=path, page=page), json_path, detail, publishing)
    return report.verdict.exit_code


def _answer(
    report: Report,
    stored: Stored | None,
    json_path: str | None,
    detail: Detail,
    publishing: Publishing,
) -> None:
    """Tell people, programs and CI."""
    following = next_command(report.verdict.exit_code, stored=stored is not None)
    print_report(console_for(json_path), report, stored, following, detail)
    write_json(report, json_path)
    publishing(findings_of(report), sections_of(report))


def _request(setting: Setting, checkpoint: str, fail_on: Any) -> Any:
    from checkpoints.run import Request

    declared = setting.file.contract.checkpoints.get(checkpoint)
    return Request(
        file=setting.file,
        warehouse=setting.warehouse,
        window=setting.window(declared.window if declared else None),
        as_of=setting.as_of,
        checkpoint=checkpoint,
        fail_on=fail_on,
        started_at=datetime.now(UTC),
        reading=setting.reading(),
        elapsed=lambda: time.monotonic() - STARTED,
    )


@cli.command()
@click.option("--by", metavar="NAME", help="Who accepts the run.")
@click.option("--note", default="", metavar="TEXT", help="Why; it is shown on the page.")
@click.option("--run", "run_id", metavar="ID", help="A stored run; default: the latest.")
@click.option(
    "--verify",
    "path",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Accept nothing: say whether this page or sign-off and its run still belong together.",
)
@contract_options
def signoff(
    by: str | None, note: str, run_id: str | None, path: Path | None, contract: Path
) -> ExitCode:
    """Accept a run that passed, or whose every failure is a known gap."""
    if path is not None:
        if by or note or run_id:
            raise click.UsageError("--verify accepts nothing: leave out --by, --note and --run")
        return _verify(contract.resolve().parent, path)
    if by is None:
        raise click.UsageError("Missing option '--by': say who accepts the run")
    from checkpoints.output.signing import sign

    file = load_contract(contract, os.environ)
    page = sign(file, run_id, by=by, note=note, at=datetime.now(UTC))
    click.echo(page)
    return ExitCode.COMPLETE


def _verify(project: Path, path: Path) -> ExitCode:
    from checkpoints.archive.signoff import verify
    from checkpoints.output.console_history import print_verification

    found = verify(project, path)
    print_verification(console_for(None), found)
    return found.exit_code


@cli.command()
@click.option("--dataset", metavar="NAME", help="The coverage of this dataset only.")
@click.option("--layer", metavar="NAME", help="The datasets of this layer only.")
@click.option(
    "--last", type=click.IntRange(1), default=20, show_default=True, help="How many runs."
)
@json_option
@contract_options
def history(
    dataset: str | None, layer: str | None, last: int, json_path: str | None, contract: Path
) -> ExitCode:
    """Show past runs: verdict, coverage per layer and its trend, who signed."""
    from checkpoints.archive.history import past_runs
    from checkpoints.output.console_history import print_history

    found = past_runs(contract.resolve().parent, last=last, dataset=dataset, layer=layer)
    print_history(console_for(json_path), found, by_dataset=bool(dataset or layer))
    write_json(found, json_path)
    return ExitCode.COMPLETE


@cli.command()
@contract_options
def docs(contract: Path) -> ExitCode:
    """Rebuild Data Docs and the run pages, and print the path of the index."""
    from checkpoints.library.judge import build_docs
    from checkpoints.output.site import rebuild_pages

    file = load_contract(contract, os.environ)
    problems = rebuild_pages(file.project)
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    click.echo(build_docs(file.project))
    return ExitCode.COULD_NOT_TELL if problems else ExitCode.COMPLETE


@cli.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail if stale.")
@contract_options
def suites(only_check: bool, contract: Path) -> ExitCode:
    """Write suites, validation definitions and checkpoints from the contract."""
    from checkpoints.library.suites import refuse_stale, write

    file = load_contract(contract, os.environ)
    if only_check:
        refuse_stale(file.project, file.contract)
        click.echo("the suites are what the contract generates", err=True)
        return ExitCode.COMPLETE
    changed = write(file.project, file.contract)
    for path in changed:
        click.echo(path)
    click.echo(f"{len(changed)} files changed", err=True)
    return ExitCode.COMPLETE


def start() -> None:
    """Run the command line and end the process with its exit code."""
    leave(main(cli))
