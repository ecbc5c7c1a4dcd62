"""A project with a service of ``examples/services`` copied into its contract, and its commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from checkpoints.contract.loading import load_contract
from checkpoints.contract.window import Window
from checkpoints.contract.yaml_file import read_yaml
from checkpoints.dates import DateRange
from tests.support.commands import ROOT, environment
from tests.support.forks import Forked, fork
from tests.support.projects import project_of
from tests.support.remediation_commands import states
from tests.support.runs import judged
from tests.support.scripted_service import FIRST, LAST, TODAY, full_tables, raw_contract, without
from tests.support.warehouses import D, fill

PRESETS = ROOT / "examples" / "services"
HOLES = ("2025-01-10", "2025-01-11", "2025-01-12", "2025-01-13", "2025-01-15")
WINDOW = ("--from", str(FIRST), "--to", str(LAST), "--as-of", str(TODAY))
QUICK = {
    "timeout_seconds": 5, "seconds_between_calls": 0, "settle_seconds": 5, "poll_seconds": 0.1,
    "probe_after_seconds": 0.05,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command left: exit code, and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Repair:
    """A project whose features lack ``HOLES``; ``name`` is its service."""

    folder: Path
    database: Path
    name: str
    variables: Mapping[str, str]
    written: list[str] = field(default_factory=list)

    def started(self, module: str, *arguments: str) -> Forked:
        """A command, as a user types it in a shell with the variables."""
        option = ("--contract", str(self.folder / "pipeline.yml"))
        return fork(module, *arguments, *option, env=environment(COLUMNS="250", **self.variables))

    def typed(self, module: str, *arguments: str) -> Ran:
        """A command, until it ends."""
        running = self.started(module, *arguments)
        out, err = running.communicate(timeout=120)
        assert "Traceback" not in err
        self.written.extend((out, err))
        return Ran(code=running.wait(), out=out, err=err)

    def validated(self) -> None:
        """Find the gap."""
        assert self.typed("checkpoints", "run", *WINDOW).code == 1

    def judged(self) -> None:
        """Find the gap by the rules alone, which leaves the same report."""
        file = load_contract(self.folder / "pipeline.yml", {})
        judged(file, Window(range=DateRange(FIRST, LAST), label="January"), TODAY)

    def repaired(self) -> Ran:
        """Plan what was found, and make the calls."""
        assert self.typed("remediation", "plan").code == 0
        return self.typed("remediation", "run", "--yes")

    @property
    def states(self) -> dict[str, str]:
        """What the ledger says of each date: ``{"10": "landed"}``."""
        return {name[-2:]: state for name, state in sorted(states(self).items())}

    @property
    def lacking(self) -> list[str]:
        """The dates whose features are not complete, in a fresh read."""
        query = "SELECT count(*) FROM s.factors WHERE d = ?"
        with duckdb.connect(str(self.database), read_only=True) as connection:
            found = {day: connection.execute(query, [D(day)]).fetchall()[0][0] for day in HOLES}
        return [day for day, rows in found.items() if rows != 2]

    def holds(self, secrets: Sequence[str]) -> list[str]:
        """The secrets that stand in a file of the project or in what its commands wrote."""
        files = [path.read_bytes() for path in self.folder.rglob("*") if path.is_file()]
        everything = b"\n".join([*files, *(text.encode() for text in self.written)])
        return [secret for secret in secrets if secret.encode() in everything]


def repair_with(
    preset: str, database: Path, variables: Mapping[str, str], **changes: Any
) -> Repair:
    """A project with the preset, at a quick pace, beside its warehouse; ``changes`` are of the
    service."""
    raw = raw_contract("http://127.0.0.1:1", database)
    ((name, service),) = read_yaml(PRESETS / f"{preset}.yml")["services"].items()
    if job := service.get("job"):
        job["poll_seconds"] = 0.05
    raw["services"] = {name: {**service, **QUICK, **changes}}
    for dataset in ("summary", "scores"):
        del raw["datasets"][dataset]["service"]
    for dataset in ("factors", "cache"):
        raw["datasets"][dataset]["service"] = name
    project = project_of(database.parent, raw).project
    return Repair(folder=project, database=database, name=name, variables=variables)


def warehouse_with_holes(folder: Path) -> Path:
    """A warehouse whose features lack ``HOLES``."""
    database = folder / "warehouse.duckdb"
    tables = full_tables()
    for name in ("factors", "cache"):
        tables[name] = without(tables[name], *HOLES)
    fill(database, tables)
    return database
