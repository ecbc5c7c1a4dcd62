"""``python -m checkpoints``: its commands, each imported when it is called."""

from __future__ import annotations

import click

from checkpoints import __version__
from checkpoints.cli.shell import Lazy, LazyGroup, main
from checkpoints.process import leave

READING = "checkpoints.cli.reading"
RECORDS = "checkpoints.cli.records"
INCIDENTS = "checkpoints.cli.incidents"
NOTIFY = "checkpoints.cli.notify"

COMMANDS = {
    "check": Lazy(READING, "Judge by the rules alone, in under a second; nothing is stored."),
    "coverage": Lazy(READING, "Show what is there per season and dataset, and the missing ranges."),
    "diff": Lazy(
        "checkpoints.cli.diff", "Compare two stored runs: what got better, what got worse."
    ),
    "doctor": Lazy(
        "checkpoints.cli.doctor", "Look whether all is there that a run and a backfill need."
    ),
    "docs": Lazy(RECORDS, "Rebuild Data Docs and the run pages, and print the path of the index."),
    "estimate": Lazy(
        READING, "Show what a check would read and cost on BigQuery; nothing is read."
    ),
    "explain": Lazy(
        "checkpoints.cli.explain", "Say where dates that are missing stop on their way, and why."
    ),
    "gaps": Lazy("checkpoints.cli.gaps", "Declare, list and end the known gaps of the contract."),
    "history": Lazy(
        RECORDS, "Show past runs: verdict, coverage per layer and its trend, who signed."
    ),
    "incidents": Lazy(
        INCIDENTS, "List what is wrong at the root, since when and who knows; or acknowledge it."
    ),
    "init": Lazy("checkpoints.cli.init", "Write a first contract from what the warehouse holds."),
    "notify": Lazy(
        NOTIFY, "Send a test to every notifier of the contract, and say which of them took it."
    ),
    "run": Lazy(READING, "Run the checkpoint in Great Expectations; store report and Data Docs."),
    "schema": Lazy(
        "checkpoints.cli.schema", "Print the JSON Schema of contracts, for editors and linters."
    ),
    "signoff": Lazy(RECORDS, "Accept a run that passed, or whose every failure is a known gap."),
    "suites": Lazy(
        RECORDS, "Write suites, validation definitions and checkpoints from the contract."
    ),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="checkpoints")
def cli() -> None:
    """Check every layer of the pipeline against the one above, by date and key.

    \b
    Exit codes: 0 complete, 1 data incomplete, 2 usage or contract error,
    3 could not tell, 5 nothing was due, 130 interrupted.
    """


def start() -> None:
    """Run the command line and end the process with its exit code."""
    leave(main(cli))
