"""The failed checks of a run, grouped into what is wrong at the root. Pure."""

from __future__ import annotations

from checkpoints.archive.incidents import Below, IncidentKind
from checkpoints.archive.report import Report
from checkpoints.contract.model import Contract
from checkpoints.records import Record
from checkpoints.rules.rule import Severity


class Found(Record):
    """One thing that is wrong.

    ``roots`` are the highest datasets of one layer that it is wrong with, the one with most dates
    first; ``below`` what is built from them and fails on the same dates.
    """

    kind: IncidentKind
    roots: tuple[Below, ...]
    below: tuple[Below, ...] = ()
    checks: tuple[str, ...]
    severity: Severity
    message: str = ""


def found_in(
    report: Report, contract: Contract, lightest: Severity | None = None
) -> tuple[Found, ...]:
    """What is wrong by the failed checks of a run.

    Failures lighter than ``lightest`` are left out: by default those that do not gate.
    """
    raise NotImplementedError
