"""Which stream a command writes to: one rule for all commands.

The answer goes to standard output, all that is said beside it (progress, notes, warnings, errors)
to standard error. Where a program gets standard output (``--json -``, ``--format csv``), the
answer for people goes to standard error as well.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TextIO, cast

import click
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from checkpoints.errors import CheckpointsError, PublishingError
from checkpoints.files import replacing, write_text
from checkpoints.text import one_line, without_turns

STDOUT = "-"
"""What stands for standard output where the path of a file belongs."""

STDOUT_NAMES = (STDOUT, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
TAKEN = "checkpoints.cli.terminal.taken"
AS_WIDE_AS_NEEDED = 1_000_000
"""The columns of what is no terminal: a line in a file or a pipe ends where its text does."""

WORKFLOW_COMMAND = re.compile(r"(^\s*:|##)(:|\[)", re.MULTILINE)


class Shown:
    """A stream for people: what data holds turns no line around, and gives GitHub no command."""

    def __init__(self, stream: TextIO, *, on_github: bool) -> None:
        self.encoding, self.isatty, self.flush = stream.encoding, stream.isatty, stream.flush
        self._stream = stream
        self._on_github = on_github

    def write(self, text: str) -> int:
        """Write what can be read as it stands."""
        shown = without_turns(text)
        self._stream.write(defused(shown) if self._on_github else shown)
        return len(text)


def defused(text: str) -> str:
    """A text of which GitHub takes no line for a workflow command, whatever data is in it."""
    return WORKFLOW_COMMAND.sub(lambda found: f"{found[1]} {found[2]}", text)


def take_stdout() -> None:
    """The running command writes for a program to standard output: an option of it says so."""
    click.get_current_context().meta[TAKEN] = True


def stdout_is_taken() -> bool:
    """Whether the running command writes for a program there."""
    context = click.get_current_context(silent=True)
    return context is not None and TAKEN in context.meta


def console_for(json_path: str | None) -> Console:
    """Where people read the answer: standard output, unless a program gets it."""
    taken = json_path == STDOUT or stdout_is_taken()
    return _console(sys.stderr if taken else sys.stdout)


def notes() -> Console:
    """Where people read what is no answer: progress, notes, warnings and errors."""
    return _console(sys.stderr)


def print_errors(problems: Iterable[str]) -> None:
    """Print what an answer lacks, and why, a line each."""
    for problem in problems:
        text = Text(f"error: {one_line(problem)}", style="bold magenta")
        notes().print(text, soft_wrap=True)


def _console(stream: TextIO) -> Console:
    """A stream for people; what is no terminal has as many columns as the text needs.

    ``COLUMNS`` sets how many there are, as it does for a terminal.
    """
    bounded = stream.isatty() or os.environ.get("COLUMNS", "").isdigit()
    shown = Shown(stream, on_github=os.environ.get("GITHUB_ACTIONS") == "true")
    return Console(
        file=cast(IO[str], shown),
        width=None if bounded else AS_WIDE_AS_NEEDED,
        highlight=False,
        emoji=False,
        markup=False,
    )


def write_answer(path: str, text: str) -> None:
    """Write a text for a program to a file, or to standard output for ``-``; it is UTF-8.

    Raises:
        PublishingError: the file cannot be written.
    """
    if path == STDOUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        return
    try:
        write_text(Path(path), text)
    except CheckpointsError as error:
        raise PublishingError(*error.problems) from error


def write_lines(path: str, lines: Iterable[str]) -> None:
    """Write lines for a program as they come, as ``write_answer`` does with a text.

    Raises:
        CheckpointsError: the file cannot be written.
    """
    whole = (line.encode(errors="backslashreplace") for line in lines)
    if path == STDOUT:
        sys.stdout.buffer.writelines(whole)
        return
    with replacing(Path(path)) as unfinished, unfinished.open("wb") as file:
        file.writelines(whole)


def write_json(record: BaseModel, json_path: str | None) -> None:
    """Write a record to a file, or to standard output for ``-``; nothing without a path.

    Raises:
        PublishingError: the file cannot be written.
    """
    if json_path is not None:
        only_ascii = json_path == STDOUT and not sys.stdout.encoding.lower().startswith("utf")
        text = record.model_dump_json(indent=1, ensure_ascii=only_ascii)
        write_answer(json_path, text + "\n")
