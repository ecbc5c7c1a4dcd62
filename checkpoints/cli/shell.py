"""What starts and ends every command line: lazy commands, exit codes, terminals without UTF-8.

It imports nothing that a command needs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import codecs
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from io import TextIOWrapper
from typing import NamedTuple

import click

from checkpoints.errors import CheckpointsError, ExitCode

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


def main(cli: click.Command) -> int:
    """Run a command line; its return value or its error becomes the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="spelled")
    try:
        code = cli.main(standalone_mode=False)
        return int(code) if code is not None else ExitCode.COMPLETE
    except SystemExit:  # click's answer to a closed pipe
        message = "standard output was closed before the answer was written in full"
        click.echo(f"error: {message}", err=True)
        return ExitCode.COULD_NOT_TELL
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
    except Exception as error:  # noqa: BLE001 (the last line of defence: a message, no traceback)
        click.echo(f"error: unexpected {type(error).__name__}: {error}", err=True)
        return ExitCode.COULD_NOT_TELL
