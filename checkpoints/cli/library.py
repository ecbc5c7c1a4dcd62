"""Commands that go through Great Expectations: ``run``, ``docs``."""

from __future__ import annotations

import click

from checkpoints import validation
from checkpoints.cli.ci_options import Publishing, ci_options
from checkpoints.cli.options import (
    DATES,
    DETAIL,
    JSON,
    JUDGING,
    MAX_BYTES,
    READING,
    Setting,
    contract_option,
    with_setting,
)
from checkpoints.cli.reading import answer, request_for
from checkpoints.errors import ExitCode
from checkpoints.library.judge import build_docs
from checkpoints.output.console import Stored
from checkpoints.output.site import rebuild_pages, write_run_page
from checkpoints.rules.rule import Severity


@click.command()
@ci_options
@with_setting(*DATES, *READING, MAX_BYTES, contract_option, *JUDGING, JSON, *DETAIL)
def run(setting: Setting, checkpoint: str, fail_on: Severity, publishing: Publishing) -> ExitCode:
    """Run the checkpoint in Great Expectations; store report and Data Docs."""
    report, path = validation.run(request_for(setting, checkpoint, fail_on))
    page = write_run_page(setting.file.project, report)
    return answer(setting, report, publishing, Stored(report=path, page=page))


@click.command()
@with_setting(contract_option)
def docs(setting: Setting) -> ExitCode:
    """Rebuild Data Docs and the run pages, and print the path of the index."""
    problems = rebuild_pages(setting.file.project)
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    click.echo(build_docs(setting.file.project))
    return ExitCode.COULD_NOT_TELL if problems else ExitCode.COMPLETE
