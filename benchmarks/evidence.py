"""The evidence, side by side: every contestant in a process of its own, round after round."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import DidNotRun
from benchmarks.findings import dates_right, right
from benchmarks.measuring import ROOT, Bench, Ran, interleaved, median
from benchmarks.names import CONTESTANTS, OURS
from benchmarks.results import EvidenceRow
from benchmarks.table_reads import HOOK, logged_statements, reads_of
from benchmarks.world import World, from_json, load_world


def measure_evidence(
    bench: Bench,
    world_path: Path,
    rounds: int,
    repeats: int,
    contestants: Sequence[str] = CONTESTANTS,
) -> list[EvidenceRow]:
    """A row per contestant; where it repeats, the first repetition only warms up."""
    world, truth = load_world(world_path)

    def once(contestant: str) -> Ran:
        return bench.python("benchmarks", "read", str(world_path), contestant, str(repeats))

    answers: dict[str, list[dict[str, Any]]] = {}
    runs = interleaved(contestants, rounds, once)
    for name, ran in runs.items():
        answers[name] = [_parsed(r) for r in ran]
    rows = []
    for name, found in answers.items():
        findings = from_json(found[-1]["findings"])
        reads = _reads(bench, world_path, world, name, found[-1]["statements"])
        seconds = [s for a in found for s in (a["seconds"][1:] or a["seconds"])]
        rows.append(
            EvidenceRow(
                world=world.name,
                contestant=name,
                seconds=median(seconds),
                best=min(seconds),
                here=median([s for a in found for s in (a["rest"][1:] or a["rest"])]),
                peak_bytes=max(r.peak_bytes for r in runs[name]),
                tables=len(world.contract.datasets),
                reads=None if reads is None else sum(reads.values()),
                most_reads=None if reads is None else max(reads.values(), default=0),
                rules=len(truth),
                rules_right=right(findings, truth) if findings else None,
                dates_right=dates_right(findings, truth) if findings else None,
            )
        )
    return rows


def _parsed(ran: Ran) -> dict[str, Any]:
    if ran.code:
        raise DidNotRun("a contestant", ran.code, ran.out)
    found: dict[str, Any] = json.loads(ran.out.splitlines()[-1])
    return found


def _reads(
    bench: Bench, world_path: Path, world: World, contestant: str, statements: Sequence[str]
) -> Counter[str] | None:
    """Scans per table; of the product's statements as DuckDB logged them in one more run."""
    if contestant == OURS:
        log = bench.scratch / "query_log"
        shutil.rmtree(log, ignore_errors=True)
        path = f"{HOOK}:{ROOT}"
        ran = bench.python(
            *("benchmarks", "read", str(world_path), contestant, "1"),
            PYTHONPATH=path,
            DUCKDB_QUERY_LOG=str(log),
        )
        _parsed(ran)
        statements = logged_statements(log)
    return reads_of(world, statements)
