"""Carry out plans of the scripted project, and read what became of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import duckdb

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.archive.runs import stored_report
from checkpoints.contract.loading import ContractFile
from checkpoints.warehouse.engine import ReadOptions
from remediation.backfill import run as running
from remediation.backfill.run import run
from remediation.backfill.tables import Tables
from remediation.backfill.work import Pace, Work
from remediation.clock import Clock
from remediation.ledger.journal import Event
from remediation.ledger.ledger import Ledger, LedgerEntry, Transition, ledger_path, read_ledger
from remediation.plan.model import Plan
from remediation.plan.planning import Request, make_plan
from remediation.service.dispatch import Dispatch
from tests.support.scripted_service import Act, Project, reply

SEVEN, EIGHT, NINE = "2025-01-07", "2025-01-08", "2025-01-09"
THREE_DAYS = (SEVEN, EIGHT, NINE)
FACTORS = {"factors": THREE_DAYS}


def real_now() -> datetime:
    return datetime.now(UTC)


class Skipping:
    """A clock on which sleeping takes next to no time and time passes all the same."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.slept)

    def now(self) -> datetime:
        return real_now() + timedelta(seconds=sum(self.slept))

    def sleep(self, seconds: float) -> None:
        """Hardly: whoever holds the warehouse gets a moment to let it go."""
        time.sleep(min(seconds, 0.01))
        self.slept.append(seconds)

    @property
    def clock(self) -> Clock:
        return Clock(now=self.now, monotonic=self.monotonic, sleep=self.sleep)

    @property
    def long_sleeps(self) -> list[float]:
        return [round(seconds, 1) for seconds in self.slept if seconds >= 0.4]


def plan_of(made: Project, only: str | None = "factors") -> Plan:
    """The plan of a contract under which every date that lacks a key fails a check."""
    datasets = made.raw["datasets"]
    strict = [{"rule": "conversion_ratio", "of": "raw", "at_least": 1.0}]
    made.change(
        datasets={
            name: {**dataset, "rules": strict} if "service" in dataset else dataset
            for name, dataset in datasets.items()
        }
    )
    file, report = made.file(), made.check()
    return make_plan(report, file.contract, file.sha256, Request(only_dataset=only))


class HasContract(Protocol):
    """A project on disk."""

    def file(self) -> ContractFile: ...


def request_of(
    made: HasContract,
    plan: Plan,
    events: list[Event] | None = None,
    clock: Clock | None = None,
    tokens: Any = None,
    **pace: Any,
) -> running.Request:
    file = made.file()
    return running.Request(
        file=file,
        plan=plan,
        report=stored_report(file, plan.run_id),
        warehouse=file.contract.warehouse,
        as_of=plan.as_of,
        by="someone",
        tokens=tokens,
        reading=ReadOptions(),
        clock=clock or Clock(now=real_now, monotonic=time.monotonic, sleep=time.sleep),
        tell=(events if events is not None else []).append,
        pace=Pace(**pace),
    )


def carry_out(made: Project, plan: Plan, **options: Any) -> RemediationRecord:
    record, path = run(request_of(made, plan, **options))
    assert RemediationRecord.model_validate_json(path.read_text()) == record
    return record


def entries(made: Project, plan: Plan) -> dict[str, LedgerEntry]:
    with read_ledger(ledger_path(made.folder), real_now) as ledger:
        return {e.id: e for e in ledger.entries(plan.id)}


def states(made: Project, plan: Plan) -> dict[str, str]:
    return {name[-5:]: str(e.state) for name, e in entries(made, plan).items()}


def history(made: Project, plan: Plan, day: str) -> list[str]:
    with read_ledger(ledger_path(made.folder), real_now) as ledger:
        found: list[Transition] = ledger.history(plan.id)
    return [str(t.state) for t in found if str(t.date) == day]


def execute(database: Path, *statements: str, day: str | date | None = None) -> None:
    for _ in range(500):
        try:
            connection = duckdb.connect(str(database))
            break
        except duckdb.Error:  # somebody is reading it
            time.sleep(0.02)
    with connection:
        for statement in statements:
            connection.execute(statement, [] if day is None else [day])


def writes(*statements: str, status: int = 200, on: str | None = None) -> Act:
    """Do that for the date, or for another, and answer."""

    def act(handler: Any, service: Any, _path: str, day: date) -> None:
        execute(service.database, *statements, day=on or day)
        reply(handler, status)

    return act


def delete(made: Project, table: str, day: str) -> None:
    for _ in range(200):
        try:
            with duckdb.connect(str(made.database)) as connection:
                connection.execute(f"DELETE FROM s.{table} WHERE d = ?", [day])
            return
        except duckdb.Error:
            time.sleep(0.02)
    raise AssertionError("the warehouse was never free")


def work_of(
    made: HasContract, plan: Plan, ledger: Ledger, clock: Clock, dispatch: Mapping[str, Dispatch]
) -> Work:
    """What a run carries a plan out with, apart from who makes its calls."""
    contract = made.file().contract
    tables = Tables(
        contract=contract,
        url=contract.warehouse,
        as_of=plan.as_of,
        clock=clock,
        reading=ReadOptions(),
    )
    return Work(
        plan=plan,
        contract=contract,
        ledger=ledger,
        dispatch=dispatch,
        tables=tables,
        clock=clock,
        tell=lambda _: None,
        pace=Pace(),
    )
