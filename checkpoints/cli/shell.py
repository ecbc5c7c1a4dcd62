"""What the command lines of all packages share: consoles, JSON output, errors to exit codes."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import IO, Any, TextIO, cast

import click
from pydantic import BaseModel
from rich.console import Console

from checkpoints.errors import CheckpointsError, ExitCode
from checkpoints.files import write_text

SIGNS = str.maketrans(
    {"→": "->", "≥": ">=", "≤": "<=", "·": "-", "–": "-", "×": "x", "…": "...", "✓": "+", "✗": "x"}
)
"""What the signs that people are shown become where only ASCII goes."""

WORKFLOW_COMMAND = re.compile(r"(^\s*:|##)(:|\[)", re.MULTILINE)


class Patient:
    """A stream on which nothing is lost when its reader leaves (``… | head``): it falls silent."""

    def __init__(self, stream: TextIO, *, on_github: bool = False) -> None:
        self._stream = stream
        self._on_github = on_github

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, if anybody still reads."""
        try:
            text = defused(text) if self._on_github else text
            return self._stream.write(writable(text, self._stream.encoding))
        except BrokenPipeError:
            self._fall_silent()
            return len(text)

    def flush(self) -> None:
        """Flush, if anybody still reads."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._fall_silent()

    def _fall_silent(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def writable(text: str, encoding: str | None) -> str:
    """A text as a stream takes it: signs are spelled out where they cannot be written."""
    known = encoding or "utf-8"
    spelled = text if known.lower().startswith("utf") else text.translate(SIGNS)
    return spelled.encode(known, "replace").decode(known)


def defused(text: str) -> str:
    """A text of which GitHub takes no line for a workflow command, whatever data is in it."""
    return WORKFLOW_COMMAND.sub(lambda found: f"{found[1]} {found[2]}", text)


def console_for(json_path: str | None) -> Console:
    """Where people read: standard output on a terminal, else standard error."""
    to_stdout = sys.stdout.isatty() and json_path != "-"
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    stream = cast(IO[str], Patient(sys.stdout if to_stdout else sys.stderr, on_github=on_github))
    return Console(file=stream, highlight=False, emoji=False, markup=False)


def write_json(record: BaseModel, json_path: str | None) -> None:
    """Write a record to a file, or to standard output for ``-``.

    Raises:
        CheckpointsError: the file cannot be written.
    """
    if json_path is None:
        return
    if json_path == "-":
        only_ascii = not sys.stdout.encoding.lower().startswith("utf")
        sys.stdout.write(record.model_dump_json(indent=1, ensure_ascii=only_ascii) + "\n")
        return
    write_text(Path(json_path), record.model_dump_json(indent=1) + "\n")


def main(cli: click.Command) -> int:
    """Run a command line; its return value or its error becomes the exit code."""
    try:
        code = cli.main(standalone_mode=False)
        return int(code) if code is not None else ExitCode.COMPLETE
    except SystemExit:  # what click makes of a pipe that closes while the JSON is written
        click.echo("error: nobody reads the answer: the pipe was closed", err=True)
        return ExitCode.COULD_NOT_TELL
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except CheckpointsError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 (the last line of defence: a message, no traceback)
        click.echo(f"error: unexpected {type(error).__name__}: {error}", err=True)
        return ExitCode.COULD_NOT_TELL
