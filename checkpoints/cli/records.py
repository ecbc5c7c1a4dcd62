"""Commands about what is kept: ``history``, ``signoff``, ``docs``; and ``suites``."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from checkpoints.archive.history import past_runs
from checkpoints.archive.signoff import verify
from checkpoints.cli.options import JSON, Setting, contract_option, with_setting
from checkpoints.cli.terminal import console_for, print_errors, write_json
from checkpoints.contract.loading import load_contract, project_of
from checkpoints.errors import ExitCode
from checkpoints.library.project import complete
from checkpoints.library.suites import refuse_stale, write
from checkpoints.output.console_history import print_history, print_signed, print_verification
from checkpoints.output.signing import sign
from checkpoints.output.site import rebuild_pages
from checkpoints.text import counted


@click.command()
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
@contract_option
def signoff(
    by: str | None,
    note: str,
    run_id: str | None,
    path: Path | None,
    contract: Path,
    state_dir: Path | None,
) -> ExitCode:
    """Accept a run that passed, or whose every failure is a known gap."""
    if path is not None:
        if by or note or run_id:
            raise click.UsageError(
                "--verify only checks what was signed: leave out --by, --note and --run"
            )
        found = verify(project_of(contract, state_dir), path)
        print_verification(console_for(None), found)
        return found.exit_code
    if by is None:
        raise click.UsageError("Missing option '--by': say who accepts the run")
    file = load_contract(contract, os.environ, state_dir=state_dir)
    signed = sign(file, run_id, by=by, note=note, at=datetime.now(UTC))
    print_signed(console_for(None), signed)
    click.echo(signed.page)
    return ExitCode.COMPLETE


@click.command()
@click.option("--dataset", metavar="NAME", help="The coverage of this dataset only.")
@click.option("--layer", metavar="NAME", help="The datasets of this layer only.")
@click.option(
    "--last", type=click.IntRange(1), default=20, show_default=True, help="How many runs."
)
@JSON
@contract_option
def history(
    dataset: str | None,
    layer: str | None,
    last: int,
    json_path: str | None,
    contract: Path,
    state_dir: Path | None,
) -> ExitCode:
    """Show past runs: verdict, coverage per layer and its trend, who signed."""
    found = past_runs(project_of(contract, state_dir), last=last, dataset=dataset, layer=layer)
    print_history(console_for(json_path), found, by_dataset=bool(dataset or layer))
    print_errors(run.problem for run in found.runs if run.problem)
    write_json(found, json_path)
    return ExitCode.COMPLETE


@click.command()
@with_setting(contract_option)
def docs(setting: Setting) -> ExitCode:
    """Rebuild Data Docs and the run pages, and print the path of the index."""
    from checkpoints.library.judge import build_docs  # imports pandas, which the others spare

    problems: list[str] = []
    try:
        index = build_docs(setting.file.project)
    finally:  # last: the pages of runs lead to the others
        problems = rebuild_pages(setting.file.project)
        print_errors(problems)
    click.echo(index)
    return ExitCode.COULD_NOT_TELL if problems else ExitCode.COMPLETE


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail if stale.")
@with_setting(contract_option)
def suites(setting: Setting, only_check: bool) -> ExitCode:
    """Write suites, validation definitions and checkpoints from the contract."""
    if only_check:
        refuse_stale(setting.file.project, setting.file.contract)
        click.echo("the suites are what the contract generates")
        return ExitCode.COMPLETE
    from checkpoints.library.judge import refuse_unusable  # imports pandas

    project, contract = setting.file.project, setting.file.contract
    changed = complete(project)
    refuse_unusable(project, contract)
    changed += write(project, contract)
    for path in changed:
        click.echo(path if path.exists() else f"deleted {path}")
    click.echo(f"{counted(len(changed), 'file')} changed")
    return ExitCode.COMPLETE
