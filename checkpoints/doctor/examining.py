"""The whole examination: what can hang is asked side by side, and whatever breaks is one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from checkpoints.contract.loading import ContractFile, contract_so_far
from checkpoints.contract.window import Window
from checkpoints.doctor.asking import Question
from checkpoints.doctor.called import NOTIFIERS, SERVICES, questions
from checkpoints.doctor.contract import AREA, contract_findings, widest_window
from checkpoints.doctor.finding import Examination, Finding, State, told
from checkpoints.doctor.machine import version_findings, zone_findings
from checkpoints.doctor.project import (
    ARCHIVE,
    LEDGER,
    LIBRARY,
    SUITES,
    archive_findings,
    ledger_findings,
    library_findings,
    suite_findings,
)
from checkpoints.doctor.warehouse import WAREHOUSE, Examined, warehouse_findings
from checkpoints.errors import ContractError, ExitCode
from checkpoints.warehouse.engine import reading_of

SECONDS = 25.0
"""How long the warehouse is waited for, all of it together."""

DISK_SECONDS = 5.0
DISK = "see whether another program holds it, or its disk still answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is examined; ``now`` tells the aware time of this machine.

    ``state_dir`` is where the project of the contract is, if not beside it. ``warehouse`` takes
    precedence over the contract's; ``impersonate`` is a service account.
    """

    path: Path
    state_dir: Path | None = None
    environment: Mapping[str, str]
    now: Callable[[], datetime]
    warehouse: str | None = None
    impersonate: str | None = None


def examine(asked: Asked) -> Examination:
    """Look at everything; nothing is written, and no service is called."""
    findings = tuple(_findings(asked))
    well = all(found.state is not State.PROBLEM for found in findings)
    code = ExitCode.COMPLETE if well else ExitCode.COULD_NOT_TELL
    return Examination(exit_code=code, findings=findings)


def _findings(asked: Asked) -> Iterator[Finding]:
    try:
        file, problems = contract_so_far(asked.path, asked.environment, state_dir=asked.state_dir)
    except ContractError as error:
        file, problems = None, list(error.problems)
    if file is None:
        yield from (told(AREA, message) for message in problems)
    else:
        given = {"warehouse": asked.warehouse}
        yield from contract_findings(asked.path, file, problems, asked.environment, given)
        yield from _of_contract(asked, file)
    yield from zone_findings(file.contract.timezone if file else "")
    yield from version_findings()


def _of_contract(asked: Asked, file: ContractFile) -> Iterator[Finding]:
    """What a contract leads to; everything is asked before the first answer is waited for."""
    checkpoint, window, lacking = widest_window(
        file.contract, asked.now().astimezone(file.contract.zone).date()
    )
    yield from lacking
    asking = [
        *_warehouse(asked, file, checkpoint, window),
        *_disk(file, asked.now()),
        *_called(file, asked.environment),
    ]
    for question in asking:
        yield from question.findings()


def _warehouse(
    asked: Asked, file: ContractFile, checkpoint: str, window: Window
) -> Iterator[Question]:
    """Nothing where the URL is in a variable without value, which is told of the contract."""
    try:
        file.require(warehouse=asked.warehouse)
    except ContractError:
        return
    examined = Examined(
        file=file,
        url=asked.warehouse or file.contract.warehouse,
        options=reading_of(file.contract, None, asked.impersonate),
        checkpoint=checkpoint,
        window=window,
        now=asked.now,
    )
    advice = "see whether the network and the warehouse answer, then ask again"
    yield Question(WAREHOUSE, lambda: warehouse_findings(examined), SECONDS, advice)


def _disk(file: ContractFile, now: datetime) -> Iterator[Question]:
    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        SUITES: lambda: suite_findings(file),
        LIBRARY: lambda: library_findings(file),
        ARCHIVE: lambda: archive_findings(file, now),
        LEDGER: lambda: ledger_findings(file),
    }
    for area, look in looks.items():
        yield Question(area, look, DISK_SECONDS, DISK)


def _called(file: ContractFile, environment: Mapping[str, str]) -> Iterator[Question]:
    for name, service in file.contract.services.items():
        needs = service.needs(environment)
        yield from questions(SERVICES, name, f"services.{name}", needs)
    for number, notifier in enumerate(file.contract.notify):
        needs = notifier.needs(environment)
        yield from questions(NOTIFIERS, notifier.label, f"notify[{number}]", needs)
