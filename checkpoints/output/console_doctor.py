"""What people read in the terminal of an examination: a line for each finding."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from checkpoints.doctor.finding import Examination, Finding, State
from checkpoints.output.columns import aligned
from checkpoints.text import counted, one_line

STYLE = {State.OK: "green", State.WARNING: "bold yellow", State.PROBLEM: "bold red"}


def print_examination(console: Console, found: Examination) -> None:
    """A line per finding, which ends in what to do, and what it comes to."""
    for line in aligned([_cells(one) for one in found.findings]):
        console.print(line, soft_wrap=True)
    problems, warnings = found.count(State.PROBLEM), found.count(State.WARNING)
    told = f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}"
    console.print(told if problems or warnings else "all is there", soft_wrap=True)


def _cells(one: Finding) -> list[Text]:
    return [Text(one.state, style=STYLE[one.state]), Text(one.area), Text(one_line(str(one), 2000))]
