"""``schema``: what editors need to complete and check a contract."""

from __future__ import annotations

from pathlib import Path

import click

from checkpoints.cli.options import writable
from checkpoints.cli.terminal import STDOUT, write_answer
from checkpoints.errors import ExitCode
from checkpoints.output.manual.schema import editor_line, schema_text


@click.command()
@click.option(
    "--out",
    callback=writable,
    metavar="PATH",
    default=STDOUT,
    help="Write it to a file, such as pipeline.schema.json beside the contract.",
)
def schema(out: str) -> ExitCode:
    """Print the JSON Schema of contracts, for editors and linters."""
    write_answer(out, schema_text())
    if out != STDOUT:
        line = editor_line(Path(out).name)
        click.echo(f"the first line of a contract in the same folder: {line}", err=True)
    return ExitCode.COMPLETE
