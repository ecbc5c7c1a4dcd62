"""``doctor``: is everything there that a run and a backfill need?"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from checkpoints.cli.options import JSON, READING, contract_option, declared, for_same_contract
from checkpoints.cli.terminal import console_for, write_json
from checkpoints.errors import ExitCode


@click.command()
@declared(contract_option, *READING, JSON)
def doctor(
    contract: Path,
    state_dir: Path | None,
    warehouse: str | None,
    impersonate: str | None,
    json_path: str | None,
) -> ExitCode:
    """Look whether all is there that a run and a backfill need.

    Contract, warehouse and its tables, the cost of a run, suites, archive, services, notifiers,
    clock and versions: a line each, with what to do. Nothing is written, and no service is called.
    """
    from checkpoints.doctor.examining import Asked, examine  # imports SQLAlchemy
    from checkpoints.output.console_doctor import print_examination

    found = examine(
        Asked(
            path=contract,
            state_dir=state_dir,
            environment=os.environ,
            now=lambda: datetime.now(UTC),
            warehouse=warehouse,
            impersonate=impersonate,
        )
    )
    findings = tuple(
        one.model_copy(update={"advice": for_same_contract(one.advice)}) for one in found.findings
    )
    found = found.model_copy(update={"findings": findings})
    print_examination(console_for(json_path), found)
    write_json(found, json_path)
    return found.exit_code
