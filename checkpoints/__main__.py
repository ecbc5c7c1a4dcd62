"""``python -m checkpoints``: parse, call one function, print, exit."""

from __future__ import annotations

if __name__ == "__main__":
    from checkpoints.interrupts import end_at_once

    end_at_once()

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from checkpoints import console
from checkpoints.contract_file import ContractFile, load_contract
from checkpoints.errors import ExitCode
from checkpoints.shell import console_for, leave, main, write_json
from checkpoints.window import Window, resolve_window

STARTED = time.monotonic()
DATE = click.DateTime(["%Y-%m-%d"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the options every command has come to."""

    file: ContractFile
    warehouse: str
    window_options: dict[str, Any]
    as_of: date

    def window(self, default_days: str | None = None) -> Window:
        """The window the user asked for, or the default."""
        options = dict(self.window_options)
        if default_days and not any(options.values()):
            options["last_days"] = default_days
        return resolve_window(self.file.contract, as_of=self.as_of, **options)


def contract_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--contract``."""
    return click.option(
        "--contract",
        type=click.Path(path_type=Path),
        default=Path("gx/pipeline.yml"),
        show_default=True,
        help="The contract file.",
    )(command)


def window_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Window, contract, warehouse and as-of, handed to the command as one ``setting``."""

    @click.option("--season", help="A season of the contract, e.g. 2024-25.")
    @click.option("--from", "first", type=DATE, help="First date (with --to; inclusive).")
    @click.option("--to", "last", type=DATE, help="Last date (with --from; inclusive).")
    @click.option("--last", "last_days", metavar="Nd", help="The last N days, e.g. 7d.")
    @click.option("--as-of", type=DATE, help="Take this date for today.")
    @click.option("--warehouse", metavar="URL", help="Instead of the contract's.")
    @contract_options
    @wraps(command)
    def wrapped(
        season: str | None,
        first: datetime | None,
        last: datetime | None,
        last_days: str | None,
        as_of: datetime | None,
        warehouse: str | None,
        contract: Path,
        **rest: Any,
    ) -> Any:
        file = load_contract(contract, os.environ)
        options = {
            "season": season,
            "first": first.date() if first else None,
            "last": last.date() if last else None,
            "last_days": last_days,
        }
        today = as_of.date() if as_of else datetime.now(file.contract.zone).date()
        setting = Setting(
            file=file,
            warehouse=warehouse or file.contract.warehouse,
            window_options=options,
            as_of=today,
        )
        return command(setting=setting, **rest)

    return wrapped


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``."""
    return click.option(
        "--json", "json_path", metavar="PATH", help="Write the answer as JSON; - is stdout."
    )(command)


def judge_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--checkpoint`` and ``--fail-on``."""
    command = click.option("--checkpoint", default="after_backfill", show_default=True)(command)
    return click.option(
        "--fail-on",
        type=click.Choice(["critical", "warning"]),
        default="critical",
        show_default=True,
        help="The lightest severity whose failure fails the run.",
    )(command)


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
    from checkpoints.summary import summarize

    contract = setting.file.contract
    evidence = gather(contract, setting.warehouse, setting.window(), setting.as_of)
    summary = summarize(contract, evidence.frame)
    console.print_coverage(console_for(json_path), summary)
    write_json(summary, json_path)
    return ExitCode.COULD_NOT_TELL if summary.unreadable else ExitCode.COMPLETE


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
    console.print_report(console_for(json_path), report, path=path, page=page)
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
    rebuild_pages(file.project)
    click.echo(index)
    return ExitCode.COMPLETE


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
