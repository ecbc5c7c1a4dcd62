"""What the tables say of a call whose dataset is built from several others."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from checkpoints.warehouse.engine import ReadOptions
from remediation.backfill.rows import Count
from remediation.backfill.tables import Held, Tables, has_landed
from remediation.clock import Clock
from remediation.plan.model import Call
from tests.support.warehouses import BASIC, KEYED, D, contract_of, fill

TENTH, ELEVENTH = D("2025-01-10"), D("2025-01-11")
CLOCK = Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=time.sleep)
TABLES = {
    "schedule": [(TENTH, "a"), (TENTH, "b"), (TENTH, "c"), (ELEVENTH, "d")],
    "book": [(TENTH, "a"), (TENTH, "b"), (ELEVENTH, "d")],
    "live": [(TENTH, "b"), (TENTH, "c")],
    "end": [(TENTH, "b")],
}


def look(folder: Path, day: date, operator: str, **changes: Any) -> Held:
    """What the dataset has on a date, read from the tables."""
    raw = {"layer": "L1", **KEYED, "upstream": "schedule"}
    upstream = {operator: ["book", "live"]}
    datasets = {
        "schedule": BASIC["datasets"]["schedule"],
        "book": {**raw, "table": "s.book"},
        "live": {**raw, "table": "s.live", **changes.pop("live", {})},
        "end": {"layer": "L4", "table": "s.end", **KEYED, "upstream": upstream, **changes},
    }
    contract = contract_of(folder, datasets=datasets).contract
    url = fill(folder / "w.duckdb", TABLES)
    tables = Tables(
        contract=contract, url=url, as_of=D("2025-02-01"), clock=CLOCK, reading=ReadOptions()
    )
    call = Call(service="a", date=day, datasets=("end",))
    return tables.look([call])[call.id]


@pytest.mark.parametrize(("operator", "missing"), [("any_of", 2), ("all_of", 0)])
def test_a_date_has_landed_when_it_has_what_any_source_has_or_all_have(
    tmp_path: Path, operator: str, missing: int
) -> None:
    held = look(tmp_path, TENTH, operator)
    assert held.cells["end"].missing == missing
    assert has_landed(held) is (missing == 0)


@pytest.mark.parametrize(("operator", "keys"), [("any_of", 3), ("all_of", 1)])
def test_rows_of_a_batch_are_counted_for_the_keys_above_it(
    tmp_path: Path, operator: str, keys: int
) -> None:
    assert look(tmp_path, TENTH, operator, key=[]).counts["end"] == Count(1, keys)
    by_date = look(tmp_path, TENTH, operator, key=[], live={"key": []})
    assert by_date.counts["end"] == Count(1, 2), "of the one that has keys"


def test_a_source_that_is_retired_is_not_asked_for_the_date(tmp_path: Path) -> None:
    assert not has_landed(look(tmp_path, ELEVENTH, "all_of"))
    held = look(tmp_path, ELEVENTH, "all_of", live={"retired": ELEVENTH})
    assert (held.cells["end"].expected, held.cells["end"].matched) == (1, 0)
