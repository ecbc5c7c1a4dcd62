"""The pipeline of the model: four datasets below a source, three services, plans for all dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from checkpoints.contract.model import Contract
from checkpoints.dates import DateRange
from remediation.plan.model import Call, Plan, content_hash
from tests.simulation.model import SOURCE

DATASETS = {"summary": "raw", "factors": "summary", "cache": "summary", "scores": "factors"}
BUILDS = {"three": ("summary",), "four": ("factors", "cache"), "five": ("scores",)}
ABOVE = {"four": "three", "five": "four"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a service is declared, and how the runs are asked for."""

    idempotent: bool = True
    dates_per_call: int | str = 1
    at_most: int = 14
    ordered: bool = False
    concurrency: int = 1
    at_a_time: int | None = None
    breaker_after: int = 5
    timeout_seconds: float = 4
    settle_seconds: float = 6
    poll_seconds: float = 1
    seconds_between_calls: float = 0
    results: bool = False
    canary: int = 1
    max_dates: int | None = None
    resend_unknown: bool = False
    stoppable: bool = False


@cache
def contract_of(options: Options) -> Contract:
    """Four datasets below a source, built by three services."""
    names = ("timeout_seconds", "settle_seconds", "poll_seconds", "seconds_between_calls")
    declared: dict[str, Any] = {name: getattr(options, name) for name in names}
    for name in ("idempotent", "ordered", "concurrency", "breaker_after", "at_most"):
        declared[name] = getattr(options, name)
    named = "{date}" if options.dates_per_call == 1 else "{dates}"
    declared["dates_per_call"] = options.dates_per_call
    service = {"url": "http://127.0.0.1:1", "path": f"/{named}", **declared}
    service["probe_after_seconds"] = 5
    if options.results:
        service["results"] = {}
    of = [{"rule": "conversion_ratio", "of": SOURCE, "at_least": 1}]
    below = {
        name: {"layer": "L", "table": name, "date": "d", "key": "k", "upstream": up, "rules": of}
        for name, up in DATASETS.items()
    }
    for builder, names_built in BUILDS.items():
        for name in names_built:
            below[name]["service"] = builder
    source = {"layer": "L", "table": SOURCE, "date": "d", "key": "k"}
    raw = {
        "version": 1,
        "warehouse": "duckdb:///none",
        "reference": SOURCE,
        "layers": {"L": "all"},
        "seasons": [{"name": "2025", "from": "2025-01-01", "to": "2025-03-31"}],
        "datasets": {SOURCE: source, **below},
        "checkpoints": {"all": {"suites": ["L"]}},
        "services": dict.fromkeys(BUILDS, service),
    }
    return Contract.model_validate(raw)


@cache
def plan_of(dates: tuple[tuple[str, tuple[date, ...]], ...], number: int) -> Plan:
    """All dates of all services, each after the date above it; plans differ by their number."""
    planned = {(service, day) for service, days in dates for day in days}
    calls = []
    for service, days in dates:
        above = ABOVE.get(service, "")
        for day in sorted(days):
            needs = (f"{above}/{day}",) if (above, day) in planned else ()
            calls.append(
                Call(service=service, date=day, datasets=BUILDS[service], depends_on=needs)
            )
    ends = sorted(day for _, day in planned)
    window = DateRange(first=ends[0], last=ends[-1])
    draft = Plan.model_construct(
        id="",
        run_id=f"run-{number}",
        contract_sha256="",
        warehouse="",
        window=window,
        as_of=date(2025, 2, 1),
        calls=tuple(calls),
        unplanned=(),
    )
    return Plan.model_validate({**dict(draft), "id": content_hash(draft)})
