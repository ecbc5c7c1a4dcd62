"""People are told: by ``run`` of incidents, and by ``notify --test`` that a notifier works."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from checkpoints.archive.report import Report
from checkpoints.cli.options import contract_option
from checkpoints.cli.terminal import console_for
from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.errors import ContractError, ExitCode
from checkpoints.explain.life import Notice
from checkpoints.output.notify.sending import deliver, wants
from checkpoints.output.notify.text import for_a_test, notification_of
from checkpoints.text import did_you_mean


def tell(
    file: ContractFile, report: Report, notices: Sequence[Notice], *, quietly: bool
) -> set[str]:
    """Tell every notifier what it wants to hear; returns the ids of what none of them took.

    What no notifier wants to hear needs no telling. ``quietly``: nothing is sent.
    """
    wanted = {
        notice.incident.id: notification_of(notice, report, file)
        for notice in notices
        if any(wants(notifier, notice, file.contract) for notifier in file.contract.notify)
    }
    if quietly:
        return set(wanted)
    given = [
        (notifier, [wanted[n.incident.id] for n in notices if wants(notifier, n, file.contract)])
        for notifier in file.contract.notify
    ]
    taken = set[str]()
    for delivery in deliver(given, os.environ):
        taken |= {one.incident.id for one in delivery.taken if one.incident}
        if delivery.problem:
            click.echo(f"warning: not notified: {delivery}", err=True)
    return wanted.keys() - taken


@click.command()
@click.option("--test", is_flag=True, help="Send a message that nothing is wrong.")
@click.option("--name", metavar="NAME", help="Only to the notifier of this name.")
@contract_option
def notify(test: bool, name: str | None, contract: Path, state_dir: Path | None) -> ExitCode:
    """Send a test to every notifier of the contract, and say which of them took it."""
    if not test:
        raise click.UsageError("Missing option '--test': what is wrong is told by checkpoints run")
    file = load_contract(contract, os.environ, state_dir=state_dir)
    labels = [notifier.label for notifier in file.contract.notify]
    if not labels:
        raise ContractError(f"{file.path}: declares no notifier: list some under notify")
    if name is not None and name not in labels:
        hint = did_you_mean(name, labels) or f"there are {', '.join(labels)}"
        raise ContractError(f"there is no notifier {name!r}: {hint}")
    asked = [one for one in file.contract.notify if name in (None, one.label)]
    deliveries = deliver([(one, [for_a_test(file)]) for one in asked], os.environ)
    console = console_for(None)
    for delivery in deliveries:
        console.print(str(delivery), soft_wrap=True)
    failed = any(delivery.problem for delivery in deliveries)
    return ExitCode.COULD_NOT_TELL if failed else ExitCode.COMPLETE
