"""reladiff: one diff per pair of tables that are compared by key; it judges no rule."""

from __future__ import annotations

import shlex
from pathlib import Path

import duckdb

from benchmarks.contestants.tool import Prepared, Rules
from benchmarks.hand_sql import HandWriter
from checkpoints.rules.evidence import Pair


def prepare(rules: Rules, _folder: Path, venv: Path) -> Prepared:
    """Views of the distinct keys, which it needs, and a command line of diffs."""
    writer = rules.writer
    pairs = [pair for pair in rules.pairs if pair.match == "keys" and not writer.by_date(pair)]
    _make_views(rules.warehouse, writer, pairs)
    tool, address = shlex.quote(str(venv / "bin" / "reladiff")), f"duckdb://{rules.warehouse}"
    diffs = [
        f"{tool} {shlex.quote(address)} only_keys.{pair.of} only_keys.{pair.dataset}"
        f" -k {writer.contract.datasets[pair.dataset].key[0]}"
        for pair in pairs
    ]
    return Prepared(command=["sh", "-c", " && ".join(diffs)])


def _make_views(warehouse: Path, writer: HandWriter, pairs: list[Pair]) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS only_keys")
        for name in {name for pair in pairs for name in pair[:2] if name}:
            key = writer.contract.datasets[name].key[0]
            connection.execute(
                f"CREATE OR REPLACE VIEW only_keys.{name} AS SELECT DISTINCT {key}"
                f" FROM {writer.table(name)} WHERE {writer.where(name)}"
            )


def verdicts(_out: str, _folder: Path) -> dict[str, bool]:
    """It finds keys; people judge."""
    return {}
