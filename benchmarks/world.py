"""A world: a warehouse file, a project with its contract, a window, and the truth about it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from benchmarks.findings import Finding
from benchmarks.measuring import ROOT
from checkpoints.contract.checks import Check, checks_of
from checkpoints.contract.loading import load_contract
from checkpoints.contract.model import Contract
from checkpoints.library.suites import write

GX = ROOT / "gx"
CHECKPOINT = "after_backfill"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything a contestant is handed. ``folder`` holds its project and its truth."""

    name: str
    folder: Path
    warehouse: Path
    first: date
    last: date

    @property
    def as_of(self) -> date:
        """A day on which every date of the window is due."""
        return self.last + timedelta(days=30)

    @property
    def url(self) -> str:
        """Where the product reads."""
        return f"duckdb:///{self.warehouse}"

    @property
    def contract_path(self) -> Path:
        """The contract file."""
        return self.folder / "gx" / "pipeline.yml"

    @property
    def contract(self) -> Contract:
        """The contract."""
        return load_contract(self.contract_path, {}).contract

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every rule, applied."""
        contract = self.contract
        return checks_of(contract, contract.checkpoints[CHECKPOINT].suites)

    @property
    def options(self) -> list[str]:
        """What the product's commands are told."""
        return [
            *("--from", str(self.first), "--to", str(self.last), "--as-of", str(self.as_of)),
            *("--warehouse", self.url, "--contract", str(self.contract_path)),
        ]


def save_project(folder: Path, raw: Mapping[str, Any]) -> Path:
    """A project of its own around a contract: our plugin, a Data Context, the suites."""
    project = folder / "gx"
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    shutil.copy(GX / "great_expectations.yml", project)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(GX / "plugins", project / "plugins", ignore=ignored)
    path = project / "pipeline.yml"
    path.write_text(yaml.safe_dump(dict(raw), sort_keys=False), encoding="utf-8")
    write(project, load_contract(path, {}).contract)
    return path


def save_world(world: World, truth: Mapping[str, Finding]) -> Path:
    """Write down a world for another process. Returns the file's path."""
    path = world.folder / "world.json"
    described = {
        "name": world.name,
        "warehouse": str(world.warehouse),
        "first": str(world.first),
        "last": str(world.last),
        "truth": as_json(truth),
    }
    path.write_text(json.dumps(described), encoding="utf-8")
    return path


def load_world(path: Path) -> tuple[World, dict[str, Finding]]:
    """A world that was saved, and its truth by check id."""
    found = json.loads(path.read_text(encoding="utf-8"))
    world = World(
        name=found["name"],
        folder=path.parent,
        warehouse=Path(found["warehouse"]),
        first=date.fromisoformat(found["first"]),
        last=date.fromisoformat(found["last"]),
    )
    return world, from_json(found["truth"])


def as_json(findings: Mapping[str, Finding]) -> dict[str, Any]:
    """Findings as JSON takes them."""
    return {
        check: [f.passed, None if f.dates is None else sorted(map(str, f.dates))]
        for check, f in findings.items()
    }


def from_json(found: Mapping[str, Any]) -> dict[str, Finding]:
    """The reverse of ``as_json``."""
    return {
        check: Finding(passed, None if dates is None else frozenset(map(date.fromisoformat, dates)))
        for check, (passed, dates) in found.items()
    }
