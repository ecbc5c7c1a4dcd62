"""``explain``: why dates are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import click

from checkpoints.archive.runs import latest_run, read_head, run_ids
from checkpoints.cli.options import (
    DATE,
    DATES,
    DETAIL,
    JSON,
    MAX_BYTES,
    READING,
    WHERE,
    Setting,
    contract_option,
    typed_again,
    with_setting,
    writable,
)
from checkpoints.cli.terminal import print_errors, write_answer, write_json
from checkpoints.errors import ExitCode
from checkpoints.output.console_explain import print_explanation
from checkpoints.validation import Options

MARKDOWN = click.option(
    "--markdown",
    "markdown_path",
    callback=writable,
    metavar="PATH",
    help="Write the post-mortem; - is stdout.",
)
GIVEN: Sequence[str] = ("season", "first", "last", "last_days")


@click.command()
@click.argument("dataset", required=False)
@click.argument("day", required=False, type=DATE, metavar="[DATE]")
@with_setting(*DATES, *READING, MAX_BYTES, contract_option, JSON, MARKDOWN, *DETAIL)
def explain(
    setting: Setting, dataset: str | None, day: datetime | None, markdown_path: str | None
) -> ExitCode:
    """Say where dates that are missing stop on their way, and why.

    Of DATASET or of all, every date that lacks keys in the window of the latest run or of the
    options; of one DATE, or of a window and DATASET, also why nothing is expected of it. The
    tables are read anew, beside the ledger of calls and earlier runs. Exit code 3: something
    could not be read.
    """
    from checkpoints.explain.explaining import explain as explained  # reads the contract's records

    if markdown_path == "-" and setting.json_path == "-":
        raise click.UsageError("--json and --markdown cannot both be written to stdout")
    asked, chosen = _asked(setting, day)
    found = explained(asked.request(), dataset, whole=chosen and dataset is not None)
    following = typed_again("remediation plan", *WHERE)
    print_explanation(setting.console, found.explanation, following, setting.detail)
    print_errors(found.explanation.problems)
    write_json(found.explanation, setting.json_path)
    if markdown_path:
        from checkpoints.explain.story import story_of
        from checkpoints.output.postmortem import postmortem

        write_answer(markdown_path, postmortem(story_of(setting.file, found)))
    return ExitCode.COULD_NOT_TELL if found.explanation.problems else ExitCode.COMPLETE


def _asked(setting: Setting, day: datetime | None) -> tuple[Setting, bool]:
    """With the dates that are meant, and whether somebody chose them.

    Without any they are those of the latest run, if there is one.
    """
    options, file = setting.options, setting.file
    chosen = any(options.get(name) for name in GIVEN)
    if day and chosen:
        raise click.UsageError("DATE and options for dates exclude each other: give one")
    dates: Options = {}
    if day:
        dates = {"first": day.date(), "last": day.date()}
    elif not chosen and run_ids(file.project):
        window = read_head(file.project, latest_run(file)).window
        dates = {"first": window.first, "last": window.last}
    return replace(setting, options={**options, **dates}), bool(day) or chosen
