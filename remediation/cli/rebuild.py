"""The options that ask for dates to be rebuilt although nothing is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any

import click

from checkpoints.cli.options import DATE, Command, declared, filled
from checkpoints.dates import DateRange
from checkpoints.errors import ExitCode


class _Dates(click.ParamType[frozenset[date]]):
    """Dates like 2025-01-30,2025-01-31."""

    name = "dates"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[date]:
        return frozenset(DATE.convert(d.strip(), param, ctx).date() for d in value.split(","))


OPTIONS = (
    click.option(
        "--dates",
        "named",
        type=_Dates(),
        metavar="D,D",
        help="Rebuild these dates of --dataset, whatever is there.",
    ),
    click.option("--from", "first", type=DATE, help="The same of all dates from this one (--to)."),
    click.option("--to", "last", type=DATE, help="Last of these dates (with --from; inclusive)."),
    click.option("--because", callback=filled, metavar="TEXT", help="Why they are rebuilt."),
    click.option(
        "--with-dependents",
        is_flag=True,
        help="Also rebuild what is made from dates of the plan.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """Which dates are rebuilt and why; none where nothing was asked for."""

    dates: frozenset[date]
    because: str
    with_dependents: bool


def with_rebuild(command: Command) -> Command:
    """Declare what is rebuilt, handed to the command as ``rebuild``."""

    @wraps(command)
    def wrapped(
        *,
        named: frozenset[date] | None,
        first: datetime | None,
        last: datetime | None,
        because: str | None,
        with_dependents: bool,
        **options: Any,
    ) -> ExitCode:
        dates = _dates(named, first, last)
        rebuild = Rebuild(dates=dates, because=because or "", with_dependents=with_dependents)
        return command(rebuild=rebuild, **options)

    return declared(*OPTIONS)(wrapped)


def _dates(
    named: frozenset[date] | None, first: datetime | None, last: datetime | None
) -> frozenset[date]:
    """The dates that are named, one by one or as a range.

    Raises:
        click.UsageError: they are named in both ways, or a range has one end or none.
    """
    if named is not None and (first or last):
        raise click.UsageError(
            "--dates names dates one by one, --from and --to all between: choose"
        )
    if named is not None or not (first or last):
        return named or frozenset()
    if not (first and last):
        raise click.UsageError("--from and --to go together: give both")
    if first > last:
        raise click.UsageError(f"--from {first:%Y-%m-%d} is after --to {last:%Y-%m-%d}: swap them")
    return frozenset(DateRange(first.date(), last.date()).dates())
