"""Where a command's answer goes: text for people, JSON for programs."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import IO, TextIO, cast

import click
from pydantic import BaseModel
from rich.console import Console

from checkpoints.errors import CheckpointsError, PublishingError
from checkpoints.files import write_text
from checkpoints.text import without_turns

STDOUT = "-"
"""What stands for standard output where the path of a file belongs."""

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


def stdout_is_taken() -> bool:
    """Whether the running command writes for a program there: some option of it is ``-``."""
    context = click.get_current_context(silent=True)
    return context is not None and STDOUT in context.params.values()


def console_for(json_path: str | None) -> Console:
    """Where people read: standard output on a terminal, else standard error."""
    to_stdout = sys.stdout.isatty() and json_path != STDOUT and not stdout_is_taken()
    stream = sys.stdout if to_stdout else sys.stderr
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    shown = cast(IO[str], Shown(stream, on_github=on_github))
    return Console(file=shown, highlight=False, emoji=False, markup=False)


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


def write_json(record: BaseModel, json_path: str | None) -> None:
    """Write a record to a file, or to standard output for ``-``; nothing without a path.

    Raises:
        PublishingError: the file cannot be written.
    """
    if json_path is not None:
        only_ascii = json_path == STDOUT and not sys.stdout.encoding.lower().startswith("utf")
        text = record.model_dump_json(indent=1, ensure_ascii=only_ascii)
        write_answer(json_path, text + "\n")
