"""``python -m benchmarks``: parse, call one function, print."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks.evidence import read_evidence
from benchmarks.measuring import Bench, DidNotRun
from benchmarks.results import CONTESTANTS, SECTIONS, collected, read_results, this_machine
from benchmarks.row_rules import build
from benchmarks.row_rules import measure as measure_rows
from benchmarks.seasons import schedule_of
from benchmarks.tables import save
from benchmarks.tools import versions
from benchmarks.whole import SIZES, Course, measure
from benchmarks.worlds import load_world

FOLDER = click.Path(path_type=Path)
RESULTS = click.option(
    "--results", type=FOLDER, default="benchmarks", show_default=True, help="Where they are kept."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Measure the checkpoints beside what people use otherwise."""


@cli.command()
@click.option("--size", type=click.Choice([*SIZES]), default="small", show_default=True)
@click.option("--only", multiple=True, type=click.Choice([*SECTIONS]), help="Only these sections.")
@click.option(
    "--venvs", type=FOLDER, default=".venv-benchmarks", show_default=True, help="The tools' venvs."
)
@RESULTS
def all(size: str, only: tuple[str, ...], venvs: Path, results: Path) -> None:
    """Measure everything side by side; write the results as JSON and into the README.

    Sections that are left out keep the figures they have in the file.
    """
    started = time.monotonic()
    schedule = schedule_of(Path(os.environ.get("SHARED_DATA", "../shared/data")))
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        course = Course(
            bench=_bench(Path(scratch).resolve()),
            size=SIZES[size],
            sections=only or tuple(SECTIONS),
            schedule=schedule,
            venvs=venvs.resolve(),
            say=lambda text: click.echo(f"{time.monotonic() - started:6.0f} s  {text}", err=True),
        )
        try:
            rows = list(measure(course))
        except DidNotRun as error:
            raise click.ClickException(str(error)) from error
    found = collected(
        rows,
        course.sections,
        read_results(results),
        command=f"make bench SIZE={size}",
        date=str(datetime.now(UTC).date()),
        size=size,
        seconds=time.monotonic() - started,
        schedule=schedule.source,
        machine=this_machine(),
        versions=versions(),
    )
    for path in save(found, results):
        click.echo(path)


@cli.command()
@click.option("--rows", type=int, default=10_000_000, show_default=True, help="Of a table.")
@click.option("--contract", type=FOLDER, default="gx/pipeline.yml", show_default=True)
def row_rules(rows: int, contract: Path) -> None:
    """Measure what the rules about rows cost, beside counting distinct keys; prints a table."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        path = Path(scratch) / "warehouse.duckdb"
        build(path, rows)
        for measured in measure_rows(path, contract):
            click.echo(measured)


@cli.command()
@RESULTS
def tables(results: Path) -> None:
    """Make the README's tables and the picture anew from the results that are there."""
    found = read_results(results)
    if found is None:
        raise click.ClickException(f"{results} has no results.json: measure first, with: all")
    for path in save(found, results):
        click.echo(path)


@cli.command()
@click.argument("world", type=FOLDER)
@click.argument("contestant", type=click.Choice(CONTESTANTS))
@click.argument("repeats", type=int)
def read(world: Path, contestant: str, repeats: int) -> None:
    """Let one contestant read the evidence of WORLD, and print what that took as JSON."""
    found = read_evidence(load_world(world), contestant, repeats, time.perf_counter)
    click.echo(found.model_dump_json())


def _bench(scratch: Path) -> Bench:
    """Bytecode is written, and nothing of the surroundings changes an answer."""
    left_out = ("_URL", "_PACE", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {k: v for k, v in os.environ.items() if not k.endswith(left_out)}
    environment = {**kept, "COLUMNS": "140", "NO_COLOR": "1"}
    return Bench(environment=environment, scratch=scratch)


if __name__ == "__main__":
    sys.exit(cli())
