"""The contract: what it declares, and the dates that its checkpoints look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from checkpoints.contract.checks import checks_of
from checkpoints.contract.loading import REPLACEABLE, ContractFile
from checkpoints.contract.model import Contract
from checkpoints.contract.secrets import variables_in
from checkpoints.contract.stock import stock_checks_of
from checkpoints.contract.window import Window, resolve_window
from checkpoints.doctor.finding import Finding, ok, problem, told, warning
from checkpoints.errors import ContractError
from checkpoints.text import counted

AREA = "contract"
WITHOUT_A_WINDOW = "30d"
"""What is looked at where no checkpoint has a window today."""


def contract_findings(
    path: Path,
    file: ContractFile,
    problems: Sequence[str],
    environment: Mapping[str, str],
    given: Mapping[str, str | None],
) -> Iterator[Finding]:
    """What it declares, and variables that have no value; ``given`` are options, by their names."""
    contract = file.contract
    checks = len(checks_of(contract)) + len(stock_checks_of(contract))
    counts = [
        counted(len(contract.datasets), "dataset"),
        counted(checks, "check"),
        counted(len(contract.checkpoints), "checkpoint"),
        counted(len(contract.services), "service"),
        counted(len(contract.notify), "notifier"),
    ]
    yield ok(AREA, f"{path} ({file.sha256[:12]}) declares {', '.join(counts)}")
    yield from (told(AREA, message) for message in problems)
    places = {place for name, place in REPLACEABLE.items() if not given.get(name)}
    for message in file.unset:
        if message.partition(":")[0] in places:
            yield told(AREA, f"{path}: {message}")
    for name, checkpoint in contract.checkpoints.items():
        declared = [action.model_dump(mode="json") for action in checkpoint.actions]
        for variable, default in variables_in(declared).items():
            if default is None and not environment.get(variable):
                what = f"{path}: checkpoints.{name}.actions: environment variable {variable}"
                yield problem(AREA, f"{what} is not set", f"export {variable}=…")


def widest_window(contract: Contract, today: date) -> tuple[str, Window, list[Finding]]:
    """The longest window that a checkpoint takes without options, and which have none.

    The first is the name of that checkpoint, and empty where none has any.
    """
    found: dict[str, Window] = {}
    lacking: dict[str, list[str]] = {}
    for name, checkpoint in contract.checkpoints.items():
        try:
            found[name] = resolve_window(
                contract, as_of=today, default_days=checkpoint.window, parts=checkpoint.parts
            )
        except ContractError as error:
            lacking.setdefault(str(error), []).append(repr(name))
    told_ = [
        warning(AREA, f"a run without dates of {' or '.join(names)}: {what}", advice)
        for error, names in lacking.items()
        for what, _, advice in [error.partition(": ")]
    ]
    if not found:
        return "", resolve_window(contract, as_of=today, last_days=WITHOUT_A_WINDOW), told_
    widest = max(found, key=lambda name: found[name].range.days)
    return widest, found[widest], told_
