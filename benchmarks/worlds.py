"""A world: a warehouse file, a project with its contract, and the window that is looked at."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from benchmarks.measuring import ROOT
from checkpoints.contract.checks import Check, checks_of
from checkpoints.contract.loading import load_contract
from checkpoints.contract.model import Contract
from checkpoints.library.suites import write

GX = ROOT / "gx"
CHECKPOINT = "after_backfill"


class World(BaseModel):
    """What every contestant is given. ``folder`` holds its project."""

    model_config = ConfigDict(frozen=True)

    name: str
    folder: Path
    warehouse: Path
    first: date
    last: date

    @property
    def path(self) -> Path:
        """Where it is saved for other processes."""
        return self.folder / "world.json"

    @property
    def as_of(self) -> date:
        """A day on which every date of the window is due."""
        return self.last + timedelta(days=30)

    @property
    def url(self) -> str:
        """The warehouse URL for the product's commands."""
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
        """Every check of the contract's checkpoint."""
        contract = self.contract
        return checks_of(contract, contract.checkpoints[CHECKPOINT].suites)

    @property
    def options(self) -> list[str]:
        """The options that the product's commands get."""
        return [
            *("--from", str(self.first), "--to", str(self.last), "--as-of", str(self.as_of)),
            *("--warehouse", self.url, "--contract", str(self.contract_path)),
        ]

    def forget_runs(self) -> None:
        """Remove what earlier commands stored."""
        shutil.rmtree(self.contract_path.parent / "uncommitted", ignore_errors=True)


def save_world(world: World, contract: Mapping[str, Any]) -> World:
    """Write the world and a project around its contract: plugin, Data Context, suites."""
    project = world.contract_path.parent
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    shutil.copy(GX / "great_expectations.yml", project)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(GX / "plugins", project / "plugins", ignore=ignored)
    text = yaml.safe_dump(dict(contract), sort_keys=False)
    world.contract_path.write_text(text, encoding="utf-8")
    write(project, world.contract)
    world.path.write_text(world.model_dump_json(), encoding="utf-8")
    return world


def load_world(path: Path) -> World:
    """A world that was saved."""
    return World.model_validate_json(path.read_bytes())
