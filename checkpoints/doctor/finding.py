"""What was found: one line for each thing that was looked at, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from checkpoints.errors import CheckpointsError, ExitCode
from checkpoints.records import Record


class State(StrEnum):
    """Whether something is as it must be; with a warning a run still comes to a verdict."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(Record):
    """What was found in an area; ``advice`` is what to do, and empty where all is well."""

    area: str
    what: str
    state: State
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.advice}" if self.advice else self.what


class Examination(Record):
    """The whole answer of ``checkpoints doctor``, area by area; ``exit_code`` is 0 or 3."""

    schema_version: Literal[1] = 1
    exit_code: ExitCode
    findings: tuple[Finding, ...]

    def count(self, state: State) -> int:
        """How many findings are in a state."""
        return sum(found.state is state for found in self.findings)


def ok(area: str, what: str) -> Finding:
    """Something that is as it must be."""
    return Finding(area=area, what=what, state=State.OK)


def warning(area: str, what: str, advice: str) -> Finding:
    """Something that does not hold up a run and should be put right."""
    return Finding(area=area, what=what, state=State.WARNING, advice=advice)


def problem(area: str, what: str, advice: str) -> Finding:
    """Something that a run or a backfill fails by."""
    return Finding(area=area, what=what, state=State.PROBLEM, advice=advice)


def told(area: str, message: str) -> Finding:
    """A problem in a sentence that ends, after its last colon, in what to do."""
    what, _, advice = message.rpartition(": ")
    return problem(area, what or message, advice if what else "put that right, then ask again")


def problems_of(area: str, error: CheckpointsError) -> list[Finding]:
    """Everything that an error tells."""
    return [told(area, message) for message in error.problems]
