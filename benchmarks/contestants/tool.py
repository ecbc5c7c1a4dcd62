"""What a tool is handed, and what running it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.hand_sql import HandWriter
from benchmarks.world import World
from checkpoints.rules.evidence import Pair

SCRIPTS = Path(__file__).resolve().parent / "scripts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of a world by name (``rule_01``), as SQL that finds rows where one fails."""

    warehouse: Path
    first_table: str
    writer: HandWriter
    pairs: Sequence[Pair]
    sql: Mapping[str, str]
    ids: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """For a script in another Python."""
        return {
            "warehouse": str(self.warehouse),
            "table": self.first_table,
            "rules": dict(self.sql),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A command, and what it needs in its environment."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def rules_of(world: World) -> Rules:
    """The rules of a world, written by hand."""
    contract, checks = world.contract, world.checks
    writer = HandWriter(contract=contract, first=world.first, last=world.last)
    names = {f"rule_{n:02}": check for n, check in enumerate(checks, start=1)}
    return Rules(
        warehouse=world.warehouse,
        writer=writer,
        pairs=tuple(dict.fromkeys(check.pair for check in checks)),
        first_table=writer.table(contract.reference),
        sql={name: writer.failing(check) for name, check in names.items()},
        ids={name: check.id for name, check in names.items()},
    )
