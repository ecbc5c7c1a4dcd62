"""The tools that are compared: a script in ``contestants/`` and a lock in ``locks/`` each.

``python contestants/TOOL.py RULES.json`` runs in a venv of the lock. The file holds the warehouse,
one of its tables, and by name the SQL that finds rows where a rule fails. The last line that the
script prints is JSON: by name, whether the rule holds.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.evidence import Verdicts, writer_of
from benchmarks.measuring import Bench, Ran
from benchmarks.worlds import World

HERE = Path(__file__).resolve().parent
TOOLS = {"Soda Core": "soda", "dbt test": "dbt", "Great Expectations, stock": "stock_gx"}
"""The name of the script and of the lock, by what the tool is called."""
SILENT = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "SODA_CORE_TELEMETRY_ENABLED": "false",
}
"""The environment in which no tool reports its use."""
VERSIONS = {
    "Soda Core": ("soda", "soda-core"),
    "dbt-core": ("dbt", "dbt-core"),
    "dbt-duckdb": ("dbt", "dbt-duckdb"),
    "Great Expectations": ("stock_gx", "great-expectations"),
}
"""The lock and the package of each version that the README names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A tool's venv."""

    name: str
    script: Path
    python: Path

    def run(self, bench: Bench, rules: Path) -> Ran:
        """The whole process.

        Raises:
            DidNotRun: it ended with an exit code other than 0.
        """
        command = [str(self.python), "-P", str(self.script), str(rules)]
        return bench.run(self.name, command, (0,), **SILENT)


def install(name: str, venvs: Path, bench: Bench) -> Installed:
    """Make the venv of a tool, or use the one that is there.

    Raises:
        DidNotRun: the packages of its lock cannot be installed.
    """
    tool = TOOLS[name]
    venv, lock = venvs / tool, HERE / "locks" / f"{tool}.lock"
    python, stamp = venv / "bin" / "python", venv / ".installed"
    if not stamp.is_file() or stamp.read_text() != lock.read_text():
        what = f"installing {lock.name}"
        bench.run(what, [sys.executable, "-m", "venv", "--clear", str(venv)])
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        bench.run(what, [str(python), *pip, "-r", str(lock)])
        stamp.write_text(lock.read_text())
    return Installed(name=name, script=HERE / "contestants" / f"{tool}.py", python=python)


def versions() -> dict[str, str]:
    """The pinned versions of the tools."""
    return {name: _pinned(*where)[0] for name, where in VERSIONS.items()}


def _pinned(tool: str, package: str) -> list[str]:
    lines = (HERE / "locks" / f"{tool}.lock").read_text().splitlines()
    return [line.split("==")[1].split(" ")[0] for line in lines if line.startswith(f"{package}==")]


def write_rules(world: World, name: str, folder: Path) -> Path:
    """Write down a world's rules for a tool. Returns the path of the JSON file."""
    writer = writer_of(world)
    (version,) = _pinned(TOOLS[name], "duckdb")
    warehouse = world.warehouse if int(version.split(".")[0]) >= 2 else _older_copy(world)
    path = folder / "rules.json"
    content = {
        "warehouse": str(warehouse),
        "table": writer.table(str(writer.contract.reference)),
        "rules": {_name(n): writer.failing(check) for n, check in enumerate(world.checks)},
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _name(number: int) -> str:
    return f"rule_{number:02}"


def _older_copy(world: World) -> Path:
    """The same tables in a file format that DuckDB 1 can open."""
    path = world.folder / "older.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{world.warehouse}' AS newer (READ_ONLY)")
        connection.execute(f"ATTACH '{path}' AS older (STORAGE_VERSION 'v1.0.0')")
        connection.execute("COPY FROM DATABASE newer TO older")
    return path


def verdicts(world: World, out: str) -> Verdicts:
    """What a script printed, by check id."""
    found: dict[str, bool] = json.loads(out.strip().splitlines()[-1])
    return {check.id: found[_name(n)] for n, check in enumerate(world.checks)}
