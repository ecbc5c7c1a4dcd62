"""``init``: the first contract of a pipeline, proposed from what its warehouse holds."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checkpoints.cli.options import READING, declared, filled
from checkpoints.cli.terminal import console_for
from checkpoints.contract.loading import DEFAULT, load_contract
from checkpoints.errors import ContractError, ExitCode
from checkpoints.files import obstacle, write_text
from checkpoints.text import did_you_mean, parse_bytes

if TYPE_CHECKING:
    from checkpoints.adoption.facts import Ask, Known, Question
    from checkpoints.adoption.proposing import Proposal
    from checkpoints.warehouse.listing import Listed

MOST_TABLES = 60
"""Tables that are looked at; of a warehouse with more it is said which."""

FILES = ("*.duckdb", "*.ddb", "*.db")
"""What a warehouse in the current folder may be called."""

VARIABLE = "WAREHOUSE_URL"


@click.command()
@declared(
    *READING,
    click.option(
        "--from-dbt",
        "manifest",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="PATH",
        help="Take tables, keys and lineage from dbt's target/manifest.json.",
    ),
    click.option("--schema", "schemas", multiple=True, help="Only tables of this schema."),
    click.option("--table", "tables", multiple=True, help="Only this table, as schema.table."),
    click.option("--timezone", callback=filled, help="Where a day begins, for TIMESTAMP columns."),
    click.option(
        "--max-bytes",
        default="1GB",
        show_default=True,
        metavar="SIZE",
        help="The most to read to find out (BigQuery).",
    ),
    click.option("-y", "--yes", is_flag=True, help="Ask nothing: take what is proposed."),
    click.option(
        "--contract",
        type=click.Path(path_type=Path),
        default=DEFAULT,
        show_default=True,
        help="The file to write; it must not exist.",
    ),
)
def init(
    contract: Path,
    warehouse: str | None,
    impersonate: str | None,
    manifest: Path | None,
    schemas: tuple[str, ...],
    tables: tuple[str, ...],
    timezone: str | None,
    max_bytes: str,
    yes: bool,
) -> ExitCode:
    """Write a first contract from what the warehouse holds.

    It reads which tables there are and a bounded part of their rows, proposes for each its date,
    its key and its upstream, and when data is due; it asks where it cannot know.
    """
    _refuse(contract, yes=yes)
    ask = _proposal_of if yes else _answer
    known = _known(manifest)
    url = warehouse or _url(known_from_dbt=manifest is not None)
    limit = parse_bytes(max_bytes)
    if url is None:
        raise NotImplementedError
    from checkpoints.adoption.writing import contract_text

    found = _proposed(url, impersonate, limit, timezone, known, (schemas, tables), ask)
    text = contract_text(found, _as_written(url, contract))
    load_contract(contract, os.environ, text)
    write_text(contract, text)
    _tell(found, contract)
    click.echo(contract)
    return ExitCode.COMPLETE


def _refuse(contract: Path, *, yes: bool) -> None:
    if contract.exists():
        raise ContractError(
            f"{contract}: is there already, and is not written over: name another with --contract, "
            "or move it away"
        )
    if problem := obstacle(contract):
        raise ContractError(f"{contract}: {problem}: name another file with --contract")
    if not yes and not sys.stdin.isatty():
        raise ContractError(
            "nobody can be asked here, for this is no terminal: give --yes to take what is proposed"
        )


def _known(manifest: Path | None) -> dict[tuple[str, ...], Known]:
    """What a dbt project says of its tables; nothing without one."""
    return {}


def _url(*, known_from_dbt: bool) -> str | None:
    """The warehouse that is meant where none was typed."""
    if said := os.environ.get(VARIABLE):
        return said
    found = [path for pattern in FILES for path in sorted(Path().glob(pattern))]
    if len(found) == 1:
        return f"duckdb:///{found[0]}"
    if known_from_dbt:
        return None
    which = f"there are {', '.join(map(str, found))}" if found else "no DuckDB file is here"
    raise ContractError(
        f"which warehouse? {which}: give --warehouse duckdb:///path/to/file.duckdb "
        "or bigquery://project"
    )


def _proposed(
    url: str,
    impersonate: str | None,
    max_bytes: int,
    zone: str | None,
    known: dict[tuple[str, ...], Known],
    chosen: tuple[Sequence[str], Sequence[str]],
    ask: Ask,
) -> Proposal:
    from checkpoints.adoption.facts import Known
    from checkpoints.adoption.measuring import Survey
    from checkpoints.adoption.proposing import proposed
    from checkpoints.warehouse.engine import ReadOptions
    from checkpoints.warehouse.listing import tables_of
    from checkpoints.warehouse.reading import engine_at

    options = ReadOptions(max_bytes=max_bytes, impersonate=impersonate, labels={"command": "init"})
    with engine_at(url, options) as engine:
        listed = _chosen(tables_of(engine), *chosen)
        survey = Survey(
            engine=engine,
            zone=zone or "UTC",
            today=datetime.now(UTC).date(),
            max_bytes=max_bytes,
            tables=len(listed),
        )
        pairs = [(each, known.get(each.path, Known())) for each in listed]
        found = proposed(survey, pairs, ask, zone_said=zone is not None)
    if not found.datasets:
        why = "".join(f"\n  {name}: {reason}" for name, reason in found.left_out.items())
        raise ContractError(f"no table of the warehouse has a date column and rows:{why}")
    return found


def _chosen(
    listed: Sequence[Listed], schemas: Sequence[str], tables: Sequence[str]
) -> list[Listed]:
    """The tables that are looked at.

    Raises:
        ContractError: there is none, one is not there, or there are too many.
    """
    if not listed:
        raise ContractError("the warehouse has no tables: build them, then try again")
    names = [".".join(each.path) for each in listed]
    known = {each.path[-2] for each in listed if len(each.path) > 1}
    problems = [
        f"--schema {schema!r} is not there: {did_you_mean(schema, known) or ', '.join(sorted(known))}"
        for schema in schemas
        if schema not in known
    ]
    problems += [
        f"--table {table!r} is not there: {did_you_mean(table, names) or 'write schema.table'}"
        for table in tables
        if table not in names and table not in {each.path[-1] for each in listed}
    ]
    if problems:
        raise ContractError(*problems)
    found = [
        each
        for each, name in zip(listed, names, strict=True)
        if not schemas or each.path[-2] in schemas
        if not tables or name in tables or each.path[-1] in tables
    ]
    if len(found) > MOST_TABLES:
        raise ContractError(
            f"there are {len(found)} tables, and a first contract is proposed of {MOST_TABLES} at "
            f"most: choose with --schema ({', '.join(sorted(known)[:12])}) or --table"
        )
    return found


def _proposal_of(question: Question) -> tuple[str, ...]:
    """Nobody is asked: what is proposed is taken."""
    return question.proposal


def _answer(question: Question) -> tuple[str, ...]:
    """What is typed, until it is one of the answers that there are."""
    default = ", ".join(question.proposal) or "none"
    while True:
        typed = click.prompt(question.text, default=default, err=True, prompt_suffix=" ")
        words = tuple(word for word in str(typed).replace(",", " ").split() if word != "none")
        words = question.proposal if typed == default else words
        unknown = [word for word in words if question.allowed and word not in question.allowed]
        if not unknown and (question.many or len(words) <= 1):
            return words
        which = f"{unknown[0]!r} is not among them" if unknown else "one of them"
        click.echo(f"{which}: {', '.join([*question.allowed, 'none'])}", err=True)


def _as_written(url: str, contract: Path) -> str:
    """The URL as it stands in the contract: without a password, a path from the contract's folder."""
    from sqlalchemy import make_url

    parsed = make_url(url)
    if parsed.password:
        return f"${{{VARIABLE}}}"
    if parsed.get_backend_name() != "duckdb" or Path(parsed.database or "").is_absolute():
        return url
    path = os.path.relpath(parsed.database or "", contract.parent)
    return parsed.set(database=path).render_as_string()


def _tell(found: Proposal, contract: Path) -> None:
    console = console_for(None)
    layers = found.layers
    for layer in layers.described:
        names = [d.name for d in found.datasets if layers.of[d.name] == layer]
        console.print(f"{layer}: {', '.join(names)}", soft_wrap=True)
    for name, why in found.left_out.items():
        console.print(f"left out: {name}: {why}", soft_wrap=True)
    option = "" if contract == DEFAULT else f" --contract {shlex.quote(str(contract))}"
    as_of = ""
    if found.newest and found.is_old(datetime.now(UTC).date()):
        as_of = f" --as-of {found.newest + timedelta(days=1)}"
        console.print(f"the newest date is {found.newest}: as of today all since then is missing")
    console.print(
        f"next   checkpoints suites{option} && checkpoints run{option}{as_of}", soft_wrap=True
    )
