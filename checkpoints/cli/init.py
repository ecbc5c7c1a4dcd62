"""``init``: the first contract of a pipeline, proposed from what its warehouse holds."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
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
    from checkpoints.adoption.dbt import Manifest
    from checkpoints.adoption.facts import Ask, Question
    from checkpoints.adoption.measuring import Survey
    from checkpoints.adoption.proposing import Proposal
    from checkpoints.warehouse.engine import Engine
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
    from checkpoints.adoption.writing import contract_text
    from checkpoints.output.manual.schema import BESIDE, editor_line, schema_text

    dbt = _manifest(manifest) if manifest else None
    url = warehouse or _url(dbt)
    asked = Asked(
        ask=_proposal_of if yes else _answer,
        zone=timezone,
        max_bytes=parse_bytes(max_bytes),
        impersonate=impersonate,
        schemas=schemas,
        tables=tables,
    )
    found = _measured(url, dbt, asked) if url else _declared(dbt, asked)
    written = _as_written(url, contract) if url else (dbt and dbt.project) or f"${{{VARIABLE}}}"
    text = f"{editor_line()}\n{contract_text(found, written)}"
    load_contract(contract, os.environ, text)
    write_text(contract, text)
    write_text(contract.with_name(BESIDE), schema_text())
    _tell(found, contract)
    click.echo(contract)
    return ExitCode.COMPLETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the options say of the reading, and who answers the questions."""

    ask: Ask
    zone: str | None
    max_bytes: int
    impersonate: str | None
    schemas: Sequence[str]
    tables: Sequence[str]

    def survey(self, engine: Engine | None, tables: int) -> Survey:
        """A survey of so many tables."""
        from checkpoints.adoption.measuring import Survey

        return Survey(
            engine=engine,
            zone=self.zone or "UTC",
            today=datetime.now(UTC).date(),
            max_bytes=self.max_bytes,
            tables=max(tables, 1),
        )


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


def _manifest(path: Path) -> Manifest:
    """What a dbt project says.

    Raises:
        ContractError: it is no manifest, or one of a version that is not known.
    """
    from pydantic import ValidationError

    from checkpoints.adoption.dbt import VERSIONS, Manifest
    from checkpoints.records import reason

    try:
        found = Manifest.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        why = reason(error) if isinstance(error, ValidationError) else error.strerror
        raise ContractError(
            f"{path}: is no manifest of dbt ({why}): run dbt parse, and give target/manifest.json"
        ) from error
    if found.version not in VERSIONS:
        raise ContractError(
            f"{path}: is a manifest of version {found.version}, and {', '.join(VERSIONS)} are "
            "known: run dbt parse with dbt 1.6 to 1.11"
        )
    return found


def _url(dbt: Manifest | None) -> str | None:
    """The warehouse that is meant where none was typed."""
    if said := os.environ.get(VARIABLE):
        return said
    found = [path for pattern in FILES for path in sorted(Path().glob(pattern))]
    if len(found) == 1:
        return f"duckdb:///{found[0]}"
    if dbt is not None:
        return None
    which = f"there are {', '.join(map(str, found))}" if found else "no DuckDB file is here"
    raise ContractError(
        f"which warehouse? {which}: give --warehouse duckdb:///path/to/file.duckdb "
        "or bigquery://project"
    )


def _measured(url: str, dbt: Manifest | None, asked: Asked) -> Proposal:
    """What is proposed of a warehouse, and of what dbt says of its tables."""
    from checkpoints.adoption.facts import Known
    from checkpoints.adoption.measuring import looked_at
    from checkpoints.adoption.proposing import proposed
    from checkpoints.warehouse.engine import ReadOptions
    from checkpoints.warehouse.listing import tables_of
    from checkpoints.warehouse.opening import engine_at

    options = ReadOptions(
        max_bytes=asked.max_bytes, impersonate=asked.impersonate, labels={"command": "init"}
    )
    with engine_at(url, options) as engine:
        listed = _chosen(tables_of(engine), asked)
        known = dbt.known({each.path for each in listed}) if dbt else {}
        pairs = [(each, known.get(each.path, Known())) for each in listed]
        pairs = [(each, said) for each, said in pairs if not dbt or each.path in known]
        survey = asked.survey(engine, len(pairs))
        tables, unreadable = looked_at(survey, pairs)
        absent = known.keys() - {each.path for each in listed}
        unreadable |= dict.fromkeys(sorted(absent), "not in the warehouse: run dbt build")
        return _some(proposed(survey, tables, unreadable, asked.ask, zone_said=bool(asked.zone)))


def _declared(dbt: Manifest | None, asked: Asked) -> Proposal:
    """What is proposed of a dbt project alone."""
    from checkpoints.adoption.proposing import proposed

    tables = dbt.tables() if dbt else []
    survey = asked.survey(None, len(tables))
    return _some(proposed(survey, tables, {}, asked.ask, zone_said=bool(asked.zone)))


def _some(found: Proposal) -> Proposal:
    """What is proposed, if that is anything.

    Raises:
        ContractError: no table is a dataset.
    """
    if not found.datasets:
        why = "; ".join(f"{name}: {reason}" for name, reason in found.left_out.items())
        raise ContractError(
            f"no table has a date column and rows on its dates ({why}): choose others with "
            "--schema or --table, or write the contract by hand"
        )
    return found


def _chosen(listed: Sequence[Listed], asked: Asked) -> list[Listed]:
    """The tables that are looked at.

    Raises:
        ContractError: there is none, one is not there, or there are too many.
    """
    if not listed:
        raise ContractError("the warehouse has no tables: build them, then try again")
    schemas, tables = asked.schemas, asked.tables
    names = [".".join(each.path) for each in listed]
    known = {each.path[-2] for each in listed if len(each.path) > 1}
    problems = [
        f"--schema {schema!r} is not there: "
        + (did_you_mean(schema, known) or f"there are {', '.join(sorted(known))}")
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
    """The URL as it is to stand in the contract: no password, and a path from its folder."""
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
