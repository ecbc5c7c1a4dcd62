"""A project as a scheduler finds it: files, a venv, a warehouse, and a clock that can be set."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from demo.warehouse import build, fill_demo
from tests.support.commands import ROOT

NOTHING_DUE, COMPLETE, INCOMPLETE = "2024-10-22", "2024-10-23", "2024-11-08"
"""Days as of which the checkpoint ``daily`` of the demo's warehouse ends with 5, 0 and 1."""

PLAN = re.compile(r"Plan ([0-9a-f]{12}) of run")
PYTHON = """#!/bin/sh
[ "$2 $3" != "checkpoints run" ] || set -- "$@" --as-of "$(cat {folder}/today)"
PYTHONPATH={root} exec {python} "$@"
"""


@cache
def demo_warehouse() -> Path:
    """The demo's warehouse with the incident in it; built once."""
    path = Path(mkdtemp()) / "warehouse.duckdb"
    build(path, fill_demo)
    return path


@dataclass(frozen=True, kw_only=True)
class Project:
    """The folder that the examples call ``/srv/checkpoints``."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def on(self, day: str) -> Project:
        """The same on another day."""
        (self.folder / "today").write_text(day)
        return self

    @property
    def warehouse(self) -> Path:
        return self.folder / "demo" / "warehouse.duckdb"

    def environment(self, **changes: str) -> dict[str, str]:
        """Of a scheduler: little, and the project's own venv."""
        path = f"{self.folder / '.venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        home = str(self.folder)
        return {"HOME": home, "PATH": path, "LANG": "C.UTF-8", **self.variables, **changes}

    def run(self, *command: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
        """A command of the scheduler; standard output and error are one text."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment(**changes), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240,
        )  # fmt: skip

    def runs(self) -> list[Mapping[str, object]]:
        """The verdicts that were stored, oldest first."""
        found = sorted(self.folder.glob("gx/uncommitted/runs/*/report.json"))
        return [json.loads(path.read_text())["verdict"] for path in found]

    def approvable(self) -> str:
        """The id of the only plan."""
        (plan,) = self.folder.glob("gx/uncommitted/plans/*.json")
        return plan.stem


def project_in(folder: Path) -> Project:
    """A copy of the project with the embedded warehouse."""
    ignored = shutil.ignore_patterns("uncommitted", "__pycache__")
    for name in ("gx", "examples/unattended"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    (folder / "demo").mkdir()
    shutil.copy(demo_warehouse(), folder / "demo" / "warehouse.duckdb")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON.format(folder=folder, root=ROOT, python=sys.executable))
    python.chmod(0o755)
    return Project(folder=folder)
