"""Run reports made up for tests: what is there, and what the checks said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from checkpoints.archive.remediation import Why
from checkpoints.archive.report import Report
from checkpoints.contract.checks import checks_of, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.rules.evidence import PairEvidence, Status
from remediation.plan.model import Plan
from remediation.plan.planning import Request, make_plan
from tests.support.scripted_service import FIRST, LAST, TODAY
from tests.support.warehouses import D

SHA = "a" * 64
UPSTREAM = {"raw": "schedule", "summary": "raw", "factors": "summary", "cache": "summary",
            "scores": "factors"}  # fmt: skip
WARMUP = {"factors": 3, "cache": 5, "scores": 3}
CALENDAR = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def check_of(
    dataset: str, dates: Any, outcome: str = "FAILED", kind: str = "conversion_ratio"
) -> dict[str, Any]:
    return {
        "id": f"{dataset}-{kind}-{outcome}", "suite": "L4", "dataset": dataset, "of": "raw",
        "match": "keys", "kind": kind, "severity": "critical", "threshold": 0.8,
        "outcome": outcome, "observed": 0.5, "matched": 1, "expected": 2,
        "unexpected_dates": [str(d) for d in dates],
        "message": "table 'x' is gone" if outcome == "ERRORED" else "",
    }  # fmt: skip


def report_of(
    checks: list[dict[str, Any]],
    present: Mapping[str, Mapping[date, int]],
    sha: str = SHA,
    upstreams: Mapping[str, str] = UPSTREAM,
) -> Report:
    """A report in which each dataset has so many of two games; 2 where nothing is said."""
    datasets = []
    for name, upstream in upstreams.items():
        days = []
        for n, day in enumerate(CALENDAR):
            status = Status.WARM_UP if n < WARMUP.get(name, 0) else Status.DUE
            expected = present.get(upstream, {}).get(day, 2)
            here = present.get(name, {}).get(day, 2)
            matched = min(expected, here)
            days.append([str(day), status, expected, here, matched, here - matched, 0])
        about = {"name": name, "layer": "L4", "of": upstream, "match": "keys", "by_date": False}
        datasets.append({**about, "days": days})
    provenance = {
        "contract": "pipeline.yml", "contract_sha256": sha, "warehouse": "duckdb:///w.duckdb",
        "revision": None, "dirty": None, "versions": {}, "user": "someone",
    }  # fmt: skip
    verdict = {
        "exit_code": 1, "passed": False, "summary": "failed", "declared": len(checks),
        "counts": {}, "fail_on": "critical",
    }  # fmt: skip
    report = {
        "schema_version": 1, "run_id": "20250121T000000000000Z-after_backfill",
        "checkpoint": "after_backfill", "judge": "rules", "window_label": "January",
        "window": {"first": str(FIRST), "last": str(LAST)}, "as_of": str(TODAY),
        "started_at": "2025-01-21T00:00:00Z", "seconds": 0.1, "provenance": provenance,
        "verdict": verdict, "checks": checks, "datasets": datasets, "coverage": [],
    }  # fmt: skip
    return Report.model_validate_json(json.dumps(report))


def holes(*days: str) -> dict[date, int]:
    return {D(day): 0 for day in days}


def lacking(datasets: str, *days: str, outcome: str = "FAILED") -> Report:
    """Each of the datasets (``"factors cache"``) has nothing on these days, and says so."""
    hole, names = holes(*days), datasets.split()
    kinds = {"cache": "date_gap"}
    checks = [check_of(n, hole, outcome, kinds.get(n, "conversion_ratio")) for n in names]
    return report_of(checks, dict.fromkeys(names, hole))


def plan_for(contract: Contract, report: Report, **request: Any) -> Plan:
    return make_plan(report, contract, SHA, Request(**request))


def calls(plan: Plan) -> list[str]:
    return [f"{c.service} {c.date:%m-%d} {'+'.join(c.datasets)}" for c in plan.calls]


def left_out(plan: Plan) -> dict[tuple[str, Why], list[str]]:
    return {(u.dataset, u.why): [f"{d:%m-%d}" for d in u.dates] for u in plan.unplanned}


def truthful_report(
    contract: Contract,
    present: Mapping[str, Mapping[date, int]],
    upstreams: Mapping[str, str] = UPSTREAM,
) -> Report:
    """A report whose checks, each dataset against its upstream, say what the rules say."""
    figures = report_of([], present, upstreams=upstreams)
    checks = []
    for check in checks_of(contract):
        if check.rule.repairable and check.pair == upstream_pair(contract, check.dataset):
            cells = figures.days_of(check.dataset)
            evidence = PairEvidence(cells=cells, window=figures.window, as_of=figures.as_of)
            found = check.rule.judge(evidence)
            record = check_of(check.dataset, found.unexpected_dates, found.outcome, check.kind)
            checks.append({**record, "id": check.id, "of": check.of})
    return report_of(checks, present, upstreams=upstreams)
