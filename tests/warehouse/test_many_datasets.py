"""More datasets than one word of a mask has bits for."""

from __future__ import annotations

from pathlib import Path

from checkpoints.contract.checks import checks_of
from checkpoints.contract.window import Window
from checkpoints.coverage.results import judged
from checkpoints.dates import DateRange
from checkpoints.warehouse.evidence import gather
from tests.support.warehouses import BASIC, KEYED, D, contract_of, days, fill


def test_seventy_datasets_are_compared_in_one_statement(tmp_path: Path) -> None:
    names = [f"raw_{n}" for n in range(69)]
    rules = [{"rule": "daily_conversion_ratio", "at_least": 1}]
    dataset = {"layer": "L1", **KEYED, "upstream": "schedule", "rules": rules}
    datasets = {n: {**dataset, "table": f"s.{n}"} for n in names}
    contract = contract_of(
        tmp_path,
        datasets={"schedule": BASIC["datasets"]["schedule"], **datasets},
        checkpoints={"all": {"suites": ["L1"]}},
    ).contract
    whole = days("2025-01-10", "2025-01-12")
    tables = {"schedule": whole, **dict.fromkeys(names, whole)}
    for lost in ("raw_29", "raw_30", "raw_31", "raw_68"):
        tables[lost] = [row for row in whole if str(row[0]) != "2025-01-11"]
    tables["raw_61"] = [*whole, (D("2025-01-12"), None)]
    url = fill(tmp_path / "w.duckdb", tables)

    window = Window(range=DateRange(D("2025-01-10"), D("2025-01-12")), label="")
    found = gather(contract, url, window, D("2025-02-01"))

    records = [judged(check, found.frame) for check in checks_of(contract)]
    failed = {
        (r.dataset, r.kind): [*map(str, r.unexpected_dates)]
        for r in records
        if r.outcome == "FAILED"
    }
    ratio = "daily_conversion_ratio"
    assert failed == {
        ("raw_29", ratio): ["2025-01-11"],
        ("raw_30", ratio): ["2025-01-11"],
        ("raw_31", ratio): ["2025-01-11"],
        ("raw_68", ratio): ["2025-01-11"],
        ("raw_61", "no_null_keys"): ["2025-01-12"],
    }
    presence, nulls = found.statements[:2]
    assert presence.rows < 20
    assert nulls.rows == 1
