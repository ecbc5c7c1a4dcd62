"""Rehearsals: the demo's real services with faults, and the commands a user repairs with."""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
import yaml

from checkpoints.archive.runs import plans_folder
from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from demo.layers import PHASES
from demo.schedule import Game
from demo.warehouse import build, fill_complete
from remediation.ledger.ledger import ledger_path, read_ledger
from remediation.ledger.plans import write_plan
from remediation.plan.model import Plan
from remediation.plan.planning import Request as PlanRequest
from remediation.plan.planning import make_plan
from tests.support.commands import ROOT, environment
from tests.support.forks import Forked, fork
from tests.support.runs import judged
from tests.support.warehouses import D

FIRST, LAST, TODAY = D("2024-11-16"), D("2024-11-21"), D("2024-11-22")
"""The window: it begins where the longest warm-up ends, and has two games a day."""

HOLES = ("2024-11-17", "2024-11-18", "2024-11-19")
SUMMARY = "nba_analytics.player_game_summary"
FACTORS = "nba_precompute.player_composite_factors"
QUICK = {
    "auth": "none", "timeout_seconds": 5, "seconds_between_calls": 0, "settle_seconds": 0.5,
    "poll_seconds": 0.25, "breaker_after": 3, "probe_after_seconds": 0.2,
    "results": {"path": "results", "status": "status", "succeeded": ["success"]},
}  # fmt: skip


@cache
def full_warehouse() -> Path:
    """A warehouse of one month, complete; built once."""
    games = [
        Game(
            date=day,
            id=f"00224{day:%m%d}{n}",
            code=f"{day:%Y%m%d}_{away}_{home}",
            away=away,
            home=home,
        )
        for day in DateRange(D("2024-10-22"), LAST).dates()
        for n, (away, home) in enumerate((("NYK", "BOS"), ("LAL", "DEN")))
    ]
    path = Path(mkdtemp()) / "full.duckdb"
    build(path, lambda connection: fill_complete(connection, games))
    return path


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command left: exit code, and what it wrote for people."""

    code: int
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that can be seen of a repair but for its words.

    ``sent`` are all calls that reached the services, ``states`` what the ledger says of the
    planned ones, both by phase and day of November; ``games`` how many of two games a day
    the features have on the three days that they lacked.
    """

    code: int
    sent: str
    states: str
    games: tuple[int, ...]


def incomplete(sent: str, states: str, *games: int) -> Outcome:
    """Of a repair that leaves dates missing."""
    return Outcome(code=4, sent=sent, states=states, games=games)


