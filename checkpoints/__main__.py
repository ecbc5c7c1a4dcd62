"""``python -m checkpoints``: parse, call one function, print, exit."""

from __future__ import annotations

if __name__ == "__main__":
    from checkpoints.interrupts import end_at_once

    end_at_once()

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from checkpoints import console
from checkpoints.contract_file import load_contract
from checkpoints.errors import ExitCode
from checkpoints.options import (
    Setting,
    contract_options,
    json_option,
    judge_options,
    window_options,
)
from checkpoints.shell import console_for, leave, main, write_json

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
def coverage(setting: Setting, json_path: str | None) -> ExitCode:
    """Show what is there per season and dataset, and the missing ranges."""
    from checkpoints.evidence import gather
    from checkpoints.reading import labelled
    from checkpoints.summary import summarize

    contract = setting.file.contract
    reading = labelled(setting.reading(), tool="checkpoints")
    evidence = gather(contract, setting.warehouse, setting.window(), setting.as_of, reading)
    summary = summarize(contract, evidence.frame)
    console.print_coverage(console_for(json_path), summary)
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
    from checkpoints.estimate import estimate_window

    found = estimate_window(
        setting.file.contract,
        setting.warehouse,
        setting.window(),
        setting.reading(),
        price_per_tib=price_per_tib,
    )
    console.print_estimate(console_for(json_path), found)
    write_json(found, json_path)
    return ExitCode.COULD_NOT_TELL if found.unreadable else ExitCode.COMPLETE


@cli.command()
@window_options
@judge_options
@json_option
def check(setting: Setting, checkpoint: str, fail_on: Any, json_path: str | None) -> ExitCode:
    """Judge by the rules alone, in under a second; nothing is stored."""
    from checkpoints import running

    report = running.check(_request(setting, checkpoint, fail_on))
    console.print_report(console_for(json_path), report)
    write_json(report, json_path)
    return report.verdict.exit_code


@cli.command()
@window_options
@judge_options
@json_option
def run(setting: Setting, checkpoint: str, fail_on: Any, json_path: str | None) -> ExitCode:
    """Run the checkpoint in Great Expectations; store report and Data Docs."""
    from checkpoints import running
    from checkpoints.signoff import write_run_page

    report, path = running.run(_request(setting, checkpoint, fail_on))
    page = write_run_page(setting.file.project, report)
    options = setting.contract_option()
    console.print_report(console_for(json_path), report, path=path, page=page, options=options)
    write_json(report, json_path)
    return report.verdict.exit_code


def _request(setting: Setting, checkpoint: str, fail_on: Any) -> Any:
    from checkpoints.running import Request

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
@click.option("--by", required=True, metavar="NAME", help="Who accepts the run.")
@click.option("--note", default="", metavar="TEXT")
@click.option("--run", "run_id", metavar="ID", help="A stored run; default: the latest.")
@contract_options
def signoff(by: str, note: str, run_id: str | None, contract: Path) -> ExitCode:
    """Accept a run that passed, or whose every failure is a known gap."""
    from checkpoints.signoff import sign

    file = load_contract(contract, os.environ)
    page = sign(file, run_id, by=by, note=note, at=datetime.now(UTC))
    click.echo(page)
    return ExitCode.COMPLETE


@cli.command()
@contract_options
def docs(contract: Path) -> ExitCode:
    """Rebuild Data Docs and the run pages, and print the path of the index."""
    from checkpoints.library import build_docs
    from checkpoints.signoff import rebuild_pages

    file = load_contract(contract, os.environ)
    index = build_docs(file.project)
    problems = rebuild_pages(file.project)
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    click.echo(index)
    return ExitCode.COULD_NOT_TELL if problems else ExitCode.COMPLETE


@cli.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail if stale.")
@contract_options
def suites(only_check: bool, contract: Path) -> ExitCode:
    """Write suites, validation definitions and checkpoints from the contract."""
    from checkpoints.suites import refuse_stale, write

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


if __name__ == "__main__":
    leave(main(cli))
