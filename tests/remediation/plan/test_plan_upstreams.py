"""Plans where a dataset is built from several others, or some are retired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkpoints.archive.remediation import Why
from checkpoints.validation import check
from remediation.plan.model import Plan
from remediation.plan.planning import Request, make_plan
from tests.support.reports import calls, left_out
from tests.support.runs import request_of
from tests.support.warehouses import BASIC, KEYED, D, contract_of, days

FULL = days("2025-01-01", "2025-01-20")
LOST = [row for row in FULL if row[0] != D("2025-01-10")]
DAILY = {"rule": "daily_conversion_ratio", "at_least": 1.0}


def plan_of(folder: Path, operator: str, changes: dict[str, Any], **tables: Any) -> Plan:
    """Two sources with a service each, a view of both, and what is made of the view."""
    every = {**KEYED, "rules": [DAILY]}
    several = {operator: ["book", "live"]}
    datasets = {
        "schedule": BASIC["datasets"]["schedule"],
        "book": {"layer": "L1", "table": "s.book", "upstream": "schedule", "service": "b", **every},
        "live": {"layer": "L1", "table": "s.live", "upstream": "schedule", "service": "l", **every},
        "view": {"layer": "L3", "table": "s.view", "upstream": several, **every},
        "end": {"layer": "L4", "table": "s.end", "upstream": "view", "service": "a", **every},
    }
    for name, change in changes.items():
        datasets[name] = {**datasets[name], **change}
    services = {name: {"url": "https://x", "path": "/{date}"} for name in "abl"}
    file = contract_of(folder, datasets=datasets, services=services)
    full = dict.fromkeys(datasets, FULL)
    report = check(request_of(folder, file, as_of="2025-01-25", **{**full, **tables}))
    return make_plan(report, file.contract, file.sha256, Request())


def test_a_service_waits_for_all_sources_through_a_view(tmp_path: Path) -> None:
    gone = dict.fromkeys(("book", "live", "view", "end"), LOST)
    plan = plan_of(tmp_path, "any_of", {}, **gone)
    assert calls(plan) == ["b 01-10 book", "l 01-10 live", "a 01-10 end"]
    assert plan.calls[-1].depends_on == ("b/2025-01-10", "l/2025-01-10")


def test_one_source_brings_the_date_where_any_does(tmp_path: Path) -> None:
    gone = dict.fromkeys(("book", "live", "view", "end"), LOST)
    plan = plan_of(tmp_path, "any_of", {"live": {"service": None}}, **gone)
    assert calls(plan) == ["b 01-10 book", "a 01-10 end"]


def test_one_source_alone_brings_nothing_where_all_are_needed(tmp_path: Path) -> None:
    gone = dict.fromkeys(("book", "live", "view", "end"), LOST)
    changes = {"live": {"service": None}, "view": {"service": "a"}, "end": {"service": "a"}}
    plan = plan_of(tmp_path, "all_of", changes, **gone)
    assert calls(plan) == ["b 01-10 book"]
    assert left_out(plan)["view", Why.UPSTREAM_EMPTY] == ["01-10"]
    plan = plan_of(tmp_path, "all_of", changes, **{**gone, "live": FULL})
    assert calls(plan) == ["b 01-10 book", "a 01-10 view+end"]


def test_a_retired_dataset_is_not_called_and_not_waited_for(tmp_path: Path) -> None:
    gone = dict.fromkeys(("book", "live", "view", "end"), LOST)
    built = {"service": "a"}
    retired = {"book": {"retired": D("2025-01-10")}, "view": built, "end": built}
    for operator in ("any_of", "all_of"):
        plan = plan_of(tmp_path, operator, retired, **gone)
        assert calls(plan) == ["l 01-10 live", "a 01-10 view+end"]
        assert plan.calls[-1].depends_on == ("l/2025-01-10",)