ALL_LANDED = "4/17 landed, 4/18 landed, 4/19 landed"
SENT_ONCE = Outcome(code=0, sent="4/17 4/18 4/19", states=ALL_LANDED, games=(2, 2, 2))
ONCE_AGAIN = Outcome(code=0, sent="4/17 4/18 4/18 4/19", states=ALL_LANDED, games=(2, 2, 2))


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A folder with a contract, a warehouse with holes and the log of the services."""

    folder: Path
    variables: Mapping[str, str]

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def log(self) -> str:
        return (self.folder / "service.log").read_text()

    @property
    def calls(self) -> list[tuple[float, str]]:
        """Every call that reached the services, in their order: second, ``4/17``, ``4/18-19``."""
        line = r"^ *([\d.]+) POST /phase(\d)/\S+ 2024-11-(\d\d)(?: to 2024-11(-\d\d))? call "
        found = re.findall(line, self.log, re.MULTILINE)
        return [(float(seconds), f"{phase}/{day}{end}") for seconds, phase, day, end in found]

    @property
    def sent(self) -> str:
        """The calls: ``4/17 4/18``."""
        return " ".join(name for _, name in self.calls)

    def seconds_before(self, number: int) -> float:
        """How long the services waited for call ``number`` (from 0) after the one before."""
        return self.calls[number][0] - self.calls[number - 1][0]

    def file(self) -> ContractFile:
        return load_contract(self.folder / "pipeline.yml", self.variables)

    def plan(self) -> Plan:
        """Judge the window by the rules, and plan what repairs it, as the commands do."""
        file = self.file()
        window = Window(range=DateRange(FIRST, LAST), label="November")
        report = judged(file, window, TODAY)
        made = make_plan(report, file.contract, file.sha256, PlanRequest())
        write_plan(made, plans_folder(file.project) / f"{made.short_id}.json")
        return made

    def repair(self, *arguments: str) -> Ran:
        """``python -m remediation run --yes``, or the command that is given."""
        running = self.start(*(arguments or ("run", "--yes")))
        said = "".join(reversed(running.communicate(timeout=60)))
        assert "Traceback" not in said + self.log
        return Ran(code=running.wait(), said=said)

    def start(self, *arguments: str) -> Forked:
        contract = str(self.folder / "pipeline.yml")
        env = environment(COLUMNS="250", **self.variables)
        return fork("remediation", *arguments, "--contract", contract, env=env)

    @property
    def states(self) -> str:
        """The ledger of the plan: ``4/17 landed, 4/18 partial``."""
        with read_ledger(ledger_path(self.folder), lambda: datetime.now(UTC)) as ledger:
            entries = sorted(ledger.entries() if ledger else [], key=lambda e: (e.service, e.date))
        return ", ".join(f"{e.service[5:]}/{e.date:%d} {e.state}" for e in entries)

    def outcome(self, ran: Ran) -> Outcome:
        """What can be seen after a command."""
        games = tuple(self.games(day) for day in HOLES)
        return Outcome(code=ran.code, sent=self.sent, states=self.states, games=games)

    def repaired(self, expected: Outcome) -> str:
        """Plan and repair; fails where not all is as expected. Returns what was said."""
        self.plan()
        ran = self.repair()
        assert self.outcome(ran) == expected
        return ran.said

    def games(self, day: str, table: str = FACTORS) -> int:
        """How many games a table has on a date, in a fresh read."""
        query = f"SELECT count(DISTINCT game_id) FROM {table} WHERE game_date = ?"
        for _ in range(1000):
            with (
                suppress(duckdb.IOException),
                duckdb.connect(self.warehouse, read_only=True) as connection,
            ):
                found = connection.execute(query, [D(day)]).fetchall()
                return int(found[0][0])
            time.sleep(0.005)
        raise AssertionError("the warehouse stayed locked")

    def wait_for_log(self, text: str) -> None:
        """Until the services have logged it."""
        deadline = time.monotonic() + 20
        while text not in self.log:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)


@contextmanager
def rehearsal(
    folder: Path,
    *faults: Mapping[str, Any],
    lacking: Mapping[int, Sequence[str]] | None = None,
    **service: Any,
) -> Iterator[Rehearsal]:
    """Services that misbehave as ``faults`` say, on a warehouse that lacks dates per phase.

    The layers below need not be younger than what is repaired: only the phases that lack dates
    are called.
    """
    lacking = {4: HOLES} if lacking is None else lacking
    warehouse = folder / "warehouse.duckdb"
    shutil.copy(full_warehouse(), warehouse)
    lose(warehouse, lacking)
    raw = yaml.safe_load((ROOT / "gx" / "pipeline.yml").read_text())
    raw["warehouse"] = f"duckdb:///{warehouse}"
    for dataset in raw["datasets"].values():
        dataset["rules"] = [rule for rule in dataset["rules"] if rule["rule"] != "fresh"]
    for name in raw["services"]:
        raw["services"][name] |= {**QUICK, **service}
    (folder / "pipeline.yml").write_text(yaml.safe_dump(raw, sort_keys=False))
    scenario = {"version": 1, "faults": list(faults)}
    (folder / "faults.yml").write_text(yaml.safe_dump(scenario))
    misbehave = ("--faults", str(folder / "faults.yml")) if faults else ()
    with serving(folder, warehouse, *misbehave) as variables:
        yield Rehearsal(folder=folder, variables=variables)


def lose(warehouse: Path, lacking: Mapping[int, Sequence[str]]) -> None:
    """Delete what the phases wrote for some dates."""
    for phase, dates in lacking.items():
        for step in PHASES[phase]:
            lose_rows(warehouse, step.table, step.date_column, *dates)


def lose_rows(warehouse: Path, table: str, column: str, *dates: str) -> None:
    """Delete a table's rows of some dates."""
    with duckdb.connect(warehouse) as connection:
        for day in dates:
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", [D(day)])


@contextmanager
def serving(folder: Path, warehouse: Path, *arguments: str) -> Iterator[dict[str, str]]:
    """``python -m demo serve`` until the end of the block; the variables that point at it."""
    serve = ("demo", "serve", "--port", "0", "--warehouse", f"duckdb:///{warehouse}", *arguments)
    with (folder / "service.log").open("w") as log:
        server = fork(*serve, env=environment(), stderr=log.fileno())
    try:
        ready = server.stdout.readline()
        assert ready.startswith("ready"), (folder / "service.log").read_text()
        yield dict(word.split("=", 1) for word in ready.split() if "=" in word)
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(timeout=30)
        server.stdout.close()
    assert code == 0


def fault(name: str, *days: str, phase: int = 4, **blocks: Any) -> dict[str, Any]:
    """One entry of a scenario: ``fault("half written", "18", times=1)``."""
    return {"fault": name, "phase": phase, "dates": [f"2024-11-{d}" for d in days], **blocks}
