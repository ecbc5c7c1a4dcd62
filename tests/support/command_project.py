"""A project whose factors are rebuilt by a command, and what the command was asked and did."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.archive.runs import plans_folder
from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.contract.window import Window
from checkpoints.dates import DAY, DateRange
from remediation.ledger.ledger import LedgerEntry, ledger_path, read_ledger
from remediation.ledger.plans import write_plan
from remediation.plan.model import Plan
from remediation.plan.planning import Request, make_plan
from tests.support import rebuild_program
from tests.support.backfills import real_now
from tests.support.commands import environment
from tests.support.forks import Forked, fork
from tests.support.runs import judged
from tests.support.warehouses import BASIC, D, write_contract

PROGRAM = [sys.executable, "-I", rebuild_program.__file__]
QUICK = {
    "timeout_seconds": 20, "seconds_between_calls": 0, "settle_seconds": 0.4, "poll_seconds": 0.1,
    "breaker_after": 3, "probe_after_seconds": 0.05,
}  # fmt: skip
WORDS = {1: ["{date}"], "range": ["{from}", "{to}"], "list": ["{dates}"]}

TWO_A_DAY = """CREATE TABLE s.schedule AS SELECT d::DATE AS d, strftime(d, '%Y%m%d_') || n AS k
FROM generate_series(?::DATE, ?::DATE, INTERVAL 1 DAY) AS days(d), range(2) AS games(n)"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the command: what it was asked, when, and its exit code (None: it was ended)."""

    dates: list[str]
    words: list[str]
    key: str
    pid: int
    started: float
    ended: float | None
    code: int | None


@dataclass(frozen=True, kw_only=True)
class CommandProject:
    """A folder with a contract, a warehouse, and the script and log of its command."""

    folder: Path
    first: date
    last: date

    def file(self) -> ContractFile:
        return load_contract(self.folder / "pipeline.yml", {})

    def acts(self, **by_day: Sequence[str]) -> None:
        """What the next attempts at January's dates do: ``acts(d07=["exit 3"])``."""
        found = {f"2025-01-{name[1:]}": list(acts) for name, acts in by_day.items()}
        (self.folder / "acts.json").write_text(json.dumps(found))

    def plan(self) -> Plan:
        """Judge by the rules, and plan, as the commands do."""
        file = self.file()
        window = Window(range=DateRange(self.first, self.last), label="all")
        report = judged(file, window, self.last + DAY)
        made = make_plan(report, file.contract, file.sha256, Request())
        write_plan(made, plans_folder(file.project) / f"{made.short_id}.json")
        return made

    def start(self, *arguments: str, **variables: str) -> Forked:
        contract = str(self.folder / "pipeline.yml")
        env = environment(COLUMNS="250", **variables)
        return fork("remediation", *arguments, "--contract", contract, env=env)

    def typed(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """The exit code, and what was said to people."""
        running = self.start(*arguments, **variables)
        _, said = running.communicate(timeout=60)
        assert "Traceback" not in said
        return running.wait(), said

    def repair(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """``plan`` and ``run --yes``."""
        self.plan()
        return self.typed("run", "--yes", *arguments, **variables)

    @property
    def log(self) -> list[dict[str, Any]]:
        path = self.folder / "log.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def runs(self) -> list[Run]:
        """Every run of the command, in the order in which they began."""
        log = self.log
        ends = {line["pid"]: line for line in log if "end" in line}
        return [
            Run(
                dates=line["dates"],
                words=line["words"],
                key=line["key"],
                pid=line["pid"],
                started=line["at"],
                ended=ends.get(line["pid"], {}).get("at"),
                code=ends.get(line["pid"], {}).get("end"),
            )
            for line in log
            if "dates" in line
        ]

    @property
    def asked(self) -> list[str]:
        """The words of every run: ``01-07``, ``01-08 01-10``."""
        return [" ".join(run.words).replace("2025-", "") for run in self.runs]

    @property
    def processes(self) -> list[int]:
        """The process ids of the command and of its children, in every run."""
        return [line.get("child", line["pid"]) for line in self.log if "end" not in line]

    def entries(self) -> dict[str, LedgerEntry]:
        with read_ledger(ledger_path(self.folder), real_now) as ledger:
            return {f"{entry.date:%m-%d}": entry for entry in ledger.entries()} if ledger else {}

    @property
    def states(self) -> dict[str, str]:
        return {day: str(entry.state) for day, entry in self.entries().items()}

    def record(self) -> RemediationRecord:
        """The only one."""
        (path,) = self.folder.rglob("remediation-*.json")
        return RemediationRecord.model_validate_json(path.read_text())

    def rows(self, day: str) -> int:
        """How many rows the factors have on a date of January."""
        query = "SELECT count(*) FROM s.factors WHERE d = ?"
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return int(connection.execute(query, [D(f"2025-{day}")]).fetchall()[0][0])


def command_project(
    folder: Path,
    *lacking: str,
    first: str = "2025-01-01",
    last: str = "2025-01-20",
    **service: Any,
) -> CommandProject:
    """Full tables, of which the factors lack dates of 2025 (``01-07``); without any, all of them.

    Their warm-up is three days.
    """
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("CREATE SCHEMA s")
        connection.execute(TWO_A_DAY, [first, last])
        for table in ("raw", "summary", "factors"):
            connection.execute(f"CREATE TABLE s.{table} AS FROM s.schedule")
        missing = [f"2025-{day}" for day in lacking]
        lost = "list_contains(?::DATE[], d)" if lacking else "len(?::DATE[]) = 0"
        connection.execute(f"DELETE FROM s.factors WHERE {lost}", [missing])
        connection.execute("DELETE FROM s.factors WHERE d < ?::DATE + 3", [first])
    made = CommandProject(folder=folder, first=D(first), last=D(last))
    declare(made, **service)
    made.acts()
    return made


def declare(made: CommandProject, **service: Any) -> None:
    """Write the contract."""
    words = WORDS[service.get("dates_per_call", 1)]
    rebuild = {
        "kind": "command", "argv": [*PROGRAM, *words], "cwd": str(made.folder), **QUICK, **service,
    }  # fmt: skip
    strict = [{"rule": "conversion_ratio", "of": "raw", "at_least": 1.0}]
    factors = {**BASIC["datasets"]["factors"], "service": "rebuild", "rules": strict}
    write_contract(
        made.folder,
        BASIC,
        warehouse=f"duckdb:///{made.folder / 'warehouse.duckdb'}",
        datasets={**BASIC["datasets"], "factors": factors},
        seasons=[{"name": "all", "from": str(made.first), "to": str(made.last)}],
        rules_for_keyed=[],
        services={"rebuild": rebuild},
    )


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not asked for its exit code does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def gone(pids: Iterable[int], seconds: float = 5) -> None:
    """Wait until none of some processes runs any more."""
    for pid in pids:
        wait_until(partial(lambda one: not is_alive(one), pid), seconds)
