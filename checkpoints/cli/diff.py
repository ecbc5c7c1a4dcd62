"""``diff``: what got better and what got worse from one run to another."""

from __future__ import annotations

import click

from checkpoints.archive.comparison import compare
from checkpoints.archive.report import Report
from checkpoints.archive.runs import latest_run, run_before, stored_report
from checkpoints.cli.options import DETAIL, JSON, Setting, contract_option, with_setting
from checkpoints.cli.terminal import write_json
from checkpoints.errors import ExitCode
from checkpoints.output.console_diff import print_comparison


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN [RUN]]")
@with_setting(contract_option, JSON, *DETAIL)
def diff(setting: Setting, runs: tuple[str, ...]) -> ExitCode:
    """Compare two stored runs: what got better, what got worse.

    Without RUN the latest two, with one that and the latest. Exit code 0: nothing got worse,
    1: something did.
    """
    before, after = _chosen(setting, runs)
    found = compare(before, after)
    print_comparison(setting.console, found, after.ranges, setting.detail)
    write_json(found, setting.json_path)
    return ExitCode.INCOMPLETE if found.is_worse else ExitCode.COMPLETE


def _chosen(setting: Setting, runs: tuple[str, ...]) -> tuple[Report, Report]:
    if len(runs) > 2:
        raise click.UsageError(f"two runs are compared, and these are {len(runs)}: leave some out")
    file = setting.file
    second = runs[1] if len(runs) > 1 else latest_run(file)
    first = runs[0] if runs else run_before(file, second)
    return stored_report(file, first), stored_report(file, second)
