"""``python -m demo``: parse, call one function, print, exit."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import click

from checkpoints.cli.shell import main
from checkpoints.cli.terminal import console_for
from checkpoints.contract.loading import load_contract
from checkpoints.errors import ExitCode
from demo.errors import InputError

CSV = click.Path(path_type=Path)
WAREHOUSE = click.option("--warehouse", metavar="URL", help="Instead of the contract's.")
CONTRACT = click.option(
    "--contract", type=CSV, default=Path("gx/pipeline.yml"), show_default=True, help="Its file."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """A miniature pipeline to try the checkpoints on: warehouse, services, and the whole story."""


def _file(warehouse: str | None, contract: Path) -> Path:
    from demo.warehouse import file_of

    if warehouse:
        return file_of(warehouse)
    found = load_contract(contract, os.environ)
    found.require(warehouse=warehouse)
    return file_of(found.contract.warehouse)


@cli.command()
@click.option("--schedule", type=CSV, help="Build from this CSV (game_id,game_date) instead.")
@click.option("--counts", type=CSV, help="With --schedule: rows per table and date, as a CSV.")
@WAREHOUSE
@CONTRACT
def build(
    schedule: Path | None, counts: Path | None, warehouse: str | None, contract: Path
) -> ExitCode:
    """Build the warehouse: two seasons with the incidents, or what the CSV files say.

    Replaces a file that this command built, and refuses to touch any other.
    """
    from demo import warehouse as files
    from demo.real_input import UNCOUNTED
    from demo.row_incidents import SHOWN

    if counts and not schedule:
        raise InputError("--counts needs --schedule: it says which games the rows are of")
    started = time.monotonic()
    path = _file(warehouse, contract)
    console = console_for(None)
    files.build(path, files.filling(schedule, counts), () if schedule else SHOWN)
    for table in UNCOUNTED if counts else ():
        click.echo(f"{table}: the counts have no column for it, so it is empty", err=True)
    console.print(f"{files.describe(path)}, built in {time.monotonic() - started:.1f} s")
    return ExitCode.COMPLETE


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--faults", type=CSV, metavar="FILE", help="Misbehave as in demo/faults.yml.")
@WAREHOUSE
@CONTRACT
def serve(port: int, faults: Path | None, warehouse: str | None, contract: Path) -> ExitCode:
    """Serve the processors of phases 3, 4 and 5 on 127.0.0.1, until interrupted.

    With --faults it is a rehearsal: calls meet the faults that the file names for their dates,
    and the log on standard error says which.
    """
    from demo.fault_file import read_scenario
    from demo.faults import Rehearsal
    from demo.server import ProcessorServer, Surroundings

    path = _file(warehouse, contract)
    if not path.is_file():
        raise InputError(f"{path}: does not exist: build it with python -m demo build")
    planned = read_scenario(faults).faults if faults else ()
    stop = threading.Event()
    around = Surroundings(
        warehouse=path,
        clock=time.monotonic,
        now=time.time,
        sleep=time.sleep,
        pause=stop.wait,
        log=sys.stderr,
    )
    with ProcessorServer(port, around, Rehearsal(planned)) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        threading.Thread(target=server.serve_forever).start()
        for fault in planned:
            click.echo(f"fault on {fault.sentence}", err=True)
        urls = " ".join(f"{name}={url}" for name, url in server.urls().items())
        click.echo(f"ready on port {server.port}: {urls}")
        stop.wait()
        server.shutdown()
    click.echo("stopped", err=True)
    return ExitCode.COMPLETE


@cli.command()
def faults() -> ExitCode:
    """List the faults that a scenario for serve --faults can name, and what each does."""
    from demo.fault_catalogue import CATALOGUE

    width = max(map(len, CATALOGUE))
    for name, fault in CATALOGUE.items():
        click.echo(f"{name:{width}}  {fault.about}")
    return ExitCode.COMPLETE


@cli.command()
def story() -> ExitCode:
    """Tell the incidents from the build to the sign-off, with the commands a user would type."""
    from demo.story import Stage, tell

    stage = Stage(
        environment=dict(os.environ), clock=time.monotonic, python=sys.executable, out=sys.stdout
    )
    tell(stage)
    return ExitCode.COMPLETE


@cli.command()
@click.option(
    "--output", type=CSV, default=Path("demo/report.png"), show_default=True, help="The PNG file."
)
def picture(output: Path) -> ExitCode:
    """Take the picture of the README: the page of the failed run. Needs Chromium."""
    from demo.picture import draw

    draw(output, sys.executable, os.environ)
    click.echo(output)
    return ExitCode.COMPLETE


if __name__ == "__main__":
    sys.exit(main(cli))
