"""A pipeline of several branches, reports of what it has lost, and its incidents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from checkpoints.archive.incidents import Incident
from checkpoints.archive.report import Provenance, Report, new_run_id
from checkpoints.contract.checks import checks_of, coverage_pair, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.coverage.results import dataset_records, decide, judged
from checkpoints.dates import DateRange
from checkpoints.explain.life import Notice, lived
from checkpoints.explain.roots import Found, found_in
from tests.support.projects import frame_of
from tests.support.warehouses import KEYED, D, contract_of

EVERY = "schedule raw spare summary enriched factors cache scores joined"
LINEAGE: dict[str, tuple[str, Any]] = {
    "raw": ("L1", "schedule"),
    "spare": ("L1", "schedule"),
    "summary": ("L3", {"any_of": ["raw", "spare"]}),
    "enriched": ("L3", "summary"),
    "factors": ("L4", "enriched"),
    "cache": ("L4", "summary"),
    "scores": ("L5", "factors"),
    "joined": ("L6", {"all_of": ["cache", "factors"]}),
}
"""Layer and upstream; nothing has a service, ``enriched`` is a view and has no rule of its own."""

FIRST, LAST = D("2025-01-01"), D("2025-01-20")


def branches(folder: Path, *, without_rules: str = "enriched", **changes: Any) -> Contract:
    """The contract: no date below 80 %, no orphans, no NULL, scores never stop for 3 days."""
    datasets: dict[str, Any] = {"schedule": {"layer": "reference", "table": "s.schedule", **KEYED}}
    for name, (layer, upstream) in LINEAGE.items():
        rules = [{"rule": "daily_conversion_ratio", "at_least": 0.8}]
        datasets[name] = {
            "layer": layer, "table": f"s.{name}", **KEYED, "upstream": upstream,
            "rules": [] if name in without_rules.split() else rules,
        }  # fmt: skip
    datasets["scores"]["rules"].append({"rule": "up_to_date", "days": 2})
    raw = {
        "version": 1, "timezone": "UTC", "grace_days": 1, "warehouse": "duckdb:///w.duckdb",
        "reference": "schedule",
        "layers": dict.fromkeys(["reference", "L1", "L3", "L4", "L5", "L6"], "a layer"),
        "seasons": [{"name": "2025", "from": "2025-01-01", "to": "2025-06-30"}],
        "datasets": datasets,
        "rules_for_keyed": [{"rule": "no_orphan_keys"}, {"rule": "no_null_keys"}],
        "checkpoints": {
            "after_backfill": {"suites": ["reference", "L1", "L3", "L4", "L5", "L6"]}
        },
    }  # fmt: skip
    return contract_of(folder, {**raw, **changes}).contract


def report_of(
    contract: Contract,
    lost: Mapping[str, Iterable[str]] | None = None,
    *,
    first: date = FIRST,
    last: date = LAST,
    today: date | None = None,
    without: str = "",
    besides: str = "",
    name: str = "pipeline.yml",
    suites: Sequence[str] | None = None,
    unreadable: Mapping[str, str] | None = None,
) -> Report:
    """What the rules say the day after ``last``, when datasets hold nothing on dates.

    ``without``: datasets that lack one of two keys on a date, as in ``"cache/2025-01-08"``;
    ``besides``: those that hold another one.
    """
    gone = {D(day): {n for n, days in (lost or {}).items() if day in days} for day in _all(lost)}
    half, more = _spots(without), _spots(besides)
    days = {}
    for day in DateRange(first, last).dates():
        held = [name for name in EVERY.split() if name not in gone.get(day, ())]
        less = [name for name in held if (name, day) not in half]
        days[day] = [" ".join(held), " ".join(less), *(name for name, on in more if on == day)]
    as_of = today or last + timedelta(days=1)
    frame = frame_of(contract, days, as_of=str(as_of), unreadable=unreadable)
    records = tuple(judged(check, frame) for check in checks_of(contract, suites))
    datasets = tuple(dataset_records(contract, frame, upstream_pair))
    at = datetime(as_of.year, as_of.month, as_of.day, 6, tzinfo=UTC)
    return Report(
        run_id=new_run_id("daily", at), checkpoint="daily", judge="rules",
        window=frame.window.range, window_label="test", as_of=as_of, started_at=at, seconds=0.1,
        verdict=decide(records, len(records), "critical", datasets), checks=records,
        datasets=datasets, coverage=tuple(dataset_records(contract, frame, coverage_pair)),
        unreadable=frame.unknown(),
        provenance=Provenance(
            contract=name, contract_sha256="a" * 64, warehouse="duckdb:///w.duckdb",
            revision=None, dirty=None, versions={}, user="someone",
        ),
    )  # fmt: skip


def _all(lost: Mapping[str, Iterable[str]] | None) -> set[str]:
    return {day for days in (lost or {}).values() for day in days}


def _spots(text: str) -> set[tuple[str, date]]:
    return {(name, D(day)) for name, day in (pair.split("/") for pair in text.split())}


def told(found: Found) -> str:
    """``missing of summary 08 09, below: factors 08 09``."""
    roots = " + ".join(f"{p.dataset}{''.join(f' {d:%d}' for d in p.dates)}" for p in found.roots)
    below = ", ".join(f"{p.dataset}{''.join(f' {d:%d}' for d in p.dates)}" for p in found.below)
    return f"{found.kind} of {roots}" + (f", below: {below}" if below else "")


def found(contract: Contract, *given: Any, **options: Any) -> list[str]:
    """A line for each thing that is wrong."""
    return [told(one) for one in found_in(report_of(contract, *given, **options), contract)]


class Days:
    """A pipeline watched day by day, at six in the morning."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.known: tuple[Incident, ...] = ()

    def run(self, report: Report, **options: Any) -> list[str]:
        """What is told: ``opened factors-missing-2025-01-08: 1 date``."""
        found = found_in(report, self.contract)
        self.known, notices = lived(self.known, found, report, report.started_at, **options)
        return [self._line(notice) for notice in notices]

    def _line(self, notice: Notice) -> str:
        one = notice.incident
        return f"{notice.event} {one.id}: {' '.join(f'{day:%d}' for day in one.dates)}"

    @property
    def open(self) -> list[str]:
        """``growing factors-missing-2025-01-08: factors 08 09``."""
        return [
            f"{one.state} {one.id}: {one.dataset} {' '.join(f'{day:%d}' for day in one.dates)}"
            for one in self.known
            if one.is_open
        ]
