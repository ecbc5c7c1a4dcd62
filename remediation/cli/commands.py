"""``python -m remediation``: its commands, each imported when it is called."""

from __future__ import annotations

import sys

import click

from checkpoints import __version__
from checkpoints.cli.shell import Lazy, LazyGroup, main

PLANNING = "remediation.cli.planning"
SENDING = "remediation.cli.sending"

COMMANDS = {
    "plan": Lazy(PLANNING, "Turn the failed checks of a run into the smallest set of calls."),
    "resume": Lazy(SENDING, "Go on with a plan: look at the tables, then send what is missing."),
    "run": Lazy(
        SENDING, "Make the calls of a plan, the canary first, and verify each in the tables."
    ),
    "status": Lazy(PLANNING, "Show every plan, what is open, and whether a run is at work."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="remediation")
def cli() -> None:
    """Repair what a checkpoint run found missing, and prove from the tables that it landed.

    \b
    Exit codes: 0 complete, 1 all calls landed and the rules still fail, 2 usage or contract
    error, 3 could not tell, 4 some dates are still missing, unknown or got worse,
    5 nothing is due any more, 130 interrupted (resume continues).
    """


def start() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(main(cli))
