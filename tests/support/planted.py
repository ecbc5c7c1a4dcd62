"""Warehouses in which something was planted, and what ``checkpoints explain`` says of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from checkpoints.contract.loading import ContractFile
from checkpoints.dates import DateRange
from remediation.ledger.ledger import MoveDetails, ledger_path, open_ledger
from remediation.ledger.states import State
from remediation.plan.model import Call, Plan, content_hash
from tests.support.commands import command
from tests.support.warehouses import BASIC, KEYED, D, contract_of, fill

NAMES = ("schedule", "raw", "summary", "factors")
FIRST, LAST = D("2025-01-01"), D("2025-01-20")
SERVICE = {"url": "http://127.0.0.1:9", "path": "/process", "body": {"d": "{date}"}}
TEAMS = ("BOS_LAL", "NYK_DEN", "MIA_CHI")

Rows = list[tuple[Any, ...]]
Moves = Iterable[tuple[State, str, MoveDetails]]


def keys_of(day: date) -> list[str]:
    return [f"{day:%Y%m%d}_{teams}" for teams in TEAMS]


def full() -> Rows:
    """Three games on every date but the 15th, on which nothing was scheduled."""
    days = (day for day in DateRange(FIRST, LAST).dates() if day.day != 15)
    return [(day, key, "2025-02-01 12:00") for day in days for key in keys_of(day)]


@dataclass
class Planted:
    """A contract and its warehouse; ``tables`` are what will be in it."""

    file: ContractFile
    tables: dict[str, Rows]
    database: Path

    def lose(self, names: str, *days: str) -> None:
        gone = set(map(D, days))
        for name in names.split():
            self.tables[name] = [row for row in self.tables[name] if row[0] not in gone]
        self.write()

    def rewrite(self, name: str, day: str, keys: Iterable[str | None], at: str = "") -> None:
        """Other keys on a date of a table."""
        self.lose(name, day)
        self.tables[name] += [(D(day), key, at or "2025-02-01 12:00") for key in keys]
        self.write()

    def write(self) -> None:
        fill(self.database, self.tables, types="d DATE, k VARCHAR, w TIMESTAMP")

    def execute(self, statement: str) -> None:
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(statement)

    def called(self, day: str, *moves: tuple[State, str, MoveDetails], by: str = "compute") -> None:
        """Note in the ledger what became of calls of a date, each at its moment."""
        call = Call(service=by, date=D(day), datasets=("factors",))
        at = iter([moment for _, moment, _ in moves])
        now = "2025-01-31T00:00"
        plan = _plan(call, self.file)
        path = ledger_path(self.file.project)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_ledger(path, lambda: datetime.fromisoformat(now).replace(tzinfo=UTC)) as ledger:
            ledger.register(plan)
            for state, _, details in moves:
                now = next(at)
                ledger.move(plan.id, [call], state, **details)

    def explain(self, *arguments: str, as_of: str = "2025-02-10", code: int = 0) -> Any:
        """The answer as JSON, by default of the whole window."""
        dated = any(argument[:2] == "20" or argument == "--from" for argument in arguments)
        window = () if dated else ("--from", str(FIRST), "--to", str(LAST))
        given = ("--contract", str(self.file.path), "--as-of", as_of, "--json", "-")
        ran = command("checkpoints", "explain", *arguments, *window, *given)
        assert ran.returncode == code, ran.stderr
        return json.loads(ran.stdout)

    def reasons(self, dataset: str, day: str, **options: Any) -> list[str]:
        """Of one date: ``never called at factors, likely``."""
        (found,) = self.explain(dataset, day, **options)["days"]
        return [f"{r['cause']} at {r['dataset']}, {r['confidence']}" for r in found["reasons"]]


def _plan(call: Call, file: ContractFile) -> Plan:
    values: dict[str, Any] = {
        "id": "0" * 64, "run_id": "a-run", "contract_sha256": file.sha256, "warehouse": "w",
        "window": DateRange(FIRST, LAST), "as_of": LAST, "calls": (call,), "unplanned": (),
    }  # fmt: skip
    unnamed = Plan.model_construct(**values)
    return Plan.model_validate({**values, "id": content_hash(unnamed)})


def planted(folder: Path, changes: Mapping[str, Any] | None = None, **top: Any) -> Planted:
    """A complete pipeline whose ``factors`` are computed by a service; ``changes`` by dataset."""
    project = folder / "gx"
    project.mkdir(exist_ok=True)
    datasets = {name: dict(dataset) for name, dataset in BASIC["datasets"].items()}
    datasets["factors"] |= {"service": "compute"}
    for name, change in (changes or {}).items():
        datasets[name] = {**datasets.get(name, {**KEYED, "table": f"s.{name}"}), **change}
    tables = {name: full() for name in datasets}
    database = folder / "w.duckdb"
    url = f"duckdb:///{database}"
    raw = {**BASIC, "datasets": datasets, "services": {"compute": SERVICE}, "warehouse": url}
    made = Planted(contract_of(project, raw, **top), tables, database)
    made.write()
    return made
