"""What starts and ends every command line: lazy commands, exit codes, streams that do not fail.

It imports nothing that a command needs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import TYPE_CHECKING, NamedTuple

import click

from checkpoints.errors import CheckpointsError, ExitCode, worst

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STARTED = time.monotonic()
"""When the command began: before what it needs was imported."""

SPELLED = dict(zip("→≥≤·–×…✓✗", ("->", ">=", "<=", "-", "-", "x", "...", "+", "x"), strict=True))
"""What our signs become on a terminal that cannot show them; any other sign becomes ``?``."""


class Lazy(NamedTuple):
    """A command that is imported when it is called: the module, and its line in ``--help``."""

    module: str
    short_help: str


class LazyGroup(click.Group):
    """A group that imports a command only when it is called, as click's manual describes it.

    A command is the attribute of its module that has its name.
    """

    def __init__(self, *, lazy: Mapping[str, Lazy], **attributes: object) -> None:
        super().__init__(**attributes)  # type: ignore[arg-type]
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, sorted."""
        return sorted(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        found = self.lazy.get(cmd_name)
        command = getattr(import_module(found.module), cmd_name) if found else None
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by their short help; none is imported."""
        listed = [click.Command(name, help=lazy.short_help) for name, lazy in self.lazy.items()]
        click.Group(commands=listed).format_commands(ctx, formatter)


def spell_out(error: UnicodeError) -> tuple[str, int]:
    """A codec error handler: signs that an encoding lacks become ASCII."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(SPELLED.get(sign, "?") for sign in signs), error.end


codecs.register_error("spelled", spell_out)


class _Standard(FileIO):
    """A standard stream that never fails while a command is at work: what it does not take is lost.

    So a backfill keeps its bookkeeping and a check its exit code. A reader who leaves
    (``… | head``) has read enough; any other reason is the ``failure``.
    """

    failure: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, or lose it."""
        try:
            return super().write(data)
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.failure = error
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(data).nbytes


def _standard(name: str, number: int) -> _Standard:
    """Put a stream that never fails in the place of ``sys.stdout`` or ``sys.stderr``."""
    before = getattr(sys, name)
    if before is None:  # closed: taken, so that no other file is opened under its number
        os.dup2(os.open(os.devnull, os.O_RDONLY), number)
    raw = _Standard(number, "w", closefd=False)
    at_once = before is None or before.line_buffering or before.write_through
    encoding = before.encoding if before else "utf-8"
    stream = TextIOWrapper(
        BufferedWriter(raw), encoding=encoding, errors="spelled", line_buffering=at_once
    )
    setattr(sys, name, stream)
    return raw


def main(cli: click.Command) -> int:
    """Run a command line; its return value or its error becomes the exit code."""
    if any(re.fullmatch(r"_[A-Z_]+_COMPLETE", name) for name in os.environ):
        cli.main()  # answers a shell that completes a command, and ends the process
    out, _ = _standard("stdout", 1), _standard("stderr", 2)
    code = _code_of(cli)
    sys.stdout.flush()
    if out.failure:
        click.echo(
            f"error: standard output did not take the whole answer ({out.failure.strerror}): "
            f"make room, or write it to a file; without that the exit code is {code:d}",
            err=True,
        )
        code = worst(code, ExitCode.COULD_NOT_TELL)
    return code


def _code_of(cli: click.Command) -> ExitCode:
    try:
        code = cli.main(standalone_mode=False)
        return ExitCode(code) if code is not None else ExitCode.COMPLETE
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except CheckpointsError as error:
        from checkpoints.text import printable

        for problem in error.problems:
            click.echo(f"error: {printable(problem)}", err=True)
        return error.exit_code
    except (Exception, SystemExit) as error:  # noqa: BLE001 (the last line of defence: a message)
        click.echo(f"error: unexpected {type(error).__name__}: {error}", err=True)
        return ExitCode.COULD_NOT_TELL
