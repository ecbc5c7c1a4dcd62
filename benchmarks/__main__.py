"""``python -m benchmarks``: parse, call one function, print."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks.measuring import Bench
from benchmarks.shape import Shape, Size

FOLDER = click.Path(path_type=Path)
RESULTS = Path("benchmarks")
SIZE = click.Choice([size.value for size in Size])
VENVS = Path(".venv-benchmarks")
SECTIONS = ("evidence", "commands", "start", "library", "memory", "backfill", "curve")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Measure the checkpoints beside what people use otherwise, and write down the ratios."""


@cli.command()
@click.option(
    "--size", type=click.Choice([size.value for size in Size]), default="small", show_default=True
)
@click.option("--only", multiple=True, type=click.Choice(SECTIONS), help="Only these sections.")
@click.option("--scratch", type=FOLDER, help="Keep made-up warehouses here, and use them again.")
@click.option("--venvs", type=FOLDER, default=VENVS, show_default=True, help="The tools' Pythons.")
@click.option("--results", type=FOLDER, default=RESULTS, show_default=True, help="Written here.")
def all(size: str, only: tuple[str, ...], scratch: Path | None, venvs: Path, results: Path) -> None:
    """Measure everything side by side; write the results as JSON and into the README.

    Sections that are left out keep the figures they have in the file.
    """
    from benchmarks.errors import BenchmarkError
    from benchmarks.record import record, save
    from benchmarks.seasons import schedule_of
    from benchmarks.whole import Course, measure

    started, now = time.monotonic(), datetime.now(UTC)
    shared = os.environ.get("SHARED_DATA", "../shared/data")
    schedule = schedule_of(Path(shared) / "schedule_2021-2025.csv")
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as temporary:
        folder = scratch or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        course = Course(
            bench=_bench(folder.resolve()),
            size=Size(size),
            sections=only or SECTIONS,
            schedule=schedule,
            venvs=venvs.resolve(),
            keep=scratch is not None,
            tell=lambda text: click.echo(f"{time.monotonic() - started:6.0f} s  {text}", err=True),
        )
        try:
            rows = list(measure(course))
        except BenchmarkError as error:
            raise click.ClickException(str(error)) from error
    found = record(
        rows,
        size=size,
        sections=course.sections,
        schedule=schedule.source,
        date=now.date(),
        seconds=time.monotonic() - started,
        before=results / "results.json",
    )
    for path in save(found, results):
        click.echo(path)


@cli.command()
@click.option("--results", type=FOLDER, default=RESULTS, show_default=True, help="Where it is.")
def tables(results: Path) -> None:
    """Make the README's tables and the picture of the results that are there."""
    from benchmarks.record import save
    from benchmarks.results import Results

    found = Results.model_validate_json((results / "results.json").read_bytes())
    for path in save(found, results):
        click.echo(path)


def _bench(scratch: Path) -> Bench:
    """Bytecode is written, and nothing of the surroundings changes an answer."""
    left_out = ("_URL", "_PACE", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {k: v for k, v in os.environ.items() if not k.endswith(left_out)}
    environment = {**kept, "COLUMNS": "140", "NO_COLOR": "1"}
    return Bench(environment=environment, scratch=scratch)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("tables", type=click.Choice(["2", "8"]))
@click.argument("rows", type=int)
@click.option("--dates", type=int, default=1000, show_default=True)
@click.option("--rows-per-key", type=int, default=20, show_default=True)
def make(folder: Path, tables: str, rows: int, dates: int, rows_per_key: int) -> None:
    """Make a warehouse of TABLES with ROWS each in FOLDER, and print what describes it."""
    from benchmarks.synthetic import make_world

    shape = Shape(tables=int(tables), rows=rows, dates=dates, rows_per_key=rows_per_key)
    click.echo(make_world(shape, folder))


@cli.command()
@click.argument("world", type=click.Path(path_type=Path))
@click.argument("contestant")
@click.argument("repeats", type=int)
def read(world: Path, contestant: str, repeats: int) -> None:
    """Let one contestant read the evidence of WORLD, and print what that took as JSON."""
    from benchmarks.reading import answer
    from benchmarks.world import as_json, load_world

    found = answer(load_world(world)[0], contestant, repeats, time.perf_counter)
    click.echo(
        json.dumps(
            {
                "seconds": list(found.seconds),
                "rest": list(found.rest),
                "findings": as_json(found.findings),
                "statements": list(found.statements),
            }
        )
    )


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("dates", type=int)
@click.argument("url")
def make_incident(folder: Path, dates: int, url: str) -> None:
    """Make a project in FOLDER whose table lacks all DATES, to be called at URL."""
    from benchmarks.incident import make_world

    click.echo(make_world(folder, dates, url, datetime.now(UTC)))


@cli.command()
@click.argument("warehouse", type=click.Path(path_type=Path))
def serve(warehouse: Path) -> None:
    """Answer every call at once, and print the address first."""
    from benchmarks.incident import server

    with server(warehouse) as answering:
        click.echo(f"http://127.0.0.1:{answering.server_port}")
        sys.stdout.flush()
        answering.serve_forever()


@cli.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("rows", type=int)
def fill_ledger(path: Path, rows: int) -> None:
    """Write a ledger of so many ROWS."""
    from benchmarks.incident import fill_ledger

    click.echo(fill_ledger(path, rows, datetime.now(UTC)))


if __name__ == "__main__":
    sys.exit(cli())
