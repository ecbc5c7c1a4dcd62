"""``gaps``: the known gaps of the contract, declared, listed and ended by command."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import click

from checkpoints.archive.runs import stored_report
from checkpoints.cli.options import (
    CONTRACT,
    DATE,
    JSON,
    contract_option,
    declared,
    filled,
    same_contract,
    typed_again,
)
from checkpoints.cli.terminal import console_for, write_json
from checkpoints.contract.gaps import KnownGaps, described, gap_to_end, new_gap, standing
from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.dates import DAY, DateRange
from checkpoints.errors import ContractError, ExitCode
from checkpoints.files import obstacle, write_text
from checkpoints.output.console_gaps import print_gaps

AS_OF = click.option("--as-of", type=DATE, help="Take this date for today.")


@click.group()
def gaps() -> None:
    """Declare, list and end the known gaps of the contract.

    A known gap is dates that a dataset may lack: accepted by somebody, for a reason, until a
    date. Then they fail again; in the week before that every run says so.
    """


@gaps.command()
@click.argument("dataset", metavar="DATASET")
@click.option("--from", "first", type=DATE, required=True, help="First date that may lack keys.")
@click.option("--to", "last", type=DATE, required=True, help="Last date (inclusive).")
@click.option("--reason", required=True, callback=filled, metavar="TEXT", help="Why.")
@click.option("--owner", required=True, callback=filled, metavar="NAME", help="Who accepts it.")
@click.option("--until", type=DATE, required=True, help="The last day on which it is accepted.")
@declared(AS_OF, contract_option)
def add(
    dataset: str,
    first: datetime,
    last: datetime,
    reason: str,
    owner: str,
    until: datetime,
    as_of: datetime | None,
    contract: Path,
    state_dir: Path | None,
) -> ExitCode:
    """Declare dates of DATASET that may lack keys.

    The entry is added to the contract's file, of which all else stays as it is. Its dates must
    not overlap those of another gap of the dataset that is in force.
    """
    from checkpoints.contract.gap_editing import with_gap  # imports ruamel.yaml

    file = load_contract(contract, os.environ, state_dir=state_dir)
    days = {"from": first.date(), "to": last.date(), "until": until.date()}
    values = {"dataset": dataset, "reason": reason, "owner": owner, **days}
    gap = new_gap(file.contract, values, _today(file, as_of))
    _write(file, with_gap(file, gap, os.environ))
    return _changed(file, f"known gap {described(gap)} added")


@gaps.command()
@click.argument("dataset", metavar="DATASET")
@click.option("--from", "first", type=DATE, help="Its first date, where there are several.")
@click.option("--to", "last", type=DATE, help="Its last date (with --from).")
@declared(AS_OF, contract_option)
def expire(
    dataset: str,
    first: datetime | None,
    last: datetime | None,
    as_of: datetime | None,
    contract: Path,
    state_dir: Path | None,
) -> ExitCode:
    """End a known gap of DATASET: its dates fail from today on.

    The entry stays in the contract's file, accepted until yesterday.
    """
    from checkpoints.contract.gap_editing import with_end  # imports ruamel.yaml

    if (first is None) != (last is None):
        raise click.UsageError("--from and --to go together: give both, or neither")
    file = load_contract(contract, os.environ, state_dir=state_dir)
    today, known = _today(file, as_of), file.contract.known_gaps
    asked = DateRange(first.date(), last.date()) if first and last else None
    number = gap_to_end(file.contract, dataset, asked, today)
    ended = known[number].model_copy(update={"until": today - DAY})
    _write(file, with_end(file, number, ended.until, os.environ))
    return _changed(file, f"known gap {described(ended)} expired: its dates fail from now on")


@gaps.command(name="list")
@declared(AS_OF, JSON, contract_option)
def list_(
    as_of: datetime | None, json_path: str | None, contract: Path, state_dir: Path | None
) -> ExitCode:
    """List the known gaps: in force, ending within a week, or expired.

    Beside each stands how many of its dates still lack keys in the latest stored run.
    """
    file = load_contract(contract, os.environ, state_dir=state_dir)
    found, problem = _listed(file, _today(file, as_of))
    print_gaps(console_for(json_path), found, problem)
    write_json(found, json_path)
    return ExitCode.COMPLETE


def _listed(file: ContractFile, today: date) -> tuple[KnownGaps, str]:
    """The gaps of a contract, and why no run tells what they still lack."""
    known = [standing(gap, today) for gap in file.contract.known_gaps]
    try:
        with same_contract():
            report = stored_report(file, None)
    except ContractError as error:
        return KnownGaps(as_of=today, run_id=None, gaps=tuple(known)), error.problems[0]
    seen = [(one, report.lacking_in(one.gap)) for one in known]
    told = (
        one.model_copy(update={"lacking": found[0], "read": found[1]}) if found else one
        for one, found in seen
    )
    return KnownGaps(as_of=today, run_id=report.run_id, gaps=tuple(told)), ""


def _today(file: ContractFile, as_of: datetime | None) -> date:
    return (as_of or datetime.now(UTC).astimezone(file.contract.zone)).date()


def _write(file: ContractFile, text: str) -> None:
    problem = obstacle(file.path)
    if problem or not os.access(file.path, os.W_OK):
        what = problem or "may not be written"
        raise ContractError(f"{file.path}: {what}: make it writable, and try again")
    write_text(file.path, text)


def _changed(file: ContractFile, said: str) -> ExitCode:
    console = console_for(None)
    console.print(said, soft_wrap=True)
    console.print(f"next   {typed_again('checkpoints run', *CONTRACT)}", soft_wrap=True)
    click.echo(file.path)
    return ExitCode.COMPLETE
