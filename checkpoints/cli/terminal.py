"""Where a command's answer goes: text for people, JSON for programs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO, cast

from pydantic import BaseModel
from rich.console import Console

from checkpoints.files import write_text
from checkpoints.text import without_turns

WORKFLOW_COMMAND = re.compile(r"(^\s*:|##)(:|\[)", re.MULTILINE)


class QuietPipe:
    """A stream for people: once its reader has left (``… | head``), what is written is dropped.

    So a backfill keeps its bookkeeping, and a check its exit code, whoever stops reading.
    """

    def __init__(self, stream: TextIO, *, on_github: bool = False) -> None:
        self.encoding, self.isatty = stream.encoding, stream.isatty
        self._stream = stream
        self._on_github = on_github

    def write(self, text: str) -> int:
        """Write, if anybody still reads."""
        with self._reader_may_have_left():
            shown = without_turns(text)
            self._stream.write(defused(shown) if self._on_github else shown)
        return len(text)

    def flush(self) -> None:
        """Flush, if anybody still reads."""
        with self._reader_may_have_left():
            self._stream.flush()

    @contextmanager
    def _reader_may_have_left(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            # The stream still holds the text and flushes it at exit: that has to succeed.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def defused(text: str) -> str:
    """A text of which GitHub takes no line for a workflow command, whatever data is in it."""
    return WORKFLOW_COMMAND.sub(lambda found: f"{found[1]} {found[2]}", text)


def console_for(json_path: str | None) -> Console:
    """Where people read: standard output on a terminal, else standard error."""
    to_stdout = sys.stdout.isatty() and json_path != "-"
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    stream = cast(IO[str], QuietPipe(sys.stdout if to_stdout else sys.stderr, on_github=on_github))
    return Console(file=stream, highlight=False, emoji=False, markup=False)


def write_json(record: BaseModel, json_path: str | None) -> None:
    """Write a record to a file, or to standard output for ``-``; nothing without a path.

    Raises:
        CheckpointsError: the file cannot be written.
        BrokenPipeError: standard output was closed.
    """
    if json_path is None:
        return
    if json_path == "-":
        only_ascii = not sys.stdout.encoding.lower().startswith("utf")
        sys.stdout.write(record.model_dump_json(indent=1, ensure_ascii=only_ascii) + "\n")
        sys.stdout.flush()
        return
    write_text(Path(json_path), record.model_dump_json(indent=1) + "\n")
